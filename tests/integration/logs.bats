# SPDX-License-Identifier: MIT
# What a container prints, and what supd has to say of it: in the journal, in files, read back.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
        JOURNAL_DIR=/run/systemd/journal
}

teardown() {
        [[ -z ${STOPPED_JOURNALD-} ]] || kill -CONT $STOPPED_JOURNALD
        [[ -z ${FOLLOWER-} ]] || kill "$FOLLOWER" 2>/dev/null || true
        [[ ! -d $JOURNAL_DIR-away ]] || journald_comes_back
        supd_stop
        rm -rf "$STATE_DIR/log"
}

# Of this test only; lines of the journal that match, as `cat`.
journal() {
        journalctl --sync
        journalctl --quiet --no-pager --output=cat "--since=@$SUPD_STARTED" "$@"
}

journal_has() {
        [[ -n $(journal "$@") ]]
}

# is_sequence() - stdin is 1, 2, 3, … N
is_sequence() {
        awk -v n="$1" '$1 != NR { print "after " NR - 1 " comes " $1; exit bad = 1 }
                END { if (!bad && NR != n) { print NR " lines"; exit 1 } }'
}

# follow() - supctl logs -f in the background, into $FOLLOWED
follow() {
        FOLLOWED=$SUPD_TEST_DIR/followed
        supctl logs --follow "$@" >"$FOLLOWED" 3>&- &
        FOLLOWER=$!
}

log_file() {
        echo "$STATE_DIR/log/systemd-$1/0.log"
}

# ---- journald ----------------------------------------------------------------------------------
@test "each line is in the journal with the unit, the container's fields and its stream's priority" {
        obedient_write web
        supd_start
        supctl start web
        order web 'echo to-stdout; echo to-stderr >&2'
        wait_until 5 journal_has MESSAGE=to-stderr
        id=$(unit_prop web ContainerID)
        assert_match '^[0-9a-f]{64}$' "$id"
        for match in _SYSTEMD_UNIT=web.service CONTAINER_NAME=systemd-web CONTAINER_ID_FULL="$id" \
                CONTAINER_ID="${id:0:12}" IMAGE_NAME="$ROOTFS" SYSLOG_IDENTIFIER=systemd-web PRIORITY=6; do
                assert_equal to-stdout "$(journal "$match" MESSAGE=to-stdout)"
        done
        assert_equal to-stderr "$(journal PRIORITY=3 CONTAINER_NAME=systemd-web)"
        # Between two streams there is no order.
        assert_equal $'to-stderr\nto-stdout' "$(journal --unit web SYSLOG_IDENTIFIER=systemd-web | sort)"
        assert_equal 2 "$(journal --unit web.service _TRANSPORT=stdout | wc -l)"
}

@test "ContainerName= is what the lines carry" {
        obedient_write web ContainerName=my-shop
        supd_start
        supctl start web
        order web 'echo hello'
        wait_until 5 journal_has CONTAINER_NAME=my-shop MESSAGE=hello SYSLOG_IDENTIFIER=my-shop
        assert_equal my-shop "$(unit_prop web ContainerName)"
}

@test "two hundred thousand lines at full speed are in the journal, each one" {
        unit_write fast.container Type=oneshot Exec='seq 200000' TimeoutStartSec=60
        supd_start
        supctl start fast
        journal SYSLOG_IDENTIFIER=systemd-fast | is_sequence 200000
        assert_equal 200000 "$(journal CONTAINER_NAME=systemd-fast SYSLOG_IDENTIFIER=systemd-fast | wc -l)"
}

@test "a unit that wants a rate limit gets it" {
        unit_write fast.container Type=oneshot LogRateLimitIntervalSec=1h LogRateLimitBurst=20 Exec='seq 10000'
        supd_start
        supctl start fast
        n=$(journal SYSLOG_IDENTIFIER=systemd-fast | wc -l)
        # journald multiplies the burst by the room that there is.
        ((n >= 20 && n < 10000)) || fail "$n lines"
}

@test "what supd does is in the journal, each kind of message with its id" {
        obedient_write web Restart=on-failure RestartSec=1ms StartLimitBurst=2 StopTimeout=1
        unit_write bad.container Exec=/no/such/command
        unit_write worse.container Memory=12Q Exec=true
        supd_start
        supctl start web
        supctl pause web
        supctl unpause web
        supctl kill -s CONT web
        order web 'exit 3'
        wait_until 5 prop_is web NRestarts 1
        order web 'exit 0'
        wait_until 5 unit_is web dead
        supctl start web
        order web 'trap "" TERM'
        ask web ':'
        supctl stop web
        first_order web 'exit 1'
        supctl start --no-block web
        wait_until 5 prop_is web Result start-limit-hit
        run supctl start bad

        while read -r name unit; do
                id=$(sed -n "s/^#define SUPD_MESSAGE_$name \"\(.*\)\"/\1/p" "$BATS_TEST_DIRNAME/../../include/supd/message-ids.h")
                [ -n "$id" ]
                journal_has MESSAGE_ID="$id" UNIT="$unit.service" SYSLOG_IDENTIFIER=supd || fail "no message $name of $unit"
        done <<-END
                STARTED web
                EXITED web
                STOPPED web
                FAILED web
                RESTARTING web
                START_LIMIT web
                PAUSED web
                UNPAUSED web
                STOP_TIMEOUT web
                KILLED web
                START_FAILED bad
                BAD_SETTING worse
	END
        assert_match 'status 3' "$(journal UNIT=web.service CONTAINER_NAME=systemd-web MESSAGE_ID=edd150a88b13432a8ee84b84443a632e)"
}

