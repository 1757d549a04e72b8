# SPDX-License-Identifier: MIT
# A container's life: started, stopped, ended by itself, restarted or not, given up.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
}

teardown() {
        supd_stop
}

# cgroups_are_gone() - none of the hierarchies has a directory of the unit any more
cgroups_are_gone() {
        local tree
        while read -r tree; do
                [[ ! -e $tree/$1.service ]] || fail "$tree/$1.service is still there"
        done <"$SUPD_TEST_CGROUPS"
}

# ---- start and stop ----------------------------------------------------------------------------
@test "start returns when the container runs, stop when nothing of it is left" {
        obedient_write web
        supd_start
        state_of_the_world >"$SUPD_TEST_DIR/idle"

        supctl start web
        assert_equal active "$(unit_prop web ActiveState)"
        assert_equal running "$(unit_prop web SubState)"
        pid=$(unit_prop web MainPID)
        [ -d "/proc/$pid" ]
        [ "$(readlink "/proc/$pid/ns/pid")" != "$(readlink /proc/self/ns/pid)" ]

        supctl stop web
        assert_equal inactive "$(unit_prop web ActiveState)"
        assert_equal success "$(unit_prop web Result)"
        [ ! -e "/proc/$pid" ]
        cgroups_are_gone web
        state_of_the_world >"$SUPD_TEST_DIR/stopped"
        run diff <(sort "$SUPD_TEST_DIR/idle") <(sort "$SUPD_TEST_DIR/stopped")
        assert_equal '' "$output"
}

@test "a second start and a second stop are no errors and change nothing" {
        obedient_write web
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        supctl start web
        assert_equal "$pid" "$(unit_prop web MainPID)"
        supctl stop web
        supctl stop web
}

@test "restart makes another instance, and starts what was stopped" {
        obedient_write web
        supd_start
        supctl restart web
        first=$(unit_prop web MainPID)
        supctl restart web
        second=$(unit_prop web MainPID)
        [ "$first" != "$second" ]
        [ ! -e "/proc/$first" ]
        [ -e "/proc/$second" ]
        assert_equal 0 "$(unit_prop web NRestarts)"
}

@test "starting an unknown unit fails with exit status 5 and says so" {
        supd_start
        run supctl start nonesuch
        assert_equal 5 "$status"
        assert_match 'nonesuch.*not found' "$output"
        run supctl is-active nonesuch
        assert_equal 4 "$status"
}

@test "several units are started by one call, and one that fails does not hinder the others" {
        obedient_write a
        obedient_write b
        unit_write bad.container Exec='/bin/false' Type=oneshot
        supd_start
        run supctl start a bad b
        assert_equal 1 "$status"
        assert_match 'bad' "$output"
        unit_is a running
        unit_is b running
        supctl stop a b
        unit_is a dead
        unit_is b dead
}

@test "thirty containers start by one call and stop by one call" {
        units=()
        for i in {1..30}; do
                unit_write "many$i.container" Exec='sleep 1000'
                units+=("many$i")
        done
        supd_start
        supctl start "${units[@]}"
        assert_equal 30 "$(supctl list-units --no-legend --plain | grep -c ' running ')"
        supctl stop "${units[@]}"
        assert_equal 0 "$(supctl list-units --no-legend --plain | grep -c ' running ' || true)"
}

@test "a unit that multi-user.target wants starts with supd, the others do not" {
        obedient_write boot WantedBy=multi-user.target
        obedient_write default WantedBy=default.target
        obedient_write not
        supd_start
        wait_until 5 unit_is boot running
        wait_until 5 unit_is default running
        unit_is not dead
}

@test "the end of supd stops what runs, by its stop signal, and leaves nothing" {
        obedient_write polite
        first_order polite "trap 'echo asked >/orders/asked; exit 0' TERM"
        supd_start
        supctl start polite
        order polite ':'
        kill -TERM "$SUPD_PID"
        wait_until 10 process_is_gone "$SUPD_PID"
        wait "$SUPD_PID"
        assert_equal asked "$(cat "$(orders_of polite)/asked")"
        wait_until 5 world_is_as_before
        [ ! -e /run/supd/control ]
}

