# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# supd is killed and its containers are not, on a kernel whose pidfds do not tell exit statuses.
# shellcheck source=tests/vm/guest/lib.sh
. /lib.sh

another_supd_answers() {
        now=$(supd_pid) && [ "$now" != "$1" ] && supd_answers
}

kill_supd() {
        old=$(supd_pid)
        kill -KILL "$old"
        wait_for 20 another_supd_answers "$old"
}

containers_start() {
        unit steady.container '[Container]' \
                "Rootfs=$ROOTFS:O" Network=none \
                "Exec=sh -c 'while true; do sleep 1; done'" \
                '[Service]' \
                Restart=always
        unit brief.container '[Container]' \
                "Rootfs=$ROOTFS:O" Network=none \
                "Exec=sh -c 'while [ ! -e /flag/go ]; do usleep 20000; done; exit 42'" \
                Volume=/tmp/flag:/flag
        mkdir -p /tmp/flag
        supd_start
        supctl start steady brief
}

state_of() {
        supctl show -p ActiveState -p SubState -p MainPID -p NRestarts -p InvocationID "$1"
}

containers_run_on() {
        state_of steady >/tmp/before
        kill_supd
        state_of steady >/tmp/after
        diff /tmp/before /tmp/after
        [ -e "/proc/$(prop steady MainPID)" ]
}

# Nobody but the status pipe, kept by supinit, can know this.
exit_status_is_known() {
        old=$(supd_pid)
        kill -STOP "$old"
        pid=$(prop_from_before brief)
        touch /tmp/flag/go
        wait_for 10 is_gone "$pid"
        kill -KILL "$old"
        wait_for 20 another_supd_answers "$old"
        wait_for 10 is_substate brief failed
        [ "$(prop brief Result)" = exit-code ]
        [ "$(prop brief ExecMainStatus)" = 42 ]
}

# A stopped supd answers nothing, so the process is looked up by its group.
prop_from_before() {
        tail -n 1 "/sys/fs/cgroup/delegate/$1.service/cgroup.procs"
}

restarts_are_counted_on() {
        first=$(prop steady MainPID)
        kill -KILL "$first"
        wait_for 10 is_restarted 1
        kill_supd
        [ "$(prop steady NRestarts)" = 1 ]
}

is_restarted() {
        [ "$(prop steady NRestarts)" = "$1" ] && is_substate steady running
}

paused_stays_paused() {
        supctl pause steady
        kill_supd
        [ "$(prop steady FreezerState)" = frozen ]
        supctl unpause steady
        grep -q '^frozen 0$' /sys/fs/cgroup/delegate/steady.service/cgroup.events
}

end_leaves_nothing() {
        supctl stop steady
        supd_stop
        [ -z "$(find /sys/fs/cgroup/delegate -mindepth 1 -type d)" ]
}

check 'containers start under a guarded supd' containers_start
check 'a killed supd comes back and finds its container as it was' containers_run_on
check 'the exit status of a container that ended without supd is known' exit_status_is_known
check 'restarts are counted on across the death of supd' restarts_are_counted_on
check 'a paused container is still paused, and known to be' paused_stays_paused
check 'after the end of supd nothing is left' end_leaves_nothing
finish
