# SPDX-License-Identifier: MIT
# Notify=true: a container counts as started when it says so, and what else it can say.
load ../lib/supd
load ../lib/payload

SENDER=$SUPD_BUILD/test/notify-send

setup() {
        rootfs_make
        cp "$SENDER" "$ROOTFS/bin/notify-send"
}

teardown() {
        supd_stop
}

# notifying_write() - NAME [KEY=VALUE...]: it takes orders, and is ready when one of them is to say so
notifying_write() {
        local name=$1
        shift
        obedient_write "$name" Notify=true "$@"
}

sub_state_is() {
        [[ $(unit_prop "$1" SubState) == "$2" ]]
}

start_in_background() {
        supctl start --no-block "$1"
        wait_until 10 sub_state_is "$1" start
}

# started() - NAME [KEY=VALUE...]: one that has said that it is ready
started() {
        notifying_write "$@"
        [[ -e $RUNTIME_DIR/control ]] || supd_start
        supctl daemon-reload
        start_in_background "$1"
        order "$1" notify-send READY=1
        wait_until 10 sub_state_is "$1" running
}

text_is() {
        [[ $(unit_prop "$1" StatusText) == "$2" ]]
}

result_is() {
        [[ $(unit_prop "$1" Result) == "$2" ]]
}

now_usec() {
        local up
        read -r up _ </proc/uptime
        printf '%s\n' "${up/./}0000"
}

is_past() {
        (($(now_usec) > $1))
}

@test "a start lasts until the payload says READY=1, and what comes after it waits" {
        notifying_write web
        obedient_write next Unit.After=web.service Unit.Requires=web.service
        supd_start
        supctl start --no-block next
        wait_until 10 sub_state_is web start
        assert_equal /run/supd/notify "$(ask web 'echo $NOTIFY_SOCKET')"
        assert_equal inactive "$(unit_prop next ActiveState)"
        ask web 'notify-send "STATUS=warming up"'
        wait_until 10 text_is web 'warming up'
        assert_equal activating "$(unit_prop web ActiveState)"
        assert_match 'warming up' "$(supctl status web)"
        order web notify-send READY=1 STATUS=serving
        wait_until 10 sub_state_is next running
        assert_equal running "$(unit_prop web SubState)"
        assert_equal serving "$(unit_prop web StatusText)"
        ask web 'notify-send STATUS= ERRNO=7'
        errno_is() { [[ $(unit_prop web StatusErrno) == 7 ]]; }
        wait_until 10 errno_is
        assert_equal '' "$(unit_prop web StatusText)"
}

@test "one that ends, or takes too long, before it is ready has failed" {
        notifying_write ends
        notifying_write slow TimeoutStartSec=300ms
        notifying_write longer TimeoutStartSec=1s
        supd_start
        start_in_background ends
        order ends 'exit 0'
        wait_until 10 result_is ends protocol
        supctl start --no-block slow
        wait_until 10 result_is slow timeout
        supctl start --no-block longer
        wait_until 10 sub_state_is longer start
        order longer notify-send EXTEND_TIMEOUT_USEC=600000000
        wait_until 10 extended longer
        order longer notify-send READY=1
        wait_until 10 sub_state_is longer running
}

# extended() - the time that its start may last is more than it was given
extended() {
        [[ $(unit_prop "$1" SubState) == start ]] && ask "$1" 'notify-send -b STATUS=on' && text_is "$1" on
}

@test "a word that comes just before the end, or from a process that has gone, counts" {
        notifying_write web
        supd_start
        start_in_background web
        order web '(notify-send READY=1 "STATUS=last words"); exit 3'
        wait_until 10 result_is web exit-code
        assert_match 'Started web' "$(supd_messages web)"
}

@test "one that sends the end of its string, or a text in another encoding, is ready all the same" {
        notifying_write ended
        notifying_write latin
        supd_start
        start_in_background ended
        order ended 'notify-send -e READY=1'
        wait_until 10 sub_state_is ended running
        start_in_background latin
        order latin 'notify-send "$(printf "STATUS=\377\nREADY=1")"'
        wait_until 10 sub_state_is latin running
        assert_equal '' "$(unit_prop latin StatusText)"
}

@test "nobody but the unit's own processes is heard, and NotifyAccess= says which of them" {
        notifying_write web NotifyAccess=main TimeoutStartSec=30s
        supd_start
        start_in_background web
        ask web 'notify-send READY=1 STATUS=child'
        # The shell is the main process: it becomes the sender.
        order web 'exec notify-send -b READY=1'
        wait_until 10 sub_state_is web dead
        assert_match 'Started web' "$(supd_messages web)"
        assert_equal success "$(unit_prop web Result)"
        notifying_write deaf NotifyAccess=none TimeoutStartSec=1s
        supctl daemon-reload
        supctl start --no-block deaf
        wait_until 10 sub_state_is deaf start
        order deaf notify-send READY=1
        wait_until 10 result_is deaf timeout
}

