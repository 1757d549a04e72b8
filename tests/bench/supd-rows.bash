# SPDX-License-Identifier: MIT
#
# What `run` measures of supd, and the yardsticks of the kernel's own. Sourced within the namespaces.

# shellcheck source=tests/lib/supd.bash
. "$repository/tests/lib/supd.bash"
BATS_TEST_COMPLETED=1 # supd.bash: its log is not to be shown at every stop

control=$RUNTIME_DIR/control
v2_delegate=$(while read -r tree; do [[ ! -e $tree/cgroup.controllers ]] || echo "$tree"; done <"$SUPD_TEST_CGROUPS")
bare_options=()

# container() - NAME NETWORK "COMMAND" [SECTION.KEY=VALUE...]
container() {
        local name=$1 network=$2 command=$3
        shift 3
        unit_write "$name.container" "Rootfs=$BENCH_ROOT:O" "Exec=/tick-program $command" "Network=$network" \
                "Volume=$BENCH_TICK:/tick" "$@"
}

# containers() - COUNT PREFIX NETWORK "COMMAND"; their names into the array `units`
containers() {
        local i
        units=()
        for ((i = 1; i <= $1; i++)); do
                container "$2$i" "$3" "$4"
                units+=("$2$i.service")
        done
}

# with_supd() - FUNCTION [ARGUMENT...]: run it with a fresh supd that has no units yet
with_supd() {
        local row=$1 status=0
        shift
        wants "$row" || return 0
        progress "$row"
        rm -rf "$UNIT_DIR"
        if ! supd_start 2>"$BENCH_DIR/said"; then
                no_figure "$row" supd failed "does not start: $(tail -n 1 "$BENCH_DIR/said")"
                return 1
        fi
        "$@" || status=$?
        # Slow in taking down what it must is not a failure; what it leaves behind is.
        if ! supd_stop >"$BENCH_DIR/said" 2>&1; then
                no_figure "$row" 'supd, stopping' failed "$(tail -n 1 "$BENCH_DIR/said")"
        fi
        return "$status"
}

reload() {
        supctl daemon-reload
}

processes_in_containers() {
        find "$v2_delegate" -path '*.service/*' -name cgroup.procs -exec cat {} + | sort -n
}

# own_processes() - of supd, its guardian and every container's PID 1, but not of the payloads
own_processes() {
        local pid
        echo "$SUPD_PID"
        supd_pid
        while read -r pid; do
                [[ $(<"/proc/$pid/comm") == tick-program ]] || echo "$pid"
        done < <(processes_in_containers)
}

