# SPDX-License-Identifier: MIT
# What [Service] says of a container's lines: their marks in the journal, and where they go instead.
load ../lib/supd
load ../lib/payload

teardown() {
        supd_stop
        rm -rf "$STATE_DIR/log"
}

journal() {
        journalctl --sync
        journalctl --quiet --no-pager --output=cat "--since=@$SUPD_STARTED" "$@"
}

journal_has() {
        [[ -n $(journal "$@") ]]
}

file_has() {
        grep -qx "$2" "$1" 2>/dev/null
}

started() {
        supd_start
        supctl start web
}

@test "identifier, facility, level and fields are those that the unit says, and supctl logs finds the lines" {
        obedient_write web SyslogIdentifier=shop SyslogFacility=local3 SyslogLevel=notice \
                'LogExtraFields=TIER=front "OWNER=a b"'
        started
        order web 'echo to-stdout; echo to-stderr >&2'
        wait_until 5 journal_has MESSAGE=to-stderr
        for match in SYSLOG_IDENTIFIER=shop SYSLOG_FACILITY=19 PRIORITY=5 TIER=front 'OWNER=a b' \
                CONTAINER_NAME=systemd-web; do
                assert_equal to-stdout "$(journal "$match" MESSAGE=to-stdout)"
                assert_equal to-stderr "$(journal "$match" MESSAGE=to-stderr)"
        done
        assert_match to-stdout "$(supctl logs -o cat web)"
        assert_equal shop "$(unit_prop web SyslogIdentifier)"
        assert_equal 19 "$(unit_prop web SyslogFacility)"
}

@test "a level before a line is text, unless SyslogLevelPrefix= says that it counts" {
        obedient_write plain
        obedient_write web SyslogLevelPrefix=yes
        supd_start
        supctl start web plain
        order web 'echo "<4>warned"'
        order plain 'echo "<4>told"'
        wait_until 5 journal_has MESSAGE=warned
        wait_until 5 journal_has 'MESSAGE=<4>told'
        assert_equal warned "$(journal PRIORITY=4 _SYSTEMD_UNIT=web.service)"
        assert_equal '<4>told' "$(journal PRIORITY=6 MESSAGE='<4>told')"
}

@test "what is less urgent than LogLevelMax= is not kept, and the file of it goes with the unit" {
        obedient_write web SyslogLevelPrefix=yes LogLevelMax=warning
        started
        order web 'echo "<6>chatter"; echo "<3>trouble"; echo "<4>careful"'
        wait_until 5 journal_has MESSAGE=careful
        assert_equal $'trouble\ncareful' "$(journal _SYSTEMD_UNIT=web.service)"
        [ -L /run/systemd/units/log-level-max:web.service ]
        supctl stop web
        gone() { [[ ! -L /run/systemd/units/log-level-max:web.service ]]; }
        wait_until 10 gone
}

@test "patterns are handed to journald by the cgroup, and taken back" {
        obedient_write web 'LogFilterPatterns=~^debug' 'LogFilterPatterns=.*'
        started
        attribute() {
                getfattr --absolute-names --only-values -n user.journald_log_filter_patterns \
                        "$(cgroup_of web)" 2>/dev/null | od -An -c | tr -d ' \n'
        }
        assert_equal '.*377^debug' "$(attribute | tr -d '\\')"
        obedient_write web
        supctl daemon-reload
        supctl restart web
        assert_equal '' "$(attribute)"
}

@test "streams go to files of the host, null and the log as the unit says" {
        out=$SUPD_TEST_DIR/out err=$SUPD_TEST_DIR/err
        echo before >"$out"
        echo before >"$err"
        obedient_write web "StandardOutput=append:$out" "StandardError=truncate:$err"
        started
        order web 'echo one; echo two >&2'
        wait_until 5 file_has "$out" one
        wait_until 5 file_has "$err" two
        assert_equal before "$(head -n 1 "$out")"
        assert_equal two "$(cat "$err")"
        assert_equal "append:$out" "$(unit_prop web StandardOutput)"
        supctl restart web
        order web 'echo three'
        wait_until 5 file_has "$out" three
        assert_equal '' "$(cat "$err")"
        assert_equal $'before\none\nthree' "$(grep -v '^order' "$out")"
        run journal _SYSTEMD_UNIT=web.service
        assert_no_match 'one|two' "$output"
}

@test "stderr goes where stdout goes, unless the unit says that it is the journal's" {
        obedient_write web "StandardOutput=append:$SUPD_TEST_DIR/out"
        obedient_write other StandardOutput=null StandardError=journal
        supd_start
        supctl start web other
        order web 'echo one; echo two >&2'
        order other 'echo hidden; echo seen >&2'
        wait_until 5 file_has "$SUPD_TEST_DIR/out" two
        wait_until 5 journal_has MESSAGE=seen
        assert_equal '' "$(journal MESSAGE=hidden)"
        assert_equal inherit "$(unit_prop web StandardError)"
}

@test "a file for input is what the payload reads" {
        echo 'from the host' >"$SUPD_TEST_DIR/in"
        unit_write web.container Type=oneshot "StandardInput=file:$SUPD_TEST_DIR/in" \
                "StandardOutput=truncate:$SUPD_TEST_DIR/out" Exec='/bin/sh -c "read line; echo got $$line"'
        started
        assert_equal 'got from the host' "$(cat "$SUPD_TEST_DIR/out")"
}

@test "a file that can't be opened fails the start with its name, and a pipe is not waited for" {
        mkfifo "$SUPD_TEST_DIR/pipe"
        obedient_write web "StandardOutput=file:/nonesuch/x"
        obedient_write piped "StandardOutput=append:$SUPD_TEST_DIR/pipe"
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match 'StandardOutput: cannot open /nonesuch/x' "$output"
        run timeout 20 supctl start piped
        assert_equal 1 "$status"
        assert_match 'StandardOutput: cannot open' "$output"
}

@test "what starts again by itself has the fields of its run, and what its unit says by now" {
        obedient_write web Restart=always RestartSec=0 SyslogIdentifier=old
        started
        first=$(unit_prop web MainPID)
        sed -i 's/^SyslogIdentifier=.*/SyslogIdentifier=new/' "$UNIT_DIR/web.container"
        supctl daemon-reload
        kill -KILL "$first"
        wait_until 10 unit_has_other_pid web "$first"
        order web 'echo again'
        wait_until 5 journal_has MESSAGE=again
        assert_equal again "$(journal MESSAGE=again "CONTAINER_ID_FULL=$(unit_prop web ContainerID)")"
        assert_equal again "$(journal MESSAGE=again SYSLOG_IDENTIFIER=new)"
}
