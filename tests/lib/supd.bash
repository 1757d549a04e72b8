# SPDX-License-Identifier: MIT
#
# For bats files: `load ../lib/supd`. A real supd in the private namespaces that tests/lib/namespace made.
#
#   supd_start [OPTION...]            start `supinit supd` and wait until it answers
#   supd_stop                         stop all units, then supd; fails if anything is left
#   supd_pid                          process id of supd itself (a child of supinit)
#   supd_config SECTION.KEY=VALUE...  write /etc/supd/supd.conf, before supd_start
#   unit_write NAME.container KEY=VALUE...
#   unit_prop UNIT PROPERTY           value of one property, as `supctl show` tells it
#   unit_is UNIT SUBSTATE             for wait_until: the unit is in that state
#   unit_has_other_pid UNIT PID       for wait_until: its main process is another than PID, and runs
#   rootfs_make [DIR]                 a busybox root; $ROOTFS without DIR, which unit_write names by default
#   wait_until SECONDS COMMAND...     try again until it succeeds or the time is over
#   settled_descriptors PID           how many it has, once the connections of those who asked it are closed
#   journal_of UNIT [OPTION...]       what the unit's container printed
#   cgroup_of UNIT CONTROLLER         directory of the unit's cgroup in CONTROLLER's hierarchy ("" for v2)
#   assert_equal WANTED GOT, assert_match REGEX TEXT, assert_no_match REGEX TEXT
#
# Written for bats 1.2 and later.

ROOTFS=$SUPD_TEST_DIR/rootfs
UNIT_DIR=$SUPD_TEST_DIR/units
RUNTIME_DIR=/run/supd
STATE_DIR=/var/lib/supd
SUPD_LOG=$SUPD_TEST_DIR/supd.log

export SUPD_RUNTIME_DIR=$RUNTIME_DIR
export SYSTEMD_COLORS=0 SYSTEMD_PAGER='' SYSTEMD_LESS='' LC_ALL=C.UTF-8

fail() {
        printf '%s\n' "$*" >&2
        return 1
}

assert_equal() {
        [[ $1 == "$2" ]] || fail "wanted: $1"$'\n'"got:    $2"
}

assert_match() {
        [[ $2 =~ $1 ]] || fail "does not match: $1"$'\n'"got: $2"
}

assert_no_match() {
        [[ ! $2 =~ $1 ]] || fail "matches: $1"$'\n'"got: $2"
}

