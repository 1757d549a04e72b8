# SPDX-License-Identifier: MIT
# Images that units have fetched: before the start, outside its time, once for all who want the same.
load ../lib/supd

# The store is supd's own.
STATE=$STATE_DIR
WORK=$SUPD_TEST_DIR/work
load ../lib/image

setup_file() {
        mkdir -p "$WORK"/served/blobs/sha256
        cd "$WORK" || return
        rootfs_make "$WORK/root"
        # Large enough for the registry that stalls to stall.
        head -c 300000 /dev/urandom >root/data
        tar -C root -cf root.tar .
        umoci init --layout layout
        umoci new --image layout:box
        umoci raw add-layer --image layout:box root.tar
        umoci config --image layout:box --config.cmd sleep --config.cmd 1000
        cp layout/blobs/sha256/* served/blobs/sha256/
        cp "layout/blobs/sha256/$(jq -r '.manifests[0].digest' layout/index.json | cut -d: -f2)" served/manifest
}

setup() {
        cd "$WORK" || return
        "$SUPD_BUILD/test/lying-registry" served ports log 3>&- &
        REGISTRY_PID=$!
        wait_until 10 test -s ports
        read -r _ port <ports
        REGISTRY=127.0.0.1:$port
        supd_config Image.InsecureRegistries="$REGISTRY"
}

teardown() {
        local status=0
        supd_stop || status=$?
        kill -KILL "$REGISTRY_PID" 2>/dev/null
        wait "$REGISTRY_PID" 2>/dev/null || true
        rm -f ports log
        rm -rf "${STATE_DIR:?}"/{image,layer,container,tree}
        return "$status"
}

teardown_file() {
        rm -rf "$WORK"
}

# fetches() - how many supd-image fetch an image for supd
fetches() {
        local pid n=0
        for pid in $(children_of "$(supd_pid)"); do
                [[ $(readlink "/proc/$pid/exe") != */supd-image ]] || n=$((n + 1))
        done
        echo "$n"
}

fetches_are() {
        [[ $(fetches) == "$1" ]]
}

status_text_is() {
        [[ $(unit_prop "$1" StatusText) =~ $2 ]]
}

@test "an image that is not here is fetched, and the container runs it" {
        unit_write web.container Image="$REGISTRY/plain/box:1" Network=none
        supd_start
        supctl start web
        assert_equal active "$(unit_prop web ActiveState)"
        assert_equal "$REGISTRY/plain/box:1" "$(unit_prop web Image)"
        image ls | grep -qx "NAME=$REGISTRY/plain/box:1"
        [ -e "/proc/$(unit_prop web MainPID)/root/data" ]
}

@test "a fetch is shown, takes no time of the start, and is called off by a stop" {
        unit_write web.container Image="$REGISTRY/stall/box:1" Network=none TimeoutStartSec=1ms
        supd_start
        supctl start --no-block web
        wait_until 10 status_text_is web "^fetching $REGISTRY/stall/box:1: .* layers?, .* MB of .* MB"
        assert_equal activating "$(unit_prop web ActiveState)"
        assert_equal prepare "$(unit_prop web SubState)"
        run supctl status web
        assert_match "fetching $REGISTRY/stall/box:1" "$output"
        fetches_are 1
        supctl stop web
        assert_equal inactive "$(unit_prop web ActiveState)"
        assert_equal success "$(unit_prop web Result)"
        wait_until 10 fetches_are 0
}

@test "who waits for a start at a terminal sees how far the fetch is" {
        unit_write web.container Image="$REGISTRY/stall/box:1" Network=none
        supd_start
        script -qfec 'stty cols 120; supctl start web' seen </dev/null >/dev/null 3>&- &
        waiting=$!
        wait_until 10 grep -q "web: fetching $REGISTRY/stall/box:1: .* of .* MB" seen
        supctl stop web
        wait "$waiting" || true
        rm seen
}

@test "two containers that want the same image share its fetch" {
        unit_write a.container Image="$REGISTRY/stall/box:1" Network=none
        unit_write b.container Image="$REGISTRY/stall/box:1" Network=none
        supd_start
        supctl start --no-block a b
        wait_until 10 status_text_is a 'MB of'
        wait_until 10 status_text_is b 'MB of'
        fetches_are 1
        # Who stays keeps it going.
        supctl stop a
        fetches_are 1
        supctl stop b
        wait_until 10 fetches_are 0
}

