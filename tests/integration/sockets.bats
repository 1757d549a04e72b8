# SPDX-License-Identifier: MIT
# A socket unit listens, starts its container for whoever calls, and loses nobody.
load ../lib/supd
load ../lib/socket

setup() {
        rootfs_make
}

teardown() {
        supctl stop '*.socket' >>"$SUPD_LOG" 2>&1 || true
        supd_stop
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

n_starts() {
        grep -c '^start ' "$(notes_of "$1")"
}

has_started() {
        (($(n_starts "$1") >= $2))
}

@test "a connection starts the container, which is given the socket as descriptor 3" {
        server_write web
        socket_write web ListenStream=/run/web.sock
        supd_start
        supctl start web.socket
        assert_equal listening "$(unit_prop web.socket SubState)"
        assert_equal inactive "$(unit_prop web.service ActiveState)"

        call 1 /run/web.sock
        assert_equal running "$(unit_prop web.socket SubState)"
        assert_equal active "$(unit_prop web.service ActiveState)"
        assert_equal 'start mine fds=1 names=web.socket nonblock=0 open=0,1,2,3,' "$(<"$(notes_of web)")"
        call 50 /run/web.sock
        assert_equal 1 "$(n_starts web)"
}

@test "a container without supinit is told its own process id, too" {
        server_write web RunInit=false
        socket_write web ListenStream=/run/web.sock
        supd_start
        supctl start web.socket
        call 1 /run/web.sock
        assert_match '^start mine fds=1 .* open=0,1,2,3,$' "$(<"$(notes_of web)")"
}

@test "every kind of address is listened on, and handed over in the order of the file" {
        server_write web Service.NonBlocking=yes
        socket_write web ListenStream=@web ListenDatagram=/run/web/datagrams ListenStream=127.0.0.1:8080 \
                ListenFIFO=/run/web/pipe ListenSequentialPacket=/run/web/packets 'ListenStream=[::1]:8081' \
                ListenStream=8082 FileDescriptorName=door
        supd_start
        supctl start web.socket
        send fifo:/run/web/pipe 'through the pipe'
        wait_until 10 has_text "$(notes_of web)" '^got through the pipe$'
        assert_match '^start mine fds=7 names=door:door:door:door:door:door:door nonblock=1 open=0,1,2,3,4,5,6,7,8,9,' \
                "$(head -n 1 "$(notes_of web)")"
        for address in @web 8080 8082 seqpacket:/run/web/packets; do
                call 1 "$address"
        done
        send /run/web/datagrams 'all at once'
        wait_until 10 has_text "$(notes_of web)" '^got all at once$'
        assert_equal 1 "$(n_starts web)"
}

@test "the socket outlives its container, and who comes meanwhile is served by the next one" {
        server_write web
        socket_write web ListenStream=/run/web.sock
        supd_start
        supctl start web.socket
        call 1 /run/web.sock
        supctl stop web
        wait_until 5 unit_is web.socket listening
        call 3 /run/web.sock
        assert_equal 2 "$(n_starts web)"

        supctl restart web
        assert_equal running "$(unit_prop web.socket SubState)"
        call 1 /run/web.sock
        assert_equal 3 "$(n_starts web)"
}

@test "several sockets may start one container, and one that is not of its name is named by Service=" {
        server_write web Service.Sockets=extra.socket
        socket_write door Service=web.container ListenStream=/run/door.sock
        socket_write extra Service=web.service ListenStream=/run/extra.sock
        supd_start
        supctl start door.socket
        call 1 /run/door.sock
        assert_match 'fds=2 names=.*(door|extra).socket:' "$(<"$(notes_of web)")"
        call 1 /run/extra.sock
        assert_match 'door.socket' "$(unit_prop web.service TriggeredBy)"
        assert_match 'extra.socket' "$(unit_prop web.service TriggeredBy)"
        assert_equal web.service "$(unit_prop door.socket Triggers)"
}

@test "no connection is lost over the death of supd, nor over its exchange" {
        server_write web
        socket_write web ListenStream=/run/web.sock ListenStream=127.0.0.1:8080
        supd_start
        supctl start web.socket
        pid=$(supd_pid)
        kill -STOP "$SUPD_PID"
        kill -KILL "$pid"
        wait_until 5 process_is_gone "$pid"
        # Nobody is there to start anything: it waits.
        call 20 /run/web.sock >"$SUPD_TEST_DIR/calls" 3>&- &
        caller=$!
        kill -CONT "$SUPD_PID"
        wait "$caller"
        assert_match '^20 answered' "$(<"$SUPD_TEST_DIR/calls")"

        supd_dies
        assert_equal running "$(unit_prop web.socket SubState)"
        call 5 8080
        supctl daemon-reexec
        call 5 8080
        assert_equal 1 "$(n_starts web)"
        supctl stop web
        wait_until 5 unit_is web.socket listening
        supctl daemon-reexec
        assert_equal listening "$(unit_prop web.socket SubState)"
        call 5 8080
        assert_equal 2 "$(n_starts web)"
}

@test "a path has the owner and the mode that it is to have, and goes if it is to go" {
        server_write web
        mkdir -p /run/links
        socket_write web ListenStream=/run/deep/er/web.sock ListenFIFO=/run/deep/pipe SocketUser=nobody SocketGroup=root \
                SocketMode=0640 DirectoryMode=0711 RemoveOnStop=yes
        socket_write other ListenStream=/run/other.sock Service=web.service Symlinks=/run/links/a
        supd_start
        supctl start web.socket other.socket
        assert_equal "nobody root 640 socket" "$(stat -c '%U %G %a %F' /run/deep/er/web.sock)"
        assert_equal "nobody root 640 fifo" "$(stat -c '%U %G %a %F' /run/deep/pipe)"
        assert_equal 711 "$(stat -c %a /run/deep/er)"
        assert_equal /run/other.sock "$(readlink /run/links/a)"
        supctl stop web.socket other.socket
        [[ ! -e /run/deep/er/web.sock && ! -e /run/deep/pipe ]]
        [[ -S /run/other.sock && -L /run/links/a ]]

        # What is left over is no obstacle.
        supctl start other.socket
        rm -rf /run/other.sock /run/links
        echo precious >/run/other.sock
        supctl stop other.socket
        run supctl start other.socket
        [ "$status" = 1 ]
        assert_match 'is there already and is no socket' "$(unit_prop other.socket StatusText)$(supctl status other.socket)"
        assert_equal precious "$(</run/other.sock)"
        rm -f /run/other.sock
}

@test "a socket that can't be had is a failure that says why" {
        server_write web
        socket_write web ListenStream=127.0.0.1:8080
        socket_write twin ListenStream=127.0.0.1:8080 Service=web.service
        socket_write lost ListenStream=/run/lost.sock
        socket_write alien ListenStream=/run/alien.sock Service=web.service SocketUser=nobody-of-that-name
        supd_start
        supctl start web.socket
        run supctl start twin.socket
        [ "$status" = 1 ]
        assert_equal failed "$(unit_prop twin.socket ActiveState)"
        assert_match 'cannot bind to 127.0.0.1:8080: Address already in use' "$(supctl status twin.socket)"
        run supctl start alien.socket
        assert_match 'SocketUser=nobody-of-that-name: no such user' "$(supctl status alien.socket)"
        run supctl start lost.socket
        [ "$status" = 1 ]
        assert_match 'no lost.service for it to start' \
                "$(journalctl --sync; journalctl -q -o cat UNIT=lost.socket)"
        supctl reset-failed twin.socket
        assert_equal inactive "$(unit_prop twin.socket ActiveState)"
        supctl start web.service
        supctl stop web.socket
        run supctl start web.socket
        [ "$status" = 1 ]
        assert_match 'web.service is active already' "$(journalctl --sync; journalctl -q -o cat UNIT=web.socket)"
}

@test "a container that serves nobody is not started for ever" {
        unit_write web.container Exec='true' Network=none Service.StartLimitIntervalSec=0
        socket_write web ListenStream=/run/web.sock TriggerLimitIntervalSec=1min TriggerLimitBurst=3
        unit_write limited.container Exec='false' Network=none Service.StartLimitIntervalSec=60 \
                Service.StartLimitBurst=2
        socket_write limited ListenStream=/run/limited.sock
        supd_start
        supctl start web.socket limited.socket
        "$PEER" hold /run/web.sock </dev/null >/dev/null 2>&1 3>&- &
        wait_until 10 unit_is web.socket failed
        assert_equal trigger-limit-hit "$(unit_prop web.socket Result)"
        assert_match 'TriggerLimitBurst' "$(supctl status web.socket)"
        "$PEER" hold /run/limited.sock </dev/null >/dev/null 2>&1 3>&- &
        wait_until 10 unit_is limited.socket failed
        assert_equal service-start-limit-hit "$(unit_prop limited.socket Result)"
}

@test "what waits is dropped by FlushPending=" {
        server_write web
        socket_write web ListenDatagram=/run/web.dgram FlushPending=yes
        supd_start
        supctl start web.socket
        send /run/web.dgram first
        wait_until 10 has_text "$(notes_of web)" '^got first$'
        kill -STOP "$(unit_prop web MainPID)"
        send /run/web.dgram second
        supctl kill -s KILL web
        wait_until 10 unit_is web.socket listening
        send /run/web.dgram third
        wait_until 10 has_text "$(notes_of web)" '^got third$'
        ! has_text "$(notes_of web)" '^got second$'
}

@test "nobody else is told of sockets" {
        server_write web Environment=LISTEN_FDS=7
        socket_write web ListenStream=/run/web.sock
        unit_write plain.container Exec='env' Network=none Environment=LISTEN_FDS=of-the-unit
        supd_start
        supctl start web.socket
        call 1 /run/web.sock
        assert_match 'fds=1 ' "$(<"$(notes_of web)")"
        supctl start plain
        wait_until 5 unit_is plain dead
        assert_match 'LISTEN_FDS=of-the-unit' "$(journal_of plain)"
        assert_no_match 'LISTEN_PID' "$(journal_of plain)"
}

@test "systemctl lists sockets, and shows what they listen on and start" {
        command -v systemctl >/dev/null || skip 'systemctl is not installed'
        supd_config Manager.SystemdSocket=yes
        server_write web
        socket_write web ListenStream=127.0.0.1:8080 ListenDatagram=/run/web.dgram Backlog=9
        supd_start
        supctl start web.socket
        run systemctl list-sockets --no-pager --show-types
        assert_match '127.0.0.1:8080 +Stream +web.socket +web.service' "$output"
        assert_match '/run/web.dgram +Datagram +web.socket +web.service' "$output"
        run systemctl status --no-pager web.socket
        assert_match 'active \(listening\)' "$output"
        assert_match 'Triggers: .*web.service' "$output"
        assert_match 'Listen: 127.0.0.1:8080 \(Stream\)' "$output"
        run systemctl status --no-pager web.service
        assert_match 'TriggeredBy: .*web.socket' "$output"
        assert_equal 9 "$(systemctl show --value -p Backlog web.socket)"
        assert_equal no "$(systemctl show --value -p Accept web.socket)"
        assert_equal 0666 "$(systemctl show --value -p SocketMode web.socket)"
        assert_match '127.0.0.1:8080 +web.socket +web.service' "$(supctl list-sockets)"
        assert_match '/run/web.dgram +Datagram +web.socket +web.service' "$(supctl list-sockets --show-types)"
        assert_match '"Listen": ?"127.0.0.1:8080"' "$(supctl list-sockets --json)"
        assert_match '2 sockets listed' "$(supctl list-sockets)"
        systemctl stop web.socket
        assert_match '^$' "$(supctl list-sockets --no-legend)"
        assert_match '/run/web.dgram' "$(supctl list-sockets --no-legend --all)"
        assert_equal inactive "$(unit_prop web.socket ActiveState)"
}
