# SPDX-License-Identifier: MIT
# Health checks: when they are made, what their results mean, what is done about it.
load ../lib/supd
load ../lib/payload

# For images: the store is supd's own.
STATE=$STATE_DIR
WORK=$SUPD_TEST_DIR/work
load ../lib/image

setup() {
        mkdir -p "$WORK"
        rootfs_make
}

teardown() {
        local status=0
        supd_stop || status=$?
        cd /
        rm -rf "$WORK" "${STATE_DIR:?}"/{image,layer,container,tree}
        return "$status"
}

health_is() {
        [[ $(unit_prop "$1" HealthState) == "$2" ]]
}

streak_is_at_least() {
        (($(unit_prop "$1" HealthFailingStreak) >= $2))
}

# A unit whose check is the file /orders/check, which a test writes: `check_says web 'exit 1'`.
checked_write() {
        local name=$1
        shift
        obedient_write "$name" HealthCmd='sh /orders/check' HealthInterval=50ms "$@"
        check_says "$name" 'exit 0'
}

check_says() {
        local dir
        dir=$(orders_of "$1")
        printf '%s\n' "$2" >"$dir/check.new"
        mv "$dir/check.new" "$dir/check" # whole, whatever reads it now
}

# n_checks() - how many checks that count themselves there were
n_checks() {
        local file
        file=$(orders_of "$1")/count
        [[ ! -e $file ]] || wc -l <"$file"
}

checked_more_than() {
        local n
        n=$(n_checks "$1")
        ((${n:-0} > $2))
}

COUNT='echo . >>/orders/count'

# ---- the check itself ----------------------------------------------------------------------------

@test "a container is starting until its first check, and healthy from then on" {
        checked_write web
        check_says web 'while [ ! -e /orders/go ]; do sleep 0.02; done'
        supd_start
        supctl start web
        assert_equal starting "$(unit_prop web HealthState)"
        touch "$(orders_of web)/go"
        wait_until 10 health_is web healthy
        assert_equal 0 "$(unit_prop web HealthFailingStreak)"
        run supctl status web
        assert_match 'Health: healthy' "$output"
}

@test "a check runs in the container: its namespaces, cgroup, user, directory and variables" {
        checked_write web User=nobody WorkingDir=/tmp Environment=WORD=moo HostName=inside
        check_says web 'echo "$(id -u) $(pwd) $WORD $(hostname) $(cat /proc/1/comm)"
                        for n in pid mnt net ipc uts cgroup; do
                                [ $(readlink /proc/self/ns/$n) = "$(cat /orders/ns-$n)" ] || echo "not in $n"
                        done
                        ls /proc/$$/fd >/tmp/fds; echo $(cat /tmp/fds) $(readlink /proc/$$/fd/0)'
        first_order web 'for n in pid mnt net ipc uts cgroup; do readlink /proc/self/ns/$n >/orders/ns-$n; done'
        supd_start
        supctl start web
        wait_until 10 health_is web healthy
        run supctl healthcheck web
        assert_equal 0 "$status"
        assert_equal "65534 /tmp moo inside supinit" "${lines[0]}"
        assert_match '^0 1 10 (11 )?2 /dev/null$' "${lines[1]}" # 10 and 11 are the shell's own
        assert_equal 2 "${#lines[@]}"
}

@test "failures one after the other make it unhealthy, one success healthy again" {
        checked_write web HealthRetries=3
        supd_start
        supctl start web
        wait_until 10 health_is web healthy
        check_says web 'echo "no answer"; exit 7'
        wait_until 10 health_is web unhealthy
        wait_until 10 streak_is_at_least web 3
        run supctl status web
        assert_match 'Health: unhealthy; [0-9]+ checks failed in a row; last: exit status 7: no answer' "$output"
        assert_match 'active \(unhealthy\)' "$output"
        assert_match 'unhealthy' "$(supctl list-units --no-legend web)"
        assert_equal running "$(unit_prop web SubState)"
        assert_match 'Unhealthy: exit status 7: no answer' "$(supd_messages web)"
        check_says web 'exit 0'
        wait_until 10 health_is web healthy
        assert_equal 0 "$(unit_prop web HealthFailingStreak)"
        assert_equal 0 "$(unit_prop web NRestarts)"
}