@test "a process of the host does not speak for a container" {
        started web
        socket=$(find "$RUNTIME_DIR/notify" -type s)
        NOTIFY_SOCKET=$socket "$SENDER" -b STATUS=forged
        assert_equal '' "$(unit_prop web StatusText)"
        assert_equal 700 "$(stat -c %a "$RUNTIME_DIR/notify")"
        supctl stop web
        [[ ! -e $RUNTIME_DIR/notify ]]
}

@test "a barrier is passed once all before it has been taken in" {
        started web
        for i in 1 2 3 4 5; do
                ask web "notify-send -n 100 -b STATUS=round-$i"
                assert_equal "round-$i" "$(unit_prop web StatusText)"
        done
}

@test "hostile messages change nothing and cost nothing" {
        started web
        ask web 'notify-send -s 60000 STATUS=long; notify-send -z STATUS=middle READY=1; notify-send nonsense'
        ask web 'printf "STATUS=\377\376" >/tmp/bad; notify-send "$(cat /tmp/bad)"'
        ask web 'notify-send -s 4000 STATUS=; notify-send WATCHDOG_USEC=-1 ERRNO=99999999999 FDSTORE=1 FDNAME=a:b'
        before=$(find "/proc/$(supd_pid)/fd" | wc -l)
        ask web 'notify-send -f /bin/busybox -f /bin/busybox -n 500 FDSTORE=1 FDNAME=x'
        ask web 'notify-send -n 2000 READY=1 STATUS=flood; notify-send -b STATUS=end'
        assert_equal end "$(unit_prop web StatusText)"
        assert_equal running "$(unit_prop web SubState)"
        assert_equal "$before" "$(find "/proc/$(supd_pid)/fd" | wc -l)"
}

@test "it can say that it reloads, and that it ends" {
        started web
        ask web 'notify-send -b RELOADING=1'
        assert_equal reloading "$(unit_prop web ActiveState)"
        ask web 'notify-send -b READY=1'
        assert_equal active "$(unit_prop web ActiveState)"
        ask web 'notify-send -b STOPPING=1'
        assert_equal deactivating "$(unit_prop web ActiveState)"
        order web 'exit 0'
        wait_until 10 sub_state_is web dead
        assert_equal success "$(unit_prop web Result)"
}

@test "without a sign of life in time it is aborted, and Restart= knows why" {
        started web WatchdogSec=1s Restart=on-watchdog RestartSec=100ms WatchdogSignal=TERM
        assert_equal 1000000 "$(ask web 'echo $WATCHDOG_USEC')"
        assert_equal 1s "$(supctl show -p WatchdogUSec --value web)"
        has_restarted() { [[ $(unit_prop web NRestarts) == 1 ]]; }
        wait_until 20 has_restarted
        assert_match 'watchdog' "$(supctl why web)"
        assert_equal 1 "$(unit_prop web NRestarts)"
}

@test "signs of life keep it running, and trigger ends it at once" {
        notifying_write web WatchdogSec=2s WatchdogSignal=KILL
        first_order web '(while :; do notify-send WATCHDOG=1; sleep 0.2; done) &'
        supd_start
        start_in_background web
        order web notify-send READY=1
        wait_until 10 sub_state_is web running
        entered=$(unit_prop web ActiveEnterTimestampMonotonic)
        wait_until 20 is_past "$((entered + 4500000))"
        assert_equal running "$(unit_prop web SubState)"
        order web notify-send WATCHDOG=trigger
        wait_until 10 result_is web watchdog
}

@test "a paused container gives no sign of life, and none is due" {
        started web WatchdogSec=1s
        supctl pause web
        at=$(now_usec)
        wait_until 20 is_past "$((at + 2500000))"
        assert_equal running "$(unit_prop web SubState)"
        supctl unpause web
        order web notify-send WATCHDOG_USEC=600000000
        ask web 'notify-send -b STATUS=well'
        assert_equal well "$(unit_prop web StatusText)"
}

