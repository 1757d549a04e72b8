# SPDX-License-Identifier: MIT
# A paused container stands still, and everything that concerns it knows.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
}

teardown() {
        supd_stop
}

# ticking() - write a unit that counts every few milliseconds
ticking() {
        obedient_write "$@"
        first_order "$1" 'n=0; while :; do n=$((n + 1)); echo $n >/orders/now; usleep 5000; done &'
}

count_of() {
        cat "$(orders_of "$1")/now" 2>/dev/null || true
}

counted_beyond() {
        local now
        now=$(count_of "$1")
        ((${now:-0} > $2))
}

# time_passes() - that of a container that is not paused: what stands still meanwhile, stands still
time_passes() {
        wait_until 10 counted_beyond clock $(($(count_of clock) + $1))
}

is_frozen() {
        grep -q '^frozen 1$' "$(cgroup_of "$1" '')/cgroup.events"
}

@test "a paused container stands still until it is unpaused, and is the same then" {
        ticking web
        ticking clock
        supd_start
        supctl start web clock
        wait_until 5 counted_beyond web 3
        wait_until 5 counted_beyond clock 3
        pid=$(unit_prop web MainPID)

        supctl pause web
        is_frozen web
        before=$(count_of web)
        time_passes 30
        assert_equal "$before" "$(count_of web)"
        assert_equal frozen "$(unit_prop web FreezerState)"
        assert_equal active "$(unit_prop web ActiveState)"
        assert_equal running "$(unit_prop web SubState)"
        supctl is-active web
        assert_match paused "$(supctl list-units --no-legend web)"
        assert_match 'active \(paused\)' "$(supctl status web)"

        supctl unpause web
        assert_equal running "$(unit_prop web FreezerState)"
        wait_until 5 counted_beyond web $((before + 3))
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_equal 0 "$(unit_prop web NRestarts)"
        assert_match 'Paused' "$(supd_messages web)"
        assert_match 'Unpaused' "$(supd_messages web)"
}

@test "pausing what is paused and unpausing what runs are no errors" {
        obedient_write web
        supd_start
        supctl start web
        supctl unpause web
        supctl pause web
        supctl pause web
        is_frozen web
        supctl unpause web
        ask web ':'
}

@test "only what runs can be paused, and the error says what is so" {
        obedient_write off
        obedient_write exited RemainAfterExit=yes
        obedient_write waiting Restart=always RestartSec=1h
        obedient_write starting Type=oneshot
        supd_start
        supctl start exited waiting
        order exited 'exit 0'
        order waiting 'exit 1'
        supctl start --no-block starting
        wait_until 5 unit_is exited exited
        wait_until 5 unit_is waiting auto-restart
        wait_until 5 unit_is starting start
        for unit in off exited waiting starting; do
                run supctl pause $unit
                assert_equal 1 "$status"
                assert_match "$unit.* is (in)?activ.*only a running unit" "$output"
                run supctl unpause $unit
                assert_equal 1 "$status"
        done
        run supctl pause nonesuch
        assert_match 'not found' "$output"
}

@test "several units are paused by one call" {
        for unit in a b c; do
                obedient_write $unit
        done
        supd_start
        supctl start a b c
        supctl pause a b c
        is_frozen a
        is_frozen b
        is_frozen c
        supctl unpause a b c
        ask b ':'
}

@test "a stop of a paused container is graceful" {
        obedient_write web
        first_order web "trap 'echo asked >/orders/asked; exit 0' TERM"
        supd_start
        supctl start web
        order web ':'
        supctl pause web
        supctl stop web
        unit_is web dead
        assert_equal success "$(unit_prop web Result)"
        assert_equal asked "$(cat "$(orders_of web)/asked")"
        assert_equal running "$(unit_prop web FreezerState)"
}

@test "restart and start of a paused container let it run" {
        obedient_write web
        first_order web "trap 'echo asked >/orders/asked; exit 0' TERM"
        supd_start
        supctl start web
        order web ':'
        pid=$(unit_prop web MainPID)
        supctl pause web
        supctl start web
        assert_equal running "$(unit_prop web FreezerState)"
        assert_equal "$pid" "$(unit_prop web MainPID)"
        supctl pause web
        supctl restart web
        assert_equal asked "$(cat "$(orders_of web)/asked")"
        [ "$pid" != "$(unit_prop web MainPID)" ]
        ask web ':'
}

@test "a signal to a paused container is refused, but for SIGKILL" {
        obedient_write web
        first_order web "trap 'echo usr1 >>/orders/got' USR1"
        supd_start
        supctl start web
        order web ':'
        supctl pause web
        run supctl kill -s USR1 web
        assert_equal 1 "$status"
        assert_match 'paused.*supctl unpause web' "$output"
        supctl unpause web
        ask web ':'
        [ ! -e "$(orders_of web)/got" ]

        supctl pause web
        supctl kill -s KILL web
        wait_until 5 unit_is web failed
        assert_equal signal "$(unit_prop web Result)"
        assert_equal running "$(unit_prop web FreezerState)"
}

@test "a container killed while paused is restarted as its unit says, and runs" {
        obedient_write web Restart=always RestartSec=1ms
        supd_start
        supctl start web
        supctl pause web
        kill -KILL "$(unit_prop web MainPID)"
        wait_until 5 prop_is web NRestarts 1
        wait_until 5 unit_is web running
        assert_equal running "$(unit_prop web FreezerState)"
        ask web ':'
}

@test "the clock of RestartResetSec= stands still with the container" {
        obedient_write web Restart=always RestartSec=1ms RestartResetSec=800ms
        obedient_write clock Restart=always RestartSec=1ms RestartResetSec=800ms
        supd_start
        supctl start web clock
        order web 'exit 1'
        wait_until 5 prop_is web NRestarts 1
        wait_until 5 unit_is web running
        supctl pause web
        # From a later begin than web's: when it has run off, web's would have, too.
        order clock 'exit 1'
        wait_until 5 prop_is clock NRestarts 1
        wait_until 5 prop_is clock NRestarts 0
        assert_equal 1 "$(unit_prop web NRestarts)"
        supctl unpause web
        wait_until 5 prop_is web NRestarts 0
}

@test "the end of supd is graceful to paused containers, too" {
        obedient_write web
        first_order web "trap 'echo asked >/orders/asked; exit 0' TERM"
        supd_start
        supctl start web
        order web ':'
        supctl pause web
        kill -TERM "$SUPD_PID"
        wait_until 10 process_is_gone "$SUPD_PID"
        assert_equal asked "$(cat "$(orders_of web)/asked")"
}

@test "a container with a hundred processes is paused and unpaused twenty times" {
        obedient_write web
        supd_start
        supctl start web
        order web 'i=0; while [ $i -lt 100 ]; do (while :; do usleep 20000; done) & i=$((i + 1)); done'
        ask web ':'
        for _ in {1..20}; do
                supctl pause web
                is_frozen web
                supctl unpause web
        done
        ask web ':'
}
