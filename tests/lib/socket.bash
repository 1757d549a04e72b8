# SPDX-License-Identifier: MIT
#
# For bats files: `load ../lib/socket`, after supd. A service that is given its sockets: tests/lib/socket-peer.c.
#
#   server_write NAME [KEY=VALUE...]   NAME.container, which serves whatever it is given
#   socket_write NAME KEY=VALUE...     NAME.socket; Section.Key=VALUE for what is not of [Socket]
#   notes_of NAME                      file of what the service had to say
#   call N ADDRESS                     that many connections at once, each answered
#   send ADDRESS TEXT                  a datagram, or a line into a fifo:PATH
#   hold NAME ADDRESS, let_go NAME     a connection that is kept meanwhile

PEER=$SUPD_BUILD/test/socket-peer
NOTES=$SUPD_TEST_DIR/notes

notes_of() {
        printf '%s\n' "$NOTES/$1/notes"
}

server_write() {
        local name=$1
        shift
        rootfs_make
        [[ -e $ROOTFS/bin/socket-peer ]] || cp "$PEER" "$ROOTFS/bin/socket-peer"
        rm -rf "${NOTES:?}/$name"
        mkdir -p "$NOTES/$name"
        unit_write "$name.container" Exec='socket-peer serve /notes/notes' "Volume=$NOTES/$name:/notes" \
                Network=none "$@"
}

socket_write() {
        local name=$1 assignment
        local lines=()
        shift
        for assignment; do
                [[ ${assignment%%=*} == *.* ]] || assignment=Socket.$assignment
                lines+=("$assignment")
        done
        unit_write "$name.socket" "${lines[@]}"
}

call() {
        timeout 60 "$PEER" call "$@"
}

send() {
        timeout 60 "$PEER" send "$@"
}

hold() {
        local name=$1 address=$2 fd
        mkfifo "$SUPD_TEST_DIR/hold-$name"
        "$PEER" hold "$address" <"$SUPD_TEST_DIR/hold-$name" >"$SUPD_TEST_DIR/held-$name" 3>&- &
        exec {fd}>"$SUPD_TEST_DIR/hold-$name"
        HOLD[$name]=$fd
        wait_until 10 has_text "$SUPD_TEST_DIR/held-$name" '^served '
}

let_go() {
        local fd=${HOLD[$1]}
        exec {fd}>&-
        rm -f "$SUPD_TEST_DIR/hold-$1" "$SUPD_TEST_DIR/held-$1"
}
declare -gA HOLD

has_text() {
        grep -q -E -e "$2" "$1" 2>/dev/null
}
