# SPDX-License-Identifier: MIT
# Containers of images: the layers as their root, what the image says of its process, the life of it all.
load ../lib/supd
load ../lib/payload

# The store is supd's own.
STATE=$STATE_DIR
WORK=$SUPD_TEST_DIR/work
load ../lib/image

setup() {
        mkdir -p "$WORK"
        cd "$WORK" || return
}

teardown() {
        local status=0
        supd_stop || status=$?
        cd /
        rm -rf "$WORK" "${STATE_DIR:?}"/{image,layer,container,tree}
        return "$status"
}

output_of() {
        journal_of "$1" -o cat
}

printed() {
        output_of "$1" | grep -qxF -- "$2"
}

@test "a container of an image runs what the image says, as whom and where it says" {
        image_of_busybox --config.entrypoint /bin/sh --config.entrypoint -c \
                --config.cmd 'echo "$WORD $PWD $(id -u):$(id -g)"; exec sleep 1000' \
                --config.env WORD=moo --config.workingdir /made/on/demand --config.user nobody
        unit_write web.container Image=localhost/busybox Network=none
        supd_start
        supctl start web
        wait_until 5 printed web 'moo /made/on/demand 65534:65534'
        assert_equal localhost/busybox "$(unit_prop web Image)"
        assert_match '^sha256:[0-9a-f]{64}$' "$(unit_prop web ImageID)"
        assert_match '^sha256:[0-9a-f]{64}$' "$(unit_prop web ImageDigest)"
        run supctl status web
        assert_match 'Image: localhost/busybox \(sha256:[0-9a-f]{12}\)' "$output"
}

@test "labels, ports and health check of an image are shown, labels of the unit go before" {
        image_of_busybox --config.label a=image --config.label b=image --config.exposedports 80/tcp \
                --config.cmd sleep --config.cmd 1000
        unit_write web.container Image=localhost/busybox Network=none Label=b=unit
        supd_start
        supctl start web
        labels=$(supctl show --json -p Labels -p ExposedPorts web)
        jq -e '(if type == "array" then .[0] else . end) | .Labels | sort == ["a=image", "b=unit"]' <<<"$labels"
        jq -e '(if type == "array" then .[0] else . end) | .ExposedPorts == ["80/tcp"]' <<<"$labels"
}

@test "the unit's words go before the image's, as with docker" {
        image_of_busybox --config.entrypoint /bin/echo --config.entrypoint image --config.cmd cmd \
                --config.env A=image --config.env B=image --config.workingdir /srv --config.user nobody
        unit_write a.container Image=localhost/busybox Network=none Type=oneshot
        unit_write b.container Image=localhost/busybox Network=none Type=oneshot Exec='mine too'
        unit_write c.container Image=localhost/busybox Network=none Type=oneshot Entrypoint=/bin/env \
                Environment=A=unit User=root WorkingDir=/tmp
        unit_write d.container Image=localhost/busybox Network=none Type=oneshot Entrypoint= \
                Exec='/bin/echo cleared'
        supd_start
        supctl start a b c d
        wait_until 5 printed a 'image cmd'
        wait_until 5 printed b 'image mine too'
        wait_until 5 printed c A=unit
        printed c B=image
        printed c PWD=/tmp || [ "$(output_of c | grep -c ^PWD)" = 0 ]
        wait_until 5 printed d cleared
}

@test "an entry point of the unit's own leaves the image's command out" {
        image_of_busybox --config.entrypoint /bin/false --config.cmd nonsense
        unit_write web.container Image=localhost/busybox Network=none Type=oneshot Entrypoint=/bin/pwd
        supd_start
        supctl start web
        wait_until 5 printed web /
}

@test "an image without any command is told so" {
        image_of_busybox
        unit_write web.container Image=localhost/busybox Network=none
        supd_start
        run supctl start web
        [ "$status" -eq 1 ]
        assert_match 'no command: the image names none, and the unit has neither Exec= nor Entrypoint=' "$output"
}

@test "what a container writes is its own, and gone with the next start" {
        image_of_busybox
        unit_write a.container Image=localhost/busybox Network=none \
                Exec="sh -c 'cat /srv/data/mine; echo begun; echo x >/srv/data/mine; rm /etc/passwd; exec sleep 1000'"
        unit_write b.container Image=localhost/busybox Network=none \
                Exec="sh -c 'ls /etc/passwd; exec sleep 1000'"
        supd_start
        supctl start a
        wait_until 5 printed a begun
        [ -e "$STATE_DIR/container/a.service/upper/srv/data/mine" ]
        supctl start b
        wait_until 5 printed b /etc/passwd
        supctl restart a
        wait_until 5 eval '[ "$(output_of a | grep -c ^begun)" = 2 ]'
        [ "$(output_of a | grep -c ^x)" = 0 ]
        supctl stop a
        [ ! -e "$STATE_DIR/container/a.service" ]
}

