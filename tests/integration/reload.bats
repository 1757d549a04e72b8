# SPDX-License-Identifier: MIT
# Unit files change while their units run: what holds at once, what waits, what is refused.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
}

teardown() {
        supd_stop
}

unit_file() {
        printf '%s\n' "$UNIT_DIR/$1.container"
}

@test "changed limits of a running unit hold at once, all else waits for its next start" {
        obedient_write web Description=old MemoryMax=64M TasksMax=50
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        sed -i 's/old/new/; s/64M/96M/; s/TasksMax=50/TasksMax=40/' "$(unit_file web)"
        supctl daemon-reload
        assert_equal $((96 << 20)) "$(unit_prop web MemoryMax)"
        assert_equal 40 "$(unit_prop web TasksMax)"
        assert_equal 40 "$(cat "$(cgroup_of web pids)/pids.max")"
        assert_equal old "$(unit_prop web Description)"
        assert_equal "$pid" "$(unit_prop web MainPID)"
        supctl restart web
        assert_equal new "$(unit_prop web Description)"
        assert_equal 40 "$(unit_prop web TasksMax)"
}

@test "daemon-reload says which running units differ from their files, and no others" {
        obedient_write web Description=old
        obedient_write same
        obedient_write leaves
        obedient_write off
        supd_start
        supctl start web same leaves
        assert_no_match 'runs' "$(supctl daemon-reload 2>&1)"
        sed -i 's/old/new/' "$(unit_file web)"
        echo '# more' >>"$(unit_file off)"
        rm "$(unit_file leaves)"
        text=$(supctl daemon-reload 2>&1)
        assert_match "web.service runs as it was started; 'supctl restart web.service'" "$text"
        assert_match 'leaves.service runs on without a file' "$text"
        assert_no_match '(same|off).service runs' "$text"
        assert_match 'changed, its next start takes that' "$(supctl status web)"
        assert_no_match 'its next start' "$(supctl status same)"
        supctl restart web
        assert_no_match 'web.service runs' "$(supctl daemon-reload 2>&1)"
        supctl stop leaves
}

@test "relative limits are told in bytes and tasks, also of a unit that does not run" {
        obedient_write web MemoryMax=10% TasksMax=1%
        # Not every system has what it takes to start this one.
        obedient_write high MemoryHigh=5%
        supd_start
        assert_match '^[0-9]+$' "$(unit_prop high MemoryHigh)"
        memory=$(unit_prop web MemoryMax)
        tasks=$(unit_prop web TasksMax)
        supctl start web
        # The kernel counts in pages.
        assert_equal $((memory / 4096)) $(($(unit_prop web MemoryMax) / 4096))
        assert_equal "$tasks" "$(unit_prop web TasksMax)"
}

@test "an automatic restart is by the last definition that loads" {
        obedient_write web Restart=always RestartSec=10ms
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        sed -i 's/^\[Container\]$/&\nNonsense=1/' "$(unit_file web)"
        supctl daemon-reload || true
        order web 'exit 1'
        wait_until 5 unit_has_other_pid web "$pid"
        run supctl restart web
        assert_match 'bad unit file setting' "$output"
        unit_is web running
        supctl stop web
        wait_until 5 prop_is web LoadState bad-setting
}

@test "a start asked for during a stop starts the unit once it has stopped" {
        obedient_write web StopTimeout=60
        first_order web "trap ': >/orders/asked' TERM"
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        supctl stop --no-block web
        wait_until 5 test -e "$(orders_of web)/asked"
        supctl start --no-block web
        unit_is web stop-sigterm
        order web 'exit 0'
        supctl start web # joins
        unit_is web running
        [[ $(unit_prop web MainPID) != "$pid" ]]
        order web 'trap - TERM'
}
