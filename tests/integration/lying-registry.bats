# SPDX-License-Identifier: MIT
# supd-image against a registry that stalls, lies and breaks off.
load ../lib/supd

STATE=$SUPD_TEST_DIR/tmp/state
WORK=$SUPD_TEST_DIR/tmp/work

setup() {
        mkdir -p "$WORK" "$STATE"
        cd "$WORK" || return
        fixture
}

teardown() {
        local pid
        for pid in $PIDS; do
                kill -KILL "$pid" 2>/dev/null || true
        done
        if mountpoint -q "$STATE"; then
                umount "$STATE"
        fi
        cd / && rm -rf "$WORK" "$STATE"
}

PIDS=

# fixture() - one image of one layer of 6 MB, as the registry serves it
fixture() {
        mkdir root served
        head -c 6000000 /dev/urandom >root/data
        tar -C root -cf layer.tar .
        umoci init --layout layout
        umoci new --image layout:v1
        umoci raw add-layer --image layout:v1 layer.tar
        cp -r layout/blobs served/
        manifest=$(jq -r '.manifests[0].digest' layout/index.json)
        cp "served/blobs/sha256/${manifest#sha256:}" served/manifest
        layer=$(jq -r '.layers[0].digest' served/manifest)
}

# liar() - start the registry; $1 and $2 are its ports then
liar() {
        rm -f ports
        : >log
        "$SUPD_BUILD/test/lying-registry" served ports log "$@" 3>&- &
        PIDS+=" $!"
        wait_until 10 test -s ports
        read -r FIRST SECOND <ports
}

pull() {
        supd-image --state-dir "$STATE" --tls-verify no --retry-delay 10ms pull "$@"
}

# asked() - how often the layer's blob was asked for
asked() {
        grep -c "/blobs/$layer " log
}

record() {
        sed -n "s/^$1=//p" <<<"$output"
}