@test "a volume of the image starts with what the image has there, and takes no part in its layers" {
        image_of_busybox --config.volume /srv/data/ --config.volume /../srv/./new
        unit_write web.container Image=localhost/busybox Network=none \
                Exec="sh -c 'stat -c \"%%u:%%g %%a %%n\" /srv/data /srv/data/file; cat /srv/data/file; echo y >/srv/data/y; echo z >/srv/new/z; exec sleep 1000'"
        mkdir -p "$WORK/host"
        unit_write other.container Image=localhost/busybox Network=none Volume="$WORK/host:/srv/data" \
                Exec="sh -c 'ls /srv/data; echo done; exec sleep 1000'"
        supd_start
        supctl start web other
        wait_until 5 printed web from-the-image
        printed web '0:0 750 /srv/data'
        printed web '7:8 644 /srv/data/file'
        wait_until 5 eval '[ -n "$(find "$STATE_DIR/container/web.service/volume" -path "*/[01]/z")" ]'
        [ -n "$(find "$STATE_DIR/container/web.service/volume" -path '*/[01]/y')" ]
        [ ! -e "$STATE_DIR/container/web.service/upper/srv/data/y" ]
        wait_until 5 printed other 'done'
        [ "$(output_of other | grep -cx -e file -e y)" = 0 ]
}

@test "the signal of a stop is the image's unless the unit says another" {
        local script='trap "echo got-usr1; exit 0" USR1; trap "echo got-term; exit 0" TERM; echo ready; while :; do sleep 0.1; done'
        image_of_busybox --config.entrypoint /bin/sh --config.entrypoint -c --config.cmd "$script"
        umoci config --image layout:busybox --config.stopsignal SIGUSR1
        image load --name localhost/busybox oci:layout:busybox >/dev/null
        unit_write a.container Image=localhost/busybox Network=none
        unit_write b.container Image=localhost/busybox Network=none StopSignal=SIGTERM
        supd_start
        supctl start a b
        wait_until 5 printed a ready
        wait_until 5 printed b ready
        # Adoption must not forget it.
        kill -KILL "$(supd_pid)"
        wait_until 10 supctl is-active a
        supctl stop a b
        wait_until 5 printed a got-usr1
        wait_until 5 printed b got-term
}

@test "an image in use outlives its name, and a prune, until the container is gone" {
        image_of_busybox --config.cmd sleep --config.cmd 1000
        unit_write web.container Image=localhost/busybox Network=none
        supd_start
        supctl start web
        image rm localhost/busybox
        image prune --all
        pid=$(unit_prop web MainPID)
        [ -e "/proc/$pid/root/etc/passwd" ]
        [ "$(find "$STATE_DIR/layer" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' | wc -l)" = 2 ]
        supctl stop web
        image prune --all
        [ "$(find "$STATE_DIR/layer" -mindepth 1 -maxdepth 1 -name '[0-9a-f]*' | wc -l)" = 0 ]
}

@test "Pull=never says what is missing and what to do" {
        unit_write web.container Image=registry.example/absent:1 Network=none Pull=never
        supd_start
        run supctl start web
        [ "$status" -eq 1 ]
        assert_match 'image registry.example/absent:1 is not here, and Pull=never' "$output"
        assert_match 'supctl pull registry.example/absent:1' "$output"
}

# ---- image units -------------------------------------------------------------------------------
# archive_of_busybox() - busybox.tar, an archive of the image that image_of_busybox makes
archive_of_busybox() {
        image_of_busybox "$@"
        skopeo copy -q oci:layout:busybox oci-archive:busybox.tar:busybox
        image rm localhost/busybox >/dev/null
}

@test "a container brings up the unit of its image first, and runs what that has fetched" {
        archive_of_busybox --config.cmd sleep --config.cmd 1000
        unit_write base.image Image.Image="oci-archive:$WORK/busybox.tar" Image.ImageTag=localhost/base
        unit_write a.container Image=base.image Network=none
        unit_write b.container Image=base.image Network=none
        supd_start
        supctl start a b
        assert_equal active "$(unit_prop base-image ActiveState)"
        assert_equal exited "$(unit_prop base-image SubState)"
        assert_equal localhost/base "$(unit_prop a Image)"
        # Nobody needs it a second time.
        supctl stop a
        rm busybox.tar
        supctl start a
}

@test "the unit of an image that can't be fetched fails, and its containers say why" {
        unit_write base.image Image.Image=oci-archive:/nowhere.tar
        unit_write web.container Image=base.image Network=none
        supd_start
        run supctl start web
        [ "$status" -eq 1 ]
        assert_match 'base-image.service, which it needs, has failed: .*/nowhere.tar.*No such file' "$output"
        assert_equal failed "$(unit_prop base-image ActiveState)"
        assert_equal inactive "$(unit_prop web ActiveState)"
}

@test "an image unit is active over a restart of supd, and stopping it removes nothing" {
        archive_of_busybox --config.cmd sleep --config.cmd 1000
        unit_write base.image Image.Image="oci-archive:$WORK/busybox.tar" Image.ImageTag=localhost/base
        supd_start
        supctl start base-image
        kill -KILL "$(supd_pid)"
        wait_until 10 supctl is-active base-image
        supctl stop base-image
        image ls | grep -qx NAME=localhost/base:latest
}

