# SPDX-License-Identifier: MIT
# Reload of a container: on the host, inside, by a signal; what fails, takes too long, or is passed on.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
        NOTES=$SUPD_TEST_DIR/notes
        GATE=$SUPD_TEST_DIR/gate
        rm -f "$NOTES" "$GATE"
        mkfifo "$GATE"
}

teardown() {
        supd_stop
}

another_supd_answers() {
        local now
        now=$(supd_pid) && [[ $now != "$1" ]] && supd_answers
}

supd_dies() {
        local pid
        pid=$(supd_pid)
        kill -KILL "$pid"
        wait_until 10 another_supd_answers "$pid"
}

@test "commands on the host come first, then one inside, with the user of the container" {
        obedient_write web User=1000 ExecReload="/bin/sh -c 'echo host \$MAINPID >>$(orders_of web)/notes'" \
                ReloadCmd="sh -c 'echo inside \$(id -u) >>/orders/notes'"
        touch "$(orders_of web)/notes"
        chmod 0666 "$(orders_of web)/notes"
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        assert_equal yes "$(unit_prop web CanReload)"
        supctl reload web
        assert_equal "host $pid inside 1000" "$(paste -sd ' ' "$(orders_of web)/notes")"
        assert_equal running "$(unit_prop web SubState)"
        assert_equal "$pid" "$(unit_prop web MainPID)"
        supctl reload-or-restart web
        supctl try-reload-or-restart web
        assert_equal 3 "$(grep -c inside "$(orders_of web)/notes")"
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_match 'Reloaded' "$(supd_messages web)"
}

@test "a signal reaches the main process alone" {
        obedient_write web ReloadSignal=HUP
        first_order web "trap 'echo caught >>/orders/notes' HUP; echo >/orders/ready"
        supd_start
        supctl start web
        wait_until 10 test -e "$(orders_of web)/ready"
        supctl reload web
        wait_until 10 has_line "$(orders_of web)/notes" caught
        assert_equal running "$(unit_prop web SubState)"
}

@test "a reload that fails says why, and the unit runs on" {
        obedient_write web ReloadCmd="sh -c 'exit 7'"
        obedient_write db ExecReload=/bin/false ReloadCmd='sh -c "echo never >>/orders/notes"'
        supd_start
        supctl start web db
        run supctl reload web
        assert_equal 1 "$status"
        assert_match 'did not reload: ReloadCmd=sh exited with status 7' "$output"
        run supctl reload db
        assert_equal 1 "$status"
        assert_match 'ExecReload=/bin/false exited with status 1' "$output"
        assert_equal 'running success' "$(unit_prop web SubState) $(unit_prop web Result)"
        assert_equal 'running success' "$(unit_prop db SubState) $(unit_prop db Result)"
        [ ! -e "$(orders_of db)/notes" ] || fail 'it went on behind a failure'
}

@test "one that takes too long is killed, and the unit runs on" {
        obedient_write web TimeoutStartSec=1 \
                ReloadCmd="sh -c \"trap '' TERM; while :; do read -r line </orders/out; done\""
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        run supctl reload web
        assert_equal 1 "$status"
        assert_match 'longer than TimeoutStartSec=' "$output"
        assert_equal "running $pid" "$(unit_prop web SubState) $(unit_prop web MainPID)"
        supctl stop web
        assert_equal success "$(unit_prop web Result)"
}

@test "what is paused, stopped, or has nothing to reload by is refused" {
        obedient_write web ReloadSignal=HUP
        obedient_write plain
        supd_start
        run supctl reload web
        assert_equal 1 "$status"
        assert_match 'web.service is not active, cannot reload' "$output"
        supctl start web plain
        supctl pause web
        run supctl reload web
        assert_equal 1 "$status"
        assert_match "is paused and can't reload" "$output"
        supctl unpause web
        run supctl reload plain
        assert_equal 1 "$status"
        assert_match 'Job type reload is not applicable for unit plain.service.' "$output"
        assert_equal no "$(unit_prop plain CanReload)"
}

@test "a stop in the middle of a reload ends it" {
        obedient_write web ReloadCmd='sh -c "echo begun >>/orders/notes; read -r line </orders/out"'
        supd_start
        supctl start web
        supctl reload --no-block web
        wait_until 10 has_line "$(orders_of web)/notes" begun
        assert_equal 'reloading reload' "$(unit_prop web ActiveState) $(unit_prop web SubState)"
        supctl stop web
        assert_equal 'inactive success' "$(unit_prop web ActiveState) $(unit_prop web Result)"
}

@test "a reload is passed on to those that run" {
        obedient_write web PropagatesReloadTo='db.service idle.service' \
                ReloadCmd='sh -c "echo web >>/orders/notes"'
        obedient_write db ReloadCmd='sh -c "echo db >>/orders/notes"'
        obedient_write idle ReloadCmd='sh -c "echo idle >>/orders/notes"'
        supd_start
        supctl start web db
        supctl reload web
        wait_until 10 has_line "$(orders_of db)/notes" db
        assert_equal 'inactive' "$(unit_prop idle ActiveState)"
        assert_equal web.service "$(unit_prop db ReloadPropagatedFrom)"
}

@test "supd killed in the middle of a command inside: it is made once more" {
        obedient_write web ReloadCmd='sh -c "echo begun >>/orders/notes; read -r line </orders/out; echo end >>/orders/notes"'
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        supctl reload --no-block web
        wait_until 10 has_line "$(orders_of web)/notes" begun
        supd_dies
        wait_until 10 eval '[ "$(grep -c begun "$(orders_of web)/notes")" -eq 2 ]'
        timeout 10 sh -c "echo go >$(orders_of web)/out"
        wait_until 10 unit_is web running
        assert_equal 'begun begun end' "$(paste -sd ' ' "$(orders_of web)/notes")"
        assert_equal "$pid" "$(unit_prop web MainPID)"
        supctl stop web
        assert_equal success "$(unit_prop web Result)"
}

@test "supd killed in the middle of a command on the host: it is awaited" {
        obedient_write web ReloadCmd='sh -c "echo inside >>/orders/notes"' \
                ExecReload="/bin/sh -c 'echo host >>$(orders_of web)/notes; read -r line <$GATE'"
        supd_start
        supctl start web
        supctl reload --no-block web
        wait_until 10 has_line "$(orders_of web)/notes" host
        supd_dies
        assert_equal reload "$(unit_prop web SubState)"
        timeout 10 sh -c "echo go >$GATE"
        wait_until 10 unit_is web running
        assert_equal 'host inside' "$(paste -sd ' ' "$(orders_of web)/notes")"
}

@test "a command and a signal can't both be asked for" {
        obedient_write web ReloadCmd=true ReloadSignal=HUP
        run supctl verify "$SUPD_TEST_DIR"/units/web.container
        assert_match 'ReloadCmd and ReloadSignal are mutually exclusive' "$output"
}