# is_whole() - the image is here, complete and nothing else
is_whole() {
        run supd-image --state-dir "$STATE" check
        assert_equal 0 "$status"
        assert_equal 3 "$(find "$STATE/image/blobs/sha256" -type f | wc -l)"
        leaves_no_partial
        cmp root/data "$STATE"/layer/*/data
}

leaves_no_partial() {
        assert_equal '' "$(find "$STATE/image/.supd/partial" "$STATE/image/.supd/work" "$STATE/layer/.work" -mindepth 1)"
}

leaves_nothing() {
        leaves_no_partial
        assert_equal '' "$(find "$STATE/image/blobs/sha256" -type f)"
        run supd-image --state-dir "$STATE" ls
        assert_equal '' "$output"
}

@test "a token is fetched where the registry says, and used" {
        liar
        run pull "localhost:$FIRST/token/x:v1"
        assert_equal 0 "$status"
        is_whole
        grep -q '^first GET /token authorization=- ' log
        grep -q "/blobs/$layer authorization=Bearer open-sesame" log
        # One for all requests.
        assert_equal 1 "$(grep -c ' /token ' log)"
}

@test "user and password go to the token server alone, and into no message" {
        liar
        echo user:s3cret >creds
        run pull --creds-file creds "localhost:$FIRST/token/x:v1"
        assert_equal 0 "$status"
        assert_no_match s3cret "$output"
        basic=$(printf 'user:s3cret' | base64)
        grep -q "^first GET /token authorization=Basic $basic " log
        assert_equal 1 "$(grep -c 'authorization=Basic' log)"
}

@test "a redirection to another host is followed without credentials" {
        liar
        run pull "localhost:$FIRST/elsewhere/x:v1"
        assert_equal 0 "$status"
        is_whole
        grep -q "^first GET /v2/elsewhere/x/blobs/$layer authorization=Bearer" log
        grep -q '^second GET' log
        run grep '^second .*authorization=[^-]' log
        assert_equal 1 "$status"
}

@test "a redirection from https to http is not followed, and its signature told to nobody" {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
                -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost
        liar cert.pem key.pem
        run pull "localhost:$FIRST/elsewhere/x:v1"
        assert_equal 1 "$status"
        assert_match 'a redirection to what is no https URL' "$output"
        assert_no_match signature "$output"
        run grep '^second' log
        assert_equal 1 "$status"
        leaves_nothing
}

@test "redirections to files, and in circles, end in an error" {
        liar
        run pull "localhost:$FIRST/file/x:v1"
        assert_equal 1 "$status"
        assert_match 'a redirection to what is no https URL' "$output"
        run pull "localhost:$FIRST/loop/x:v1"
        assert_equal 1 "$status"
        assert_match 'more than 10 redirections' "$output"
        leaves_nothing
}

@test "a download that breaks off is taken up where it ended" {
        liar
        run pull "localhost:$FIRST/cut-once/x:v1"
        assert_equal 0 "$status"
        assert_match 'NOTICE=retrying in ' "$output"
        is_whole
        assert_match 'range=bytes=[1-9][0-9]*-' "$(grep "$layer" log)"
}

@test "a registry that always breaks off is given up, and what came is kept" {
        liar
        run pull --retry 1 "localhost:$FIRST/truncate/x:v1"
        assert_equal 1 "$status"
        assert_equal failed "$(record ERROR_CODE)"
        # More than 1 MiB of progress starts the count anew.
        assert_equal 3 "$(asked)"
        [ -s "$STATE/image/.supd/partial/${layer#sha256:}" ]
        run pull "localhost:$FIRST/plain/x:v1"
        assert_equal 0 "$status"
        assert_match 'range=bytes=5[0-9]*-' "$(grep "/plain/x/blobs/$layer" log)"
        is_whole
}

@test "a server that can't begin in the middle is asked for all of it" {
        liar
        for kind in no-range wrong-range; do
                run pull "localhost:$FIRST/$kind/x:v1"
                assert_equal 0 "$status"
                is_whole
                rm -rf "${STATE:?}"/*
        done
}

@test "a stall is an error after the time given, and overcome by the next attempt" {
        liar
        run pull --retry 0 --stall-timeout 1s "localhost:$FIRST/stall/x:v1"
        assert_equal 1 "$status"
        assert_equal timeout "$(record ERROR_CODE)"
        rm -rf "${STATE:?}"/*
        run pull --stall-timeout 1s "localhost:$FIRST/stall-once/x:v1"
        assert_equal 0 "$status"
        is_whole
}

@test "killed in the middle, the next run goes on where it was" {
        liar
        partial=$STATE/image/.supd/partial/${layer#sha256:}
        supd-image --state-dir "$STATE" --tls-verify no pull "localhost:$FIRST/stall-once/x:v1" \
                >/dev/null 2>&1 3>&- &
        wait_until 10 bash -c "[[ \$(stat -c %s '$partial') -ge 1400000 ]]"
        kill -KILL $!
        wait $! || true
        size=$(stat -c %s "$partial")
        run pull "localhost:$FIRST/stall-once/x:v1"
        assert_equal 0 "$status"
        assert_match "range=bytes=$size-" "$(grep "$layer" log)"
        is_whole
}

@test "what came stays when the process that fetches dies" {
        liar
        partial=$STATE/image/.supd/partial/${layer#sha256:}
        pull --retry 0 "localhost:$FIRST/stall/x:v1" >/dev/null 2>&1 3>&- &
        wait_until 10 bash -c "[[ \$(stat -c %s '$partial') -ge 1400000 ]]"
        kill -KILL $(pgrep -x -u nobody supd-image)
        run wait $!
        [ -s "$partial" ]
}

@test "what a power cut made of a partial download is found out by its digest" {
        liar
        run pull --retry 0 "localhost:$FIRST/truncate/x:v1"
        partial=$STATE/image/.supd/partial/${layer#sha256:}
        # As file systems leave it: the size is there, the data is not.
        dd if=/dev/zero of="$partial" bs=4096 seek=10 count=5 conv=notrunc status=none
        run pull "localhost:$FIRST/plain/x:v1"
        assert_equal 0 "$status"
        is_whole
        assert_equal 2 "$(grep -c "/plain/x/blobs/$layer" log)"
}

@test "content with another digest is refused; once it may have been chance" {
        liar
        run pull "localhost:$FIRST/flip/x:v1"
        assert_equal 1 "$status"
        assert_match 'has another digest' "$output"
        # The configuration is bent just as well, and whichever is told first: each was asked for twice.
        leaves_nothing
        run pull "localhost:$FIRST/flip-once/x:v1"
        assert_equal 0 "$status"
        is_whole
}

@test "content that goes on and on is cut off" {
        liar
        run pull "localhost:$FIRST/long/x:v1"
        assert_equal 1 "$status"
        assert_match 'longer than the [0-9]+ bytes' "$output"
        assert_equal limit-reached "$(record ERROR_CODE)"
        leaves_nothing
}

@test "a busy registry is given the time that it asks for, a broken one some" {
        liar
        run pull "localhost:$FIRST/busy/x:v1"
        assert_equal 0 "$status"
        assert_match 'NOTICE=retrying in 1s: .*status 429' "$output"
        rm -rf "${STATE:?}"/*
        run pull "localhost:$FIRST/broken/x:v1"
        assert_equal 0 "$status"
        assert_match 'NOTICE=retrying in 10ms: .*status 503: come again' "$output"
        is_whole
}

@test "what is not there is not asked for twice" {
        liar
        run pull "localhost:$FIRST/gone/x:v1"
        assert_equal 1 "$status"
        assert_equal bad-name "$(record ERROR_CODE)"
        assert_equal 1 "$(asked)"
        leaves_nothing
}

@test "monstrous manifests are refused with a reason" {
        liar
        run pull "localhost:$FIRST/deep/x:v1"
        assert_equal 1 "$status"
        assert_match 'no valid JSON' "$output"
        run pull "localhost:$FIRST/thousand/x:v1"
        assert_equal 1 "$status"
        assert_match '1000 layers exceed the limit of 500' "$output"
        run pull "localhost:$FIRST/huge/x:v1"
        assert_equal 1 "$status"
        assert_match 'longer than' "$output"
        run pull "localhost:$FIRST/bent/x@$manifest"
        assert_equal 1 "$status"
        assert_match "what comes as manifest $manifest has digest" "$output"
        leaves_nothing
}

@test "two runs at once fetch nothing twice" {
        liar
        supd-image --state-dir "$STATE" --tls-verify no --stall-timeout 3s pull \
                "localhost:$FIRST/stall-once/x:v1" >one 2>&1 3>&- &
        one=$!
        wait_until 10 grep -q "$layer" log
        run pull "localhost:$FIRST/plain/x:v1"
        assert_equal 0 "$status"
        wait "$one"
        # The one that stalled took it up again, the other waited.
        assert_equal 2 "$(asked)"
        assert_equal 0 "$(grep -c "/plain/x/blobs/$layer" log)"
        is_whole
}

@test "a full disk is told, and gets its space back" {
        liar
        mount -t tmpfs -o size=2m tmpfs "$STATE"
        run pull "localhost:$FIRST/plain/x:v1"
        assert_equal 1 "$status"
        assert_match 'No space left on device' "$output"
        assert_equal storage "$(record ERROR_CODE)"
        leaves_nothing
}

@test "requests go through the proxy that the settings name" {
        liar
        printf 'PROXY=http_proxy=http://127.0.0.1:%s\nPROXY=no_proxy=localhost\n' "$SECOND" >settings
        printf 'INSECURE_REGISTRY=registry.invalid\n' >>settings
        printf 'PROXY=https_proxy=http://127.0.0.1:%s\n' "$SECOND" >>settings
        run supd-image --state-dir "$STATE" --settings settings --retry 0 pull registry.invalid/plain/x:v1
        assert_equal 0 "$status"
        is_whole
        grep -q '^second GET http://registry.invalid/v2/plain/x/manifests/v1 ' log
}

@test "names are resolved by a process that may read little more than what that takes" {
        liar
        hosts=$(</etc/hosts)
        echo '127.0.0.1 liar.test' >>/etc/hosts
        run pull "liar.test:$FIRST/plain/x:v1"
        printf '%s\n' "$hosts" >/etc/hosts
        assert_equal 0 "$status"
        is_whole
        run pull --retry 0 nosuch.invalid/x:v1
        assert_equal 1 "$status"
        assert_match 'Could not resolve host: nosuch.invalid' "$output"
}

@test "a registry that is away does not keep from the image that is here" {
        liar
        run pull "localhost:$FIRST/plain/x:v1"
        assert_equal 0 "$status"
        kill -KILL $PIDS
        for policy in always newer missing; do
                run pull --policy "$policy" --retry 0 "localhost:$FIRST/plain/x:v1"
                assert_equal 0 "$status"
                assert_equal no "$(record PULLED)"
        done
        run pull --policy always --retry 0 "localhost:$FIRST/plain/x:v1"
        assert_match 'NOTICE=using the image that is here: ' "$output"
        run pull --policy always --retry 0 "localhost:$FIRST/plain/x:v2"
        assert_equal 1 "$status"
}
