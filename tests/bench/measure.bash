# SPDX-License-Identifier: MIT
#
# What `run` and `peers` share: the rows there are, how a figure is recorded, and how all are printed.
#
# A record is a line of $BENCH_RECORDS with these fields between tabs:
#   ROW WHO UNIT MEDIAN MINIMUM MAXIMUM N YARDSTICK BUDGET NOTE
# UNIT is usec, KiB, /s or lines/s; "failed" or "absent" if there is no figure, and then NOTE says why.
# YARDSTICK is "ROW/WHO" of the record that this one is compared with, "-" for none. BUDGET is "-" or
#   ratio N     under N times the yardstick
#   below N     the median under N, in UNIT
#   above N     under N more than the yardstick
#   most N      the median N or less

row_order=(start restart burst pause crash load graph memory idle log image image-ram image-memory)
declare -gA row_titles=(
        [start]="request to the payload's first instruction"
        [restart]="exit to the next instance's first instruction"
        [burst]='100 containers at once, until all run'
        [pause]='pausing so many processes, request to answer'
        [crash]='supd killed, until it serves again'
        [load]='reading unit files'
        [graph]='graphs of units: reading them, and starting all'
        [memory]='memory of idle containers'
        [idle]='wake-ups, nothing to do'
        [log]='log throughput, lines of 100 bytes'
        [image]='loading an image, unpacked and on disk'
        [image-ram]='the same in memory, where a sync costs nothing'
        [image-memory]='memory of a load, all processes together (PSS)'
)

die() {
        printf 'bench: %s\n' "$*" >&2
        exit 2
}

# progress() - one line that overwrites itself on a terminal
progress() {
        if [[ -t 2 ]]; then
                printf '\r\e[K%s' "${1:+bench: $1 }" >&2
        elif [[ -n $1 ]]; then
                printf 'bench: %s\n' "$1" >&2
        fi
}

# wants() - is row $1 to be measured?
wants() {
        [[ -z ${BENCH_ONLY-} || " $BENCH_ONLY " == *" $1 "* ]]
}

# runs() - $1, or $2 with --quick
runs() {
        if [[ -n ${BENCH_QUICK-} ]]; then
                printf '%s' "$2"
        else
                printf '%s' "$1"
        fi
}

# record() - ROW WHO UNIT "MEDIAN MINIMUM MAXIMUM N" [YARDSTICK [BUDGET [NOTE]]]
record() {
        local median minimum maximum n
        read -r median minimum maximum n <<<"$4"
        printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$median" "$minimum" "$maximum" \
                "$n" "${5:--}" "${6:--}" "${7:--}" >>"$BENCH_RECORDS"
}

# no_figure() - ROW WHO failed|absent REASON
no_figure() {
        printf '%s\t%s\t%s\t0\t0\t0\t0\t-\t-\t%s\n' "$1" "$2" "$3" "${4//$'\t'/ }" >>"$BENCH_RECORDS"
}

# times_of() - COMMAND...: what it (meter, bare) prints, into the array `times`, or the reason why it failed,
# the last line on its standard error, into $said
times_of() {
        local status
        timeout 120 "$@" >"$BENCH_DIR/times" 2>"$BENCH_DIR/said"
        status=$?
        mapfile -t times <"$BENCH_DIR/times"
        said=$(tail -n 1 "$BENCH_DIR/said")
        said=${said:-exit status $status}
        return "$status"
}