@test "a check that takes too long is killed with all that it has started" {
        checked_write web HealthTimeout=300ms HealthRetries=1 HealthInterval=1h
        check_says web 'sleep 7654 & (sleep 7655 & setsid sleep 7656 & wait); wait'
        supd_start
        supctl start web
        wait_until 10 health_is web unhealthy
        assert_match 'exceeded timeout \(300ms\)' "$(supctl status web)"
        none_sleeps() { ! ask web 'ps' | grep -q 'sleep 765'; }
        wait_until 10 none_sleeps
        assert_equal -1 "$(supctl show --json --property=HealthLog web | jq '.HealthLog[-1][2]')"
        # Nor is its cgroup left, without a further check.
        wait_until 10 no_scratch_is_left web
}

no_scratch_is_left() {
        [[ -z $(find "$(cgroup_of "$1" '')" -name 'supd-exec-*') ]]
}

@test "what a check leaves running is ended with it" {
        checked_write web HealthInterval=1h
        check_says web 'setsid sleep 7657 >/dev/null 2>&1 & exit 0'
        supd_start
        supctl start web
        wait_until 10 health_is web healthy
        none_sleeps() { ! ask web 'ps' | grep -q 'sleep 7657'; }
        wait_until 10 none_sleeps
        wait_until 10 no_scratch_is_left web
}

@test "commands are for a shell, or an array of words; one that is missing fails with 127" {
        obedient_write words HealthCmd='["test", "-e", "/bin/a b"]' HealthInterval=1h HealthRetries=1
        obedient_write shell HealthCmd='test -e "/bin/sh" && echo "$0"' HealthInterval=1h
        obedient_write missing HealthCmd='["/no/such/check", "x"]' HealthInterval=1h HealthRetries=1
        supd_start
        supctl start words shell missing
        wait_until 10 health_is words unhealthy
        wait_until 10 health_is shell healthy
        wait_until 10 health_is missing unhealthy
        run supctl healthcheck shell
        assert_equal /bin/sh "$output"
        run supctl healthcheck missing
        assert_equal 1 "$status"
        assert_match "execute '/no/such/check': No such file or directory" "$output"
        assert_match 'exit status 127' "$output"
}

@test "supctl healthcheck makes a check, also without a timer, and exits as it ended" {
        checked_write web HealthInterval=disable
        check_says web "$COUNT; cat /orders/word; exit \$(cat /orders/status)"
        echo first >"$(orders_of web)/word"
        echo 0 >"$(orders_of web)/status"
        obedient_write plain
        supd_start
        supctl start web plain
        wait_until 10 health_is web healthy
        assert_equal 1 "$(n_checks web)"
        echo second >"$(orders_of web)/word"
        echo 3 >"$(orders_of web)/status"
        run supctl healthcheck web
        assert_equal 1 "$status"
        assert_match '^second' "$output"
        assert_match 'web: unhealthy: exit status 3' "$output"
        echo 0 >"$(orders_of web)/status"
        run supctl healthcheck web.service
        assert_equal 0 "$status"
        assert_equal second "$output"

        run supctl healthcheck plain
        assert_equal 1 "$status"
        assert_match 'plain.service has no health check' "$output"
        run supctl healthcheck nothing
        assert_equal 4 "$status"
        supctl stop plain
        run supctl healthcheck plain
        assert_match 'does not run: there is nothing to check' "$output"
}

# ---- start period, start-up check, readiness -------------------------------------------------------

@test "failures in the start period are logged and do not count" {
        checked_write web HealthStartPeriod=1h HealthRetries=1
        check_says web "$COUNT; echo not yet; exit 1"
        supd_start
        supctl start web
        wait_until 10 checked_more_than web 4
        assert_equal starting "$(unit_prop web HealthState)"
        assert_equal 0 "$(unit_prop web HealthFailingStreak)"
        assert_match 'not yet' "$(supctl show --property=HealthLog web)"
        check_says web 'exit 0'
        wait_until 10 health_is web healthy
}

