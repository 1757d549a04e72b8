# SPDX-License-Identifier: MIT
# supd dies, at any moment and however often: no container notices, and the next supd knows what was.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
}

teardown() {
        # A test that failed may have left the guardian asleep.
        kill -CONT "$SUPD_PID" 2>/dev/null || true
        supd_stop
}

another_supd_answers() {
        local now
        now=$(supd_pid) && [[ $now != "$1" ]] && supd_answers
}

# supd_dies() - killed, and another one serves
supd_dies() {
        local pid
        pid=$(supd_pid)
        kill -KILL "$pid"
        wait_until 10 another_supd_answers "$pid"
}

# supd_is_away() - killed, and the guardian sleeps until supd_comes_back
supd_is_away() {
        SUPD_AWAY=$(supd_pid)
        kill -STOP "$SUPD_PID"
        kill -KILL "$SUPD_AWAY"
        wait_until 5 process_is_gone "$SUPD_AWAY"
}

supd_comes_back() {
        kill -CONT "$SUPD_PID"
        wait_until 10 another_supd_answers "$SUPD_AWAY"
}

# supd_start_alone() - no guardian, so nobody keeps descriptors
supd_start_alone() {
        supd_options=()
        SUPD_STARTED=$EPOCHREALTIME
        mkdir -p "$UNIT_DIR"
        : >"$SUPD_LOG"
        state_of_the_world >"$SUPD_TEST_DIR/before"
        supd_launch supd
        wait_until 10 supd_answers
}

supd_dies_alone() {
        kill -KILL "$SUPD_PID"
        wait "$SUPD_PID" 2>/dev/null || true
        supd_launch supd
        # Every other one dies again while it still finds out what there is.
        if ((RANDOM % 2)); then
                busybox usleep $((RANDOM % 15000))
                kill -KILL "$SUPD_PID"
                wait "$SUPD_PID" 2>/dev/null || true
                supd_launch supd
        fi
        wait_until 10 supd_answers
}

# counting_write() - a unit that writes 1, 2, 3, … to /orders/count as fast as it may, and to its log
counting_write() {
        obedient_write "$@"
        first_order "$1" 'n=0; while :; do n=$((n + 1)); echo $n >>/orders/count; echo count $n; usleep 5000; done'
}

last_count() {
        tail -n 1 "$(orders_of "$1")/count"
}

counted_beyond() {
        (($(last_count "$1") > $2))
}

# counts_are_complete() - nothing is missing and nothing is there twice, in file or in journal
counts_are_complete() {
        awk '$1 != NR { print "after " NR - 1 " comes " $1; exit 1 }' "$(orders_of "$1")/count"
        journal_of "$1" "--since=@$SUPD_STARTED" | sed -n 's/^count //p' |
                awk '$1 != NR { print "in the journal after " NR - 1 " comes " $1; exit 1 }'
}

# What must be the same before and after. Not what is measured, such as MemoryCurrent.
STATE_PROPERTIES=(Id LoadState ActiveState SubState Result NRestarts MainPID InitPID FreezerState ExecMainPID
        ExecMainCode ExecMainStatus ExecMainStartTimestampMonotonic ExecMainExitTimestampMonotonic
        ActiveEnterTimestampMonotonic ActiveExitTimestampMonotonic InactiveEnterTimestampMonotonic
        InactiveExitTimestampMonotonic StateChangeTimestampMonotonic InvocationID ContainerID ControlGroup
        StatusText FragmentPath)

states_of() {
        supctl show "${STATE_PROPERTIES[@]/#/-p}" "$@"
}

# ---- undisturbed -------------------------------------------------------------------------------
@test "a container does not notice that supd is killed, and not one line of its output is lost" {
        counting_write web
        supd_start
        supctl start web
        wait_until 5 counted_beyond web 10
        before=$(states_of web)
        for _ in 1 2 3; do
                supd_dies
                assert_equal "$before" "$(states_of web)"
                wait_until 5 counted_beyond web $(($(last_count web) + 10))
        done
        supctl stop web
        counts_are_complete web
        unit_is web dead
}

