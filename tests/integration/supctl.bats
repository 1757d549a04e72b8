# SPDX-License-Identifier: MIT
#
# What supctl prints and answers, against a real supd with real containers.

load ../lib/supd

setup() { supd_start; }
teardown() { supd_stop; }

# A container that logs a line and stays.
write_sleeper() {
        local name=$1
        shift
        unit_write "$name.container" Description="Sleeper $name" Network=none \
                Exec='sh -c "echo hello from $$NAME; exec sleep 1000"' Environment=NAME="$name" \
                StopTimeout=1 "$@"
}

has_line() {
        supctl logs -o cat "$1" | grep -q -- "$2"
}

@test "start returns when the unit is active, and stop when it is not" {
        write_sleeper web
        supctl daemon-reload
        supctl start web
        run supctl is-active web
        assert_equal "0 active" "$status $output"
        supctl stop web
        run supctl is-active web
        assert_equal "3 inactive" "$status $output"
}

@test "a unit may be named as a file, as a service or by its bare name" {
        write_sleeper web
        supctl daemon-reload
        supctl start web.container
        run supctl is-active web.service
        assert_equal "0 active" "$status $output"
        supctl stop web
}

@test "status shows what systemctl's shows, and exits with 0, 3 or 4" {
        write_sleeper web Memory=64m PidsLimit=50
        supctl daemon-reload
        supctl start web
        wait_until 5 has_line web 'hello from web'
        run supctl status web
        assert_equal 0 "$status"
        assert_match '● web\.service - Sleeper web' "$output"
        assert_match 'Loaded: loaded \(.*/units/web\.container\)' "$output"
        assert_match 'Active: active \(running\) since ' "$output"
        assert_match 'Main PID: [0-9]+ \(sleep\)' "$output"
        assert_match 'Tasks: [0-9]+ \(limit: 50\)' "$output"
        assert_match 'Memory: [0-9.]+[KM] \(max: 64\.0M' "$output"
        assert_match 'CGroup: .*web\.service' "$output"
        assert_match '[0-9]+ .*supinit.* \(init\)' "$output"
        assert_match '[0-9]+ sleep 1000' "$output"
        assert_match 'hello from web' "$output"
        assert_no_match $'\033' "$output"

        supctl stop web
        run supctl status web
        assert_equal 3 "$status"
        assert_match 'Active: inactive \(dead\)' "$output"
        run supctl status nosuch
        assert_equal 4 "$status"
        assert_match 'nosuch' "$output"
}

@test "a failed start says why, with the lines that the unit logged" {
        unit_write bad.container Network=none Exec='sh -c "echo cannot find my keys >&2; exit 7"' \
                Type=oneshot
        supctl daemon-reload
        run supctl start bad
        assert_equal 1 "$status"
        assert_match 'supctl: bad\.service did not start: exit-code' "$output"
        assert_match '7/NOTRUNNING' "$output"
        assert_match 'cannot find my keys' "$output"
        assert_match "See 'supctl status bad' and 'supctl logs bad'" "$output"
        run supctl is-failed bad
        assert_equal "0 failed" "$status $output"
        supctl reset-failed bad
        run supctl is-failed bad
        assert_equal "1 inactive" "$status $output"
}

@test "a container that cannot be made tells the step and the object" {
        unit_write mount.container Network=none Exec='sleep 1000' Volume=/nonexistent/file:/data:nocreate
        supctl daemon-reload
        run supctl start mount
        assert_equal 1 "$status"
        assert_match '/nonexistent/file' "$output"
        assert_match 'No such file or directory' "$output"
}

@test "unknown units and mistyped verbs have exit codes of their own" {
        run supctl start nosuch
        assert_equal 5 "$status"
        assert_match 'nosuch' "$output"
        run supctl is-active nosuch
        assert_equal "4 inactive" "$status $output"
        run supctl pause nosuch
        assert_equal 4 "$status"
        run supctl logs nosuch
        assert_equal 4 "$status"
        run supctl strat web
        assert_equal 2 "$status"
        assert_match "did you mean 'start'" "$output"
        run supctl start 'nosuch*'
        assert_match "no unit matches 'nosuch\*'" "$output"
}