journald_pids() {
        local exe
        for exe in /proc/[0-9]*/exe; do
                [[ $(readlink "$exe") != */systemd-journald ]] || basename "${exe%/exe}"
        done
}

@test "lines that are written before journald takes the connection have their unit" {
        unit_write web.container Type=oneshot Exec='sh -c "echo in-a-hurry"'
        supd_start
        STOPPED_JOURNALD=$(journald_pids)
        [[ -n $STOPPED_JOURNALD ]]
        kill -STOP $STOPPED_JOURNALD
        supctl start web
        kill -CONT $STOPPED_JOURNALD
        wait_until 5 journal_has MESSAGE=in-a-hurry
        assert_equal in-a-hurry "$(journal --unit web SYSLOG_IDENTIFIER=systemd-web)"
}

@test "the log of a failed start is shown to who asked for the start" {
        unit_write web.container Type=oneshot Exec='sh -c "echo cannot find my keys >&2; exit 1"'
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match 'cannot find my keys' "$output"
}

# ---- supctl logs -------------------------------------------------------------------------------
@test "logs shows the last lines, those since a time, and in several formats" {
        obedient_write web
        supd_start
        supctl start web
        order web 'echo one; echo two'
        wait_until 5 journal_has MESSAGE=two
        since=$(date +%s.%N)
        order web 'echo three >&2'
        wait_until 5 journal_has MESSAGE=three

        assert_equal $'two\nthree' "$(supctl logs -n 2 -o cat web)"
        assert_match $'systemd-web\\[[0-9]+\\]: one\n.*: two\n.*: three' "$(supctl logs web)"
        assert_equal three "$(supctl logs --since "@$since" -o cat web)"
        json=$(supctl logs -n 1 -o json web)
        assert_match '^\{.*"MESSAGE":"three".*\}$' "$json"
        assert_match '"PRIORITY":"3"' "$json"
        assert_match '"CONTAINER_NAME":"systemd-web"' "$json"
        run supctl logs nonesuch
        assert_equal 4 "$status"
}

@test "logs --follow shows lines as they are written, over a restart of the unit" {
        obedient_write web
        supd_start
        supctl start web
        order web 'echo before'
        wait_until 5 journal_has MESSAGE=before
        follow -n 1 -o cat web
        wait_until 5 has_line "$FOLLOWED" before
        order web 'echo after'
        wait_until 5 has_line "$FOLLOWED" after
        supctl restart web
        order web 'echo again'
        wait_until 5 has_line "$FOLLOWED" again
        kill -TERM "$FOLLOWER"
        wait "$FOLLOWER" || true
        FOLLOWER=
}

# ---- the driver "file" -------------------------------------------------------------------------
@test "the driver file writes CRI lines that name time and stream" {
        obedient_write web LogDriver=k8s-file
        supd_start
        supctl start web
        order web 'echo hello; echo oops >&2; printf "no newline"; exit 0'
        wait_until 5 unit_is web dead
        time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}(Z|[+-][0-9]{2}:[0-9]{2})'
        wait_until 5 has_line "$(log_file web)" "^$time stdout F no newline$"
        has_line "$(log_file web)" "^$time stdout F hello$"
        has_line "$(log_file web)" "^$time stderr F oops$"
        assert_equal 3 "$(wc -l <"$(log_file web)")"
        # In which order two pipes are read is nobody's promise.
        assert_equal $'hello\nno newline\noops' "$(supctl logs -o cat web | sort)"
}

@test "the driver file rotates by size and keeps a number of files" {
        unit_write web.container Type=oneshot LogDriver=k8s-file LogOpt=max-size=32k Exec='seq 100000'
        supd_start
        supctl start web
        wait_until 5 has_line "$(log_file web)" ' 100000$'
        dir=$(dirname "$(log_file web)")
        assert_equal 5 "$(find "$dir" -name '0.log*' | wc -l)"
        for file in "$dir"/0.log*; do
                (($(stat -c %s "$file") <= 32768)) || fail "$file is too large"
        done
        # What is kept has no gap.
        supctl logs -n all -o cat web | awk 'NR > 1 && $1 != last + 1 { exit 1 } { last = $1 }
                END { if (NR < 1000 || last != 100000) exit 1 }'
}

