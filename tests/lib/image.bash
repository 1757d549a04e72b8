# SPDX-License-Identifier: MIT
#
# For suites of supd-image: `load ../lib/image`, besides ../lib/supd.
#
#   image VERB...       supd-image with the store below $STATE
#   record KEY          the values of KEY in $output
#   image_make NAME...  an image of umoci's in ./layout:NAME, of two layers; all of them share the lower one
#   image_of_busybox [OPTION...]  localhost/busybox in the store, of two layers; umoci config options
#   layout_names        what index.json calls the images of the store
#   store_names         what the file `names` says, as "NAME DIGEST" lines
#   record_file DIGEST  where an image's record is

# The two below are for each suite to say, when it wants others.
STATE=${STATE:-$SUPD_TEST_DIR/tmp/state}
WORK=${WORK:-$SUPD_TEST_DIR/tmp/work}

image() {
        supd-image --state-dir "$STATE" "$@"
}

record() {
        sed -n "s/^$1=//p" <<<"$output"
}

image_make() {
        local name
        if [[ ! -e layout ]]; then
                mkdir -p base/bin base/etc
                head -c 20000 /dev/urandom >base/bin/tool
                ln base/bin/tool base/bin/other
                echo base >base/etc/file
                tar -C base -cf base.tar .
                umoci init --layout layout
        fi
        for name; do
                mkdir -p "own-$name"
                echo "$name" >"own-$name/name"
                tar -C "own-$name" -cf own.tar .
                umoci new --image "layout:$name"
                umoci raw add-layer --image "layout:$name" base.tar
                umoci raw add-layer --image "layout:$name" own.tar
                umoci config --image "layout:$name" --config.cmd "/bin/$name" --config.env "A=$name"
        done
}

image_of_busybox() {
        if [[ ! -e layout ]]; then
                rootfs_make "$WORK/root"
                mkdir -p top/etc top/srv/data
                echo from-the-image >top/srv/data/file
                chown 7:8 top/srv/data/file
                chmod 750 top/srv/data
                tar -C root -cf root.tar .
                tar -C top -cf top.tar .
                umoci init --layout layout
        fi
        umoci new --image layout:busybox
        umoci raw add-layer --image layout:busybox root.tar
        umoci raw add-layer --image layout:busybox top.tar
        umoci config --image layout:busybox "$@"
        image load --name localhost/busybox oci:layout:busybox >/dev/null
}

layout_names() {
        jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] // "-"' "$STATE/image/index.json"
}

store_names() {
        sed -n 's/^NAME=//p' "$STATE/image/.supd/names" | paste -d ' ' - <(sed -n 's/^MANIFEST=//p' "$STATE/image/.supd/names")
}

record_file() {
        printf '%s/image/.supd/record/%s\n' "$STATE" "${1#sha256:}"
}
