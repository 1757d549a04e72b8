# SPDX-License-Identifier: MIT
# supctl analyze, and Debian's systemd-analyze as a client of supd.
load ../lib/supd
load ../lib/payload

setup() {
        supd_config Manager.SystemdSocket=yes
        obedient_write db WantedBy=default.target
        obedient_write web WantedBy=default.target Requires=db.service After=db.service
}

teardown() {
        supd_stop
}

supd_is_up() {
        [[ $(unit_prop default.target ActiveState) == active ]] && unit_is web running
}

supd_start_whole() {
        supd_start
        wait_until 10 supd_is_up
}

# With a deadline: a reply that never comes is a failure, not a hang.
sanalyze() {
        timeout 20 systemd-analyze --no-pager "$@"
}

# Well-formed, and with what each of the arguments matches in it.
assert_svg() {
        local pattern
        python3 -c 'import sys, xml.etree.ElementTree as e; e.parse(sys.argv[1])' "$1"
        shift
        for pattern; do
                assert_match "$pattern" "$svg"
        done
}

@test "analyze tells how long the start took, and of which parts it was made" {
        supd_start_whole
        assert_match 'Startup finished in .* \(supd and unit files\) \+ .* \(units\) = ' "$(supctl analyze)"
        assert_match '"TotalUSec": ?[0-9]+' "$(supctl analyze time --json)"
}

@test "analyze blame lists units by the time their start took, with its phases" {
        supd_start_whole
        text=$(supctl analyze blame)
        assert_match 'web.service +image .*, network .*, mount .*, exec .*, ready ' "$text"
        assert_match 'db.service' "$text"
        assert_no_match 'web' "$(supctl analyze blame db)"
        assert_match '"Id": ?"db.service".*"mount": ?[0-9]+' "$(supctl analyze blame --json)"
}

@test "phases are there after a restart of supd, too" {
        supd_start_whole
        before=$(supctl show -p StartPhases web)
        assert_match 'image.*network.*mount.*exec' "$before"
        kill -KILL "$(supd_pid)"
        wait_until 5 supd_answers
        assert_equal "$before" "$(supctl show -p StartPhases web)"
}

@test "phases add up to the start, in order" {
        supd_start_whole
        json=$(supctl analyze blame --json web)
        python3 - "$json" <<'END'
import json, sys
unit = json.loads(sys.argv[1])[0]
phases = unit["Phases"]
assert list(phases) == ["image", "network", "mount", "exec", "ready"], phases
assert sum(phases.values()) == unit["DurationUSec"], unit
END
}

@test "analyze critical-chain shows what a unit waited for" {
        supd_start_whole
        assert_match $'web.service @[^\n]* \+[^\n]*\n[^\n]*db.service @' "$(supctl analyze critical-chain web)"
        assert_match 'multi-user.target|default.target' "$(supctl analyze critical-chain)"
        run supctl analyze critical-chain nonesuch
        assert_equal 4 "$status"
        assert_no_match 'After' "$output"
}

@test "analyze plot draws the start, or the units that are named" {
        supd_start_whole
        svg=$(supctl analyze plot)
        supctl analyze plot >"$SUPD_TEST_DIR/all.svg"
        assert_svg "$SUPD_TEST_DIR/all.svg" 'web.service \(' 'db.service \(' '<title>image: ' '<title>mount: ' \
                '<title>exec: ' 'default.target reached'
        svg=$(supctl analyze plot 'web*')
        supctl analyze plot 'web*' >"$SUPD_TEST_DIR/web.svg"
        assert_svg "$SUPD_TEST_DIR/web.svg" 'web.service \('
        assert_no_match db.service "$svg"
}

@test "analyze dot prints the graph, or the part of it that is asked for" {
        supd_start_whole
        text=$(supctl analyze dot web)
        assert_match '"web.service"->"db.service" \[color="green"\]' "$text"
        assert_match '"web.service"->"db.service" \[color="black"\]' "$text"
        assert_no_match 'green' "$(supctl analyze dot --no-legend --require web)"
        assert_no_match 'black' "$(supctl analyze dot --no-legend --order web)"
}

@test "what matches nothing, and words that are none of analyze's, are errors" {
        supd_start_whole
        for verb in plot blame dot; do
                run supctl analyze $verb nonesuch
                assert_equal 4 "$status"
                assert_match 'no unit matches' "$output"
        done
        run supctl analyze blaim
        assert_equal 2 "$status"
        assert_match "unknown verb 'analyze blaim'; did you mean 'analyze blame'" "$output"
        run supctl analyze plot
        [ "$status" -eq 0 ]
}

@test "analyze security judges containers by their files" {
        unit_write loose.container Exec='sleep 1' Network=host SeccompProfile=unconfined AddCapability=SYS_ADMIN \
                Volume=/:/host PidsLimit=-1
        unit_write tight.container Exec='sleep 1' User=nobody ReadOnly=true NoNewPrivileges=true DropCapability=all \
                Memory=64m Network=none
        supd_start_whole
        assert_match 'loose.service +[0-9.]+ +UNSAFE' "$(supctl analyze security)"
        assert_match 'tight.service +[0-9.]+ +SAFE' "$(supctl analyze security)"
        text=$(supctl analyze security loose)
        assert_match 'Network= .*on the host.s network' "$text"
        assert_match 'AddCapability= .*root of the host' "$text"
        # Without supd, too.
        assert_match 'Exposure of loose.service' "$(SUPD_RUNTIME_DIR=/nonesuch supctl analyze security "$UNIT_DIR/loose.container")"
        unit_write device.container Exec='sleep 1' AddDevice=/dev/fuse Network=none
        assert_match 'AddDevice= .*Devices of the host are its to use' "$(supctl analyze security "$UNIT_DIR/device.container")"
        # One that is broken keeps the others from nothing.
        unit_write broken.container Exec='sleep 1' Nonsense=1
        supctl daemon-reload
        assert_match 'loose.service +[0-9.]+ +UNSAFE' "$(supctl analyze security 2>&1)"
        assert_match 'broken.container has errors.*left out' "$(supctl analyze security 2>&1)"
        assert_match '"Rating": ?"UNSAFE"' "$(supctl analyze security --json loose)"
        run supctl analyze security nonesuch
        assert_equal 4 "$status"
}

@test "analyze dump prints what supd knows; analyze verify is verify" {
        supd_start_whole
        text=$(supctl analyze dump)
        assert_match 'Manager: supd' "$text"
        assert_match $'-> Unit web.service:\n.*Sub State: running' "$text"
        assert_no_match 'Unit db.service' "$(supctl analyze dump web.service)"
        supctl analyze verify "$UNIT_DIR/web.container"
}

@test "systemd-analyze time, blame, critical-chain, plot, dot and dump work" {
        supd_start_whole
        assert_match 'Startup finished' "$(sanalyze time)"
        assert_match 'web.service' "$(sanalyze blame)"
        assert_match $'web.service.*\n.*db.service' "$(sanalyze critical-chain web.service)"
        svg=$(sanalyze plot)
        sanalyze plot >"$SUPD_TEST_DIR/systemd.svg"
        assert_svg "$SUPD_TEST_DIR/systemd.svg" web.service
        assert_match '"web.service"->"db.service"' "$(sanalyze dot 2>/dev/null)"
        assert_match 'Unit web.service' "$(sanalyze dump)"
        text=$(sanalyze dump 'web*')
        assert_match 'Unit web.service' "$text"
        assert_no_match 'Unit db.service' "$text"
}