@test "the start-up check comes before the regular one" {
        checked_write web HealthStartupCmd='sh /orders/startup' HealthStartupInterval=50ms HealthStartupSuccess=2
        check_says web "$COUNT"
        printf 'echo . >>/orders/startups; exit 1\n' >"$(orders_of web)/startup"
        supd_start
        supctl start web
        startups() { (($(wc -l 2>/dev/null <"$(orders_of web)/startups") > 3)); }
        wait_until 10 startups
        assert_equal starting "$(unit_prop web HealthState)"
        assert_equal '' "$(n_checks web)"
        printf 'exit 0\n' >"$(orders_of web)/startup"
        wait_until 10 health_is web healthy
}

@test "a start-up check that fails too often ends it as a failure, and Restart= decides" {
        checked_write web HealthStartupCmd='false' HealthStartupInterval=50ms HealthStartupRetries=2 \
                Restart=on-failure RestartSec=50ms StartLimitBurst=2 StartLimitIntervalSec=1h
        checked_write once HealthStartupCmd='false' HealthStartupInterval=50ms HealthStartupRetries=2
        supd_start
        supctl start web once
        wait_until 20 unit_is once failed
        assert_equal watchdog "$(unit_prop once Result)"
        wait_until 20 unit_is web failed
        assert_equal start-limit-hit "$(unit_prop web Result)"
        assert_equal 1 "$(unit_prop web NRestarts)"
}

@test "Notify=healthy: a unit is started when a check succeeds, and others wait for that" {
        checked_write db Notify=healthy
        check_says db '[ -e /orders/ready ]'
        obedient_write app Requires=db.service After=db.service
        supd_start
        supctl start --no-block app
        wait_until 10 unit_is db start
        wait_until 10 streak_is_at_least db 1
        assert_equal activating "$(unit_prop db ActiveState)"
        assert_equal inactive "$(unit_prop app ActiveState)"
        touch "$(orders_of db)/ready"
        wait_until 10 unit_is app running
        assert_equal running "$(unit_prop db SubState)"
}

@test "Notify=healthy: who is not healthy in time has failed to start" {
        checked_write db Notify=healthy TimeoutStartSec=1s HealthRetries=1000
        check_says db 'exit 1'
        supd_start
        run supctl start db
        assert_equal 1 "$status"
        assert_equal timeout "$(unit_prop db Result)"
}

# ---- what is done about it -------------------------------------------------------------------------

@test "HealthOnFailure=kill kills the main process, and Restart= follows" {
        checked_write web HealthRetries=1 HealthOnFailure=kill Restart=on-failure RestartSec=50ms
        supd_start
        supctl start web
        wait_until 10 health_is web healthy
        pid=$(unit_prop web MainPID)
        check_says web '[ -e /orders/well ]'
        first_order web 'touch /orders/well'
        wait_until 10 unit_has_other_pid web "$pid"
        wait_until 10 health_is web healthy
        assert_match 'killed by signal 9/SIGKILL' "$(supd_messages web)"
}

@test "HealthOnFailure=restart starts it again whatever Restart= says" {
        checked_write web HealthRetries=1 HealthOnFailure=restart Restart=no
        supd_start
        supctl start web
        wait_until 10 health_is web healthy
        pid=$(unit_prop web MainPID)
        check_says web '[ -e /orders/well ]'
        first_order web 'touch /orders/well'
        wait_until 10 unit_has_other_pid web "$pid"
        wait_until 10 health_is web healthy
        assert_equal success "$(unit_prop web Result)"
        # More than once, if a check came before its first order.
        (($(unit_prop web NRestarts) >= 1))
}

@test "HealthOnFailure=restart counts against the start limit" {
        checked_write web HealthRetries=1 HealthOnFailure=restart RestartSec=20ms \
                StartLimitBurst=3 StartLimitIntervalSec=1h
        check_says web 'exit 1'
        supd_start
        supctl start web
        wait_until 20 unit_is web failed
        assert_equal start-limit-hit "$(unit_prop web Result)"
        assert_equal 2 "$(unit_prop web NRestarts)"
}

