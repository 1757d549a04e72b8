# SPDX-License-Identifier: MIT
# Damage of every kind in the image store is found, named, and put right where that can be done.
load ../lib/supd
load ../lib/image

setup() {
        mkdir -p "$WORK" "$STATE"
        cd "$WORK" || return
        image_make a b
        run image load oci:layout:a --name a
        digest=$(record IMAGE)
        run image load oci:layout:b --name b
        image tag b c
        run image inspect a
        shared=$(record LAYER_PATH | head -n 1) own=$(record LAYER_PATH | tail -n 1)
        manifest=$STATE/image/blobs/sha256/${digest#sha256:}
}

teardown() {
        cd / && rm -rf "$WORK" "$STATE"
}

# damaged_layer_is_repaired() - the check names LAYER with PATH, and --repair puts it right
damaged_layer_is_repaired() {
        run image check
        assert_equal 1 "$status"
        assert_equal "sha256:${1##*/}" "$(record DAMAGED_LAYER)"
        assert_match "$2" "$(record DAMAGED_PATH)"
        assert_match "check --repair" "$(record ERROR)"
        assert_equal '' "$(record PULL)"
        run image check --repair
        assert_equal 0 "$status"
        assert_equal "sha256:${1##*/}" "$(record REPAIRED_LAYER)"
        run image check
        assert_equal 0 "$status"
}

blob_of_layer() { # blob_of_layer N: the file of image a's Nth layer blob, from 0
        printf '%s/image/blobs/sha256/%s\n' "$STATE" "$(jq -r ".layers[$1].digest[7:]" "$manifest")"
}

@test "a whole store is whole, and the check says how much it looked at" {
        run image check
        assert_equal 0 "$status"
        assert_equal 2 "$(record CHECKED_IMAGES)"
        assert_equal 3 "$(record CHECKED_LAYERS)"
        assert_equal 7 "$(record CHECKED_BLOBS)"
        assert_equal 2 "$(record CHECKED_RECORDS)"
        assert_equal 0 "$(record DAMAGED)"
}

@test "a changed byte, size, mode, owner or xattr of a layer's file is found" {
        printf XXXXXXXXXXXXXXXX | dd of="$own/name" conv=notrunc status=none
        touch -d @0 "$own/name"
        damaged_layer_is_repaired "$own" '^name$'
        chmod 600 "$shared/etc/file"
        damaged_layer_is_repaired "$shared" '^etc/file$'
        chown 5 "$shared/etc/file"
        damaged_layer_is_repaired "$shared" '^etc/file$'
        setfattr -n user.more -v x "$shared/etc/file"
        damaged_layer_is_repaired "$shared" '^etc/file$'
        touch "$shared/bin/new"
        damaged_layer_is_repaired "$shared" '^bin$'
        rm "$shared/bin/other"
        damaged_layer_is_repaired "$shared" '^bin'
        chmod 700 "$shared"
        damaged_layer_is_repaired "$shared" '^\.$'
        setfattr -n user.more -v x "$shared"
        damaged_layer_is_repaired "$shared" '^\.$'
}

@test "what overlayfs hides by is compared: whiteouts and opaque marks" {
        mkdir -p hide/etc hide/bin
        touch hide/etc/.wh.file hide/bin/.wh..wh..opq
        tar -C hide -cf hide.tar .
        umoci new --image layout:h
        umoci raw add-layer --image layout:h hide.tar
        image load oci:layout:h --name h
        run image inspect h
        layer=$(record LAYER_PATH)
        setfattr -x trusted.overlay.opaque "$layer/bin"
        damaged_layer_is_repaired "$layer" '^bin$'
        rm "$layer/etc/file" && touch "$layer/etc/file"
        damaged_layer_is_repaired "$layer" '^etc/file$'
}

@test "files that a power cut emptied are found, all images that have them are named" {
        find "$shared" -type f -exec truncate -s 0 {} +
        run image check
        assert_equal "sha256:${shared##*/}" "$(record DAMAGED_LAYER)"
        assert_equal "$(printf 'docker.io/library/%s:latest\n' a b c)" "$(record AFFECTED)"
        run image check --repair
        assert_equal 0 "$status"
        run image check
        assert_equal 0 "$status"
}

@test "a missing layer is found and unpacked anew" {
        rm -r "$own"
        run image check
        assert_equal 1 "$status"
        assert_equal "sha256:${own##*/}" "$(record MISSING_LAYER)"
        assert_equal docker.io/library/a:latest "$(record AFFECTED)"
        run image check --repair
        assert_equal 0 "$status"
        [ -e "$own/name" ]
}

@test "for a damaged or missing blob the images to pull again are named" {
        blob=$(blob_of_layer 0)
        cp "$blob" saved
        printf XXXXXXXXXXXXXXXX | dd of="$blob" conv=notrunc bs=1 seek=9000 status=none
        run image check
        assert_equal 1 "$status"
        assert_equal "sha256:${blob##*/}" "$(record DAMAGED_BLOB)"
        assert_equal "$(printf 'docker.io/library/%s:latest\n' a b c)" "$(record PULL)"
        assert_equal "sha256:${shared##*/}" "$(record UNVERIFIED_LAYER)"
        assert_match 'PULL=' "$(record ERROR)"
        [ -e "$blob" ]
        run image check --repair
        assert_equal 1 "$status"
        [ ! -e "$blob" ]
        run image check
        assert_equal "sha256:${blob##*/}" "$(record MISSING_BLOB)"
        assert_equal 3 "$(record PULL | wc -l)"
        # The layer is there still, and so the image runs.
        [ -e "$shared/bin/tool" ]
        rm -r "$shared"
        run image check --repair
        assert_equal "sha256:${shared##*/}" "$(record MISSING_LAYER)"
        # Loading again brings the blob; the check unpacks it.
        image load oci:layout:a --name a
        run image check --repair
        assert_equal 0 "$status"
}

@test "a damaged manifest or configuration is found, and does not stop the rest" {
        config=$STATE/image/blobs/sha256/$(jq -r '.config.digest[7:]' "$manifest")
        cp "$config" saved
        printf '{}' >"$config"
        touch "$own/new"
        run image check
        assert_equal 1 "$status"
        assert_equal "$digest" "$(record DAMAGED_IMAGE)"
        assert_equal "sha256:${config##*/}" "$(record DAMAGED_BLOB)"
        assert_equal docker.io/library/a:latest "$(record PULL)"
        assert_equal 2 "$(record CHECKED_IMAGES)"
        cp saved "$config"
        : >"$manifest"
        run image check
        assert_equal "$digest" "$(record DAMAGED_IMAGE)"
        assert_equal "$digest" "$(record DAMAGED_BLOB)"
        run image check --repair
        assert_equal 1 "$status"
        # What is named wrong is no image any more, and can be replaced by the same name.
        image load oci:layout:a --name a
        run image check --repair
        assert_equal 0 "$status"
}

@test "a damaged or missing record, and wrong names, are found" {
        file=$(record_file "$digest")
        cp "$file" whole
        sed -i 's/^CMD=.*/CMD=other/' "$file"
        run image check
        assert_equal 1 "$status"
        assert_equal "$digest" "$(record DAMAGED_RECORD)"
        assert_equal docker.io/library/a:latest "$(record AFFECTED)"
        # One whose sum is right, too, if it is not what the image says.
        head -n -1 "$file" >forged
        printf 'SUM=%s\n' "$(sha256sum <forged | cut -d ' ' -f 1)" >>forged
        cp forged "$file"
        run image check
        assert_equal "$digest" "$(record DAMAGED_RECORD)"
        run image check --repair
        assert_equal 0 "$status"
        cmp whole "$file"
        rm "$file"
        : >"$STATE/image/.supd/names"
        run image check
        assert_equal "$digest" "$(record DAMAGED_RECORD)"
        assert_equal yes "$(record DAMAGED_NAMES)"
        run image check --repair
        assert_equal 0 "$status"
        cmp whole "$file"
        assert_equal 3 "$(store_names | wc -l)"
}

@test "one image can be checked alone" {
        touch "$own/new"
        run image check b
        assert_equal 0 "$status"
        assert_equal 1 "$(record CHECKED_IMAGES)"
        run image check a
        assert_equal 1 "$status"
        run image check nosuch
        assert_match "no such image: 'nosuch'" "$output"
}

@test "an image that only a container has is checked, too" {
        printf 'MANIFEST=%s\n' "$digest" >"$STATE/image/.supd/use/web"
        image rm --force "$digest"
        touch "$own/new"
        run image check
        assert_equal 1 "$status"
        assert_equal 'container web' "$(record AFFECTED)"
        run image check --repair
        assert_equal 0 "$status"
}

@test "a damaged layer of an additional store gets a whole one in ours" {
        touch "$own/new"
        mkdir other
        run supd-image --state-dir "$WORK/other" --additional-store "$STATE" check
        assert_equal 1 "$status"
        assert_equal "sha256:${own##*/}" "$(record DAMAGED_LAYER)"
        run supd-image --state-dir "$WORK/other" --additional-store "$STATE" check --repair
        assert_equal 0 "$status"
        run supd-image --state-dir "$WORK/other" --additional-store "$STATE" check
        assert_equal 0 "$status"
        [ -e "other/layer/${own##*/}/name" ]
        [ ! -e "other/layer/${own##*/}/new" ]
        assert_equal 1 "$(find other/layer -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l)"
}
