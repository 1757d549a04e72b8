# SPDX-License-Identifier: MIT
# supctl why: who asked for what, what failed, what happens next.
load ../lib/supd
load ../lib/payload

teardown() {
        supd_stop
}

why_matches() {
        [[ $(supctl why "$1") =~ $2 ]]
}

@test "why tells who asked for a start, and a stop" {
        obedient_write web
        supd_start
        assert_match 'Nobody has asked for it' "$(supctl why web)"
        supctl start web
        text=$(supctl why web)
        assert_match 'web.service: active \(running\)' "$text"
        assert_match 'start asked for by root, process [0-9]+: .*supctl start web' "$text"
        assert_match "running, process $(unit_prop web MainPID)" "$text"
        supctl stop web
        text=$(supctl why web)
        assert_match 'stop asked for by root, process [0-9]+: .*supctl stop web'$'\n''.* stopped' "$text"
}

@test "why tells of a unit that another one brought along" {
        obedient_write db
        obedient_write web Requires=db.service After=db.service
        supd_start
        supctl start web
        assert_match 'start asked for by root, process [0-9]+: .*start web; web.service requires it' "$(supctl why db)"
        supctl stop db
        assert_match 'stop asked for by root, process [0-9]+: .*stop db; it requires db.service' "$(supctl why web)"
}

@test "why tells of a crash loop, the next start, and who began it, however long that is ago" {
        unit_write web.container Exec='sh -c "exit 7"' Restart=always RestartSec=0 StartLimitIntervalSec=0
        supd_start
        supctl start web || true
        wait_until 10 why_matches web '\(restart 2[0-9]\)'
        text=$(supctl why web)
        assert_match 'start asked for by root' "$text"
        assert_match 'ended, waits for its next start, result exit-code: .*status=7' "$text"
        unit_write slow.container Exec='sh -c "exit 3"' Restart=on-failure RestartSec=1h
        supctl daemon-reload
        supctl start slow || true
        wait_until 5 unit_is slow auto-restart
        assert_match 'starts again in (1h|59min)' "$(supctl why slow)"
        supctl stop slow
}

@test "why tells what made a start fail" {
        unit_write db.container Exec=/no/such/program
        unit_write web.container Requires=db.service After=db.service
        supd_start
        run supctl start web
        assert_match 'start dependency: db.service was not started' "$(supctl why web)"
        assert_match 'start failed|/no/such/program' "$(supctl why db)"
}

@test "why tells what a job waits for" {
        unit_write slow.container Type=oneshot Exec='sh -c "exec sleep 1000"'
        obedient_write web After=slow.service
        supd_start
        supctl start --no-block slow web
        wait_until 5 why_matches web 'its start waits for the start of slow.service to end'
        supctl stop slow
}

@test "why goes on over a restart of supd" {
        obedient_write web
        supd_start
        supctl start web
        before=$(supctl why web | tail -n +2)
        kill -KILL "$(supd_pid)"
        wait_until 5 supd_answers
        assert_equal "$before" "$(supctl why web | tail -n +2)"
}

@test "why --json has the events as they were recorded, and an unknown unit is an error" {
        obedient_write web
        supd_start
        supctl start web
        json=$(supctl why --json web)
        assert_match '"Event": ?"asked".*"Command": ?"[^"]*supctl start web"' "$json"
        assert_match '"Event": ?"state".*"ActiveState": ?"active"' "$json"
        run supctl why nonesuch
        assert_equal 4 "$status"
        assert_match 'nonesuch.service not found' "$output"
}