@test "logs --follow misses nothing while the file is rotated" {
        obedient_write web LogDriver=k8s-file LogOpt=max-size=32k
        supd_start
        supctl start web
        ask web ':'
        follow -n all -o cat web
        for i in {0..19}; do
                order web "seq $((i * 1000 + 1)) $((i * 1000 + 1000))"
                wait_until 5 has_line "$FOLLOWED" "^$((i * 1000 + 1000))\$"
        done
        [ -e "$(log_file web).2" ]
        is_sequence 20000 <"$FOLLOWED"
}

@test "the driver file loses no line at full speed" {
        unit_write web.container Type=oneshot LogDriver=k8s-file LogOpt=max-size=100m Exec='seq 200000'
        supd_start
        supctl start web
        wait_until 5 has_line "$(log_file web)" ' 200000$'
        sed 's/.* //' "$(log_file web)" | is_sequence 200000
}

# logger_pid() - of unit $1's supd-log, wherever it hangs in the tree
logger_pid() {
        local file
        for file in /proc/[0-9]*/comm; do
                [[ $(cat "$file" 2>/dev/null) != supd-log ]] || basename "$(dirname "$file")"
        done
}

logger_is_other() {
        local now
        now=$(logger_pid)
        [[ -n $now && $now != "$1" ]]
}

@test "a logger that is killed is replaced, and no line is lost or there twice" {
        obedient_write web LogDriver=k8s-file
        first_order web 'n=0; while [ $n -lt 2000 ]; do n=$((n + 1)); echo $n; usleep 500; done &'
        supd_start
        supctl start web
        for _ in 1 2; do
                pid=$(logger_pid)
                [ -n "$pid" ]
                kill -KILL "$pid"
                wait_until 5 logger_is_other "$pid"
        done
        wait_until 10 has_line "$(log_file web)" ' 2000$'
        sed 's/.* //' "$(log_file web)" | is_sequence 2000
}

@test "the driver file goes on while supd is dead, and under the next one" {
        obedient_write web LogDriver=k8s-file
        supd_start
        supctl start web
        order web 'echo before'
        wait_until 5 has_line "$(log_file web)" before
        pid=$(supd_pid)
        kill -STOP "$SUPD_PID"
        kill -KILL "$pid"
        order web 'echo meanwhile'
        wait_until 5 has_line "$(log_file web)" meanwhile
        kill -CONT "$SUPD_PID"
        wait_until 5 supd_answers
        order web 'echo after'
        wait_until 5 has_line "$(log_file web)" after
        assert_equal $'before\nmeanwhile\nafter' "$(supctl logs -o cat web)"
}

@test "the next instance writes on in the same file" {
        obedient_write web LogDriver=k8s-file
        supd_start
        supctl start web
        order web 'echo first'
        wait_until 5 has_line "$(log_file web)" first
        supctl restart web
        order web 'echo second'
        wait_until 5 has_line "$(log_file web)" second
        assert_equal $'first\nsecond' "$(supctl logs -o cat web)"
        supctl stop web
        assert_equal $'first\nsecond' "$(supctl logs -o cat web)"
}

# ---- others ------------------------------------------------------------------------------------
@test "LogDriver=none keeps nothing, and logs says so" {
        obedient_write web LogDriver=none
        supd_start
        supctl start web
        order web 'echo into-the-void'
        ask web ':'
        assert_equal '' "$(journal MESSAGE=into-the-void)"
        [ ! -e "$(log_file web)" ]
        run supctl logs web
        assert_no_match into-the-void "$output"
        assert_match 'none' "$output"
}

@test "LogDriver=passthrough is supd's own output" {
        obedient_write web LogDriver=passthrough
        supd_start
        supctl start web
        order web 'echo passed-through'
        wait_until 5 has_line "$SUPD_LOG" passed-through
}

journald_goes_away() {
        mv "$JOURNAL_DIR" "$JOURNAL_DIR-away"
}

journald_comes_back() {
        rm -rf "$JOURNAL_DIR"
        mv "$JOURNAL_DIR-away" "$JOURNAL_DIR"
}

@test "where no journald runs the default is the driver file, and supd speaks on its standard error" {
        obedient_write web
        journald_goes_away
        supd_start
        supctl start web
        order web 'echo into-a-file'
        wait_until 5 has_line "$(log_file web)" into-a-file
        assert_equal file "$(unit_prop web LogDriver)"
        has_line "$SUPD_LOG" 'web.service: Started'
        assert_equal into-a-file "$(supctl logs -o cat web)"
        supctl stop web
        journald_comes_back
}
