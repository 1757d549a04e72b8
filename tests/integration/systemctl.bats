# SPDX-License-Identifier: MIT
# Debian's own systemctl, unmodified, as a client of supd.
load ../lib/supd

setup_file() {
        command -v systemctl >/dev/null || skip 'systemctl is not installed'
}

setup() {
        supd_config Manager.SystemdSocket=yes
        unit_write web.container Exec='sleep 1000' Description='A web server'
}

teardown() {
        supd_stop
}

# With a deadline: a reply that never comes is a failure, not a hang.
sctl() {
        timeout 20 systemctl --no-pager "$@"
}

# freeze, thaw and start --wait want a bus daemon; supd answers like one.
sctl_by_bus() {
        DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/systemd/private sctl "$@"
}

prop() {
        sctl show --value --property="$2" "$1"
}

@test "start returns when the unit runs, stop when it does not" {
        supd_start
        run sctl start web.service
        assert_equal 0 "$status"
        assert_equal '' "$output"
        assert_equal active "$(sctl is-active web)"
        kill -0 "$(prop web MainPID)"
        pid=$(prop web MainPID)

        run sctl stop web
        assert_equal 0 "$status"
        run sctl is-active web
        assert_equal 3 "$status"
        assert_equal inactive "$output"
        [ ! -e "/proc/$pid" ]
}

@test "restart replaces the process, try-restart leaves a stopped unit alone" {
        supd_start
        sctl start web
        first=$(prop web MainPID)
        sctl restart web
        second=$(prop web MainPID)
        [ "$first" != "$second" ]
        sctl try-restart web
        third=$(prop web MainPID)
        [ "$second" != "$third" ]
        # It has nothing to reload by: then it restarts.
        sctl reload-or-restart web
        [ "$third" != "$(prop web MainPID)" ]
        run sctl reload web
        assert_equal 3 "$status" # LSB: unimplemented
        assert_match 'not applicable for unit web.service' "$output"

        sctl stop web
        sctl try-restart web
        run sctl is-active web
        assert_equal inactive "$output"
}

@test "reload has a unit that can reload" {
        unit_write conf.container Exec='sleep 1000' ReloadCmd='touch /tmp/reloaded'
        supd_start
        sctl start conf
        pid=$(prop conf MainPID)
        sctl reload conf
        sctl reload-or-restart conf
        sctl try-reload-or-restart conf
        assert_equal "$pid" "$(prop conf MainPID)"
        [ -e "/proc/$pid/root/tmp/reloaded" ]
        assert_equal yes "$(prop conf CanReload)"
        run sctl list-jobs
        assert_match 'No jobs' "$output"
}

@test "status shows state, processes, figures and the last log lines" {
        unit_write talker.container Exec="sh -c 'echo hello from inside; exec sleep 1000'" Memory=64m
        supd_start
        sctl start talker
        wait_until 5 journal_has_hello
        run sctl status talker
        assert_equal 0 "$status"
        assert_match 'talker.service' "$output"
        assert_match 'Loaded: loaded \(.*/talker.container; generated\)' "$output"
        assert_match 'Active: active \(running\) since .* ago' "$output"
        assert_match "Main PID: $(prop talker MainPID) \(sleep\)" "$output"
        assert_match 'Tasks: [0-9]+' "$output"
        assert_match 'Memory: .*max: 64.0M' "$output"
        assert_match 'CGroup: /.*talker.service' "$output"
        assert_match "[├└]─$(prop talker MainPID) sleep 1000" "$output"
        assert_match 'hello from inside' "$output"

        sctl stop talker
        run sctl status talker
        assert_equal 3 "$status"
        assert_match 'Active: inactive \(dead\) since' "$output"
}
journal_has_hello() {
        [[ $(journal_of talker.service) == *hello* ]]
}

@test "status without a unit shows the supervisor and all its processes" {
        supd_start
        sctl start web
        run sctl status
        assert_equal 0 "$status"
        assert_match 'State: running' "$output"
        assert_match 'Units: [0-9]+ loaded' "$output"
        assert_match 'Failed: 0 units' "$output"
        assert_match "[├└]─$(prop web MainPID) sleep 1000" "$output"
        assert_no_match 'Failed to dump' "$output"
        assert_equal running "$(sctl is-system-running)"
}

