# SPDX-License-Identifier: MIT
#
# supctl pull, from Debian's docker-registry with a login, through a real supd.

load ../lib/supd

WORK=$SUPD_TEST_DIR/work
WEB=localhost:5000/team/web:1
PULL=(supctl pull --tls-verify=no)

setup_file() {
        mkdir -p "$WORK"
        cd "$WORK" || return
        umoci init --layout layout
        umoci new --image layout:web
        local i
        for i in 1 2 3; do
                mkdir "root$i"
                head -c "${i}00000" /dev/urandom >"root$i/data$i"
                tar -C "root$i" -cf "layer$i.tar" .
                umoci raw add-layer --image layout:web "layer$i.tar"
        done
        htpasswd -Bbn user s3cret >htpasswd
        printf '%s\n' 'version: 0.1' 'log: {level: error, accesslog: {disabled: true}}' \
                "storage: {filesystem: {rootdirectory: $WORK/served}}" \
                'http: {addr: "localhost:5000"}' \
                "auth: {htpasswd: {realm: test, path: $WORK/htpasswd}}" >config.yml
        docker-registry serve config.yml >registry.log 2>&1 3>&- &
        echo $! >registry.pid
        wait_until 20 serves 5000
        skopeo copy -q --dest-tls-verify=false --dest-creds user:s3cret oci:layout:web "docker://$WEB"
        printf '{"auths":{"localhost:5000":{"auth":"%s"}}}' "$(printf user:s3cret | base64)" >auth.json
}

teardown_file() {
        kill -KILL "$(<"$WORK/registry.pid")"
        rm -rf "$WORK"
}

setup() {
        cd "$WORK" || return
        supd_start
}

teardown() {
        local status=0
        supd_stop || status=$?
        rm -rf "${STATE_DIR:?}"/{image,layer,tree,container}
        return "$status"
}

# serves() - something answers on that port
serves() {
        (: <"/dev/tcp/localhost/$1") 2>/dev/null
}

in_terminal() {
        script -qec "stty cols 80 rows 24; $(printf '%q ' "$@")" /dev/null
}

@test "a pull by name and password shows the layers as they come, and again that nothing is new" {
        run "${PULL[@]}" --creds user:s3cret "$WEB"
        assert_equal 0 "$status"
        assert_no_match $'\033' "$output"
        assert_equal 3 "$(grep -Ec '^[0-9a-f]{12}: done' <<<"$output")"
        assert_match "Pulled $WEB \([0-9a-f]{12}\)" "$output"
        run "${PULL[@]}" --creds user:s3cret "$WEB"
        assert_equal 0 "$status"
        assert_match "Up to date: $WEB" "$output"
        run supctl images -q "$WEB"
        assert_equal 1 "${#lines[@]}"
}

@test "a password that is missing is asked for at the terminal, and not shown" {
        local script
        mkfifo keys
        in_terminal "${PULL[@]}" --creds user "$WEB" <keys >typed &
        script=$!
        exec 8>keys
        wait_until 10 grep -q 'Password of user: ' typed
        echo s3cret >&8
        wait "$script"
        exec 8>&-
        rm keys
        assert_no_match s3cret "$(<typed)"
        assert_match "Pulled $WEB" "$(<typed)"
        run setsid -w "${PULL[@]}" --creds user "$WEB" </dev/null
        assert_equal 1 "$status"
        assert_match 'no terminal to ask for the password' "$output"
}

@test "credentials come from a file of the caller, named by option or environment" {
        run "${PULL[@]}" -q --auth-file auth.json "$WEB"
        assert_equal "0 $WEB" "$status $output"
        run env REGISTRY_AUTH_FILE=auth.json "${PULL[@]}" -q "$WEB"
        assert_equal "0 $WEB" "$status $output"
        run "${PULL[@]}" --auth-file missing.json "$WEB"
        assert_equal 1 "$status"
        assert_match "cannot open 'missing.json': No such file" "$output"
        run "${PULL[@]}" --auth-file auth.json --creds user:s3cret "$WEB"
        assert_equal 1 "$status"
        assert_match 'exclude each other' "$output"
}

@test "a wrong password is refused, and nowhere to be read" {
        run "${PULL[@]}" --creds user:wr0ng "$WEB"
        assert_equal 1 "$status"
        assert_match "supctl: .*$WEB.*(401|denied).*; the login was refused" "$output"
        assert_no_match wr0ng "$output$(<"$SUPD_LOG")"
        run "${PULL[@]}" "$WEB"
        assert_match '401.*; log in by --creds' "$output"
}

@test "of several images all are tried, and a failure is told at the end" {
        run "${PULL[@]}" --retry=0 --auth-file auth.json localhost:5000/team/nosuch "$WEB" NotAName
        assert_equal 1 "$status"
        assert_match "cannot pull 'localhost:5000/team/nosuch': " "$output"
        assert_match "cannot pull 'NotAName': " "$output"
        assert_match "Pulled $WEB" "$output"
}

@test "on a terminal each layer has a bar, drawn in place" {
        run in_terminal "${PULL[@]}" --auth-file auth.json "$WEB"
        assert_match $'\033\\[3A' "$output"
        assert_match '[0-9a-f]{12} done .*━━━' "$output"
        assert_match "Pulled $WEB" "$output"
        supctl rmi "$WEB"
        run env LC_ALL=en_US.ISO-8859-1 TERM=dumb script -qec \
                "${PULL[*]} --auth-file auth.json $WEB" /dev/null
        assert_no_match $'\033' "$output"
        assert_match '[0-9a-f]{12}: done' "$output"
}

@test "programs get an object for each event" {
        "${PULL[@]}" --json --auth-file auth.json "$WEB" >events
        assert_equal "done done done" \
                "$(jq -rs '[group_by(.Layer)[] | select(.[0].Layer) | .[-1].State] | join(" ")' events)"
        assert_equal "$WEB true" "$(jq -rs '.[-1] | "\(.Name) \(.Pulled)"' events)"
        assert_equal 3 "$(jq -s '[.[] | select(.Layer)][0].Layers' events)"
}

@test "Ctrl-C ends a pull that hangs, and says that nothing is lost" {
        local supctl helper listener status=0
        # It listens and never answers.
        busybox nc -ll -p 5001 -e sleep 1000 3>&- &
        listener=$!
        wait_until 10 serves 5001
        "${PULL[@]}" localhost:5001/a/b >pull.log 2>&1 &
        supctl=$!
        helper_runs() { pgrep -P "$(supd_pid)" -x supd-image >helper; }
        wait_until 10 helper_runs
        helper=$(<helper)
        kill -INT "$supctl"
        wait "$supctl" || status=$?
        kill "$listener"
        pkill -P "$listener" || true
        assert_equal 130 "$status"
        assert_match 'interrupted; what was downloaded stays' "$(<pull.log)"
        wait_until 10 process_is_gone "$helper"
}
