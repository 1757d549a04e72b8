# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# What differs between the two cgroup drivers, on the v2 one: freezer, limits, devices, removal.
# shellcheck source=tests/vm/guest/lib.sh
. /lib.sh

group() {
        echo "/sys/fs/cgroup/delegate/$1.service"
}

value_in() {
        cat "$(group "$1")/$2"
}

container_starts() {
        unit web.container '[Container]' \
                "Rootfs=$ROOTFS:O" Network=none \
                "Exec=sh -c 'while true; do sleep 1; done'" \
                Memory=64m \
                PidsLimit=20 \
                '[Service]' \
                'CPUQuota=50%' \
                CPUWeight=30 \
                MemoryHigh=48M \
                MemoryMin=1M \
                MemoryLow=2M \
                AllowedMemoryNodes=0
        supctl daemon-reload
        supctl start web
        supctl is-active web
        grep -q ':/delegate/web.service$' "/proc/$(prop web MainPID)/cgroup"
}

limits_are_written() {
        [ "$(value_in web memory.max)" = 67108864 ]
        [ "$(value_in web memory.high)" = 50331648 ]
        [ "$(value_in web memory.min)" = 1048576 ]
        [ "$(value_in web memory.low)" = 2097152 ]
        [ "$(value_in web cpuset.mems)" = 0 ]
        [ "$(value_in web pids.max)" = 20 ]
        [ "$(value_in web cpu.max)" = '50000 100000' ]
        [ "$(value_in web cpu.weight)" = 30 ]
}

limits_change_at_once() {
        supctl set-property web MemoryMin=3M MemoryLow= CPUQuotaPeriodSec=20ms
        [ "$(value_in web memory.min)" = 3145728 ]
        [ "$(value_in web memory.low)" = 0 ]
        [ "$(value_in web cpu.max)" = '10000 20000' ]
}

slices_hand_controllers_down() {
        unit sliced.container '[Container]' \
                "Rootfs=$ROOTFS:O" Network=none \
                "Exec=sh -c 'while true; do sleep 1; done'" \
                PidsLimit=7 \
                '[Service]' \
                Slice=a-b.slice
        supctl daemon-reload
        supctl start sliced
        [ "$(cat /sys/fs/cgroup/delegate/a.slice/a-b.slice/sliced.service/pids.max)" = 7 ]
        supctl stop sliced
        [ ! -e /sys/fs/cgroup/delegate/a.slice ]
}

supd_is_in_a_leaf() {
        [ -z "$(cat /sys/fs/cgroup/delegate/cgroup.procs)" ]
        grep -q "^$(supd_pid)\$" /sys/fs/cgroup/delegate/supd/cgroup.procs
}

lines_of_counter() {
        supctl logs counter | wc -l
}

counter_has_lines() {
        [ "$(lines_of_counter)" -ge "$1" ]
}

pause_stops_it() {
        unit counter.container '[Container]' \
                "Rootfs=$ROOTFS:O" Network=none \
                "Exec=sh -c 'n=0; while true; do n=\$((n+1)); echo \$n; usleep 20000; done'"
        supctl daemon-reload
        supctl start counter
        wait_for 10 counter_has_lines 5

        supctl pause counter
        grep -q '^frozen 1$' "$(group counter)/cgroup.events"
        [ "$(prop counter FreezerState)" = frozen ]
        before=$(lines_of_counter)
        # Time is what this one is about: twenty lines' worth of it.
        usleep 400000
        [ "$(lines_of_counter)" = "$before" ]

        supctl unpause counter
        grep -q '^frozen 0$' "$(group counter)/cgroup.events"
        wait_for 10 counter_has_lines $((before + 5))
}

paused_container_stops() {
        supctl pause counter
        supctl stop counter
        not supctl is-active counter
        [ ! -e "$(group counter)" ]
}

leak_is_stopped() {
        unit leak.container '[Container]' \
                "Rootfs=$ROOTFS:O" Network=none \
                'Exec=tail /dev/zero' \
                Memory=16m
        supctl daemon-reload
        supctl start leak
        wait_for 60 is_substate leak failed
        [ "$(prop leak Result)" = oom-kill ]
}

pids_limit_holds() {
        unit forker.container '[Container]' \
                "Rootfs=$ROOTFS:O" Network=none \
                "Exec=sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done; wait'" \
                PidsLimit=6
        supctl daemon-reload
        supctl start forker
        # The shell gives up at the first fork that is refused.
        wait_for 10 is_substate forker failed
        supctl logs forker | grep -q "can't fork"
}

# The rules are a BPF program on the group: the node is there, the kernel says no.
devices_are_denied() {
        mknod $ROOTFS/tmp/kmsg c 1 11
        unit devices.container '[Container]' \
                "Rootfs=$ROOTFS:O" Network=none \
                AddCapability=CAP_MKNOD \
                "Exec=sh -c 'echo x >/dev/null && echo null-works; head -c 1 /dev/urandom >/dev/null && echo urandom-works; cat /tmp/kmsg </dev/null 2>&1 | head -n 1; mknod /tmp/null c 1 3 && echo mknod-works'" \
                '[Service]' \
                Type=oneshot
        supctl daemon-reload
        supctl start devices
        supctl logs devices >/tmp/devices.log
        cat /tmp/devices.log
        grep -q null-works /tmp/devices.log
        grep -q urandom-works /tmp/devices.log
        grep -q 'Operation not permitted' /tmp/devices.log
}

stop_leaves_no_group() {
        supctl stop web
        [ ! -e "$(group web)" ]
}

end_leaves_nothing() {
        supd_stop
        [ -z "$(find /sys/fs/cgroup/delegate -mindepth 1 -type d)" ]
        not grep -q overlay /proc/mounts
}

check 'supd starts and answers where cgroup v2 is alone' supd_start
check 'a container starts in a group of its own' container_starts
check 'limits of memory, tasks and CPU are in the files of the v2 controllers' limits_are_written
check 'limits change at once, and go back to what they are by default' limits_change_at_once
check 'a container below slices has its limits, and slices go with it' slices_hand_controllers_down
check 'supd and its guardian left the group whose controllers they hand down' supd_is_in_a_leaf
check 'a paused container stands still and goes on when unpaused' pause_stops_it
check 'a paused container can be stopped' paused_container_stops
check 'a container that outgrows its memory fails with the result oom-kill' leak_is_stopped
check 'a container cannot have more tasks than its limit' pids_limit_holds
check 'a device that is not on the list cannot be opened' devices_are_denied
check 'a stopped container leaves no group' stop_leaves_no_group
check 'after the end of supd nothing is left' end_leaves_nothing
finish