# measure() - ROW "WHO[;WHO...]" YARDSTICK BUDGET COMMAND...: records the times that COMMAND prints, a line
# for each WHO. The budget is that of the first.
measure() {
        local row=$1 yardstick=$3 budget=$4 status=0 i said
        local -a names times
        IFS=';' read -r -a names <<<"$2"
        shift 4
        progress "$row: ${names[0]}"
        times_of "$@" || status=$?
        for ((i = 0; i < ${#names[@]}; i++)); do
                if ((status == 0)) && [[ -n ${times[i]-} ]]; then
                        record "$row" "${names[i]}" usec "${times[i]}" "$yardstick" "$budget"
                else
                        no_figure "$row" "${names[i]}" failed "$said"
                fi
                budget=-
        done
        return "$status"
}

# What is compared closely is measured in turns, so that a machine that gets slower meanwhile gets slower for
# all: round() ROW "WHO[;WHO...]" COMMAND... as often as wanted, then rounds_done() ROW WHO YARDSTICK BUDGET.
round() {
        local row=$1 i said
        local -a names times
        IFS=';' read -r -a names <<<"$2"
        shift 2
        progress "$row: ${names[0]}"
        times_of "$@" || echo "$said" >>"$BENCH_DIR/round-${names[0]}-failed"
        for ((i = 0; i < ${#names[@]}; i++)); do
                echo "${times[i]-}" >>"$BENCH_DIR/round-${names[i]}"
        done
}

# The median of the rounds' medians; of the rest, the outermost.
rounds_done() {
        local file=$BENCH_DIR/round-$2
        if [[ -e $file-failed ]]; then
                no_figure "$1" "$2" failed "$(tail -n 1 "$file-failed")"
        else
                record "$1" "$2" usec "$(sort -g "$file" | awk '
                        { median[NR] = $1; n += $4 }
                        NR == 1 || $2 < low { low = $2 }
                        NR == 1 || $3 > high { high = $3 }
                        END { print (median[int((NR + 1) / 2)] + median[int(NR / 2) + 1]) / 2, low, high, n }')" \
                        "${3:--}" "${4:--}"
        fi
        rm -f "$file" "$file-failed"
}

# summary() - of numbers on standard input, one a line: "MEDIAN MINIMUM MAXIMUM N"
summary() {
        sort -g | awk '
                { x[NR] = $1 }
                END { if (NR) printf "%s %s %s %d\n", (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2, x[1], x[NR], NR }'
}

# ---- printing ----------------------------------------------------------------------------------
# Both printers work on records joined with their yardsticks: four more fields, RATIO, LIMIT, WITHIN (yes,
# no, "-") and NUMBER of the row in row_order.
judged() {
        awk -F'\t' -v OFS='\t' -v order="${row_order[*]}" '
                BEGIN { n = split(order, rows, " "); for (i = 1; i <= n; i++) number[rows[i]] = i }
                { line[NR] = $0; if ($3 != "failed" && $3 != "absent") median[$1 "/" $2] = $4 }
                END {
                        for (i = 1; i <= NR; i++) {
                                $0 = line[i]
                                base = ($8 in median) ? median[$8] : 0
                                has = $3 != "failed" && $3 != "absent"
                                ratio = has && base > 0 ? $4 / base : "-"
                                split($9, budget, " ")
                                limit = within = "-"
                                if (has && budget[1] == "ratio" && base > 0) limit = budget[2] * base
                                if (has && budget[1] == "above" && base > 0) limit = budget[2] + base
                                if (has && (budget[1] == "below" || budget[1] == "most")) limit = budget[2]
                                if (limit != "-") within = ($4 < limit || (budget[1] == "most" && $4 <= limit)) ? "yes" : "no"
                                print $0, ratio, limit, within, number[$1]
                        }
                }' | sort -s -t$'\t' -k14,14n
}

print_table() {
        local row
        judged | {
                for row in "${row_order[@]}"; do
                        printf 'title\t%s\t%s\n' "$row" "${row_titles[$row]}"
                done
                cat
        } | awk -F'\t' '
                function show(x, unit) {
                        if (unit == "usec" && x < 10000) return sprintf("%.2f ms", x / 1000)
                        if (unit == "usec" && x < 1000000) return sprintf("%.0f ms", x / 1000)
                        if (unit == "usec") return sprintf("%.2f s", x / 1000000)
                        if (unit == "KiB" && x < 10240) return sprintf("%.1f KiB", x)
                        if (unit == "KiB") return sprintf("%.1f MiB", x / 1024)
                        if (unit == "lines/s") return sprintf("%d k/s", x / 1000)
                        return sprintf("%.2f %s", x, unit)
                }
                function goal(kind, unit,   part) {
                        split(kind, part, " ")
                        if (part[1] == "ratio") return "< " part[2] " ×"
                        if (part[1] == "above") return "< +" show(part[2], unit)
                        if (part[1] == "below") return "< " show(part[2], unit)
                        if (part[1] == "most") return "<= " show(part[2], unit)
                        return ""
                }
                $1 == "title" { title[$2] = $3; next }
                $1 != last {
                        printf "\n%-46s %10s   %9s – %-9s %4s %9s  %s\n", \
                                toupper(substr(title[$1], 1, 1)) substr(title[$1], 2), "median", "min", "max", "n", "ratio", "budget"
                        last = $1
                }
                $3 == "failed" || $3 == "absent" { printf "  %-44s %10s   %s: %s\n", $2, "-", $3, $10; next }
                {
                        # × and – stay outside of padding, which counts bytes in some awks.
                        ratio = $11 == "-" ? "         " : sprintf("%7.2f ×", $11)
                        verdict = $13 == "yes" ? " met" : $13 == "no" ? " MISSED" : ""
                        range = $7 == 1 ? "                     " : sprintf("%9s – %-9s", show($5, $3), show($6, $3))
                        printf "  %-44s %10s   %s %4d %s  %s%s%s\n", $2, show($4, $3), range, $7, ratio, \
                                goal($9, $3), verdict, $10 == "-" ? "" : "  (" $10 ")"
                }'
}

print_json() {
        judged | jq -R -n '[inputs | split("\t") |
                (if .[2] == "failed" or .[2] == "absent"
                 then { row: .[0], who: .[1], status: .[2], reason: .[9] }
                 else { row: .[0], who: .[1], status: "measured", unit: .[2],
                        median: (.[3] | tonumber), min: (.[4] | tonumber), max: (.[5] | tonumber),
                        n: (.[6] | tonumber),
                        yardstick: (if .[7] == "-" then null else .[7] end),
                        ratio: (if .[10] == "-" then null else .[10] | tonumber end),
                        budget: (if .[8] == "-" then null else .[8] end),
                        within_budget: (if .[12] == "-" then null else .[12] == "yes" end) }
                        + (if .[9] == "-" then {} else { note: .[9] } end)
                 end)]'
}