# The deadline is there to end a test that fails; nothing waits for time to pass.
wait_until() {
        local seconds=$1 deadline
        shift
        deadline=$((${EPOCHREALTIME//[.,]/} + seconds * 1000000))
        until "$@" 2>"$SUPD_TEST_DIR/last-try"; do
                if ((${EPOCHREALTIME//[.,]/} > deadline)); then
                        cat "$SUPD_TEST_DIR/last-try" >&2
                        fail "not within $seconds s: $*"
                        return 1
                fi
                sleep 0.02
        done
}

# ---- units -------------------------------------------------------------------------------------
# The section that a key goes to when unit_write is not told; everything else is [Container].
# "Section.Key=Value" says it outright.
declare -gA SECTION_OF # -g: bats sources this within a function
section_keys() {
        local section=$1 key
        shift
        for key; do
                SECTION_OF[$key]=$section
        done
}
section_keys Unit Description Documentation Wants Requires Requisite BindsTo PartOf Upholds Conflicts \
        Before After OnFailure OnSuccess StartLimitIntervalSec StartLimitBurst StartLimitAction \
        PropagatesStopTo PropagatesReloadTo JobTimeoutSec
section_keys Service Type Restart RestartSec RestartSteps RestartMaxDelaySec RestartMode \
        RestartForceExitStatus RestartPreventExitStatus SuccessExitStatus TimeoutSec TimeoutStartSec \
        TimeoutStopSec TimeoutAbortSec RuntimeMaxSec KillSignal KillMode SendSIGKILL SendSIGHUP \
        RemainAfterExit MemoryMax MemoryHigh MemoryLow MemoryMin MemorySwapMax CPUQuota CPUWeight \
        MemoryZSwapMax MemoryZSwapWriteback CPUQuotaPeriodSec AllowedMemoryNodes IODeviceWeight \
        IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax IODeviceLatencyTargetSec \
        DevicePolicy DeviceAllow \
        AllowedCPUs TasksMax IOWeight OOMScoreAdjust OOMPolicy WatchdogSec NotifyAccess WatchdogSignal \
        FileDescriptorStoreMax FileDescriptorStorePreserve ExecStartPre ExecStartPost \
        ExecStop ExecStopPost ExecReload ExecCondition LogRateLimitIntervalSec LogRateLimitBurst Slice \
        SyslogIdentifier SyslogFacility SyslogLevel SyslogLevelPrefix LogLevelMax LogExtraFields \
        LogFilterPatterns StandardInput StandardOutput StandardError
section_keys Install WantedBy RequiredBy UpheldBy Alias
section_keys X-Supd RestartResetSec HealthHttp HealthTcp

unit_write() {
        local name=$1 assignment key section root=1
        local -A lines=()
        shift
        for assignment; do
                key=${assignment%%=*}
                if [[ $key == *.* ]]; then
                        section=${key%%.*}
                        assignment=${assignment#*.}
                else
                        section=${SECTION_OF[$key]-Container}
                fi
                lines[$section]+=$assignment$'\n'
                [[ $section != Container || ! $assignment =~ ^(Rootfs|Image)= ]] || root=0
        done
        if ((root)) && [[ $name == *.container ]]; then
                rootfs_make
                lines[Container]="Rootfs=$ROOTFS:O"$'\n'${lines[Container]-}
        fi

        mkdir -p "$UNIT_DIR"
        for section in "${!lines[@]}"; do
                printf '[%s]\n%s\n' "$section" "${lines[$section]}"
        done >"$UNIT_DIR/$name"
}

rootfs_make() {
        local root=${1:-$ROOTFS} busybox
        [[ ! -e $root/bin/sh ]] || return 0
        busybox=$(command -v busybox) || fail 'busybox-static is not installed'
        mkdir -p "$root"/{bin,dev,etc,proc,run,srv,sys,tmp,root,usr,var/tmp}
        cp -L "$busybox" "$root/bin/busybox"
        # Its own copy installs itself: hard links to each applet, by one process.
        "$root/bin/busybox" --install "$root/bin"
        ln -s bin "$root/sbin"
        ln -s ../bin "$root/usr/bin"
        printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$root/etc/passwd"
        printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
        chmod 1777 "$root/tmp" "$root/var/tmp"
}

unit_prop() {
        supctl show --value --property="$2" "$1"
}

unit_is() {
        [[ $(unit_prop "$1" SubState 2>/dev/null) == "$2" ]]
}

unit_has_other_pid() {
        local now
        now=$(unit_prop "$1" MainPID 2>/dev/null)
        [[ -n $now && $now != 0 && $now != "$2" ]]
}

cgroup_of() {
        local unit=${1%.service}.service controller=$2 tree components
        while read -r tree; do
                # v1 mount points are named after their controllers: "cpu", "cpu,cpuacct".
                components=/${tree//,/\/}/
                if [[ -e $tree/cgroup.controllers ]]; then
                        [[ -n $controller && " $(<"$tree/cgroup.controllers") " != *" $controller "* ]] && continue
                else
                        [[ -z $controller || $components != */"$controller"/* ]] && continue
                fi
                printf '%s\n' "$tree/$unit"
                return
        done <"$SUPD_TEST_CGROUPS"
        fail "no cgroup hierarchy for '$controller'"
}

# ---- the journal -------------------------------------------------------------------------------
journal_of() {
        local unit=$1
        shift
        journalctl --sync && journalctl --quiet --no-pager --output=cat --unit="$unit" "$@"
}

# ---- supd --------------------------------------------------------------------------------------
# state_of_the_world() - everything that a supd could leave behind, one thing a line
state_of_the_world() {
        local tree pid stat
        awk '{ print "mount " $5 }' /proc/self/mountinfo
        while read -r tree; do
                find "$tree" -mindepth 1 -type d -printf 'cgroup %p\n'
        done <"$SUPD_TEST_CGROUPS"
        # Not all of these directories need be there, which is no reason for bats to end the test.
        find "$RUNTIME_DIR" /run/systemd/units /run/netns -mindepth 1 ! -type d -printf 'file %p\n' \
                2>/dev/null || true
        # What waits in the trash goes in its own time, if need be after the next start.
        find "$RUNTIME_DIR/container" "$RUNTIME_DIR/netns" "$STATE_DIR/container" -mindepth 1 -type d \
                ! -path "$STATE_DIR/container/.trash*" -printf 'directory %p\n' 2>/dev/null || true
        ip -o link show | awk -F': ' '{ print "network " $2 }'
        for stat in /proc/[0-9]*/stat; do
                pid=${stat#/proc/}
                pid=${pid%/stat}
                # Not the harness: whoever is in the directory beside the delegated one, in each hierarchy.
                awk '/\/supd-test-/ { n++; outside += !/\/harness$/ } END { exit !n || outside }' \
                        "/proc/$pid/cgroup" 2>/dev/null && continue
                [[ ! -e /proc/$pid ]] || echo "process $pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
        done
        return 0
}

supd_config() {
        local assignment
        mkdir -p /etc/supd
        for assignment; do
                printf '[%s]\n%s\n' "${assignment%%.*}" "${assignment#*.}"
        done >/etc/supd/supd.conf
}

# in_delegated_cgroups() - become COMMAND there, with none of the descriptors that bats keeps
in_delegated_cgroups() {
        local tree
        while read -r tree; do
                # On v2 a supd that was killed left controllers enabled here, and the kernel lets nobody in.
                echo "$BASHPID" 2>/dev/null >"$tree/cgroup.procs" ||
                        echo "$BASHPID" >"$tree/supd/cgroup.procs" || exit 125
        done <"$SUPD_TEST_CGROUPS"
        exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
        exec "$@"
}

supd_answers() {
        supctl list-units >/dev/null 2>&1
}

supd_answers_or_ended() {
        supd_answers || process_is_gone "$SUPD_PID"
}

# supd_launch() - supinit supd, or supd alone for a test of that
supd_launch() {
        in_delegated_cgroups "$@" --runtime-dir "$RUNTIME_DIR" --state-dir "$STATE_DIR" \
                --unit-dir "$UNIT_DIR" "${supd_options[@]}" </dev/null >>"$SUPD_LOG" 2>&1 &
        SUPD_PID=$!
}

supd_start() {
        supd_options=("$@")
        SUPD_STARTED=$EPOCHREALTIME
        mkdir -p "$UNIT_DIR"
        : >"$SUPD_LOG"
        state_of_the_world >"$SUPD_TEST_DIR/before"
        supd_launch supinit supd
        if ! wait_until 10 supd_answers_or_ended || ! supd_answers; then
                cat "$SUPD_LOG" >&2
                fail 'supd does not answer'
        fi
}

# children_of() - process ids, one a line
children_of() {
        cat "/proc/$1/task"/*/children 2>/dev/null | tr -s ' ' '\n'
}

supd_pid() {
        local pid
        for pid in $(children_of "$SUPD_PID"); do
                [[ $(readlink "/proc/$pid/exe") != */supd ]] || {
                        echo "$pid"
                        return
                }
        done
        return 1
}

# settled_descriptors() - how many PID has once the connections of those who asked it are closed
settled_descriptors() {
        local last=0 now same=0
        while ((same < 10)); do
                now=$(ls "/proc/$1/fd" | wc -l)
                if ((now == last)); then same=$((same + 1)); else same=0; fi
                last=$now
                sleep 0.02
        done
        echo "$now"
}

# all_units() - those that may run: by their files, and by the cgroups there are
all_units() {
        local file tree
        for file in "$UNIT_DIR"/*.container; do
                [[ ! -s $file || $file == *@.container ]] || basename "$file" .container
        done
        while read -r tree; do
                find "$tree" -mindepth 1 -maxdepth 1 -name '*.service' -printf '%f\n' | sed 's/\.service$//'
        done <"$SUPD_TEST_CGROUPS"
}

process_is_gone() {
        [[ ! -e /proc/$1 || $(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null) == Z ]]
}

# left_behind() - what is there now and was not before
left_behind() {
        state_of_the_world >"$SUPD_TEST_DIR/after"
        comm -13 <(sort "$SUPD_TEST_DIR/before") <(sort "$SUPD_TEST_DIR/after")
}

world_is_as_before() {
        [[ -z $(left_behind) ]]
}

supd_stop() {
        local units status=0 problems=0
        [[ -n ${SUPD_PID-} ]] || return 0

        mapfile -t units < <(all_units | sort -u)
        ((${#units[@]} == 0)) || timeout 60 supctl stop "${units[@]}" >>"$SUPD_LOG" 2>&1 || true

        kill -TERM "$SUPD_PID" 2>/dev/null
        if wait_until 20 process_is_gone "$SUPD_PID"; then
                wait "$SUPD_PID" || status=$?
        else
                kill -KILL "$SUPD_PID"
                status='none: killed after 20 s'
        fi
        SUPD_PID=
        rm -rf "$SUPD_TEST_DIR/units" /etc/supd/supd.conf

        # bats switches errexit off in teardown(): what goes wrong is counted.
        sanitizers_are_silent || problems=1
        wait_until "${SUPD_TEST_PATIENCE:-5}" world_is_as_before || {
                left_behind >&2
                echo 'supd left these behind' >&2
                problems=1
        }
        [[ $status == 0 ]] || {
                echo "exit status of supd: $status" >&2
                problems=1
        }
        ((!problems)) && [[ -n ${BATS_TEST_COMPLETED-} ]] || supd_messages_since_start
        return "$problems"
}

# For who reads of a failed test.
supd_messages_since_start() {
        echo "--- supd's messages"
        tail -n 60 "$SUPD_LOG"
        journalctl --sync 2>/dev/null &&
                journalctl --quiet --no-pager --output=short-monotonic --since="@$SUPD_STARTED" --lines=60 \
                        SYSLOG_IDENTIFIER=supd
}

# tests/run has the sanitizers write files, so that supctl's and supd's findings are seen the same way.
sanitizers_are_silent() {
        local file found=0
        for file in "$SUPD_TEST_DIR"/sanitizer.*; do
                [[ -e $file ]] || continue
                cat "$file" >&2
                mv "$file" "$SUPD_TEST_DIR/seen-${file##*/}"
                found=1
        done
        ((!found))
}
