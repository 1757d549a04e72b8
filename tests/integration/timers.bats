# SPDX-License-Identifier: MIT
# Timers that start real containers. Spans are short; what is waited for is events.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
        SHARED=$SUPD_TEST_DIR/shared
        rm -rf "$SHARED"
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
        mkdir -p "$UNIT_DIR"
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

@test "a timer names the file of a container, and both know of each other" {
        tick_write job
        timer_write nightly OnCalendar='*:*:*' Unit=job.container
        supd_start
        supctl start nightly.timer
        wait_until 20 has_ticked job 2
        assert_equal job.service "$(unit_prop nightly.timer Unit)"
        assert_equal job.service "$(unit_prop nightly.timer Triggers)"
        assert_equal nightly.timer "$(unit_prop job TriggeredBy)"
        supctl stop nightly.timer
}

@test "lists and pages tell when a timer elapses" {
        tick_write job
        timer_write job OnCalendar='2100-01-01 UTC'
        timer_write idle OnBootSec=1h Unit=job.service
        supd_config Manager.SystemdSocket=yes
        supd_start
        supctl start job.timer
        run supctl list-timers
        assert_match '2100-01-01 .* left +- +- +job.timer +job.service' "$output"
        assert_no_match 'idle.timer' "$output"
        run supctl list-timers --all --json
        assert_match '"idle.timer"' "$output"
        assert_match '4102444800000000' "$output"
        run supctl status job.timer
        assert_match 'Trigger: .*2100-01-01 00:00:00 UTC; .* left' "$output"
        assert_match 'Triggers: job.service' "$output"
        run supctl status job
        assert_match $'TriggeredBy: idle.timer\n +: job.timer' "$output"
        run timeout 20 systemctl --no-pager list-timers --all
        assert_equal 0 "$status"
        assert_match '2100-01-01 .*job.timer +job.service' "$output"
        run timeout 20 systemctl --no-pager status job.timer
        assert_match 'Trigger: Fri 2100-01-01 00:00:00 UTC' "$output"
        run timeout 20 systemctl --no-pager show --value -p TimersCalendar job.timer
        assert_match 'OnCalendar=2100-01-01 00:00:00 UTC ; next_elapse=Fri 2100-01-01 00:00:00 UTC' "$output"
}

@test "a timer goes on where it was when supd is killed, and when it is replaced" {
        tick_write job
        timer_write job OnActiveSec=1ms OnUnitActiveSec=1h
        timer_write later OnActiveSec=2h Unit=job.service
        supd_start
        supctl start job.timer later.timer
        wait_until 20 has_ticked job 1
        wait_until 10 unit_is job.timer waiting
        next=$(unit_prop job.timer NextElapseUSecMonotonic)
        later=$(unit_prop later.timer NextElapseUSecMonotonic)
        last=$(unit_prop job.timer LastTriggerUSecMonotonic)
        kill -KILL "$(supd_pid)"
        wait_until 10 supd_answers
        wait_until 10 unit_is job.timer waiting
        assert_equal "$next" "$(unit_prop job.timer NextElapseUSecMonotonic)"
        assert_equal "$last" "$(unit_prop job.timer LastTriggerUSecMonotonic)"
        supctl daemon-reexec
        wait_until 10 supd_answers
        wait_until 10 unit_is job.timer waiting
        assert_equal "$next" "$(unit_prop job.timer NextElapseUSecMonotonic)"
        assert_equal "$later" "$(unit_prop later.timer NextElapseUSecMonotonic)"
        assert_equal 1 "$(ticks job)"
}

@test "what elapsed while supd was killed is made up for" {
        tick_write job
        timer_write job OnActiveSec=400ms
        supd_start
        supctl start job.timer
        kill -KILL "$(supd_pid)"
        wait_until 10 has_ticked job 1
        wait_until 10 unit_is job.timer elapsed
        assert_equal 1 "$(ticks job)"
}

@test "a persistent timer makes up once for times that have passed, over a clean end" {
        tick_write job
        timer_write job OnCalendar=yearly Persistent=yes
        supd_start
        supctl start job.timer
        unit_is job.timer waiting
        assert_equal 0 "$(ticks job)" # the first time there is nothing to make up for
        grep -q '^LastTrigger=' "$STATE_DIR/timer/job.timer"
        supctl stop job.timer
        echo 'LastTrigger=1000000000000000' >"$STATE_DIR/timer/job.timer"
        supctl start job.timer
        wait_until 20 has_ticked job 1
        wait_until 10 unit_is job.timer waiting
        assert_equal 1 "$(ticks job)"
        [[ $(<"$STATE_DIR/timer/job.timer") != *=1000000000000000* ]]
        supctl restart job.timer
        unit_is job.timer waiting
        assert_equal 1 "$(ticks job)"
        rm -r "$STATE_DIR/timer"
}

@test "an edited timer holds from the reload on" {
        tick_write job
        timer_write job OnActiveSec=1h
        supd_start
        supctl start job.timer
        timer_write job OnActiveSec=1ms
        supctl daemon-reload
        wait_until 20 has_ticked job 1
}

@test "a timer whose unit is not there does not start, and says why" {
        mkdir -p "$UNIT_DIR"
        timer_write job OnActiveSec=1ms
        supd_start
        run supctl start job.timer
        [ "$status" != 0 ]
        assert_match 'job.timer has nothing to start: Unit job.service not found' "$output"
        run supctl verify "$UNIT_DIR/job.timer"
        assert_equal 0 "$status"
        timer_write job OnCalendar=dayly
        run supctl verify "$UNIT_DIR/job.timer"
        assert_equal 1 "$status"
        assert_match "job.timer:3: Timer.OnCalendar: 'dayly' .*did you mean 'daily'" "$output"
}

@test "a timer that the boot wants is started with supd" {
        tick_write job
        timer_write job OnActiveSec=1ms
        mkdir -p "$UNIT_DIR/timers.target.wants"
        ln -s ../job.timer "$UNIT_DIR/timers.target.wants/job.timer"
        supd_start
        wait_until 20 has_ticked job 1
        wait_until 10 unit_is job.timer elapsed
}

@test "a timer hears of another time zone" {
        tick_write job
        timer_write job OnTimezoneChange=yes
        supd_start
        supctl start job.timer
        unit_is job.timer waiting
        ln -sfn /usr/share/zoneinfo/Asia/Tokyo /etc/localtime.new
        mv -T /etc/localtime.new /etc/localtime
        wait_until 20 has_ticked job 1
}

@test "timers that wait cost nothing: no wake-up, no descriptor for each" {
        tick_write job
        for i in {1..20}; do
                timer_write "t$i" OnCalendar='2100-01-01' OnActiveSec=10h Unit=job.service
        done
        supd_start
        pid=$(supd_pid)
        before=$(settled_descriptors "$pid")
        supctl start t{1..20}.timer
        after=$(settled_descriptors "$pid")
        ((after <= before + 4)) # one timer for each clock, and two watches
        switches=$(awk '/^voluntary_ctxt/ { print $2 }' "/proc/$pid/status")
        sleep 1 # that nothing happens is what is looked at
        assert_equal "$switches" "$(awk '/^voluntary_ctxt/ { print $2 }' "/proc/$pid/status")"
}