@test "what the main process leaves running ends with it" {
        obedient_write web
        supd_start
        supctl start web
        order web '(trap "" TERM HUP; sleep 1000) & echo $! >/orders/child'
        wait_until 5 test -s "$(orders_of web)/child"
        order web 'exit 0'
        wait_until 5 unit_is web dead
        cgroups_are_gone web
}

@test "orphans inside a container are reaped" {
        obedient_write web
        supd_start
        supctl start web
        ask web 'for i in 1 2 3 4 5; do sh -c "sleep 0 & exec true"; done'
        order web 'while ps -o stat | grep -q Z; do :; done; echo clean >/orders/clean'
        wait_until 5 test -s "$(orders_of web)/clean"
}

# ---- the stop signal and its time --------------------------------------------------------------
@test "StopSignal= is what the payload gets" {
        obedient_write web StopSignal=USR2
        first_order web "trap 'echo usr2 >>/orders/got; exit 0' USR2; trap 'echo term >>/orders/got' TERM"
        obedient_write rt StopSignal=SIGRTMIN+3
        first_order rt "trap 'echo rt >>/orders/got; exit 0' 37"
        supd_start
        supctl start web rt
        order web ':'
        order rt ':'
        supctl stop web rt
        assert_equal usr2 "$(cat "$(orders_of web)/got")"
        assert_equal rt "$(cat "$(orders_of rt)/got")"
        assert_equal success "$(unit_prop web Result)"
}