@test "HealthOnFailure=stop stops it, and only Restart=always brings it back" {
        checked_write web HealthRetries=1 HealthOnFailure=stop Restart=on-failure
        checked_write always HealthRetries=1 HealthOnFailure=stop Restart=always RestartSec=20ms
        supd_start
        supctl start web always
        wait_until 10 health_is web healthy
        wait_until 10 health_is always healthy
        pid=$(unit_prop always MainPID)
        check_says web 'exit 1'
        check_says always '[ -e /orders/well ]'
        first_order always 'touch /orders/well'
        wait_until 10 unit_is web dead
        assert_equal success "$(unit_prop web Result)"
        wait_until 10 unit_has_other_pid always "$pid"
        wait_until 10 health_is always healthy
}

# ---- pause, and a supd that dies -------------------------------------------------------------------

@test "checks stand still while it is paused, and go on afterwards" {
        checked_write web
        check_says web "$COUNT"
        supd_start
        supctl start web
        wait_until 10 checked_more_than web 2
        supctl pause web
        before=$(n_checks web)
        run supctl healthcheck web
        assert_equal 1 "$status"
        assert_match 'is paused or reloads: nothing is checked now' "$output"
        assert_equal null "$(supctl show --json --property=HealthNextCheckUSec web | jq '.HealthNextCheckUSec')"
        # A clock of our own: so many checks of another unit later.
        checked_write clock
        check_says clock "$COUNT"
        supctl daemon-reload
        supctl start clock
        wait_until 10 checked_more_than clock 8
        assert_equal "$before" "$(n_checks web)"
        assert_equal healthy "$(unit_prop web HealthState)"
        supctl unpause web
        wait_until 10 checked_more_than web "$before"
}

@test "a check that is under way when it is paused is given up, with its processes, and made again" {
        checked_write web HealthTimeout=1h HealthInterval=1h HealthRetries=1
        check_says web "$COUNT; [ -e /orders/go ] || exec sleep 7658"
        supd_start
        supctl start web
        wait_until 10 checked_more_than web 0
        supctl pause web
        supctl unpause web
        touch "$(orders_of web)/go"
        none_sleeps() { ! ask web 'ps' | grep -q 'sleep 7658'; }
        # The one that began right after may still wait.
        supctl pause web
        supctl unpause web
        wait_until 10 health_is web healthy
        wait_until 10 none_sleeps
}

@test "health and results survive a supd that is killed, in the middle of a check" {
        checked_write web HealthRetries=2 HealthTimeout=1h
        supd_start
        supctl start web
        wait_until 10 health_is web healthy
        check_says web 'echo bad day; exit 9'
        wait_until 10 health_is web unhealthy
        check_says web 'touch /orders/begun; exec sleep 7659'
        begun() { [[ -e $(orders_of web)/begun ]]; }
        wait_until 10 begun
        pid=$(unit_prop web MainPID)
        check_says web "$COUNT; exit 9"
        kill -KILL "$(supd_pid)"
        wait_until 20 supd_answers
        assert_equal unhealthy "$(unit_prop web HealthState)"
        streak_is_at_least web 2
        assert_match 'bad day' "$(supctl show --property=HealthLog web)"
        none_sleeps() { ! ask web 'ps' | grep -q 'sleep 7659'; }
        wait_until 10 none_sleeps
        wait_until 10 checked_more_than web 1
        assert_equal "$pid" "$(unit_prop web MainPID)"
        check_says web 'exit 0'
        wait_until 10 health_is web healthy
        supctl daemon-reexec
        wait_until 10 supd_answers
        assert_equal healthy "$(unit_prop web HealthState)"
}