@test "units in every state are in the same state under the next supd, and go on from there" {
        obedient_write running
        obedient_write paused
        obedient_write waiting Restart=always RestartSec=1h
        obedient_write failed
        obedient_write exited RemainAfterExit=yes
        obedient_write stopping StopTimeout=60
        first_order stopping "trap ': >/orders/asked' TERM"
        obedient_write starting Type=oneshot
        obedient_write inactive
        unit_write broken.container Exec=/no/such/command
        supd_start
        supctl start running paused waiting failed exited stopping inactive
        supctl start --no-block starting
        run supctl start broken
        order waiting 'exit 3'
        order failed 'exit 4'
        order exited 'exit 0'
        order stopping ':'
        order starting ':'
        supctl stop inactive
        supctl pause paused
        supctl stop --no-block stopping
        wait_until 5 unit_is waiting auto-restart
        wait_until 5 unit_is failed failed
        wait_until 5 unit_is exited exited
        wait_until 5 test -e "$(orders_of stopping)/asked"

        units=(running paused waiting failed exited stopping starting broken)
        before=$(states_of "${units[@]}")
        supd_dies
        run diff <(echo "$before") <(states_of "${units[@]}")
        assert_equal '' "$output"
        unit_is inactive dead

        grep -q '^frozen 1$' "$(cgroup_of paused '')/cgroup.events"
        supctl unpause paused
        order paused 'exit 0'
        wait_until 5 unit_is paused dead
        supctl restart waiting
        unit_is waiting running
        order stopping 'exit 0'
        wait_until 5 unit_is stopping dead
        order starting 'exit 0'
        wait_until 5 unit_is starting dead
        assert_equal success "$(unit_prop starting Result)"
        supctl stop exited
        supctl reset-failed failed
        unit_is failed dead
}

@test "restart counts and back-off go on where they were" {
        obedient_write web Restart=always RestartSec=10ms RestartSteps=3 RestartMaxDelaySec=80ms
        supd_start
        supctl start web
        for i in 1 2; do
                order web 'exit 1'
                wait_until 5 prop_is web NRestarts $i
                wait_until 5 unit_is web running
        done
        supd_dies
        assert_equal 2 "$(unit_prop web NRestarts)"
        order web 'exit 1'
        wait_until 5 prop_is web NRestarts 3
        assert_match 'Scheduled restart 3 in 40ms' "$(supd_messages web "--since=@$SUPD_STARTED")"
}

@test "clocks run on: of a stop, of a start, of a restart" {
        obedient_write stopping StopTimeout=1
        first_order stopping "trap '' TERM"
        obedient_write starting Type=oneshot TimeoutStartSec=1s
        obedient_write waiting Restart=always RestartSec=1s
        supd_start
        supctl start stopping waiting
        order stopping ':'
        supctl start --no-block starting
        supctl stop --no-block stopping
        order waiting 'exit 1'
        wait_until 5 unit_is waiting auto-restart
        wait_until 5 unit_is stopping stop-sigterm
        supd_dies
        wait_until 5 prop_is stopping Result timeout
        wait_until 5 prop_is starting Result timeout
        wait_until 5 unit_is waiting running
        assert_equal 1 "$(unit_prop waiting NRestarts)"
}

@test "what was stopped by hand stays stopped, though a target wants it" {
        obedient_write web WantedBy=multi-user.target
        supd_start
        wait_until 5 unit_is web running
        supctl stop web
        supd_dies
        unit_is web dead
}

