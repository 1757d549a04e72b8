# SPDX-License-Identifier: MIT
# set-property: limits that hold at once, in drop-ins, by supctl and by systemctl.
load ../lib/supd
load ../lib/payload

setup() {
        supd_config Manager.SystemdSocket=yes
        obedient_write web
}

teardown() {
        supd_stop
}

sctl() {
        timeout 20 systemctl --no-pager "$@"
}

pids_max() {
        cat "$(cgroup_of web pids)/pids.max"
}

@test "a limit holds at once, is in a drop-in, and holds for the next start" {
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        supctl set-property web TasksMax=77 'Description=A server at 100%%'
        assert_equal 77 "$(pids_max)"
        assert_equal 77 "$(unit_prop web TasksMax)"
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_match 'TasksMax=77' "$(cat "$UNIT_DIR"/web.container.d/50-set-TasksMax.conf)"
        supctl restart web
        assert_equal 77 "$(pids_max)"
        assert_equal 'A server at 100%' "$(unit_prop web Description)"
}

@test "an empty value takes a limit back" {
        supd_start
        supctl start web
        before=$(pids_max)
        supctl set-property web TasksMax=77
        supctl set-property web TasksMax=
        assert_equal "$before" "$(pids_max)"
}

@test "what the loader would not take changes nothing and is told" {
        supd_start
        supctl start web
        supctl set-property web TasksMax=77
        run supctl set-property web TasksMax=many
        assert_equal 1 "$status"
        assert_match 'TasksMax=: .*many' "$output"
        assert_equal 77 "$(pids_max)"
        assert_match 'TasksMax=77' "$(cat "$UNIT_DIR"/web.container.d/50-set-TasksMax.conf)"
        run supctl set-property web CPUWeight=99999 TasksMax=5
        assert_equal 1 "$status"
        assert_equal 77 "$(pids_max)"
        [ ! -e "$UNIT_DIR/web.container.d/50-set-CPUWeight.conf" ]
}

@test "keys that can't be changed, misspelt ones, unknown units and no assignment are errors" {
        supd_start
        run supctl set-property web Exec=/bin/true
        assert_equal 1 "$status"
        assert_match 'Cannot set property Exec' "$output"
        run supctl set-property web MemoryMaks=1G
        assert_match 'did you mean MemoryMax' "$output"
        run supctl set-property nonesuch TasksMax=5
        assert_match 'nonesuch not found' "$output"
        run supctl set-property web =5
        assert_match 'is no assignment' "$output"
        run supctl set-property web TasksMax
        assert_equal 1 "$status"
        assert_match 'KEY=VALUE' "$output"
        run supctl set-property --runtime web TasksMax=5
        assert_match 'without --runtime it lasts' "$output"
}

@test "--runtime lasts until the next boot, and a limit that is set for good goes before" {
        supd_options_dirs=(--unit-dir /run/supd/units)
        supd_start "${supd_options_dirs[@]}"
        supctl start web
        supctl set-property --runtime web TasksMax=55
        assert_equal 55 "$(pids_max)"
        [ -e /run/supd/units/web.container.d/60-set-TasksMax.conf ]
        supctl set-property web TasksMax=66
        assert_equal 66 "$(pids_max)"
        [ ! -e /run/supd/units/web.container.d/60-set-TasksMax.conf ]
}

@test "a drop-in directory that is a symbolic link is not written behind" {
        supd_start
        mkdir "$SUPD_TEST_DIR/elsewhere"
        ln -s "$SUPD_TEST_DIR/elsewhere" "$UNIT_DIR/web.container.d"
        run supctl set-property web TasksMax=5
        assert_equal 1 "$status"
        assert_equal '' "$(ls "$SUPD_TEST_DIR/elsewhere")"
}

@test "systemctl set-property works" {
        supd_start
        supctl start web
        sctl set-property web.service TasksMax=88 CPUQuota=150% AllowedCPUs=0 CPUWeight=200
        assert_equal 88 "$(pids_max)"
        assert_match 'CPUQuota=150.00%' "$(cat "$UNIT_DIR"/web.container.d/50-set-CPUQuota.conf)"
        assert_match 'AllowedCPUs=0' "$(cat "$UNIT_DIR"/web.container.d/50-set-AllowedCPUs.conf)"
        supctl restart web
        assert_equal 1.500000s "$(sctl show --value -p CPUQuotaPerSecUSec web)"
        run sctl set-property web.service KillMode=mixed
        [ "$status" -ne 0 ]
}

# The disk that / is on, as the throttle files name it; skips where there is none, or no files.
need_disk_limits() {
        local device
        device=$(stat -c %Hd:%Ld /)
        [ -e "/sys/dev/block/$device" ] || skip 'the root file system is on no disk'
        [ ! -e "/sys/dev/block/$device/partition" ] || device=$(cat "/sys/dev/block/$device/../dev")
        DISK=$device
        [ -e /sys/fs/cgroup/blkio/blkio.throttle.read_bps_device ] || skip 'no io limits of cgroup v1'
}

