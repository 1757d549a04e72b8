# SPDX-License-Identifier: MIT
# supctl analyze calendar, timespan and timestamp: what systemd-analyze prints, without any supd.
load ../lib/supd

setup() {
        export SUPD_RUNTIME_DIR=/nonesuch
}

# The same bytes from both, but for the distance from now, which may pass a second between them.
assert_as_systemd() {
        local ours theirs
        ours=$(supctl analyze "$@" | grep -v 'From now')
        theirs=$(systemd-analyze --no-pager "$@" | grep -v 'From now')
        assert_equal "$theirs" "$ours"
}

@test "analyze calendar prints what systemd-analyze prints" {
        for zone in UTC Europe/Berlin America/St_Johns; do
                export TZ=$zone
                assert_as_systemd calendar minutely hourly daily weekly monthly quarterly semiannually yearly
                assert_as_systemd calendar 'Mon..Fri 08:30' 'Sat,Sun *-*-* 10,14:00' '*:0/15' '*-*~01 23:59' '*-02-29' \
                        'Mon *-05~07/1' '*:*:0/7.5' 'daily UTC' 'Mon 09:00 America/New_York' '2026-13..14-01 00:00' \
                        2020-01-01 2020-01-01T00:00 @1795313922
        done
}

@test "analyze calendar shows several times, from another time on" {
        for zone in UTC Europe/Berlin; do
                export TZ=$zone
                # Over the night at which clocks are put forward, and the one at which they are put back.
                for base in '2026-03-28 12:00' '2026-10-24 12:00' '2024-02-28 23:59:59'; do
                        assert_as_systemd calendar --iterations=20 --base-time="$base" '*:30' '*-*-* 02:30' 'Sun 03:00'
                done
        done
        export TZ=UTC
        assert_as_systemd calendar --iterations=5 --base-time=2026-01-01 '2026-01-01..03 12:00'
        assert_as_systemd calendar --iterations=0 daily
}

@test "distances from now read as systemd's" {
        # Far enough from any step for both to say the same.
        for time in '-90min' '+3d 2h' '-40d' '+2y 40d' '-10d 5h' '-8h 30min' '-7min 30s'; do
                assert_equal "$(systemd-analyze timestamp -- "$time" | grep 'From now' | sed 's/ left/+/')" \
                        "$(supctl analyze timestamp -- "$time" | grep 'From now' | sed 's/ left/+/')"
        done
}

@test "analyze timespan prints what systemd-analyze prints" {
        assert_as_systemd timespan 1h30 '5m 3s' 1y2us infinity 0 1.5s 1500us 61.5s '1month 2w 3d' 20 '2 hours 7us' 1M1m
}

@test "analyze timestamp prints what systemd-analyze prints" {
        for zone in UTC Europe/Berlin; do
                export TZ=$zone
                assert_as_systemd timestamp '2026-07-01 10:00:00.25' '2026-01-01 10:00:00 UTC' today tomorrow yesterday \
                        @12345 2026-02-03
        done
}

@test "what is no expression is told, with the verb that takes it, and keeps the others from nothing" {
        run supctl analyze calendar daily nonesuch hourly
        assert_equal 1 "$status"
        assert_match "supctl: 'nonesuch' has something else where a number should be" "$output"
        assert_match 'Normalized form: \*-\*-\* \*:00:00' "$output"
        run supctl analyze calendar 5min
        assert_match "did you mean 'supctl analyze timespan'\\?" "$output"
        run supctl analyze timespan daily
        assert_equal 1 "$status"
        assert_match "did you mean 'supctl analyze calendar'\\?" "$output"
        run supctl analyze timestamp Feb29
        assert_equal 1 "$status"
        assert_match "'Feb29' is no point in time" "$output"
        run supctl analyze calendar --iterations=-1 daily
        assert_equal 2 "$status"
        assert_match "'-1' is not a number of times" "$output"
        run supctl analyze calendar
        assert_equal 2 "$status"
}

@test "calendars, spans and timestamps are there as JSON" {
        json=$(supctl analyze calendar --json --iterations=3 --base-time='2026-01-01 00:00 UTC' 'hourly UTC' '2020-01-01 UTC')
        python3 - "$json" <<'END'
import json, sys
hourly, never = json.loads(sys.argv[1])
first = 1767225600 + 3600
assert hourly["Original"] == "hourly UTC" and hourly["Normalized"] == "*-*-* *:00:00 UTC", hourly
assert hourly["Next"] == [(first + i * 3600) * 1000000 for i in range(3)], hourly
assert never["Next"] == [], never
END
        assert_match '"USec": ?5400000000' "$(supctl analyze timespan --json 1h30m)"
        assert_match '"USec": ?null' "$(supctl analyze timespan --json infinity)"
        assert_match '"USec": ?12345000000' "$(supctl analyze timestamp --json @12345)"
}