# ---- while nobody was there --------------------------------------------------------------------
@test "how containers ended while supd was away is known" {
        obedient_write seven
        obedient_write zero
        obedient_write killed
        obedient_write always Restart=always
        obedient_write seven-direct RunInit=false
        obedient_write paused
        obedient_write paused-killed
        supd_start
        supctl start seven zero killed always seven-direct paused paused-killed
        supctl pause paused paused-killed
        pid=$(unit_prop paused-killed MainPID)
        supd_is_away
        kill -KILL "$pid"
        order seven 'exit 7'
        order zero 'exit 0'
        order killed 'kill -KILL $$'
        order always 'exit 5'
        order seven-direct 'exit 7'
        for unit in seven zero killed always seven-direct; do
                wait_until 5 container_is_gone $unit
        done
        supd_comes_back

        assert_equal '7 1 exit-code failed' "$(end_of seven)"
        assert_equal '0 1 success inactive' "$(end_of zero)"
        assert_equal '9 2 signal failed' "$(end_of killed)"
        wait_until 5 unit_is always running
        assert_equal 1 "$(unit_prop always NRestarts)"
        assert_equal failed "$(unit_prop seven-direct ActiveState)"
        # Without supinit only the pidfd can tell, which Linux 6.15 and later do.
        if (($(uname -r | awk -F. '{ print $1 * 100 + $2 }') >= 615)); then
                assert_equal '7 1 exit-code failed' "$(end_of seven-direct)"
        fi
        assert_equal frozen "$(unit_prop paused FreezerState)"
        supctl unpause paused
        wait_until 5 unit_is paused-killed failed
        assert_equal '9 2 signal failed' "$(end_of paused-killed)"
}

# No live process in the cgroup: the dead may be zombies of a sleeping guardian.
container_is_gone() {
        grep -q '^populated 0$' "$(cgroup_of "$1" '')/cgroup.events"
}

end_of() {
        echo "$(unit_prop "$1" ExecMainStatus) $(unit_prop "$1" ExecMainCode) $(unit_prop "$1" Result)" \
                "$(unit_prop "$1" ActiveState)"
}

@test "a container whose unit file went away meanwhile is ended, and nothing of it is left" {
        obedient_write web
        obedient_write other
        supd_start
        supctl start web other
        pid=$(unit_prop web MainPID)
        supd_is_away
        rm "$UNIT_DIR/web.container"
        supd_comes_back
        wait_until 5 process_is_gone "$pid"
        run supctl is-active web
        assert_equal 4 "$status"
        unit_is other running
}

@test "a changed unit file is taken at the next start, not before" {
        obedient_write web Description=old
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        supd_is_away
        sed -i 's/Description=old/Description=new/' "$UNIT_DIR/web.container"
        supd_comes_back
        assert_equal "$pid" "$(unit_prop web MainPID)"
        supctl restart web
        assert_equal new "$(unit_prop web Description)"
}

@test "a record that can't be read costs its own unit alone" {
        obedient_write web
        obedient_write other
        supd_start
        supctl start web other
        pid=$(unit_prop web MainPID)
        other=$(unit_prop other MainPID)
        supd_is_away
        head -c 1000 /dev/urandom >"$RUNTIME_DIR/container/web/state"
        supd_comes_back
        wait_until 5 process_is_gone "$pid"
        assert_equal "$other" "$(unit_prop other MainPID)"
        unit_is web dead
        supctl start web
        unit_is web running
}

# ---- half done ---------------------------------------------------------------------------------
# Each container has one supinit; so many units must run.
containers_are_as_many_as_units() {
        local running
        running=$(supctl list-units --no-legend --plain | grep -c ' active ' || true)
        assert_equal "$running" "$(containers)"
}

containers() {
        local tree
        tree=$(dirname "$(cgroup_of x '')")
        find "$tree" -mindepth 1 -maxdepth 1 -name '*.service' | wc -l
}

nothing_is_under_way() {
        ! supctl list-units --no-legend --plain --all | grep -E ' (activating|deactivating) ' >&2
}

@test "starts that were under way are done by the next supd, without a trace of the half-done ones" {
        units=()
        for i in {1..12}; do
                unit_write "u$i.container" Exec='sleep 1000'
                units+=("u$i")
        done
        supd_start
        for round in 1 2 3 4; do
                # Each start is a few milliseconds of work: some are done then, some begun, some not.
                supctl start --no-block "${units[@]}"
                supd_dies
                wait_until 10 nothing_is_under_way
                containers_are_as_many_as_units
                supctl start "${units[@]}"
                assert_equal 12 "$(containers)"
                supctl stop "${units[@]}"
                assert_equal 0 "$(containers)"
        done
}

