# SPDX-License-Identifier: MIT
# Timers that start real containers. Spans are short; what is waited for is events.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
        SHARED=$SUPD_TEST_DIR/shared
        mkdir -p "$SHARED"
}

teardown() {
        supd_stop
}

# tick_write() - a container that adds a line to a file and ends
tick_write() {
        unit_write "$1.container" Type=oneshot Network=none "Volume=$SHARED:/shared" \
                "Exec=sh -c 'echo tick >>/shared/$1'" StartLimitIntervalSec=0 "${@:2}"
}

# timer_write() - NAME.timer with keys of [Timer]; exact, unless it says otherwise
timer_write() {
        local name=$1 key
        shift
        {
                printf '[Timer]\nAccuracySec=1ms\n'
                printf '%s\n' "$@"
        } >"$UNIT_DIR/$name.timer"
}

ticks() {
        [[ -e $SHARED/$1 ]] && wc -l <"$SHARED/$1" || echo 0
}

has_ticked() {
        (($(ticks "$1") >= $2))
}

@test "a timer waits, starts its unit, and has elapsed" {
        tick_write job
        timer_write job OnActiveSec=300ms
        supd_start
        supctl start job.timer
        assert_equal active "$(unit_prop job.timer ActiveState)"
        wait_until 10 has_ticked job 1
        wait_until 10 unit_is job.timer elapsed
        assert_equal 1 "$(ticks job)"
        assert_equal active "$(unit_prop job.timer ActiveState)"
        run supctl why job
        assert_match 'job.timer has elapsed' "$output"
        supctl stop job.timer
        unit_is job.timer dead
}

@test "a timer starts its unit again and again, a while after its last start" {
        tick_write job
        timer_write job OnActiveSec=1ms OnUnitActiveSec=100ms
        supd_start
        supctl start job.timer
        wait_until 20 has_ticked job 4
        supctl stop job.timer
}
