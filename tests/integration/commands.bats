# SPDX-License-Identifier: MIT
# Commands on the host around a container: ExecStartPre= and its like, with supd killed at any moment.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
        NOTES=$SUPD_TEST_DIR/notes
        GATE=$SUPD_TEST_DIR/gate
        rm -f "$NOTES" "$GATE"
        mkfifo "$GATE"
}

teardown() {
        supd_stop
}

# note WORD - a command that appends WORD to the notes
note() {
        printf '/bin/sh -c "echo %s >>%s"' "$1" "$NOTES"
}

# gated WORD - a command that notes WORD, then waits for the test to open the gate
gated() {
        printf '/bin/sh -c "echo %s >>%s; read -r line <%s; echo %s-end >>%s"' \
                "$1" "$NOTES" "$GATE" "$1" "$NOTES"
}

# deaf WORD - a command that notes WORD and heeds no SIGTERM
deaf() {
        printf "/bin/sh -c \"trap '' TERM; echo %s >>%s; while :; do read -r line <%s; done\"" \
                "$1" "$NOTES" "$GATE"
}

notes() {
        paste -sd ' ' "$NOTES"
}

open_gate() {
        timeout 10 sh -c "echo go >$GATE"
}

another_supd_answers() {
        local now
        now=$(supd_pid) && [[ $now != "$1" ]] && supd_answers
}

supd_dies() {
        local pid
        pid=$(supd_pid)
        kill -KILL "$pid"
        wait_until 10 another_supd_answers "$pid"
}

@test "the commands of a life run in series, each at its time" {
        obedient_write web ExecStartPre="$(note pre1)" ExecStartPre="$(note pre2)" \
                ExecCondition="$(note condition)" ExecStartPost="$(note post)" \
                ExecStop="$(note stop1) ; $(note stop2)" ExecStopPost="$(note last)"
        supd_start
        supctl start web
        assert_equal running "$(unit_prop web SubState)"
        assert_equal 'condition pre1 pre2 post' "$(notes)"
        supctl stop web
        assert_equal 'condition pre1 pre2 post stop1 stop2 last' "$(notes)"
        assert_equal success "$(unit_prop web Result)"
}

@test "a command that fails before the start fails it, unless it has a minus sign" {
        obedient_write web ExecStartPre='/bin/false' ExecStopPost="$(note last)"
        obedient_write lax ExecStartPre='-/bin/false' ExecStartPre='-/no/such/program'
        supd_start
        run supctl start web
        [ "$status" -ne 0 ]
        assert_equal failed "$(unit_prop web ActiveState)"
        assert_equal exit-code "$(unit_prop web Result)"
        assert_equal last "$(notes)"
        assert_match 'ExecStartPre=/bin/false exited with status 1' "$(supd_messages web)"
        supctl start lax
        assert_equal running "$(unit_prop lax SubState)"
}

@test "a command that can't be executed says why" {
        obedient_write web ExecStartPre='/no/such/program'
        supd_start
        run supctl start web
        [ "$status" -ne 0 ]
        assert_match '/no/such/program: cannot execute it: No such file' "$(supd_messages web)"
}

@test "a condition that is not met is no failure, one that breaks is" {
        obedient_write web ExecCondition='/bin/false' ExecStartPre="$(note pre)" Restart=always
        obedient_write bad ExecCondition='/bin/sh -c "exit 255"'
        supd_start
        run supctl start web
        assert_equal inactive "$(unit_prop web ActiveState)"
        assert_equal exec-condition "$(unit_prop web Result)"
        [ ! -e "$NOTES" ]
        run supctl start bad
        [ "$status" -ne 0 ]
        assert_equal failed "$(unit_prop bad ActiveState)"
}

@test "a command after the start that fails ends the container" {
        obedient_write web ExecStartPost='/bin/false' ExecStop="$(note stop)" \
                ExecStopPost="$(note last)"
        supd_start
        run supctl start web
        [ "$status" -ne 0 ]
        assert_equal failed "$(unit_prop web ActiveState)"
        assert_equal last "$(notes)"
}

@test "the last command is told how the run ended" {
        obedient_write web \
                ExecStopPost="/bin/sh -c 'echo \$SERVICE_RESULT \$EXIT_CODE \$EXIT_STATUS \$SUPD_UNIT >>$NOTES'"
        supd_start
        supctl start web
        order web exit 7
        wait_until 10 unit_is web failed
        assert_equal 'exit-code exited 7 web.service' "$(notes)"
        rm "$NOTES"
        supctl start web
        supctl kill -s KILL web
        wait_until 10 unit_is web failed
        assert_equal 'signal killed KILL web.service' "$(notes)"
}

