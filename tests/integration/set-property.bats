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