@test "the socket outlives a supd that is killed, and what is sent meanwhile is not lost" {
        notifying_write web WatchdogSec=1h
        supd_start
        start_in_background web
        ask web 'notify-send -b STATUS=before'
        pid=$(supd_pid)
        kill -STOP "$pid"
        order web notify-send READY=1 STATUS=meanwhile
        ask web true
        kill -KILL "$pid"
        wait_until 20 supd_answers
        wait_until 20 sub_state_is web running
        wait_until 10 text_is web meanwhile
        supctl daemon-reexec
        wait_until 20 supd_answers
        assert_equal meanwhile "$(unit_prop web StatusText)"
        supctl daemon-reexec
        wait_until 20 supd_answers
        ask web 'notify-send -b STATUS=after'
        assert_equal after "$(unit_prop web StatusText)"
}

@test "Debian's systemd-notify and systemctl understand each other through it" {
        started web
        ask web 'notify-send -b STATUS=hello'
        command -v systemctl >/dev/null || fail 'systemctl is not installed'
        supd_stop
        notifying_write web
        supd_config Manager.SystemdSocket=yes
        supd_start
        start_in_background web
        order web notify-send READY=1 STATUS=hello
        wait_until 10 sub_state_is web running
        assert_match 'Status: "hello"' "$(timeout 20 systemctl --no-pager status web)"
}

@test "a command inside it and a health check do not speak for it by chance" {
        notifying_write web HealthCmd='test -z "$NOTIFY_SOCKET" && test -z "$WATCHDOG_USEC"' HealthInterval=1h WatchdogSec=1h
        supd_start
        start_in_background web
        health_is() { [[ $(unit_prop web HealthState) == "$1" ]]; }
        wait_until 20 health_is healthy
        # That it is healthy does not make it ready, either.
        assert_equal start "$(unit_prop web SubState)"
        order web notify-send READY=1
        wait_until 10 sub_state_is web running
}

@test "in a user namespace, and read-only, it is heard as well" {
        started web UserNS=auto ReadOnly=true User=7:8
        assert_equal running "$(unit_prop web SubState)"
}

@test "what makes no sense is told" {
        notifying_write web WatchdogSec=5s
        sed -i '/^Notify=/d' "$UNIT_DIR/web.container"
        run supctl verify "$UNIT_DIR/web.container"
        assert_match 'WatchdogSec= has no effect without Notify=true' "$output"
        unit_write other.container Exec=true Service.NotifyAccess=some
        run supctl verify "$UNIT_DIR/other.container"
        assert_match "'some' is not none, main, exec or all" "$output"
}

# ---- descriptors that are kept -----------------------------------------------------------------------

n_kept_is() {
        [[ $(unit_prop "$1" NFileDescriptorStore) == "$2" ]]
}

# passed_to() - what the payload was given: how many, their names, and what descriptor 4 is (3 it uses itself)
passed_to() {
        ask "$1" 'echo "$LISTEN_FDS $LISTEN_FDNAMES $(readlink /proc/$$/fd/4)"'
}

kept_write() {
        local name=$1
        shift
        notifying_write "$name" FileDescriptorStoreMax=3 "$@"
        first_order "$name" notify-send READY=1
}

@test "descriptors that it hands over are given to its next run, by name" {
        kept_write web
        supd_start
        supctl start web
        assert_equal 3 "$(unit_prop web FileDescriptorStoreMax)"
        ask web 'notify-send -f /etc/passwd FDSTORE=1; notify-send -b -f /orders/obey FDSTORE=1 FDNAME=script'
        wait_until 10 n_kept_is web 2
        supctl restart web
        assert_equal '2 stored:script /obey' "$(passed_to web)"
        # The same ones again are not kept twice, and beyond the limit nothing is.
        ask web 'notify-send -f /bin/busybox -f /bin/sh -f /etc/group -b FDSTORE=1'
        wait_until 10 n_kept_is web 3
        ask web 'notify-send -n 20 -f /etc/group -b FDSTORE=1'
        assert_equal 1 "$(supd_messages web | grep -c 'is not kept: FileDescriptorStoreMax')"
        ask web 'notify-send -b FDSTOREREMOVE=1 FDNAME=script'
        wait_until 10 n_kept_is web 2
        supctl stop web
        assert_equal 0 "$(unit_prop web NFileDescriptorStore)"
        supctl start web
        assert_equal '  ' "$(ask web 'echo "$LISTEN_FDS $LISTEN_FDNAMES "')"
}

@test "they outlive the payload's crash, a supd that is killed, and its execution anew" {
        kept_write web Restart=always RestartSec=100ms
        supd_start
        supctl start web
        ask web 'notify-send -b -f /etc/passwd -f /orders/obey FDSTORE=1 FDNAME=script'
        wait_until 10 n_kept_is web 2
        kill -KILL "$(supd_pid)"
        wait_until 20 supd_answers
        assert_equal 2 "$(unit_prop web NFileDescriptorStore)"
        supctl daemon-reexec
        wait_until 20 supd_answers
        kill -KILL "$(unit_prop web MainPID)"
        has_restarted() { [[ $(unit_prop web NRestarts) == 1 && $(unit_prop web SubState) == running ]]; }
        wait_until 20 has_restarted
        assert_equal '2 script:script /obey' "$(passed_to web)"
}