@test "a check under way when supd executes itself again is ended, and holds nothing up" {
        checked_write web HealthInterval=1h HealthTimeout=1h
        check_says web 'touch /orders/begun; exec sleep 7661'
        supd_start
        supctl start web
        begun() { [[ -e $(orders_of web)/begun ]]; }
        wait_until 20 begun
        pid=$(supd_pid)
        check_says web 'exit 0'
        supctl daemon-reexec
        wait_until 20 supd_answers
        assert_equal "$pid" "$(supd_pid)"
        none_is_left() { [[ -z $(ps -o pid= --ppid "$pid" | grep -vw "$(unit_prop web InitPID)") ]]; }
        wait_until 20 none_is_left
        wait_until 20 no_scratch_is_left web
        supctl stop web
        assert_equal success "$(unit_prop web Result)"
}

# ---- results ---------------------------------------------------------------------------------------

@test "so many results are kept, and so much of each" {
        checked_write web HealthMaxLogCount=2 HealthMaxLogSize=5
        check_says web "$COUNT; echo 123456789"
        supd_start
        supctl start web
        wait_until 10 checked_more_than web 4
        run supctl show --json --property=HealthLog web
        assert_equal '[12345,12345]' "$(jq -c '[.HealthLog[] | .[3] | tonumber]' <<<"$output")"
}

@test "a check that succeeds writes to no disk and no journal" {
        checked_write web HealthLogDestination="$WORK"
        checked_write events HealthLogDestination=events_logger
        check_says web "$COUNT"
        check_says events "$COUNT"
        supd_start
        supctl start web events
        wait_until 10 checked_more_than web 2
        wait_until 10 checked_more_than events 2
        journalctl --sync
        before=$(supd_messages web; supd_messages events)
        files=$(find "$STATE_DIR" "$RUNTIME_DIR" "$WORK" -type f -printf '%p %s %T@ %i\n' | sort)
        wait_until 10 checked_more_than web $(($(n_checks web) + 5))
        wait_until 10 checked_more_than events $(($(n_checks events) + 5))
        assert_equal "$files" "$(find "$STATE_DIR" "$RUNTIME_DIR" "$WORK" -type f -printf '%p %s %T@ %i\n' | sort)"
        assert_equal "$before" "$(supd_messages web; supd_messages events)"
}

@test "a directory gets the history with each failure, the journal each failure's output" {
        checked_write web HealthLogDestination="$WORK" HealthRetries=100
        checked_write events HealthLogDestination=events_logger HealthRetries=100
        supd_start
        supctl start web events
        wait_until 10 health_is web healthy
        wait_until 10 health_is events healthy
        check_says web 'printf "\"quoted\"\\n\\001"; exit 4'
        check_says events 'echo out of luck; exit 4'
        written() { jq -e '.Log[-1].ExitCode == 4' "$WORK/systemd-web-healthcheck.log" >/dev/null; }
        wait_until 10 written
        assert_equal healthy "$(jq -r .Status "$WORK/systemd-web-healthcheck.log")"
        told() { supd_messages events | grep -q 'A health check failed: exit status 4: out of luck'; }
        wait_until 10 told
}

# ---- images ----------------------------------------------------------------------------------------

image_with_check() {
        rootfs_make "$WORK/root"
        cd "$WORK" || return
        tar -C root -cf root.tar .
        umoci init --layout layout
        umoci new --image layout:a
        umoci raw add-layer --image layout:a root.tar
        umoci config --image layout:a --config.cmd sleep --config.cmd 1000
        skopeo copy -q oci:layout:a dir:copy
        # umoci knows no HEALTHCHECK: docker's archive with it written in.
        local config digest
        config=$(jq -r .config.digest copy/manifest.json)
        jq -c --argjson check "$1" '.config.Healthcheck = $check' "copy/${config#sha256:}" >config.json
        digest=$(sha256sum <config.json | cut -d' ' -f1)
        mv config.json "copy/$digest"
        jq -c --arg d "sha256:$digest" --argjson size "$(stat -c %s "copy/$digest")" \
                '.config.digest = $d | .config.size = $size' copy/manifest.json >manifest.json
        mv manifest.json copy/manifest.json
        image load --name localhost/checked dir:copy >/dev/null
        cd /
}