@test "a unit that fails is failed for all verbs until it is reset" {
        unit_write bad.container Exec='sh -c "exit 7"' Restart=no
        supd_start
        sctl start bad || true
        wait_until 5 sctl --quiet is-failed bad
        assert_equal exit-code "$(prop bad Result)"
        assert_equal 7 "$(prop bad ExecMainStatus)"
        run sctl is-failed bad
        assert_equal failed "$output"
        run sctl status bad
        assert_equal 3 "$status"
        assert_match 'Active: failed \(Result: exit-code\)' "$output"
        assert_match 'code=exited, status=7' "$output"
        run sctl list-units --failed --plain --no-legend
        assert_match '^bad.service +loaded +failed +failed' "$output"
        run sctl is-system-running
        assert_equal degraded "$output"

        sctl reset-failed bad
        run sctl is-failed bad
        assert_equal 1 "$status"
        assert_equal inactive "$output"
        assert_equal running "$(sctl is-system-running)"

        sctl start bad || true
        wait_until 5 sctl --quiet is-failed bad
        sctl reset-failed
        run sctl is-failed bad
        assert_equal inactive "$output"
}

@test "kill sends the signal asked for to whom it is asked for" {
        unit_write trap.container \
                Exec="sh -c 'trap \"echo got-usr1\" USR1; while :; do sleep 0.1; done'"
        supd_start
        sctl start trap
        pid=$(prop trap MainPID)
        sctl kill --signal=USR1 --kill-whom=main trap
        wait_until 5 trap_was_seen
        assert_equal "$pid" "$(prop trap MainPID)"

        sctl kill --signal=KILL trap
        wait_until 5 sctl --quiet is-failed trap
        assert_equal signal "$(prop trap Result)"
        assert_equal 9 "$(prop trap ExecMainStatus)"

        run sctl kill --kill-whom=main trap
        assert_equal 1 "$status"
}
trap_was_seen() {
        [[ $(journal_of trap.service) == *got-usr1* ]]
}

@test "freeze returns when frozen, thaw when it runs on" {
        supd_start
        sctl start web
        run sctl_by_bus freeze web
        assert_equal 0 "$status"
        assert_equal frozen "$(prop web FreezerState)"
        run sctl status web
        assert_match 'active \(running\) \(frozen\)' "$output"
        grep -q 'frozen 1' "$(cgroup_of web '')/cgroup.events"

        run sctl_by_bus thaw web
        assert_equal 0 "$status"
        assert_equal running "$(prop web FreezerState)"

        sctl stop web
        run sctl_by_bus freeze web
        assert_equal 1 "$status"
        assert_match 'only a running unit' "$output"
}

@test "start --wait returns when the unit has ended" {
        unit_write brief.container Exec='sleep 0.3'
        supd_start
        run sctl_by_bus start --wait brief
        assert_equal 0 "$status"
        run sctl is-active brief
        assert_equal inactive "$output"
}

@test "lists show what is there, by state and by pattern" {
        unit_write db.container Exec='sleep 1000'
        supd_start
        sctl start web
        run sctl list-units --plain --no-legend
        assert_match '^web.service +loaded +active +running +A web server' "$output"
        assert_no_match 'db.service' "$output"
        run sctl list-units --all --plain --no-legend 'd*'
        assert_match '^db.service +loaded +inactive +dead' "$output"
        assert_no_match 'web.service' "$output"
        run sctl list-units --state=inactive --plain --no-legend
        assert_match 'db.service' "$output"
        run sctl list-unit-files --no-legend 'web*'
        assert_match '^web.container +generated' "$output"
        assert_equal generated "$(sctl is-enabled web)"
        run sctl list-jobs
        assert_equal 'No jobs running.' "$output"
        run sctl stop 'w*'
        assert_equal 0 "$status"
        run sctl is-active web
        assert_equal inactive "$output"
}

@test "an unknown unit is an error of its own for each verb" {
        supd_start
        run sctl start nope
        assert_equal 5 "$status"
        assert_match 'Unit nope.service not found' "$output"
        run sctl stop nope
        assert_equal 5 "$status"
        run sctl status nope
        assert_equal 4 "$status"
        run sctl is-active nope
        assert_equal 3 "$status"
        assert_equal inactive "$output"
        assert_equal not-found "$(prop nope LoadState)"
}

@test "a broken file is told where one asks for its unit" {
        unit_write broken.container Exec='true' Memory=12Q
        supd_start
        run sctl start broken
        assert_equal 1 "$status"
        assert_match "'12Q' is not a size" "$output"
        run sctl status broken
        assert_match 'Loaded: bad-setting \(Reason: .*broken.container:[0-9]+: Container.Memory' "$output"
        assert_equal bad-setting "$(prop broken LoadState)"
}