@test "a payload that ignores the stop signal is killed after StopTimeout=" {
        obedient_write stubborn StopTimeout=1
        first_order stubborn "trap '' TERM"
        supd_start
        supctl start stubborn
        order stubborn ':'
        start=${EPOCHREALTIME//[.,]/}
        supctl stop stubborn
        took=$((${EPOCHREALTIME//[.,]/} - start))
        ((took >= 1000000 && took < 5000000))
        assert_equal failed "$(unit_prop stubborn ActiveState)"
        assert_equal timeout "$(unit_prop stubborn Result)"
        assert_match 'Did not end in time' "$(supd_messages stubborn)"
}

@test "TimeoutStopSec= cuts a longer StopTimeout= short" {
        obedient_write stubborn StopTimeout=60 TimeoutStopSec=200ms
        first_order stubborn "trap '' TERM"
        supd_start
        supctl start stubborn
        order stubborn ':'
        start=${EPOCHREALTIME//[.,]/}
        supctl stop stubborn
        took=$((${EPOCHREALTIME//[.,]/} - start))
        ((took >= 200000 && took < 5000000))
        assert_equal timeout "$(unit_prop stubborn Result)"
}

@test "StopTimeout=0 kills at once, which is no failure" {
        obedient_write quick StopTimeout=0
        first_order quick "trap '' TERM"
        supd_start
        supctl start quick
        order quick ':'
        supctl stop quick
        assert_equal inactive "$(unit_prop quick ActiveState)"
        assert_equal success "$(unit_prop quick Result)"
}

@test "with SendSIGKILL=no a payload that will not end is left alone, and the unit has failed" {
        obedient_write immortal TimeoutStopSec=100ms SendSIGKILL=no
        first_order immortal "trap '' TERM"
        supd_start
        supctl start immortal
        order immortal ':'
        pid=$(unit_prop immortal MainPID)
        supctl stop immortal
        assert_equal failed "$(unit_prop immortal ActiveState)"
        assert_equal timeout "$(unit_prop immortal Result)"
        [ -e "/proc/$pid" ]
        assert_equal "$pid" "$(unit_prop immortal MainPID)"

        run supctl start immortal
        assert_equal 1 "$status"
        assert_match 'processes of its last run are left' "$output"
        [ -e "/proc/$pid" ]

        supctl kill -s KILL immortal
        wait_until 5 prop_is immortal ControlGroup ''
        cgroups_are_gone immortal
        supctl start immortal
        unit_is immortal running
        order immortal 'exit 0'
        wait_until 5 unit_is immortal dead
}

@test "at its end supd kills also what SendSIGKILL=no had left alone" {
        obedient_write immortal TimeoutStopSec=100ms SendSIGKILL=no
        first_order immortal "trap '' TERM"
        supd_start
        supctl start immortal
        order immortal ':'
        supctl stop immortal
        [ -e "/proc/$(unit_prop immortal MainPID)" ]
}

# ---- how it ended ------------------------------------------------------------------------------
@test "result and exit status tell how the main process ended" {
        for unit in zero three killed term; do
                obedient_write $unit
        done
        supd_start
        supctl start zero three killed term
        order zero 'exit 0'
        order three 'exit 3'
        order killed 'kill -KILL $$'
        order term 'kill -TERM $$'
        for unit in zero three killed term; do
                wait_until 5 prop_is $unit MainPID 0
                wait_until 5 prop_is $unit ControlGroup ''
        done

        assert_equal 'inactive success 1 0' "$(properties_of zero)"
        assert_equal 'failed exit-code 1 3' "$(properties_of three)"
        assert_equal 'failed signal 2 9' "$(properties_of killed)"
        assert_equal 'inactive success 2 15' "$(properties_of term)"
}

# properties_of() - "ActiveState Result ExecMainCode ExecMainStatus"
properties_of() {
        supctl show --value -p ActiveState -p Result -p ExecMainCode -p ExecMainStatus "$1" |
                tr '\n' ' ' | sed 's/ *$//'
}

@test "SuccessExitStatus= takes numbers, names and signals" {
        obedient_write number SuccessExitStatus=7
        obedient_write name SuccessExitStatus=TEMPFAIL
        obedient_write signal SuccessExitStatus=SIGKILL
        obedient_write shell SuccessExitStatus=137
        supd_start
        supctl start number name signal shell
        order number 'exit 7'
        order name 'exit 75'
        order signal 'kill -KILL $$'
        order shell 'kill -KILL $$'
        for unit in number name signal shell; do
                wait_until 5 unit_is $unit dead
                assert_equal success "$(unit_prop $unit Result)"
        done
}

# ---- commands that can't be executed -----------------------------------------------------------
@test "a command that does not exist fails the start with 127 and a text that names it" {
        unit_write web.container Exec='/no/such/command --flag'
        unit_write path.container Exec='nonesuch'
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match '/no/such/command' "$output"
        assert_match 'No such file or directory' "$output"
        assert_equal failed "$(unit_prop web ActiveState)"
        assert_equal exit-code "$(unit_prop web Result)"
        assert_equal 127 "$(unit_prop web ExecMainStatus)"

        run supctl start path
        assert_equal 1 "$status"
        assert_match 'nonesuch' "$output"
        assert_equal 127 "$(unit_prop path ExecMainStatus)"
        assert_match 'nonesuch' "$(supctl status path || true)"
}

@test "a command that may not be executed fails the start with 126" {
        cp -a "$ROOTFS" "$SUPD_TEST_DIR/other"
        echo data >"$SUPD_TEST_DIR/other/data"
        unit_write file.container "Rootfs=$SUPD_TEST_DIR/other" Exec='/data'
        unit_write directory.container "Rootfs=$SUPD_TEST_DIR/other" Exec='/etc'
        supd_start
        for unit in file directory; do
                run supctl start $unit
                assert_equal 1 "$status"
                assert_match 'Permission denied' "$output"
                assert_equal 126 "$(unit_prop $unit ExecMainStatus)"
        done
        rm -rf "$SUPD_TEST_DIR/other"
}

@test "the same texts come without supinit in between" {
        unit_write web.container Exec='/no/such/command' RunInit=false
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match '/no/such/command.*No such file or directory' "$output"
        assert_equal 127 "$(unit_prop web ExecMainStatus)"
}

@test "a root directory that is missing fails the start with a text that names it" {
        unit_write web.container Rootfs=/no/such/root Exec='true'
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match '/no/such/root.*No such file or directory' "$output"
        assert_equal resources "$(unit_prop web Result)"
        cgroups_are_gone web
}

# ---- oneshot -----------------------------------------------------------------------------------
@test "start of a oneshot returns after its end" {
        obedient_write once Type=oneshot
        first_order once 'echo done >/orders/done; exit 0'
        supd_start
        supctl start once
        [ -s "$(orders_of once)/done" ]
        assert_equal inactive "$(unit_prop once ActiveState)"
}

@test "a oneshot is activating while it runs and can be stopped then" {
        obedient_write once Type=oneshot
        supd_start
        supctl start --no-block once
        wait_until 5 unit_is once start
        assert_equal activating "$(unit_prop once ActiveState)"
        order once ':'
        supctl stop once
        assert_equal 0 "$(unit_prop once MainPID)"
        cgroups_are_gone once
}

@test "a oneshot that fails says so by start's exit status" {
        unit_write once.container Type=oneshot Exec='sh -c "echo the reason; exit 3"'
        supd_start
        run supctl start once
        assert_equal 1 "$status"
        assert_match 'the reason' "$output"
        assert_equal failed "$(unit_prop once ActiveState)"
        assert_equal 3 "$(unit_prop once ExecMainStatus)"
}

@test "RemainAfterExit= keeps a unit active after a clean end, until it is stopped" {
        unit_write once.container Type=oneshot RemainAfterExit=yes Exec='true'
        obedient_write long RemainAfterExit=yes
        obedient_write bad RemainAfterExit=yes
        supd_start
        supctl start once long bad
        unit_is once exited
        assert_equal active "$(unit_prop once ActiveState)"
        cgroups_are_gone once
        order long 'exit 0'
        wait_until 5 unit_is long exited
        order bad 'exit 1'
        wait_until 5 unit_is bad failed
        supctl stop once long
        unit_is once dead
        unit_is long dead
}

@test "a oneshot with Restart=on-failure is tried until it succeeds" {
        obedient_write once Type=oneshot Restart=on-failure RestartSec=10ms
        first_order once 'echo try >>/orders/tries; [ "$(wc -l </orders/tries)" -ge 3 ] || exit 1; exit 0'
        supd_start
        run supctl start once
        wait_until 5 unit_is once dead
        assert_equal 3 "$(wc -l <"$(orders_of once)/tries")"
        assert_equal success "$(unit_prop once Result)"
}

@test "a oneshot that takes longer than TimeoutStartSec= is ended and has failed" {
        obedient_write slow Type=oneshot TimeoutStartSec=200ms
        supd_start
        run supctl start slow
        assert_equal 1 "$status"
        assert_equal failed "$(unit_prop slow ActiveState)"
        assert_equal timeout "$(unit_prop slow Result)"
        cgroups_are_gone slow
}

# ---- Restart= ----------------------------------------------------------------------------------
# The columns of the table: how a payload can end. "timeout" is a start that took too long.
declare -gA ENDS=([clean]='exit 0' [code]='exit 3' [signal]='kill -KILL $$' [term]='kill -TERM $$')

# restarts() - POLICY END... of which it starts again; after all other ends it does not
restarts() {
        local policy=$1 end units=()
        shift
        for end in "${!ENDS[@]}"; do
                obedient_write "$end" Restart="$policy" RestartSec=1ms
                units+=("$end")
        done
        supd_start
        supctl start "${units[@]}"
        for end in "${units[@]}"; do
                order "$end" "${ENDS[$end]}"
        done
        for end in "${units[@]}"; do
                if [[ " $* " == *" $end "* ]]; then
                        wait_until 5 prop_is "$end" NRestarts 1
                        wait_until 5 unit_is "$end" running
                else
                        wait_until 5 prop_is "$end" ControlGroup ''
                        assert_equal 0 "$(unit_prop "$end" NRestarts)"
                        assert_match '^(inactive|failed)$' "$(unit_prop "$end" ActiveState)"
                fi
        done
}

@test "Restart=no never starts again" {
        restarts no
}

@test "Restart=on-success starts again after clean ends" {
        restarts on-success clean term
}

@test "Restart=on-failure starts again after an exit status and after a signal" {
        restarts on-failure code signal
}

@test "Restart=on-abnormal starts again after a signal, not after an exit status" {
        restarts on-abnormal signal
}

@test "Restart=on-abort starts again after a signal" {
        restarts on-abort signal
}

@test "Restart=on-watchdog starts again after none of these" {
        restarts on-watchdog
}

@test "Restart=always starts again after every end" {
        restarts always clean code signal term
}

@test "a start that took too long is a failure for on-failure, and none for on-abort" {
        obedient_write failure Type=oneshot TimeoutStartSec=50ms Restart=on-failure RestartSec=1ms
        obedient_write abort Type=oneshot TimeoutStartSec=50ms Restart=on-abort RestartSec=1ms
        supd_start
        supctl start --no-block failure abort
        wait_until 5 unit_is abort failed
        assert_equal 0 "$(unit_prop abort NRestarts)"
        wait_until 5 has_restarted failure 2
        supctl stop failure
}

has_restarted() {
        (($(unit_prop "$1" NRestarts) >= $2))
}

@test "a stop asked for is never followed by a restart" {
        obedient_write web Restart=always RestartSec=0
        supd_start
        supctl start web
        supctl stop web
        unit_is web dead
        assert_equal 0 "$(unit_prop web NRestarts)"
}

@test "RestartPreventExitStatus= wins over Restart=, RestartForceExitStatus= over its absence" {
        obedient_write prevent Restart=always RestartSec=1ms RestartPreventExitStatus='3 SIGKILL'
        obedient_write prevent-signal Restart=always RestartSec=1ms RestartPreventExitStatus='3 SIGKILL'
        obedient_write force Restart=no RestartSec=1ms RestartForceExitStatus=4
        obedient_write both Restart=no RestartSec=1ms RestartForceExitStatus=5 RestartPreventExitStatus=5
        supd_start
        supctl start prevent prevent-signal force both
        order prevent 'exit 3'
        order prevent-signal 'kill -KILL $$'
        order force 'exit 4'
        order both 'exit 5'
        wait_until 5 unit_is prevent failed
        wait_until 5 unit_is prevent-signal failed
        wait_until 5 unit_is both failed
        wait_until 5 prop_is force NRestarts 1
}

@test "a failed exec is tried again as Restart= says" {
        unit_write web.container Exec='/orders/late' "Volume=$(orders_of web):/orders" \
                Restart=on-failure RestartSec=20ms StartLimitIntervalSec=0
        mkdir -p "$(orders_of web)"
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        wait_until 5 has_restarted web 2
        printf '#!/bin/sh\nsleep 1000\n' >"$(orders_of web)/new"
        chmod +x "$(orders_of web)/new"
        mv "$(orders_of web)/new" "$(orders_of web)/late"
        wait_until 5 unit_is web running
}

# ---- delays, limits and counts -----------------------------------------------------------------
@test "RestartSec= passes between an end and the next start" {
        obedient_write web Restart=always RestartSec=400ms
        first_order web 'read -r up rest </proc/uptime; echo "$up" >>/orders/starts'
        supd_start
        supctl start web
        order web 'read -r up rest </proc/uptime; echo "$up" >/orders/end; exit 1'
        wait_until 5 unit_is web auto-restart
        assert_equal activating "$(unit_prop web ActiveState)"
        wait_until 5 prop_is web NRestarts 1
        order web ':'
        waited=$(awk 'NR == FNR { end = $1; next } { start = $1 } END { print int((start - end) * 1000 + 0.5) }' \
                "$(orders_of web)/end" "$(orders_of web)/starts")
        ((waited >= 380 && waited < 3000))
}

@test "the delay grows in RestartSteps= to RestartMaxDelaySec=" {
        obedient_write web Restart=always RestartSec=10ms RestartSteps=3 RestartMaxDelaySec=80ms \
                StartLimitIntervalSec=0
        first_order web 'exit 1'
        supd_start
        supctl start --no-block web
        wait_until 10 has_restarted web 5
        supctl stop web
        delays=$(supd_messages web "--since=@$SUPD_STARTED" | sed -n 's/^Scheduled restart [0-9]* in \(.*\) (.*/\1/p' | head -n 5)
        assert_equal '10ms 20ms 40ms 80ms 80ms' "$(tr '\n' ' ' <<<"$delays" | sed 's/ $//')"
}

@test "the start limit ends a crash loop, and a person's start clears it" {
        obedient_write crash Restart=always RestartSec=0
        first_order crash 'exit 1'
        supd_start
        supctl start --no-block crash
        wait_until 5 prop_is crash Result start-limit-hit
        assert_equal failed "$(unit_prop crash ActiveState)"
        assert_equal 4 "$(unit_prop crash NRestarts)"
        assert_match 'too often' "$(supd_messages crash)"

        first_order crash ':'
        supctl start crash
        unit_is crash running
        assert_equal 0 "$(unit_prop crash NRestarts)"
}

@test "a person's starts are never refused, however many" {
        obedient_write web StartLimitBurst=1 StartLimitIntervalSec=1h
        supd_start
        for i in 1 2 3 4; do
                supctl start web
                order web 'exit 1'
                wait_until 5 unit_is web failed
        done
}

@test "StartLimitBurst= and StartLimitIntervalSec= are honoured" {
        obedient_write three Restart=always RestartSec=0 StartLimitBurst=3 StartLimitIntervalSec=1h
        first_order three 'echo x >>/orders/starts; exit 1'
        obedient_write unlimited Restart=always RestartSec=0 StartLimitIntervalSec=0
        first_order unlimited 'echo x >>/orders/starts; exit 1'
        supd_start
        supctl start --no-block three unlimited
        wait_until 5 prop_is three Result start-limit-hit
        assert_equal 3 "$(wc -l <"$(orders_of three)/starts")"
        wait_until 10 has_restarted unlimited 20
        supctl stop unlimited
}

@test "reset-failed forgets a failure" {
        obedient_write web
        supd_start
        supctl start web
        order web 'exit 1'
        wait_until 5 unit_is web failed
        run supctl is-failed web
        assert_equal 0 "$status"
        supctl reset-failed web
        unit_is web dead
        run supctl is-failed web
        assert_equal 1 "$status"
        assert_equal success "$(unit_prop web Result)"
}

@test "a healthy run of RestartResetSec= resets the count and the back-off" {
        obedient_write web Restart=always RestartSec=10ms RestartSteps=2 RestartMaxDelaySec=40ms \
                RestartResetSec=1s
        supd_start
        supctl start web
        for i in 1 2; do
                order web 'exit 1'
                wait_until 5 prop_is web NRestarts $i
                wait_until 5 unit_is web running
        done
        wait_until 5 prop_is web NRestarts 0
        supctl reset-failed web
        order web 'exit 1'
        wait_until 5 prop_is web NRestarts 1
        wait_until 5 unit_is web running
        messages=$(supd_messages web "--since=@$SUPD_STARTED")
        assert_match '^Scheduled restart 1 in 10ms' "$(grep '^Scheduled restart' <<<"$messages" | tail -n 1)"
        assert_equal 4 "$(grep -c '^Started' <<<"$messages")"
}

@test "while it waits for a restart, restart acts at once and stop ends the waiting" {
        obedient_write web Restart=always RestartSec=1h
        supd_start
        supctl start web
        order web 'exit 1'
        wait_until 5 unit_is web auto-restart
        supctl restart web
        unit_is web running
        order web 'exit 1'
        wait_until 5 unit_is web auto-restart
        supctl stop web
        assert_match '^(inactive|failed)$' "$(unit_prop web ActiveState)"
        cgroups_are_gone web
}

@test "a hundred restarts leave supd with as many descriptors as before" {
        obedient_write crash Restart=always RestartSec=0 StartLimitIntervalSec=0
        supd_start
        supctl start crash
        pid=$(supd_pid)
        before=$(settled_descriptors "$pid")
        guardian_before=$(settled_descriptors "$SUPD_PID")
        first_order crash 'exit 1'
        order crash 'exit 1'
        wait_until 20 has_restarted crash 100
        first_order crash ':'
        wait_until 5 unit_is crash running
        order crash ':'
        assert_equal "$before" "$(settled_descriptors "$pid")"
        assert_equal "$guardian_before" "$(settled_descriptors "$SUPD_PID")"
}

@test "forty clients ask for contrary things at once, and supd keeps its head" {
        obedient_write web Restart=always RestartSec=1ms StartLimitIntervalSec=0
        supd_start
        verbs=(start stop restart pause unpause)
        clients=()
        for ((i = 0; i < 40; i++)); do
                for ((k = 0; k < 5; k++)); do
                        supctl "${verbs[RANDOM % 5]}" web >/dev/null 2>&1 || true
                done 3>&- &
                clients+=($!)
        done
        wait "${clients[@]}"
        supctl start web
        unit_is web running
        ask web ':'
        supctl stop web
        unit_is web dead
        cgroups_are_gone web
}

# ---- signals from outside ----------------------------------------------------------------------
@test "kill sends a signal to the main process or to all" {
        obedient_write web
        first_order web "trap 'echo main >>/orders/got' USR1; sh -c 'trap \"echo child >>/orders/got\" USR1; echo >/orders/ready; while :; do sleep 0.1; done' &"
        supd_start
        supctl start web
        wait_until 5 test -e "$(orders_of web)/ready"
        supctl kill -s USR1 --kill-whom=main web
        wait_until 5 has_line "$(orders_of web)/got" main
        order web ':'
        run grep -c child "$(orders_of web)/got"
        assert_equal 0 "$output"
        supctl kill -s USR1 web
        wait_until 5 has_line "$(orders_of web)/got" child

        supctl kill -s KILL web
        wait_until 5 unit_is web failed
        assert_equal signal "$(unit_prop web Result)"
        run supctl kill --kill-whom=main web
        assert_equal 1 "$status"
        assert_match 'no processes' "$output"
}

@test "a container whose first process is killed has ended by that signal" {
        obedient_write web Restart=on-failure RestartSec=1ms
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        kill -KILL "$(unit_prop web InitPID)"
        wait_until 5 prop_is web NRestarts 1
        wait_until 5 unit_is web running
        [ ! -e "/proc/$pid" ]
        assert_match "Scheduled restart 1 in 1ms \(result 'signal'\)" "$(supd_messages web "--since=@$SUPD_STARTED")"
}

@test "KillMode=control-group sends the stop signal to all, SendSIGHUP= one more" {
        obedient_write mixed
        obedient_write group KillMode=control-group KillSignal=USR1
        obedient_write hup SendSIGHUP=yes
        child='sh -c "trap \"echo child >>/orders/got; exit 0\" TERM USR1; echo >/orders/ready; while :; do usleep 5000; done" &'
        first_order mixed "trap 'echo main >>/orders/got; exit 0' TERM; $child"
        # This one ends when the child has: were it not told, it would be killed in the end.
        first_order group "trap 'wait; echo main >>/orders/got; exit 0' USR1; $child"
        first_order hup "trap '' TERM; trap 'echo hup >>/orders/got; exit 0' HUP"
        supd_start
        supctl start mixed group hup
        order hup ':'
        wait_until 5 test -e "$(orders_of mixed)/ready"
        wait_until 5 test -e "$(orders_of group)/ready"
        order mixed ':'
        order group ':'
        supctl stop mixed group hup
        assert_equal main "$(cat "$(orders_of mixed)/got")"
        assert_equal $'child\nmain' "$(cat "$(orders_of group)/got")"
        assert_equal success "$(unit_prop group Result)"
        assert_equal hup "$(cat "$(orders_of hup)/got")"
}
