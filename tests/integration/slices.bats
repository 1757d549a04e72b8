# SPDX-License-Identifier: MIT
# Slice=: where a container's cgroup is, over restarts of it and of supd.
load ../lib/supd
load ../lib/payload

teardown() {
        supd_stop
}

path_of() {
        unit_prop "$1" ControlGroup
}

tree_has() {
        [[ -d $(cgroup_of "$1")/../$2 ]]
}

@test "a container is in its slice, with its limits, and slices go with the last of them" {
        obedient_write web Slice=shop-web.slice TasksMax=77
        obedient_write db Slice=shop.slice
        supd_start
        supctl start web db
        assert_match '/shop.slice/shop-web.slice/web.service$' "$(path_of web)"
        assert_match '/shop.slice/db.service$' "$(path_of db)"
        assert_equal shop-web.slice "$(unit_prop web Slice)"
        assert_equal 77 "$(cat "$(dirname "$(cgroup_of web pids)")/shop.slice/shop-web.slice/web.service/pids.max")"
        pid=$(unit_prop web MainPID)
        assert_match '0::.*/shop.slice/shop-web.slice/web.service' "$(grep ^0:: "/proc/$pid/cgroup")"
        assert_match /orders/obey "$(supctl status web)"
        supctl set-property web TasksMax=66
        assert_equal 66 "$(unit_prop web TasksMax)"
        supctl pause web
        assert_equal frozen "$(unit_prop web FreezerState)"
        supctl unpause web
        supctl stop web
        slice_is_gone() { [[ ! -d $(dirname "$(cgroup_of web)")/shop.slice/$1 ]]; }
        wait_until 10 slice_is_gone shop-web.slice
        supctl stop db
        wait_until 10 slice_is_gone .
}

@test "a container in a slice is adopted, and moves to another slice with its next start" {
        obedient_write web Slice=old.slice
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        obedient_write_slice() { sed -i 's/^Slice=.*/Slice=new-one.slice/' "$UNIT_DIR/web.container"; }
        obedient_write_slice
        before=$(supd_pid)
        kill -KILL "$before"
        wait_until 10 process_is_gone "$before"
        wait_until 10 supd_answers
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_match '/old.slice/web.service$' "$(path_of web)"
        supctl restart web
        assert_match '/new.slice/new-one.slice/web.service$' "$(path_of web)"
        [[ ! -d $(dirname "$(cgroup_of web)")/old.slice ]]
}

@test "what crashes starts again in its slice, and what is left of a unit that is gone is ended there" {
        obedient_write web Slice=a-b.slice Restart=always RestartSec=0
        supd_start
        supctl start web
        first=$(unit_prop web MainPID)
        kill -KILL "$first"
        wait_until 10 unit_has_other_pid web "$first"
        assert_match '/a.slice/a-b.slice/web.service$' "$(path_of web)"
        pid=$(unit_prop web MainPID)
        before=$(supd_pid)
        kill -STOP "$SUPD_PID"
        kill -KILL "$before"
        rm "$UNIT_DIR/web.container" "$RUNTIME_DIR"/container/web.service/* 2>/dev/null || true
        kill -CONT "$SUPD_PID"
        wait_until 20 process_is_gone "$pid"
        wait_until 10 supd_answers
}
