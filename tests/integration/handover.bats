# SPDX-License-Identifier: MIT
# What one supd leaves to the next beside containers: its sockets, log pipes, and what it has not begun.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
}

teardown() {
        kill -CONT "$SUPD_PID" 2>/dev/null || true
        supd_stop
}

stored_names() {
        local pid=$1 link n=0
        for link in "/proc/$pid/fd"/*; do
                [[ $(readlink "$link") != pipe:* ]] || n=$((n + 1))
        done
        echo "$n"
}

@test "a client that comes while there is no supd waits for the next one" {
        obedient_write web
        supd_start
        supctl start web
        pid=$(supd_pid)
        kill -STOP "$SUPD_PID"
        kill -KILL "$pid"
        wait_until 5 process_is_gone "$pid"
        supctl is-active web >"$SUPD_TEST_DIR/answer" &
        client=$!
        kill -CONT "$SUPD_PID"
        wait "$client"
        assert_equal active "$(<"$SUPD_TEST_DIR/answer")"
}

@test "no client is refused while supd executes itself anew" {
        supd_start
        inode=$(stat -c %i "$RUNTIME_DIR/control")
        # One that is served just then loses its connection; that is another message.
        for _ in {1..30}; do
                { supctl list-units >/dev/null; } 2>&1 || true
        done >"$SUPD_TEST_DIR/complaints" &
        clients=$!
        for _ in {1..5}; do
                supctl daemon-reexec
        done
        wait "$clients"
        assert_no_match 'refused|No such file' "$(<"$SUPD_TEST_DIR/complaints")"
        assert_equal "$inode" "$(stat -c %i "$RUNTIME_DIR/control")"
}

@test "a socket whose file was removed is made anew" {
        supd_start
        rm "$RUNTIME_DIR/control"
        pid=$(supd_pid)
        kill -KILL "$pid"
        wait_until 10 supd_answers
}

@test "log pipes of every unit are kept, though supd and a logger die" {
        local unit
        for unit in one two; do
                obedient_write $unit LogDriver=file
        done
        supd_start
        supctl start one two
        guardian_before=$(stored_names "$SUPD_PID")
        obedient_write three LogDriver=file
        supctl daemon-reload
        supctl start three
        wait_until 5 more_pipes_than "$guardian_before"
        for unit in one two three; do
                logger=$(logger_of $unit)
                kill -KILL "$logger"
                wait_until 5 has_other_logger $unit "$logger"
        done
        pid=$(supd_pid)
        kill -KILL "$pid"
        wait_until 10 another_supd_answers "$pid"
        for unit in one two three; do
                assert_equal 1 "$(loggers_of $unit | wc -l)"
                order $unit 'echo still here'
                wait_until 5 log_has $unit 'still here'
        done
        # Both loggers and supd at once: the store alone has the pipes.
        kill -STOP "$SUPD_PID"
        pid=$(supd_pid)
        mapfile -t loggers < <(loggers_of two; loggers_of three)
        kill -KILL "$pid" "${loggers[@]}"
        wait_until 5 process_is_gone "$pid"
        order two 'echo nobody listened'
        order three 'echo nobody listened'
        kill -CONT "$SUPD_PID"
        wait_until 10 another_supd_answers "$pid"
        wait_until 5 log_has two 'nobody listened'
        wait_until 5 log_has three 'nobody listened'
}

# A container's status pipe, and two of its log.
more_pipes_than() {
        (($(stored_names "$SUPD_PID") >= $1 + 3))
}

another_supd_answers() {
        local now
        now=$(supd_pid) && [[ $now != "$1" ]] && supd_answers
}

loggers_of() {
        local stat pid
        for stat in /proc/[0-9]*/cmdline; do
                pid=${stat#/proc/}
                pid=${pid%/cmdline}
                [[ $(tr '\0' ' ' <"$stat" 2>/dev/null) != *supd-log*[/-]"$1 "* ]] || echo "$pid"
        done
}

logger_of() {
        loggers_of "$1" | head -n 1
}

has_other_logger() {
        local now
        now=$(logger_of "$1")
        [[ -n $now && $now != "$2" ]]
}

log_has() {
        supctl logs "$1" | grep -q "$2"
}

@test "the main process of a failed unit is known by its number, to the next supd too" {
        obedient_write web
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        order web 'exit 3'
        wait_until 5 unit_is web failed
        assert_equal "0 $pid" "$(unit_prop web MainPID) $(unit_prop web ExecMainPID)"
        supd=$(supd_pid)
        kill -KILL "$supd"
        wait_until 10 another_supd_answers "$supd"
        assert_equal "$pid" "$(unit_prop web ExecMainPID)"
}

@test "processes that SendSIGKILL=no has spared are spared by the next supd" {
        obedient_write web SendSIGKILL=no StopTimeout=1
        first_order web "trap ':' TERM"
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        run supctl stop web
        unit_is web failed
        supd=$(supd_pid)
        kill -KILL "$supd"
        wait_until 10 another_supd_answers "$supd"
        kill -0 "$pid"
        run supctl start web
        assert_match 'processes of its last run are left' "$output"
        supctl kill -s KILL web
        wait_until 5 process_is_gone "$pid"
        wait_until 5 supctl start web
        unit_is web running
}

@test "a changed LogDriver= is taken by the next start" {
        obedient_write web LogDriver=file
        supd_start
        supctl start web
        supctl stop web
        wait_until 5 no_record_of web
        sed -i 's/LogDriver=file/LogDriver=none/' "$UNIT_DIR/web.container"
        supctl daemon-reload
        supctl start web
        assert_equal none "$(unit_prop web LogDriver)"
}

# The last line is written, the logger has ended, and nothing of the dead unit is in the state directory.
no_record_of() {
        [[ -z $(loggers_of "$1") && ! -e $RUNTIME_DIR/container/$1 ]]
}
