# SPDX-License-Identifier: MIT
#
# shellcheck shell=dash
# For the guest scripts tests/vm/*.sh (busybox ash). A test is a function; it fails at its first command
# that fails.
#
#   check SENTENCE FUNCTION     run it, report "ok N SENTENCE" or "not ok N SENTENCE" with its output
#   finish                      say how many there were; the last line of each script
#   supd_start, supd_stop       `supinit supd`, in /sys/fs/cgroup/delegate
#   unit NAME LINE...           write a unit file
#   prop UNIT PROPERTY          one property's value
#   wait_for SECONDS COMMAND... try again until it succeeds
#   not COMMAND...              succeeds if it fails; "! COMMAND" would not end a test
#   fail TEXT...

ROOTFS=/rootfs
UNITS=/run/units
export SUPD_RUNTIME_DIR=/run/supd
checks=0

fail() {
        echo "$*"
        return 1
}

not() {
        if "$@"; then
                fail "should have failed: $*"
        fi
}

check() {
        checks=$((checks + 1))
        # Not as a condition: there the shell would go on after a command that failed.
        (
                set -e
                "$2"
        ) >/tmp/check.out 2>&1
        # shellcheck disable=SC2181 # see above
        if [ $? -eq 0 ]; then
                echo "ok $checks $1"
        else
                echo "not ok $checks $1"
                sed 's/^/# /' /tmp/check.out
                [ ! -e /tmp/supd.log ] || tail -n 20 /tmp/supd.log | sed 's/^/# supd: /'
        fi
}

finish() {
        echo "1..$checks"
}

now_msec() {
        # Clocks of busybox have whole seconds; the kernel's uptime has hundredths.
        awk '{ printf "%d", $1 * 1000 }' /proc/uptime
}

wait_for() {
        limit=$(($(now_msec) + $1 * 1000))
        shift
        until "$@" >/tmp/try.out 2>&1; do
                if [ "$(now_msec)" -gt "$limit" ]; then
                        echo "not in time: $*; the last try said:"
                        cat /tmp/try.out
                        return 1
                fi
                usleep 20000
        done
}

unit() {
        name=$1
        shift
        mkdir -p "$UNITS"
        printf '%s\n' "$@" >"$UNITS/$name"
}

prop() {
        supctl show --value --property="$2" "$1"
}

is_substate() {
        [ "$(prop "$1" SubState 2>/dev/null)" = "$2" ]
}

supd_answers() {
        supctl list-units >/dev/null 2>&1
}

# A root for containers: this machine's busybox and nothing else.
make_rootfs() {
        mkdir -p $ROOTFS/bin $ROOTFS/etc $ROOTFS/dev $ROOTFS/proc $ROOTFS/sys $ROOTFS/tmp $ROOTFS/run
        cp /bin/busybox $ROOTFS/bin/
        $ROOTFS/bin/busybox --install $ROOTFS/bin
        echo 'root:x:0:0:root:/:/bin/sh' >$ROOTFS/etc/passwd
        echo 'root:x:0:' >$ROOTFS/etc/group
}

supd_start() {
        [ -e $ROOTFS/bin/sh ] || make_rootfs
        mkdir -p "$UNITS"
        # This subshell becomes supinit; it moves itself, so that nobody else is in the delegated group.
        # shellcheck disable=SC2016 # expanded by the inner shell
        sh -c 'echo $$ >/sys/fs/cgroup/delegate/cgroup.procs
                exec supinit supd --runtime-dir /run/supd --state-dir /var/lib/supd --unit-dir '"$UNITS" \
                </dev/null >>/tmp/supd.log 2>&1 &
        echo $! >/tmp/supinit.pid
        wait_for 20 supd_answers
}

supinit_pid() {
        cat /tmp/supinit.pid
}

# supd is the one child of supinit that runs its program.
supd_pid() {
        children=$(cat "/proc/$(supinit_pid)/task/$(supinit_pid)/children")
        for pid in $children; do
                case $(readlink "/proc/$pid/exe") in
                */supd)
                        echo "$pid"
                        return
                        ;;
                esac
        done
        return 1
}

supd_stop() {
        kill -TERM "$(supinit_pid)"
        wait_for 20 is_gone "$(supinit_pid)"
}

is_gone() {
        [ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}