@test "a fetch dies with supd, and the next one goes on where it was" {
        unit_write web.container Image="$REGISTRY/stall-once/box:1" Network=none
        supd_start
        supctl start --no-block web
        wait_until 10 status_text_is web 'MB of'
        wait_until 10 grep -q 'GET.*/blobs/' log
        old=$(supd_pid)
        helper=$(children_of "$old" | while read -r pid; do
                [[ $(readlink "/proc/$pid/exe") != */supd-image ]] || echo "$pid"
        done)
        kill -KILL "$old"
        wait_until 10 process_is_gone "$helper"
        wait_until 20 supctl is-active web
        assert_match 'bytes=' "$(<log)"
}

@test "a registry that is away keeps no container from starting whose image is here" {
        unit_write web.container Image="$REGISTRY/plain/box:1" Network=none Pull=always
        unit_write new.container Image="$REGISTRY/plain/box:1" Network=none Pull=newer
        supd_start
        supctl start web
        supctl stop web
        kill -KILL "$REGISTRY_PID"
        wait "$REGISTRY_PID" 2>/dev/null || true
        supctl start web new
        # Nobody waits through all the retries of a fetch that is not needed.
        journalctl --sync
        assert_equal 2 "$(journalctl --quiet SYSLOG_IDENTIFIER=supd | grep -c 'supd-image: .*retrying in')"
}

@test "a fetch that fails is a failed start that says which registry and why" {
        unit_write web.container Image="$REGISTRY/gone/box:1" Network=none Retry=0
        supd_start
        run supctl start web
        [ "$status" -eq 1 ]
        assert_match "$REGISTRY/gone/box:1: .*404" "$output"
        assert_equal failed "$(unit_prop web ActiveState)"
        assert_equal resources "$(unit_prop web Result)"
}

@test "Restart= tries a fetch again that failed" {
        unit_write web.container Image="$REGISTRY/broken/box:1" Network=none Retry=0 Restart=on-failure \
                RestartSec=10ms StartLimitIntervalSec=0
        supd_start
        supctl start --no-block web
        wait_until 20 supctl is-active web
        [ "$(unit_prop web NRestarts)" -ge 1 ]
}

@test "an image unit fetches at each of its starts as its policy says" {
        unit_write base.image Image.Image="$REGISTRY/plain/box:1" Image.ImageTag=localhost/base
        unit_write web.container Image=base.image Network=none
        supd_start
        supctl start web
        assert_equal localhost/base "$(unit_prop web Image)"
        before=$(grep -c manifests log)
        supctl restart web
        assert_equal "$before" "$(grep -c manifests log)"
        supctl restart base-image
        [ "$(grep -c manifests log)" -gt "$before" ]
}

@test "a mirror of supd.conf is asked first, and a short name finds its registry" {
        printf '[Image]\nInsecureRegistries=%s\nMirror=registry.example %s/plain\nSearchRegistries=registry.example\n' \
                "$REGISTRY" "$REGISTRY" >/etc/supd/supd.conf
        unit_write a.container Image=registry.example/box:1 Network=none
        unit_write b.container Image=box:1 Network=none Pull=never
        supd_start
        supctl start a
        image ls | grep -qx NAME=registry.example/box:1
        supctl start b
}

@test "a prune that goes on all the time breaks no start" {
        local i
        unit_write web.container Image="$REGISTRY/plain/box:1" Network=none Exec='sleep 1000' Pull=missing
        supd_start
        while [[ -e ports ]]; do supctl image prune -a -f >/dev/null 2>&1; done 3>&- &
        for i in {1..60}; do
                supctl start web
                supctl stop web
        done
        rm ports
        wait $! || true # however the last prune ended
        supctl image prune -a -f
}

@test "an image that a prune takes between its fetch and its use is fetched again, and is needed by then" {
        # What supd runs to fetch prunes whenever it is done: from the second time on the image is in use.
        real=$(command -v supd-image)
        mkdir -p libexec
        cat >libexec/supd-image <<EOF
#!/bin/bash
# Its parent is this script, not supd.
"$real" "\${@/#--die-with=*/--die-with=\$\$}" || exit
[[ " \$* " == *" pull "* ]] || exit 0
echo fetched >>"$WORK/fetched"
"$real" --state-dir "$STATE" prune --all >/dev/null || echo failed >>"$WORK/fetched"
EOF
        chmod +x libexec/supd-image
        rm -f fetched
        unit_write web.container Image="$REGISTRY/plain/box:1" Network=none
        SUPD_LIBEXEC_DIR=$WORK/libexec supd_start
        supctl start web
        assert_equal active "$(unit_prop web ActiveState)"
        assert_equal $'fetched\nfetched' "$(cat fetched)"
        [ -e "/proc/$(unit_prop web MainPID)/root/data" ]
}