@test "an image's health check is made, and each key of the unit goes before it" {
        image_with_check '{"Test":["CMD-SHELL","echo from the image; exit 5"],"Interval":50000000,"Retries":2}'
        unit_write web.container Image=localhost/checked Network=none
        unit_write own.container Image=localhost/checked Network=none HealthCmd='echo from the unit' HealthInterval=1h
        unit_write none.container Image=localhost/checked Network=none HealthCmd=none
        supd_start
        supctl start web own none
        wait_until 10 health_is web unhealthy
        wait_until 10 health_is own healthy
        assert_match 'exit status 5: from the image' "$(supctl status web)"
        assert_match 'from the unit' "$(supctl status own)"
        assert_equal none "$(unit_prop none HealthState)"
        run supctl status none
        assert_no_match Health: "$output"
}

@test "Notify=healthy without any health check is an error of the start" {
        image_with_check '{"Test":["NONE"]}'
        unit_write web.container Image=localhost/checked Network=none Notify=healthy
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match 'Notify=healthy, but neither the unit nor its image has a health check' "$output"
}

# ---- probes without a process ----------------------------------------------------------------------

@test "HealthTcp= connects within the container's network" {
        obedient_write web HealthTcp=7000 HealthInterval=50ms HealthRetries=2
        supd_start
        supctl start web
        wait_until 10 health_is web unhealthy
        assert_match 'connect to 127.0.0.1:7000: Connection refused' "$(supctl status web)"
        order web 'httpd -p 127.0.0.1:7000'
        wait_until 10 health_is web healthy
        assert_match 'connected to port 7000' "$(supctl status web)"
        # Of the host it is not: nothing listens there.
        run supctl healthcheck web
        assert_equal 0 "$status"
}

@test "HealthHttp= takes 200 to 399 for well, and nothing else" {
        obedient_write web HealthHttp=:8080/health HealthInterval=50ms HealthRetries=2 HealthTimeout=5s
        supd_start
        supctl start web
        wait_until 10 health_is web unhealthy
        order web 'mkdir -p /tmp/www && cd /tmp/www && httpd -p 127.0.0.1:8080'
        last_is() { supctl status web | grep -q "$1"; }
        wait_until 10 last_is 'HTTP/1.[01] 404'
        assert_equal unhealthy "$(unit_prop web HealthState)"
        order web 'echo fine >/tmp/www/health'
        wait_until 10 health_is web healthy
        wait_until 10 last_is 'HTTP/1.[01] 200 OK'
}

@test "a web server that takes the connection and says nothing is given up after HealthTimeout" {
        obedient_write web HealthHttp=:8080/ HealthInterval=1h HealthRetries=1 HealthTimeout=300ms
        first_order web 'nc -ll -p 8080 -e sleep 1000 >/dev/null 2>&1 &'
        supd_start
        supctl start web
        failed() { supctl healthcheck web 2>&1 | grep -q 'no answer from 127.0.0.1:8080: Connection timed out'; }
        wait_until 10 failed
        assert_equal unhealthy "$(unit_prop web HealthState)"
}

# ---- many ------------------------------------------------------------------------------------------

@test "the checks of a hundred units are spread over the interval, and never too many at once" {
        for i in {1..100}; do
                unit_write "u$i.container" Exec='sleep 1000' HealthCmd=true HealthInterval=1h
                all+=("u$i")
        done
        supd_start
        supctl start "${all[@]}"
        all_are_healthy() {
                ! supctl show --value --property=HealthState "${all[@]}" | grep -vxF -e healthy -e '' -q
        }
        wait_until 60 all_are_healthy
        # Most tenths of the hour have some, none has very many.
        supctl show --json --property=HealthNextCheckUSec "${all[@]}" | jq .HealthNextCheckUSec >"$WORK/next"
        run awk 'NF { next_check[++n] = $1; if (n == 1 || $1 < first) first = $1 }
                END { for (i = 1; i <= n; i++) t[int((next_check[i] - first) / 360000000)]++
                      for (i in t) { tenths++; if (t[i] > 30) print "too many in tenth " i }
                      if (tenths < 8) print "only " tenths " tenths"; print n }' "$WORK/next"
        assert_equal 100 "$output"
}