throttle() {
        cat "$(cgroup_of web blkio)/blkio.throttle.$1_device"
}

@test "a limit of a disk holds at once, stands beside those of the start, and is taken back" {
        need_disk_limits
        obedient_write web 'IOReadBandwidthMax=/ 50M'
        supd_start
        supctl start web
        assert_equal "$DISK 50000000" "$(throttle read_bps)"
        supctl set-property web 'IOReadBandwidthMax=/ 7M' 'IOWriteIOPSMax=/usr 99'
        assert_equal "$DISK 7000000" "$(throttle read_bps)"
        assert_equal "$DISK 99" "$(throttle write_iops)"
        supctl restart web
        assert_equal "$DISK 7000000" "$(throttle read_bps)"
        supctl set-property web IOWriteIOPSMax=
        assert_equal '' "$(throttle write_iops)"
        assert_equal "$DISK 7000000" "$(throttle read_bps)"
}

@test "limits of an adopted container that are gone from its unit are gone from its disks" {
        need_disk_limits
        obedient_write web 'IOReadBandwidthMax=/ 50M'
        supd_start
        supctl start web
        obedient_write web
        pid=$(unit_prop web MainPID) before=$(supd_pid)
        kill -KILL "$before"
        wait_until 10 process_is_gone "$before"
        wait_until 10 supd_answers
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_equal '' "$(throttle read_bps)"
}

weights() {
        sctl show --value -p IODeviceWeight web
}

@test "limits of disks that are set one after the other stay side by side" {
        supd_start
        supctl set-property web 'IODeviceWeight=/nonesuch/a%%b 100'
        supctl set-property web 'IODeviceWeight="/nonesuch/c d" 200'
        supctl set-property web 'IODeviceWeight=/nonesuch/a%%b 300' 'IODeviceWeight=/nonesuch/e 7'
        assert_equal '/nonesuch/a%b 300' "$(weights | grep a%b)"
        assert_equal '/nonesuch/c d 200' "$(weights | grep 'c d')"
        assert_equal 3 "$(weights | wc -l)"
        supctl set-property web IODeviceWeight=
        assert_equal '' "$(weights)"
}

@test "only the files of the unit are read" {
        obedient_write other
        supd_start
        supctl start web
        echo '# changed' >>"$UNIT_DIR/other.container"
        echo nonsense >>"$UNIT_DIR/new.container"
        supctl set-property web TasksMax=77
        assert_equal 77 "$(pids_max)"
        assert_equal yes "$(unit_prop other NeedDaemonReload)"
        assert_equal no "$(unit_prop web NeedDaemonReload)"
        run supctl cat new
        [ "$status" -ne 0 ]
        supctl daemon-reload
        assert_equal no "$(unit_prop other NeedDaemonReload)"
        assert_equal 77 "$(unit_prop web TasksMax)"
}

@test "a limit that can't be had is refused, and what held holds" {
        supd_start
        supctl start web
        supctl set-property web TasksMax=77
        run supctl set-property web TasksMax=78 'IOReadIOPSMax=/proc 5'
        assert_equal 1 "$status"
        assert_match 'IOReadIOPSMax: /proc is not a disk' "$output"
        assert_equal 77 "$(pids_max)"
        assert_equal 77 "$(unit_prop web TasksMax)"
        [ ! -e "$UNIT_DIR/web.container.d/50-set-IOReadIOPSMax.conf" ]
}

@test "a disk that there is not is told at the start, with its key" {
        obedient_write web 'IOReadIOPSMax=/nonesuch 5'
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match 'IOReadIOPSMax: cannot look at /nonesuch' "$output"
}

@test "several limits at once by systemctl, and what is set is shown at once" {
        need_disk_limits
        supd_start
        supctl start web
        sctl set-property web.service CPUQuota=50% CPUQuotaPeriodSec=20ms 'IOReadBandwidthMax=/ 3M' \
                AllowedMemoryNodes=0 CPUWeight=300
        assert_equal 500ms "$(sctl show --value -p CPUQuotaPerSecUSec web)"
        assert_equal 20ms "$(sctl show --value -p CPUQuotaPeriodUSec web)"
        assert_equal 300 "$(sctl show --value -p CPUWeight web)"
        assert_equal 0 "$(sctl show --value -p AllowedMemoryNodes web)"
        assert_equal '/ 3000000' "$(sctl show --value -p IOReadBandwidthMax web)"
        assert_equal 10000 "$(cat "$(cgroup_of web cpu)/cpu.cfs_quota_us")"
        assert_equal 0 "$(cat "$(cgroup_of web cpuset)/cpuset.mems")"
        assert_equal "$DISK 3000000" "$(throttle read_bps)"
}
