# SPDX-License-Identifier: MIT
# A container that nobody is connected to sleeps, and is awake when somebody is.
load ../lib/supd
load ../lib/payload
load ../lib/socket

setup() {
        rootfs_make
}

teardown() {
        supctl stop '*.socket' >>"$SUPD_LOG" 2>&1 || true
        supd_stop
}

is_asleep() {
        prop_is "$1" Asleep yes && prop_is "$1" FreezerState frozen &&
                grep -q '^frozen 1$' "$(cgroup_of "$1" '')/cgroup.events"
}

is_awake() {
        prop_is "$1" FreezerState running
}

# sleeper() - web, which falls asleep after 100 ms, and its sockets; started and asleep
sleeper() {
        server_write web X-Supd.IdleTimeoutSec=100ms "$@"
        socket_write web ListenStream=/run/web.sock ListenStream=127.0.0.1:8080
        supd_start
        supctl start web.socket
        call 1 /run/web.sock
}

@test "a container without connections is frozen, and the next one wakes it" {
        sleeper
        pid=$(unit_prop web MainPID)
        for address in /run/web.sock 8080 /run/web.sock; do
                wait_until 10 is_asleep web
                call 1 "$address"
        done
        assert_equal "$pid" "$(unit_prop web MainPID)"
        wait_until 10 is_asleep web
        assert_match 'active \(asleep\)' "$(supctl status web)"
        assert_match 'Freezer: frozen \(idle\)' "$(supctl status web)"
        assert_match 'asleep' "$(supctl list-units --no-legend web)"
        assert_equal running "$(unit_prop web.socket SubState)"
        assert_match 'Asleep: nobody is connected' "$(supd_messages web)"
        # Stopped it is as what is awake.
        supctl stop web
        assert_equal success "$(unit_prop web Result)"
}

@test "a thousand connections to a frozen server are all answered" {
        sleeper
        for address in 8080 /run/web.sock; do
                wait_until 10 is_asleep web
                run call 1000 "$address"
                echo "# 1000 at once to $address: $output" >&3
                assert_match '^1000 answered' "$output"
        done
        wait_until 10 is_asleep web
        run call 1 8080
        echo "# one to a frozen server: $output" >&3
        assert_match '^1 answered' "$output"
        assert_equal 1 "$(grep -c '^start ' "$(notes_of web)")"
}

@test "while somebody is connected it stays awake, though nothing is said" {
        sleeper
        server_write clock X-Supd.IdleTimeoutSec=100ms
        socket_write clock ListenStream=/run/clock.sock
        supctl daemon-reload
        supctl start clock.socket
        for address in /run/web.sock 8080; do
                hold one "$address"
                # What is as idle, but for the connection, falls asleep meanwhile, several times.
                for i in 1 2 3; do
                        call 1 /run/clock.sock
                        wait_until 10 is_asleep clock
                done
                is_awake web
                let_go one
                wait_until 10 is_asleep web
        done
}

@test "a pause is not ended by a connection, and sleep may become a pause" {
        sleeper
        wait_until 10 is_asleep web
        supctl pause web
        assert_equal no "$(unit_prop web Asleep)"
        assert_match paused "$(supctl list-units --no-legend web)"
        call 1 8080 >"$SUPD_TEST_DIR/called" 3>&- &
        caller=$!
        wait_until 10 has_waiting 8080
        assert_equal frozen "$(unit_prop web FreezerState)"
        supctl unpause web
        wait "$caller"
        wait_until 10 is_asleep web
        supctl unpause web
        wait_until 10 is_asleep web
}

# has_waiting() - a connection to the port is in the queue
has_waiting() {
        [[ $(ss -Hltn "sport = :$1" | awk '{ print $2 }') -ge 1 ]]
}

@test "with IdleAction=stop it is stopped, and started by the next connection" {
        sleeper X-Supd.IdleAction=stop Restart=always
        for i in 2 3 4; do
                wait_until 10 unit_is web dead
                wait_until 10 unit_is web.socket listening
                run call 20 8080
                assert_match '^20 answered' "$output"
                assert_equal "$i" "$(grep -c '^start ' "$(notes_of web)")"
        done
}

@test "sleep outlasts supd, and so does who wakes it" {
        sleeper
        wait_until 10 is_asleep web
        supctl daemon-reexec
        is_asleep web
        pid=$(supd_pid)
        kill -STOP "$SUPD_PID"
        kill -KILL "$pid"
        wait_until 5 process_is_gone "$pid"
        call 10 8080 >"$SUPD_TEST_DIR/called" 3>&- &
        caller=$!
        wait_until 10 has_waiting 8080
        kill -CONT "$SUPD_PID"
        wait "$caller"
        wait_until 10 supd_answers
        wait_until 10 is_asleep web
        assert_equal 1 "$(grep -c '^start ' "$(notes_of web)")"
}

@test "datagrams and pipes wake it, too, and a signal does" {
        server_write web X-Supd.IdleTimeoutSec=100ms
        socket_write web ListenDatagram=/run/web.dgram ListenFIFO=/run/web.pipe
        supd_start
        supctl start web.socket
        for i in 1 2 3; do
                send /run/web.dgram "datagram $i"
                wait_until 10 has_text "$(notes_of web)" "^got datagram $i$"
                wait_until 10 is_asleep web
                send fifo:/run/web.pipe "line $i"
                wait_until 10 has_text "$(notes_of web)" "^got line $i$"
                wait_until 10 is_asleep web
        done
        supctl kill -s TERM web
        wait_until 10 unit_is web dead
}

@test "without a socket it never sleeps, and says why" {
        server_write web X-Supd.IdleTimeoutSec=50ms
        supd_start
        unit_write web.container Exec='sleep 1000' Network=none X-Supd.IdleTimeoutSec=50ms
        supctl daemon-reload
        supctl start web
        no_effect_is_told() { supd_messages web | grep -q 'IdleTimeoutSec= has no effect'; }
        wait_until 10 no_effect_is_told
        is_awake web
}