@test "FileDescriptorStorePreserve= says how long" {
        kept_write never FileDescriptorStorePreserve=no
        kept_write always FileDescriptorStorePreserve=yes
        supd_start
        supctl start never always
        ask never 'notify-send -b -f /orders/obey FDSTORE=1'
        ask always 'notify-send -b -f /etc/passwd -f /orders/obey FDSTORE=1'
        wait_until 10 n_kept_is never 1
        wait_until 10 n_kept_is always 2
        supctl restart never
        assert_equal 0 "$(unit_prop never NFileDescriptorStore)"
        supctl stop always
        assert_equal 2 "$(unit_prop always NFileDescriptorStore)"
        kill -KILL "$(supd_pid)"
        wait_until 20 supd_answers
        assert_equal inactive "$(unit_prop always ActiveState)"
        supctl start always
        assert_equal '2 stored:stored /obey' "$(passed_to always)"
        ask always 'notify-send -b FDSTOREREMOVE=1 FDNAME=stored'
        wait_until 10 n_kept_is always 0
}

@test "one whose other end has gone is forgotten, unless it is not to be" {
        kept_write web
        supd_start
        supctl start web
        ask web 'mkfifo /tmp/a /tmp/b'
        order web 'exec 7<>/tmp/a 8<>/tmp/b'
        ask web 'notify-send -f /tmp/a FDSTORE=1 FDNAME=a; notify-send -b -f /tmp/b FDSTORE=1 FDNAME=b FDPOLL=0'
        wait_until 10 n_kept_is web 2
        order web 'exec 7>&- 8>&-'
        wait_until 10 n_kept_is web 1
        supctl restart web
        assert_equal '1 b' "$(ask web 'echo "$LISTEN_FDS $LISTEN_FDNAMES"')"
}

@test "a connection that lingers, handed over, holds supd up in nothing" {
        started web FileDescriptorStoreMax=3
        started other
        # The sender is to be gone before supd has a look: then it is supd that closes it.
        kill -STOP "$(supd_pid)"
        ask web 'notify-send -l STATUS=unasked'
        kill -CONT "$(supd_pid)"
        ask web 'notify-send -b STATUS=after'
        assert_equal after "$(unit_prop web StatusText)"
        ask web 'notify-send -l FDSTORE=1 FDNAME=slow; notify-send -b STATUS=kept'
        wait_until 10 n_kept_is web 1
        ask web 'notify-send FDSTOREREMOVE=1 FDNAME=slow; notify-send -b STATUS=removed'
        assert_equal 0 "$(unit_prop web NFileDescriptorStore)"
        ask web 'notify-send -l FDSTORE=1 FDNAME=slow; notify-send -b STATUS=again'
        wait_until 10 n_kept_is web 1
        ask other 'notify-send -b STATUS=heard'
        timeout 20 supctl stop web
        ask other 'notify-send -b STATUS=still'
        assert_equal 0 "$(unit_prop web NFileDescriptorStore)"
}

@test "signs of life that waited for supd were given in time" {
        notifying_write web WatchdogSec=1s WatchdogSignal=KILL
        first_order web '(while :; do notify-send WATCHDOG=1; sleep 0.1; done) &'
        supd_start
        start_in_background web
        order web notify-send READY=1
        wait_until 10 sub_state_is web running
        for signal in CONT KILL; do
                pid=$(supd_pid)
                kill -STOP "$pid"
                at=$(now_usec)
                wait_until 20 is_past "$((at + 1500000))"
                kill "-$signal" "$pid"
                wait_until 20 supd_answers
                ask web 'notify-send -b STATUS=heard'
                assert_equal running "$(unit_prop web SubState)"
                assert_equal 0 "$(unit_prop web NRestarts)"
        done
}

@test "one that never stops talking keeps supd from nothing else" {
        started other RuntimeMaxSec=600s
        started web
        order web 'for i in 1 2 3; do notify-send -n 100000000 STATUS=x WATCHDOG=1 & done'
        wait_until 10 text_is web x
        order other 'notify-send EXTEND_TIMEOUT_USEC=1; exit 3'
        wait_until 10 result_is other exit-code
        notifying_write slow TimeoutStartSec=1s
        supctl daemon-reload
        supctl start --no-block slow
        wait_until 10 result_is slow timeout
        ask web 'notify-send -b STATUS=end'
        timeout 20 supctl stop web
}