# ---- any moment --------------------------------------------------------------------------------
# random_deed() - something under way at the moment of the kill
random_deed() {
        local deeds=(
                'supctl start --no-block a b'
                'supctl stop --no-block a'
                'supctl restart --no-block a b'
                'supctl pause a'
                'supctl unpause a'
                'supctl kill -s KILL crash'
                'supctl stop --no-block b'
                'supctl daemon-reload'
        )
        # The one that asks may find its supd dead.
        ${deeds[RANDOM % ${#deeds[@]}]} >/dev/null 2>&1 &
}

anything_goes() {
        obedient_write a
        obedient_write b
        obedient_write crash Restart=always RestartSec=1ms StartLimitIntervalSec=0
        counting_write steady
        "$1"
        supctl start a b crash steady
        wait_until 5 counted_beyond steady 1
        before=$(states_of steady)
        for ((round = 0; round < $3; round++)); do
                random_deed
                deed=$!
                # From at once to when it is certainly over.
                busybox usleep $((RANDOM % 20000))
                "$2"
                wait "$deed" || true
                wait_until 10 nothing_is_under_way
                assert_equal "$before" "$(states_of steady)"
                containers_are_as_many_as_units
                unit_is crash running
        done
        supctl stop a b crash steady
        assert_equal 0 "$(containers)"
        counts_are_complete steady
}

@test "fifty times killed at any moment, without a guardian" {
        anything_goes supd_start_alone supd_dies_alone 50
}

@test "several times killed at any moment, with a guardian" {
        anything_goes supd_start supd_dies 5
}

# ---- others who start supd ---------------------------------------------------------------------
@test "without anybody who keeps descriptors, containers are adopted by their process ids" {
        counting_write web
        obedient_write gone
        obedient_write again Restart=always
        supd_start_alone
        supctl start web gone again
        wait_until 5 counted_beyond web 5
        before=$(states_of web)
        kill -KILL "$SUPD_PID"
        wait "$SUPD_PID" 2>/dev/null || true
        order gone 'exit 0'
        order again 'exit 0'
        wait_until 5 container_is_gone gone
        wait_until 5 container_is_gone again
        supd_launch supd
        wait_until 10 supd_answers
        assert_equal "$before" "$(states_of web)"
        # How these two ended nobody can know; that they did is known.
        assert_match '^(failed|inactive)$' "$(unit_prop gone ActiveState)"
        wait_until 5 unit_is again running
        supctl stop web
        counts_are_complete web
}

@test "daemon-reexec keeps everything, and supd its process id" {
        counting_write web
        obedient_write paused
        obedient_write ending
        supd_start
        supctl start web paused ending
        supctl pause paused
        pid=$(supd_pid)
        before=$(states_of web paused ending)
        supctl daemon-reexec
        n_fds=$(settled_descriptors "$pid")
        for _ in 1 2 3 4 5; do
                supctl daemon-reexec
                assert_equal "$pid" "$(supd_pid)"
                assert_equal "$before" "$(states_of web paused ending)"
        done
        assert_equal "$n_fds" "$(settled_descriptors "$pid")"
        supctl unpause paused
        order ending 'exit 7'
        wait_until 5 unit_is ending failed
        assert_equal 7 "$(unit_prop ending ExecMainStatus)"
        supctl stop web
        counts_are_complete web
}

@test "after daemon-reexec the guardian still keeps what the next supd needs" {
        obedient_write web
        supd_start
        supctl start web
        supctl daemon-reexec
        supd_is_away
        order web 'exit 7'
        wait_until 5 container_is_gone web
        supd_comes_back
        assert_equal '7 1 exit-code failed' "$(end_of web)"
}

@test "only one supd serves a cgroup subtree" {
        supd_start
        run in_delegated_cgroups supd --runtime-dir /run/supd-other --unit-dir "$UNIT_DIR"
        assert_equal 1 "$status"
        assert_match 'Cannot start' "$output"
        supd_answers
}