# ---- yardsticks --------------------------------------------------------------------------------
# bare_prepare() - cgroups for the bare program in the hierarchies in which unit $1 has one
bare_prepare() {
        local tree base
        bare_options=(--bind "$BENCH_TICK:tick")
        while read -r tree; do
                [[ -d $tree/$1.service ]] || continue
                base=${tree%/*}/bare
                mkdir -p "$base"
                if [[ -e $tree/cgroup.type || -e $tree/cgroup.controllers ]]; then
                        bare_options+=(--cgroup "$base")
                else
                        [[ ! -e $tree/cpuset.cpus ]] || cat "$tree/cpuset.cpus" >"$base/cpuset.cpus"
                        [[ ! -e $tree/cpuset.mems ]] || cat "$tree/cpuset.mems" >"$base/cpuset.mems"
                        bare_options+=(--join "$base")
                fi
        done <"$SUPD_TEST_CGROUPS"
}

# bare_round() - ROW WHO RUNS [--net]
bare_round() {
        round "$1" "$2" bare --runs "$3" "${@:4}" "${bare_options[@]}" "$BENCH_ROOT" /tick-program stdout
}

# ---- rows --------------------------------------------------------------------------------------
row_start() {
        local i by_bus=(meter bus-start --runs 10 "$control" "$BENCH_FIFO")
        container with-net none stay
        container host-net host stay
        reload

        supctl start host-net
        bare_prepare host-net
        supctl stop host-net
        for ((i = 0; i < $(runs 6 2); i++)); do
                bare_round start 'bare C, host network' 10
                round start 'supd, by the bus, host network;supd, host network, job done' \
                        "${by_bus[@]}" host-net.service
                bare_round start 'bare C' 10 --net
                round start 'supd, by the bus;supd, job done' "${by_bus[@]}" with-net.service
                round start 'supctl start' meter start --runs 5 --after 'supctl stop with-net' \
                        "$BENCH_FIFO" supctl start with-net
        done
        rounds_done start 'bare C, host network'
        rounds_done start 'supd, by the bus, host network' 'start/bare C, host network' 'ratio 1.5'
        rounds_done start 'supd, host network, job done' 'start/bare C, host network'
        rounds_done start 'bare C'
        rounds_done start 'supd, by the bus' 'start/bare C' 'ratio 1.5'
        rounds_done start 'supd, job done' 'start/bare C'
        rounds_done start 'supctl start' 'start/bare C'
}

row_restart() {
        container again none 'cycle 30' Restart=always RestartSec=0 StartLimitIntervalSec=0
        reload
        supctl start again >/dev/null
        measure restart 'supd, RestartSec=0' 'restart/shell loop, a plain process' 'below 3000' \
                meter cycle --runs "$(runs 50 10)" "$BENCH_FIFO"
        supctl stop again
}

shell_loop() {
        TICK=$BENCH_FIFO sh -c 'while :; do "$0" cycle 30; done' "$BENCH_DIR/bin/tick" &
        local loop=$!
        measure restart 'shell loop, a plain process' - - meter cycle --runs "$(runs 25 10)" "$BENCH_FIFO"
        kill "$loop"
        wait "$loop" 2>/dev/null
}

row_burst() {
        local -a units
        containers 100 burst none stay
        reload
        measure burst 'supd, by the bus;supd, stopping them' - 'below 600000' \
                meter bus-burst --runs "$(runs 7 2)" "$control" "$BENCH_FIFO" "${units[@]}"
        measure burst 'supctl start, 100 names' - - meter burst --count 100 --runs "$(runs 5 2)" \
                --after "supctl stop ${units[*]}" "$BENCH_FIFO" supctl start "${units[@]}"
}

row_pause() {
        local count i freezer=${v2_delegate%/*}/freeze
        mkdir -p "$freezer"
        for count in 1 100; do
                # supinit is one more.
                container "crowd-$count" none "crowd $count"
                reload
                supctl start "crowd-$count"
                payload_reports
                for ((i = 0; i < $(runs 6 2); i++)); do
                        round pause "kernel, $count;kernel, thaw $count" \
                                meter kernel-freeze --runs 10 --count "$count" "$freezer"
                        round pause "supd, $count;supd, thaw $count" \
                                meter bus-freeze --runs 10 "$control" "crowd-$count.service"
                done
                rounds_done pause "kernel, $count"
                rounds_done pause "supd, $count" "pause/kernel, $count" 'above 500'
                rounds_done pause "kernel, thaw $count"
                rounds_done pause "supd, thaw $count" "pause/kernel, thaw $count" 'above 500'
                supctl stop "crowd-$count"
        done
}

# payload_reports() - wait for one payload's report, which comes when all its processes are there
payload_reports() {
        local line
        read -r -t 10 line <>"$BENCH_FIFO"
}

# A guardian restarts a supd that died soon after its start with a delay, so each run takes a fresh one.
crash_once() {
        local count=$1 before
        local -a units
        containers "$count" crash none stay
        reload
        meter bus-burst --keep --runs 1 "$control" "$BENCH_FIFO" "${units[@]}" >/dev/null || return
        before=$(processes_in_containers)
        meter bus-kill --runs 1 --count "$count" "$control" "$SUPD_PID" >>"$BENCH_DIR/crash" || return
        [[ $(processes_in_containers) == "$before" ]] || {
                echo 'containers were disturbed' >&2
                return 1
        }
}

row_crash() {
        local count=$1 budget=$2 n=$3 i
        : >"$BENCH_DIR/crash"
        for ((i = 0; i < n; i++)); do
                with_supd crash crash_once "$count" 2>"$BENCH_DIR/crash-said" || {
                        no_figure crash "supd, $count containers" failed "$(tail -n 1 "$BENCH_DIR/crash-said")"
                        return 1
                }
        done
        record crash "supd, $count containers" usec "$(cut -d ' ' -f 1 "$BENCH_DIR/crash" | summary)" \
                'crash/supd, 10 containers' "$budget"
}

# many_units() - DIRECTORY COUNT: unit files as people write them, each ordered after the one before
many_units() {
        local i
        mkdir -p "$1"
        for ((i = 1; i <= $2; i++)); do
                printf '%s\n' '[Unit]' "Description=Number $i of many" "After=many$((i > 1 ? i - 1 : 1000)).service" \
                        '[Container]' "Rootfs=$BENCH_ROOT:O" "Exec=/tick-program stay --name 'number $i'" \
                        "Environment=NUMBER=$i GREETING=\"hello there\"" "Volume=$BENCH_TICK:/tick:ro" \
                        'Network=none' 'User=1000' 'DropCapability=ALL' 'AddCapability=NET_BIND_SERVICE' \
                        'Tmpfs=/var/cache:size=16m' 'Memory=64m' 'PidsLimit=100' 'Ulimit=nofile=1024:4096' \
                        '[Service]' 'Restart=always' 'RestartSec=5s' 'CPUQuota=50%' \
                        '[Install]' 'WantedBy=default.target' >"$1/many$i.container"
        done
}

row_load() {
        local directory=$BENCH_DIR/units n
        wants load || return 0
        n=$(runs 15 5)
        many_units "$directory-1000" 1000
        many_units "$directory-4000" 4000
        measure load 'supctl verify, 1,000 units' - 'below 100000' \
                meter command --runs "$n" supctl --quiet verify "$directory-1000"/*.container
        measure load 'supctl verify, 4,000 units' 'load/supctl verify, 1,000 units' - \
                meter command --runs "$(runs 7 3)" supctl --quiet verify "$directory-4000"/*.container
        mkdir -p "$UNIT_DIR"
        with_supd load row_reload
}

row_reload() {
        many_units "$UNIT_DIR" 1000
        measure load 'supctl daemon-reload, 1,000 units' 'load/supctl verify, 1,000 units' - \
                meter command --runs "$(runs 15 5)" supctl daemon-reload
        rm -rf "$UNIT_DIR"
        mkdir -p "$UNIT_DIR"
        reload
}

# graph_of() - COUNT: targets in layers of ten, each after and with three of the layer before; all.target needs all,
# and takes them along when it stops
graph_of() {
        local i k other needs
        mkdir -p "$UNIT_DIR"
        for ((i = 0; i < $1; i++)); do
                needs=
                for ((k = 1; k <= 3 && i >= 10; k++)); do
                        other=$(((i / 10 - 1) * 10 + (i * 7 + k * 3) % 10))
                        needs+="Requires=u$other.target"$'\n'"After=u$other.target"$'\n'
                done
                printf '[Unit]\nDefaultDependencies=no\nPartOf=all.target\n%s' "$needs" >"$UNIT_DIR/u$i.target"
        done
        {
                printf '[Unit]\nDefaultDependencies=no\n'
                for ((i = 0; i < $1; i++)); do
                        printf 'Requires=u%d.target\nAfter=u%d.target\n' "$i" "$i"
                done
        } >"$UNIT_DIR/all.target"
}

row_graph() {
        local n name budget
        for n in 10 100 1000 10000; do
                graph_of "$n"
                printf -v name "%'d" "$n"
                budget=-
                [[ $n != 1000 ]] || budget='below 100000'
                measure graph "supctl daemon-reload, $name units" - "$budget" \
                        meter command --runs "$(runs 15 3)" supctl daemon-reload
                measure graph "supctl start of all, $name units" - "$budget" \
                        meter command --runs "$(runs 15 3)" --after 'supctl stop all.target' supctl start all.target
                rm -rf "$UNIT_DIR"
        done
        mkdir -p "$UNIT_DIR"
        reload
}

# kib_of() - FIELD PID...: of smaps_rollup, one number a line
kib_of() {
        local field=$1 pid
        shift
        for pid; do
                awk -v f="$field:" '$1 == f { print $2 }' "/proc/$pid/smaps_rollup"
        done
}

# kernel_kib() - what the kernel holds that grows with containers. Per-CPU memory is among it.
kernel_kib() {
        awk '/^(Slab|KernelStack|PageTables|Percpu):/ { n += $2 } END { print n }' /proc/meminfo
}

switches() {
        local pid
        for pid; do
                cat "/proc/$pid/status" 2>/dev/null
        done | awk '/^voluntary_ctxt_switches:/ { n += $2 } END { print n + 0 }'
}

hundred_idle() {
        local supd before_kib before_kernel_kib
        local -a units inits
        containers 100 idle none stay
        reload
        sleep 0.5
        supd=$(supd_pid)
        before_kib=$(kib_of Pss "$supd")
        before_kernel_kib=$(kernel_kib)
        meter bus-burst --keep --runs 1 "$control" "$BENCH_FIFO" "${units[@]}" >/dev/null || return
        sleep 1

        mapfile -t inits < <(own_processes | grep -v -x -e "$SUPD_PID" -e "$supd")
        ! wants memory || hundred_memory
        ! wants idle || hundred_wakeups
}

hundred_memory() {
        local share rss
        share=$((($(kib_of Pss "$supd") - before_kib) * 1000 / 100))
        record memory 'supd, one of 100: helpers, share of supd' KiB \
                "$(kib_of Pss "${inits[@]}" | awk -v s="$share" '{ print $1 + s / 1000 }' | summary)" \
                - 'below 64'
        record memory '  of which growth of supd' KiB \
                "$(awk -v s="$share" 'BEGIN { print s / 1000 }' | summary)"
        record memory '  kernel memory beside that' KiB "$(awk -v a="$before_kernel_kib" -v b="$(kernel_kib)" \
                'BEGIN { print (b - a) / 100 }' | summary)" - - 'slab, stacks, page tables, per-CPU'
        rss=$(kib_of Rss "$supd")
        record memory 'supd with 100 containers, RSS' KiB "$rss $rss $rss 1" - 'below 8192'
}

hundred_wakeups() {
        local seconds before after
        local -a pids
        seconds=$(runs 15 5)
        mapfile -t pids < <(own_processes)
        progress "idle: ${#pids[@]} processes for $seconds s"
        sleep 2
        before=$(switches "${pids[@]}")
        sleep "$seconds"
        after=$(switches "${pids[@]}")
        record idle "supd, its guardian, $((${#pids[@]} - 2)) supinits" /s \
                "$(awk -v n=$((after - before)) -v s="$seconds" 'BEGIN { print n / s }' | summary)" \
                - 'most 0' "within $seconds s"
}

# rates() - meter's microseconds for $1 lines, one a line, as a summary of lines per second
rates() {
        awk -v n="$1" '{ print n / $1 * 1000000 }' | summary
}

# logging() - WHO LINES YARDSTICK START STOP COUNT: START starts the payload, COUNT says how many lines arrived
logging() {
        local who=$1 lines=$2 yardstick=$3 i n kept
        wants log || return 0
        progress "log: $who"
        n=$(runs 3 1)
        : >"$BENCH_DIR/times"
        for ((i = 0; i < n; i++)); do
                "$4" "$lines" >"$BENCH_DIR/said" 2>&1 &&
                        timeout 120 meter lines "$BENCH_FIFO" 2>"$BENCH_DIR/said" >>"$BENCH_DIR/times" || {
                        no_figure log "$who" failed "$(tail -n 1 "$BENCH_DIR/said")"
                        return 1
                }
                "$5" >"$BENCH_DIR/said" 2>&1
        done
        kept=$("$6")
        if [[ -n $kept ]] && ((kept != n * lines)); then
                no_figure log "$who" failed "$((n * lines)) lines written, $kept found"
                return 1
        fi
        record log "$who" lines/s "$(cut -d ' ' -f 1 "$BENCH_DIR/times" | rates "$lines")" "$yardstick"
}

nothing() {
        :
}

pipe_into_cat() {
        TICK=$BENCH_FIFO "$BENCH_DIR/bin/tick" lines "$1" | cat >/dev/null &
}

straight_to_journald() {
        TICK=$BENCH_FIFO systemd-cat --identifier=bench-straight "$BENCH_DIR/bin/tick" lines "$1" &
}

lines_straight() {
        journalctl --sync && journalctl --quiet --no-pager --output=cat --identifier=bench-straight | wc -l
}

start_logger() {
        supctl start logger --no-block 2>/dev/null || supctl start logger
}

stop_logger() {
        wait_until 10 unit_is logger dead
}

lines_in_journal() {
        journalctl --sync && journalctl --quiet --no-pager --output=cat --unit=logger.service \
                _TRANSPORT=stdout | wc -l
}

lines_in_files() {
        find "$STATE_DIR" "$RUNTIME_DIR" /var/log -type f -path '*logger*' -name '*.log*' -exec cat {} + | wc -l
}

row_log() {
        local driver=$1 lines=$2 yardstick=$3 count=$4
        container logger none "lines $lines" "LogDriver=$driver" LogOpt=max-size=1g
        reload
        logging "supd, LogDriver=$driver" "$lines" "$yardstick" start_logger stop_logger "$count"
}

measure_supd() {
        with_supd start row_start
        ! wants restart || shell_loop
        with_supd restart row_restart
        with_supd burst row_burst
        with_supd pause row_pause
        if wants crash; then
                row_crash 10 - "$(runs 5 2)"
                row_crash 100 - "$(runs 5 2)"
                row_crash 1000 'below 300000' "$(runs 3 1)"
        fi
        row_load
        with_supd graph row_graph
        ! wants memory && ! wants idle || BENCH_ONLY='' with_supd memory hundred_idle
        logging 'a pipe into cat' "$(runs 500000 200000)" - pipe_into_cat nothing nothing
        logging 'straight to journald' "$(runs 150000 50000)" - straight_to_journald nothing lines_straight
        with_supd log row_log journald "$(runs 150000 50000)" 'log/straight to journald' lines_in_journal
        with_supd log row_log k8s-file "$(runs 500000 200000)" 'log/a pipe into cat' lines_in_files
}