@test "an archive can be the image of a container, and gets a name of its own" {
        archive_of_busybox --config.cmd sleep --config.cmd 1000
        unit_write Web.container Image="oci-archive:$WORK/busybox.tar" Network=none
        supd_start
        supctl start Web
        image ls | grep -qx NAME=localhost/web:latest
        supctl stop Web
        rm busybox.tar
        supctl start Web
}

# ---- supd.conf ---------------------------------------------------------------------------------
@test "an image in an additional store is run from there, and nothing is copied" {
        STATE=$WORK/preloaded image_of_busybox --config.cmd sleep --config.cmd 1000
        chmod -R a-w preloaded/image
        supd_config Image.AdditionalStores="$WORK/preloaded"
        unit_write web.container Image=localhost/busybox Network=none Pull=never
        supd_start
        supctl start web
        grep -q "lowerdir.*" "/proc/$(unit_prop web MainPID)/mountinfo"
        [ -z "$(find "$STATE_DIR/layer" -mindepth 1 -name '[0-9a-f]*' 2>/dev/null)" ]
}

@test "a container's root may be a copy of the image" {
        image_of_busybox --config.cmd sleep --config.cmd 1000
        supd_config Image.StorageDriver=vfs
        unit_write copy.container Image=localhost/busybox Network=none \
                Exec="sh -c 'cat /srv/data/file; rm /srv/data/file; exec sleep 1000'"
        supd_start
        supctl start copy
        wait_until 5 printed copy from-the-image
        wait_until 5 test ! -e "$STATE_DIR/container/copy.service/root/srv/data/file"
        supctl restart copy
        wait_until 5 eval '[ "$(output_of copy | grep -c ^from-the-image)" = 2 ]'
        supctl stop copy
        [ ! -e "$STATE_DIR/container/copy.service" ]
}

@test "RootSizeMax= is refused where nothing could hold to it" {
        image_of_busybox --config.cmd sleep --config.cmd 1000
        unit_write web.container Image=localhost/busybox Network=none X-Supd.RootSizeMax=10m
        supd_start
        run supctl start web
        [ "$status" -eq 1 ]
        assert_match 'RootSizeMax= needs an image and StorageDriver=btrfs' "$output"
}

@test "a wrong value in supd.conf is told with file and line, and supd serves" {
        mkdir -p /etc/supd
        printf '[Image]\nStorageDriver=zfs\nMirror=docker.io\nAdditionalStores=relative\nParallelDownloads=0\n' \
                >/etc/supd/supd.conf
        supd_start
        supd_messages_since_start >messages 2>&1
        local at
        for at in "2: Image.StorageDriver: 'zfs'" "3: Image.Mirror: 'docker.io'" \
                "4: Image.AdditionalStores: 'relative'" "5: Image.ParallelDownloads: '0'"; do
                grep -qF "supd.conf:$at is not a value for it; ignored" messages
        done
}

@test "an image is found by its id" {
        image_of_busybox --config.cmd sleep --config.cmd 1000
        id=$(image inspect localhost/busybox | sed -n 's/^ID=sha256://p')
        # Another manifest of the same configuration is the same image.
        skopeo copy -q oci:layout:busybox docker-archive:other.tar:localhost/other:latest
        image load docker-archive:other.tar
        assert_equal 2 "$(find "$STATE/image/.supd/record" -type f -exec grep -l "^ID=sha256:$id" {} + | wc -l)"
        unit_write short.container Image="${id:0:12}" Network=none Pull=never
        unit_write whole.container Image="$id" Network=none Pull=never
        unit_write digest.container Image="sha256:$id" Network=none Pull=never
        supd_start
        supctl start short whole digest
}

@test "supd killed at any moment: the container runs on and its storage goes when it stops" {
        image_of_busybox --config.cmd sleep --config.cmd 1000
        unit_write web.container Image=localhost/busybox Network=none
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        kill -KILL "$(supd_pid)"
        wait_until 10 supctl is-active web
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_equal localhost/busybox "$(unit_prop web Image)"
        supctl stop web
        [ ! -e "$STATE_DIR/container/web.service" ]
        [ ! -e "$STATE_DIR/image/.supd/use/web.service" ]
}

@test "what a power cut left of containers is cleared when supd starts" {
        image_of_busybox --config.cmd sleep --config.cmd 1000
        mkdir -p "$STATE_DIR/container/gone.service/upper/etc" "$STATE_DIR/image/.supd/use"
        echo x >"$STATE_DIR/container/gone.service/upper/etc/x"
        echo "MANIFEST=$(image inspect localhost/busybox | sed -n 's/^IMAGE=//p')" >"$STATE_DIR/image/.supd/use/gone.service"
        unit_write web.container Image=localhost/busybox Network=none
        supd_start
        [ ! -e "$STATE_DIR/container/gone.service" ]
        [ ! -e "$STATE_DIR/image/.supd/use/gone.service" ]
        wait_until 5 eval '[ -z "$(ls "$STATE_DIR/container/.trash" 2>/dev/null)" ]'
}
