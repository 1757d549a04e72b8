# SPDX-License-Identifier: MIT
# What units have to do with each other, with real containers.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
}

teardown() {
        supd_stop
}

# once() - a container that is started once its command has ended
once() {
        local name=$1
        shift
        unit_write "$name.container" Type=oneshot RemainAfterExit=yes Network=none \
                "Volume=$SUPD_TEST_DIR:/shared" "$@"
}

@test "what is required starts first, and stops last" {
        obedient_write db
        obedient_write web Requires=db.container After=db.container
        supd_start
        supctl start web
        unit_is db running
        run supctl show --value -p Requires web
        assert_match 'db.service' "$output"
        run supctl show --value -p RequiredBy db
        assert_equal web.service "$output"
        before=$(unit_prop web ActiveEnterTimestampMonotonic)
        ((before >= $(unit_prop db ActiveEnterTimestampMonotonic)))
        supctl stop db
        unit_is web dead
        (($(unit_prop web InactiveEnterTimestampMonotonic) <= $(unit_prop db InactiveEnterTimestampMonotonic)))
}

@test "a start waits until what comes before it is done, not only begun" {
        once first 'Exec=sh -c "sleep 0.3; echo one >>/shared/order"'
        once second Requires=first.container After=first.container 'Exec=sh -c "echo two >>/shared/order"'
        supd_start
        supctl start second
        assert_equal $'one\ntwo' "$(cat "$SUPD_TEST_DIR/order")"
}

@test "a failed dependency fails what requires it, and not what only wants it" {
        once bad 'Exec=false'
        obedient_write strict Requires=bad.container After=bad.container
        obedient_write easy Wants=bad.container After=bad.container
        supd_start
        run supctl start strict
        assert_equal 1 "$status"
        assert_match 'bad.service, which it needs, has failed' "$output"
        unit_is strict dead
        supctl start easy
        unit_is easy running
}

@test "a dependency that does not exist is told before anything is started" {
        obedient_write db
        obedient_write web Requires='db.service nope.service'
        supd_start
        run supctl start web
        assert_equal 5 "$status"
        assert_match 'web.service requires nope.service: Unit nope.service not found' "$output"
        unit_is db dead
}

@test "a Quadlet file that does not exist is an error with file and line" {
        obedient_write web Unit.After=nope.container
        run supctl verify "$UNIT_DIR/web.container"
        assert_equal 1 "$status"
        assert_match 'web.container:[0-9]+: Unit.After: unable to translate dependency for nope.container' "$output"
}

@test "units in conflict never run at the same time" {
        obedient_write day Conflicts=night.container
        obedient_write night
        supd_start
        supctl start night
        supctl start day
        unit_is night dead
        unit_is day running
        supctl start night
        unit_is day dead
}

@test "an ordering cycle is refused and printed whole" {
        obedient_write a Requires=b.container After=b.container
        obedient_write b Requires=a.container After=a.container
        supd_start
        run supctl start a
        assert_equal 1 "$status"
        assert_match 'a.service/start after b.service/start after a.service/start' "$output"
        assert_equal 0 "$(supctl list-jobs --no-legend --quiet | wc -l)"
}

@test "what is bound ends with the other, what is upheld comes back" {
        obedient_write db
        obedient_write side BindsTo=db.container
        obedient_write keeper Upholds=db.container
        supd_start
        supctl start side keeper
        order db 'exit 1'
        wait_until 5 unit_is side dead
        wait_until 5 unit_is db running
        unit_is keeper running
}

@test "a failure starts what is there for it" {
        obedient_write web OnFailure=alarm.container
        once alarm 'Exec=touch /shared/alarm'
        supd_start
        supctl start web
        order web 'exit 1'
        wait_until 5 test -e "$SUPD_TEST_DIR/alarm"
}