@test "variables, prefixes, user and directory are as the unit says" {
        obedient_write web Service.Environment='A=one "B=two three"' \
                Service.UnsetEnvironment=INVOCATION_ID Service.UMask=0027 \
                Service.WorkingDirectory=/tmp Service.User=nobody \
                ExecStartPre="+@/bin/sh zero -c 'printf \"%%s,\" \$0 \$@ >>$NOTES' shell \${A} \$B" \
                ExecStartPre="/bin/sh -c 'echo \$(id -un) \$PWD \$(umask) [\$INVOCATION_ID] >$SUPD_TEST_DIR/shown'" \
                ExecStartPost="+:/bin/sh -c 'echo \$MAINPID >>$NOTES' \${A}"
        : >"$SUPD_TEST_DIR/shown"
        chmod 0666 "$SUPD_TEST_DIR/shown"
        chmod a+x "$SUPD_TEST_DIR"
        supd_start
        supctl start web
        assert_equal "shell,one,two,three,$(unit_prop web MainPID)" "$(notes)"
        assert_equal 'nobody /tmp 0027 []' "$(cat "$SUPD_TEST_DIR/shown")"
}

@test "a stop ends a start whose command is under way" {
        obedient_write web ExecStartPre="$(gated pre)" ExecStopPost="$(note last)"
        supd_start
        supctl start --no-block web
        wait_until 10 has_line "$NOTES" pre
        assert_equal start-pre "$(unit_prop web SubState)"
        supctl stop web
        assert_equal inactive "$(unit_prop web ActiveState)"
        assert_equal 'pre last' "$(notes)"
}

@test "a command that takes too long is killed with all that it has started" {
        obedient_write web ExecStartPre="$(deaf pre)" TimeoutStartSec=1 TimeoutStopSec=1
        supd_start
        run supctl start web
        [ "$status" -ne 0 ]
        assert_equal failed "$(unit_prop web ActiveState)"
        assert_equal timeout "$(unit_prop web Result)"
        run pgrep -f "$GATE"
        assert_equal '' "$output"
}

@test "stop commands that take too long give way to the signal, last ones to SIGKILL" {
        obedient_write web ExecStop="$(gated stop)" TimeoutStopSec=1
        obedient_write db ExecStopPost="$(deaf last)" TimeoutStopSec=1
        supd_start
        supctl start web db
        supctl stop web
        assert_equal timeout "$(unit_prop web Result)"
        supctl stop db
        assert_equal timeout "$(unit_prop db Result)"
        run pgrep -f "$GATE"
        assert_equal '' "$output"
}

@test "what is paused is thawed for its stop commands" {
        obedient_write web ExecStop="$(note stop)"
        supd_start
        supctl start web
        supctl pause web
        supctl stop web
        assert_equal stop "$(notes)"
        assert_equal success "$(unit_prop web Result)"
}

@test "supd killed during a command before the start: it starts anew" {
        obedient_write web ExecStartPre="$(gated pre)"
        supd_start
        supctl start --no-block web
        wait_until 10 has_line "$NOTES" pre
        supd_dies
        wait_until 10 eval '[ "$(grep -c "^pre$" "$NOTES")" -eq 2 ]'
        open_gate
        wait_until 10 unit_is web running
        assert_equal 'pre pre pre-end' "$(notes)"
}

@test "supd killed during a command after the start: the container is not disturbed" {
        obedient_write web ExecStartPost="$(gated post)"
        supd_start
        supctl start --no-block web
        wait_until 10 has_line "$NOTES" post
        pid=$(unit_prop web MainPID)
        supd_dies
        assert_equal start-post "$(unit_prop web SubState)"
        open_gate
        wait_until 10 unit_is web running
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_equal 'post post-end' "$(notes)"
}

@test "supd killed during a stop and a last command: the stop goes on" {
        obedient_write web ExecStop="$(gated stop)" ExecStopPost="$(gated last)"
        supd_start
        supctl start web
        supctl stop --no-block web
        wait_until 10 has_line "$NOTES" stop
        supd_dies
        open_gate
        wait_until 10 has_line "$NOTES" last
        supd_dies
        open_gate
        wait_until 10 unit_is web dead
        assert_equal 'stop stop-end last last-end' "$(notes)"
}

@test "RuntimeMaxSec= ends a run with result timeout" {
        obedient_write web RuntimeMaxSec=300ms
        supd_start
        supctl start web
        wait_until 10 unit_is web failed
        assert_equal timeout "$(unit_prop web Result)"
}