@test "daemon-reload reads new files, and a changed file asks for it" {
        supd_start
        run sctl start fresh
        assert_equal 5 "$status"
        unit_write fresh.container Exec='sleep 1000'
        sctl daemon-reload
        sctl start fresh

        assert_equal no "$(prop fresh NeedDaemonReload)"
        unit_write fresh.container Exec='sleep 2000'
        run sctl restart fresh
        assert_match 'changed on disk' "$output"
        assert_equal yes "$(prop fresh NeedDaemonReload)"
        sctl daemon-reload
        assert_equal no "$(prop fresh NeedDaemonReload)"

        rm "$UNIT_DIR/fresh.container"
        sctl stop fresh
        sctl daemon-reload
        assert_equal not-found "$(prop fresh LoadState)"
}

@test "daemon-reexec comes back with everything running" {
        supd_start
        sctl start web
        pid=$(prop web MainPID)
        run sctl daemon-reexec
        assert_equal 0 "$status"
        wait_until 5 sctl --quiet is-active web
        assert_equal "$pid" "$(prop web MainPID)"
        sctl stop web
}

# as() - UID GID GROUPS COMMAND...: with these and no other rights. Not root, systemctl goes by the bus.
as() {
        local uid=$1 gid=$2 groups=$3
        shift 3
        [[ -n $groups ]] && groups=--groups=$groups || groups=--clear-groups
        setpriv --reuid="$uid" --regid="$gid" "$groups" --inh-caps=-all --bounding-set=-all \
                env DBUS_SYSTEM_BUS_ADDRESS="unix:path=$RUNTIME_DIR/control" timeout 20 "$@"
}

@test "members of the group supd may control it, others may not" {
        echo 'supd:x:64321:' >>/etc/group
        supd_start
        assert_equal 'root:supd 660' "$(stat -c '%U:%G %a' "$RUNTIME_DIR/control")"
        as 12345 64321 '' systemctl start web
        run as 12345 12345 64321 systemctl is-active web
        assert_equal active "$output"

        run as 12345 12345 '' systemctl is-active web
        [ "$status" -ne 0 ]
        assert_match 'Permission denied' "$output"
        # Should the file's mode ever let somebody in, supd itself does not.
        chmod 0666 "$RUNTIME_DIR/control"
        run as 12345 12345 '' systemctl stop web
        [ "$status" -ne 0 ]
        assert_match 'Access denied' "$output"
        assert_equal active "$(sctl is-active web)"
}

@test "every property and method that systemd has too has its type" {
        local theirs=$SUPD_TEST_DIR/theirs ours=$SUPD_TEST_DIR/ours interface path
        supd_start
        sctl start web
        for interface in Manager Unit Service; do
                path=/org/freedesktop/systemd1/unit/web_2eservice
                [[ $interface != Manager ]] || path=/org/freedesktop/systemd1
                /lib/systemd/systemd --bus-introspect="org.freedesktop.systemd1.$interface" |
                        signatures "org.freedesktop.systemd1.$interface" | sort -u >"$theirs"
                DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/systemd/private busctl introspect --xml-interface \
                        org.freedesktop.systemd1 "$path" |
                        signatures "org.freedesktop.systemd1.$interface" | sort -u >"$ours"
                [ "$(wc -l <"$ours")" -gt 30 ]
                # Of these systemd 252 knows nothing yet; its later versions do, with the same types.
                assert_equal '' "$(comm -13 "$theirs" "$ours" |
                        grep -v -x -e '' -e 'property MemoryPeak t' -e 'property WantsMountsFor as' \
                                -e 'property FileDescriptorStorePreserve s' -e 'property LogFilterPatterns a(bs)' \
                                -e 'property MemoryZSwapMax t' -e 'property MemoryZSwapWriteback b')"
        done
}

# signatures() - from introspection XML: kind, name and types of one interface's members, one a line
signatures() {
        awk -v wanted="$1" '
                function attribute(name) {
                        return match($0, name "=\"[^\"]*\"") ? substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 3) : ""
                }
                /<interface / { on = attribute("name") == wanted }
                !on { next }
                /<(method|signal) / { kind = /<method / ? "method" : "signal"; line = kind " " attribute("name"); types = "" }
                /<arg / { types = types " " (kind == "method" ? attribute("direction") ":" : "") attribute("type") }
                /<\/(method|signal)>/ { print line types }
                /<(method|signal) .*\/>/ { print line }
                /<property / { print "property", attribute("name"), attribute("type") }'
}