@test "supd starts default.target, and a reload or crash changes nothing of it" {
        obedient_write web WantedBy=multi-user.target
        unit_write my.target Wants=web.container Unit.AllowIsolate=yes
        supd_start
        wait_until 5 unit_is multi-user.target active
        unit_is web running
        pid=$(unit_prop web MainPID)
        supctl daemon-reload
        kill -KILL "$(supd_pid)"
        wait_until 5 supd_answers
        unit_is multi-user.target active
        assert_equal "$pid" "$(unit_prop web MainPID)"
}

@test "isolate stops what is not needed" {
        obedient_write web
        obedient_write other
        unit_write my.target Requires=web.container Unit.AllowIsolate=yes
        supd_start
        supctl start other
        run supctl isolate web
        assert_equal 1 "$status"
        assert_match 'may not be isolated' "$output"
        supctl isolate my.target
        wait_until 10 unit_is other dead # the start does not wait for what stops
        unit_is web running
        unit_is my.target active
}

@test "jobs are listed, and canceled with what requires them" {
        once slow 'Exec=sleep 1000'
        obedient_write web Requires=slow.container After=slow.container
        supd_start
        supctl start --no-block web
        wait_until 5 unit_is slow start
        run supctl list-jobs --no-legend
        assert_match '[0-9]+ +slow.service +start +running' "$output"
        assert_match '[0-9]+ +web.service +start +waiting' "$output"
        job=$(supctl --json list-jobs | jq '.[] | select(.Unit == "slow.service") | .Id')
        supctl cancel "$job"
        run supctl list-jobs
        assert_equal 'No jobs are under way.' "$output"
        unit_is web dead
        run supctl start --job-mode=sideways web
        assert_match "'sideways' is not a job mode" "$output"
}

@test "list-dependencies shows a tree with states, both ways" {
        obedient_write db
        obedient_write web Requires=db.container WantedBy=my.target
        supd_start
        supctl start web
        run supctl list-dependencies my.target
        assert_match 'my.target' "${lines[0]}"
        assert_match 'web.service' "$output"
        assert_no_match 'db.service' "$output"
        run supctl list-dependencies --all my.target
        assert_match 'db.service' "$output"
        run supctl list-dependencies --reverse db
        assert_match 'web.service' "$output"
        assert_equal 'db.service' "$(supctl --json list-dependencies web | jq -r '.["web.service"][]' | grep db)"
        run supctl list-dependencies nope
        assert_equal 4 "$status"
}

@test "Debian's systemctl shows dependencies and jobs, isolates and cancels" {
        command -v systemctl >/dev/null || skip 'systemctl is not installed'
        supd_config Manager.SystemdSocket=yes
        obedient_write db
        obedient_write web Requires=db.container After=db.container
        once slow 'Exec=sleep 1000'
        unit_write my.target Requires=web.container Unit.AllowIsolate=yes
        supd_start
        run timeout 20 systemctl --no-pager list-dependencies my.target
        assert_equal 0 "$status"
        assert_match 'web.service' "$output"
        timeout 20 systemctl start --no-block slow
        run timeout 20 systemctl --no-pager list-jobs
        assert_match 'slow.service start running' "$(tr -s ' ' <<<"$output")"
        timeout 20 systemctl cancel
        timeout 20 systemctl isolate my.target
        unit_is web running
        assert_no_match '^activating$' "$(unit_prop slow ActiveState)"
        assert_equal multi-user.target "$(timeout 20 systemctl get-default)"
}

@test "no more containers start at a time than MaxParallelStarts= allows" {
        supd_config Manager.MaxParallelStarts=1
        for name in a b c; do
                once $name 'Exec=sh -c "echo begin >>/shared/turns; sleep 0.1; echo end >>/shared/turns"'
        done
        supd_start
        supctl start a b c
        assert_equal 'begin end begin end begin end' "$(tr '\n' ' ' <"$SUPD_TEST_DIR/turns" | sed 's/ $//')"
}