@test "several units start side by side, and each failure is told" {
        local before after
        for name in one two three; do
                unit_write "$name.container" Network=none Type=oneshot RemainAfterExit=yes Exec='sleep 1'
        done
        unit_write broken.container Network=none Type=oneshot Exec='false'
        supctl daemon-reload
        before=${EPOCHREALTIME//[.,]/}
        run supctl start one two three broken
        after=${EPOCHREALTIME//[.,]/}
        assert_equal 1 "$status"
        assert_match 'broken\.service did not start' "$output"
        assert_no_match '(one|two|three)\.service did not' "$output"
        ((after - before < 2900000)) || fail "took $((after - before)) us: one after the other"
        run supctl is-active one two three
        assert_equal "0 active active active" "$status ${output//$'\n'/ }"
}

@test "patterns stand for the units they match" {
        write_sleeper web1
        write_sleeper web2
        write_sleeper db
        supctl daemon-reload
        supctl start 'web?'
        run supctl list-units --plain --no-legend
        assert_match 'web1\.service' "$output"
        assert_match 'web2\.service' "$output"
        assert_no_match 'db\.service' "$output"
        supctl stop 'web*.container'
        run supctl is-active web1 web2
        assert_equal 3 "$status"
}

@test "list-units leaves inactive units out unless asked, and never broken ones" {
        write_sleeper web
        write_sleeper off
        unit_write broken.container Nonsense=1
        supctl daemon-reload || true
        supctl start web
        run supctl list-units
        assert_equal 0 "$status"
        assert_match 'UNIT +LOAD +ACTIVE +SUB +RESTARTS +MEMORY +SINCE +DESCRIPTION' "$output"
        assert_match 'web\.service +loaded +active +running +0 +[0-9.]+[BKM] .*Sleeper web' "$output"
        assert_match 'broken\.service +bad-setting' "$output"
        assert_no_match 'off\.service' "$output"
        run supctl --all
        assert_match 'off\.service +loaded +inactive +dead' "$output"
        run supctl list-units --state=bad-setting --plain --no-legend
        assert_match '^broken\.service [^'$'\n'']*$' "$output"
}

@test "a paused unit is active (paused) until it is unpaused" {
        write_sleeper web
        supctl daemon-reload
        supctl start web
        supctl pause web
        run supctl status web
        assert_equal 0 "$status"
        assert_match 'Active: active \(paused\)' "$output"
        run supctl list-units --state=paused --plain --no-legend
        assert_match '^web\.service' "$output"
        supctl unpause web
        run supctl status web
        assert_match 'Active: active \(running\)' "$output"
        supctl stop web
        run supctl pause web
        assert_equal 1 "$status"
}

@test "kill sends the signal that was named" {
        unit_write trap.container Network=none \
                Exec='sh -c "trap \"echo got hup\" HUP; echo ready; while :; do sleep 0.1; done"' StopTimeout=1
        supctl daemon-reload
        supctl start trap
        wait_until 5 has_line trap ready
        supctl kill -s HUP --kill-whom=main trap
        wait_until 5 has_line trap 'got hup'
        run supctl kill -s NOPE trap
        assert_equal 2 "$status"
}

@test "show prints properties by name, value or as JSON" {
        write_sleeper web
        supctl daemon-reload
        supctl start web
        run supctl show -p ActiveState,SubState web
        assert_equal $'ActiveState=active\nSubState=running' "$output"
        run supctl show --value -p Id web
        assert_equal web.service "$output"
        run bash -c 'supctl show --json web | jq -r .ActiveState'
        assert_equal active "$output"
        run bash -c 'supctl --json status web | jq -r ".[0].MainPID, (.[0].Processes | length)"'
        assert_match '^[0-9]+'$'\n''[1-9]' "$output"
        run bash -c 'supctl --json list-units | jq -r ".[].Id"'
        assert_equal web.service "$output"
        run bash -c 'supctl --json status | jq -r .Version'
        assert_match '^[0-9]+\.[0-9]+\.[0-9]+$' "$output"
}

@test "cat prints the file and its drop-ins under their paths" {
        write_sleeper web
        mkdir -p "$UNIT_DIR/web.container.d"
        printf '[Service]\nRestartSec=3\n' >"$UNIT_DIR/web.container.d/10-slow.conf"
        supctl daemon-reload
        run supctl cat web
        assert_equal 0 "$status"
        assert_match "# $UNIT_DIR/web\.container" "$output"
        assert_match 'Description=Sleeper web' "$output"
        assert_match "# $UNIT_DIR/web\.container\.d/10-slow\.conf"$'\n''\[Service\]' "$output"
}

@test "logs come whole, the last few, since a time, as text alone and as JSON" {
        unit_write count.container Network=none Type=oneshot RemainAfterExit=yes \
                Exec='sh -c "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; echo oops >&2"'
        supctl daemon-reload
        supctl start count
        run supctl logs -o cat count
        assert_equal 13 "${#lines[@]}"
        # The two streams have no order between them.
        assert_equal 'line 1' "$(grep -m 1 line <<<"$output")"
        run supctl logs -o cat -n 2 count
        assert_match 'line 12' "$output"
        assert_equal 2 "${#lines[@]}"
        run supctl logs -o cat --since '-1h' count
        assert_equal 13 "${#lines[@]}"
        run supctl logs -o cat --since tomorrow count
        assert_equal '' "$output"
        run bash -c 'supctl logs -o json count | jq -r "select(.MESSAGE == \"oops\") | .PRIORITY"'
        assert_equal 3 "$output"
        run supctl logs count
        assert_match '[A-Z][a-z]+ [ 0-9]+ [0-9:]+ .*line 12' "$output"
}

@test "logs -f goes on with what comes" {
        unit_write tick.container Network=none StopTimeout=1 \
                Exec='sh -c "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.1; done"'
        supctl daemon-reload
        supctl start tick
        timeout 5 supctl logs -f -o cat tick | sed -n '/tick 20/q'
        run bash -c 'timeout 10 supctl logs -f -o cat tick | head -n 3 | wc -l'
        assert_equal 3 "$output"
}

@test "daemon-reload tells what is wrong in which line, and the others load" {
        write_sleeper web
        unit_write typo.container Network=none Exec='true' Memorry=64m
        run supctl daemon-reload
        assert_equal 0 "$status"
        assert_match "error: $UNIT_DIR/typo\.container:[0-9]+: .*Memor" "$output"
        run supctl status typo
        assert_equal 3 "$status"
        assert_match 'Loaded: bad-setting' "$output"
        assert_match 'typo\.container:[0-9]+' "$output"
        run supctl start typo
        assert_equal 1 "$status"
        assert_match 'typo\.container:[0-9]+' "$output"
        supctl start web
}

@test "a crashing unit shows its restarts and when the next one comes" {
        unit_write crash.container Network=none Exec='sh -c "exit 3"' Restart=always RestartSec=30
        supctl daemon-reload
        supctl start crash || true
        wait_until 5 unit_is crash auto-restart
        run supctl status crash
        assert_match 'Active: activating \(auto-restart\) \(Result: exit-code\)' "$output"
        assert_match 'code=exited, status=3' "$output"
        assert_match 'Restarts: [0-9]+; next in [0-9.]+s' "$output"
        supctl stop crash
}

@test "status without a unit shows supd itself and exits with 3 once a unit has failed" {
        write_sleeper web
        unit_write bad.container Network=none Exec='sh -c "exit 1"' Type=oneshot
        supctl daemon-reload
        supctl start web
        run supctl status
        assert_equal 0 "$status"
        assert_match '● supd [0-9.]+' "$output"
        assert_match 'Units: 2: 1 active, 1 inactive' "$output"
        assert_match 'Cgroups: (v2|hybrid)' "$output"
        supctl start bad || true
        run supctl status
        assert_equal 3 "$status"
        assert_match 'Failed: bad\.service: exit-code' "$output"
}

@test "daemon-reexec returns when the new supd serves, with containers as they were" {
        local pid before
        write_sleeper web
        supctl daemon-reload
        supctl start web
        pid=$(unit_prop web MainPID)
        before=$(supd_pid)
        supctl daemon-reexec
        assert_equal "$pid" "$(unit_prop web MainPID)"
        run supctl is-active web
        assert_equal "0 active" "$status $output"
        [[ -n $before ]]
}

@test "Ctrl-C while waiting says what goes on, and it does" {
        unit_write slow.container Network=none Type=oneshot RemainAfterExit=yes Exec='sleep 2'
        supctl daemon-reload
        supctl start slow 2>"$SUPD_TEST_DIR/interrupted" &
        local waiter=$! code=0
        wait_until 5 unit_is slow start
        kill -TERM "$waiter"
        wait "$waiter" || code=$?
        assert_equal 130 "$code"
        assert_match 'no longer waiting; supd goes on to start slow' "$(<"$SUPD_TEST_DIR/interrupted")"
        wait_until 5 unit_is slow exited
}

@test "a missing supd is named, with what to do" {
        run supctl --runtime-dir /nonexistent status
        assert_equal 1 "$status"
        assert_match "can't reach supd at /nonexistent/control: No such file or directory; is supd running" "$output"
        run env SUPD_RUNTIME_DIR=/nonexistent supctl start web
        assert_equal 1 "$status"
        assert_match 'can.t reach supd at /nonexistent/control' "$output"
}

@test "a stopped supd does not hang a client for ever" {
        local pid
        pid=$(supd_pid)
        kill -STOP "$pid"
        run env SYSTEMD_BUS_TIMEOUT=1s timeout 20 supctl list-units
        kill -CONT "$pid"
        assert_equal 1 "$status"
        assert_match 'does not answer; is it stopped or overloaded' "$output"
        supctl list-units
}

@test "logs of the journal can be read while supd does not run" {
        write_sleeper web
        supctl daemon-reload
        supctl start web
        wait_until 5 has_line web 'hello from web'
        run supctl --runtime-dir /nonexistent logs -o cat web
        assert_equal 0 "$status"
        assert_match 'looking for web\.service in the journal' "$output"
        assert_match 'hello from web' "$output"
}

@test "logs come from files where the driver writes files, and from nowhere without one" {
        write_sleeper filed LogDriver=k8s-file
        write_sleeper silent LogDriver=none
        supctl daemon-reload
        supctl start filed silent
        wait_until 5 has_line filed 'hello from filed'
        run supctl status filed
        assert_match 'hello from filed' "$output"
        run supctl logs silent
        assert_equal 1 "$status"
        assert_match 'LogDriver=none' "$output"
        run supctl status silent
        assert_equal 0 "$status"
}

@test "processes in cgroups of their own are drawn below them" {
        write_sleeper web
        supctl daemon-reload
        supctl start web
        local group
        group=$(cgroup_of web '')
        mkdir "$group/nested"
        sleep 1000 &
        echo $! >"$group/nested/cgroup.procs"
        run supctl status web
        kill -KILL $!
        wait $! || true
        rmdir "$group/nested" || true
        assert_match 'nested'$'\n''[^'$'\n'']*[0-9]+ sleep 1000' "$output"
}

@test "who is neither root nor in the group is told so" {
        run setpriv --reuid=65534 --regid=65534 --clear-groups supctl status
        assert_equal 1 "$status"
        assert_match 'Permission denied; run this as root or as a member of group supd' "$output"
}

@test "a reader that goes away ends supctl quietly" {
        write_sleeper web
        supctl daemon-reload
        run bash -c 'set +o pipefail; supctl help | head -n 1 2>&1'
        assert_equal 'supctl [OPTION…] VERB [WORD…]' "$output"
        run bash -c 'supctl help 2>&1 >/dev/full'
        assert_equal 1 "$status"
        assert_match 'cannot write the output' "$output"
}

@test "verify needs no supd, names file, line and key, and exits with 1 on errors" {
        printf '[Container]\nRootfs=/x\nNetwork=none\nMemory=12Q\n' >"$SUPD_TEST_DIR/v.container"
        run supctl --runtime-dir /nonexistent verify "$SUPD_TEST_DIR/v.container"
        assert_equal 1 "$status"
        assert_match "v\.container:4: Container\.Memory: '12Q' is not a size" "$output"
        printf '[Container]\nRootfs=/x\nNetwork=none\n[Service]\nFoo=1\n' >"$SUPD_TEST_DIR/v.container"
        run supctl verify "$SUPD_TEST_DIR/v.container"
        assert_equal 0 "$status"
        assert_match 'warning: .*v\.container:5' "$output"
        run supctl verify --strict "$SUPD_TEST_DIR/v.container"
        assert_equal 1 "$status"
        run bash -c "supctl verify --json $SUPD_TEST_DIR/v.container | jq -r '.[0].Diagnostics[] | select(.Code == \"unknown-key\") | .Line'"
        assert_equal 5 "$output"
}

@test "a reader that has had enough is no error, also where SIGPIPE is ignored" {
        unit_write tick.container Network=none StopTimeout=1 \
                Exec='sh -c "i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.02; done"'
        supctl daemon-reload
        supctl start tick
        run bash -c '(trap "" PIPE; timeout 10 supctl logs -f -o cat tick 2>"$1" | head -n 1); cat "$1"' _ "$SUPD_TEST_DIR/said"
        assert_match '^tick [0-9]+$' "$output"
}

@test "show tells labels and annotations" {
        unit_write web.container Network=none Exec='sleep 1000' Label='a=1 "b=two words"' Annotation=org.example.note=x
        supctl daemon-reload
        assert_equal 'a=1 b=two words' "$(unit_prop web Labels)"
        assert_equal org.example.note=x "$(unit_prop web Annotations)"
        assert_equal '["a=1","b=two words"]' "$(supctl --json show -p Labels web | jq -c .Labels)"
}
