# SPDX-License-Identifier: MIT
# What images take on disk, and what a prune takes away.
load ../lib/supd
load ../lib/image

setup() {
        mkdir -p "$WORK" "$STATE"
        cd "$WORK" || return
        image_make a b
        run image load oci:layout:a --name a
        first=$(record IMAGE)
        run image load oci:layout:b --name b
        second=$(record IMAGE)
}

teardown() {
        cd / && rm -rf "$WORK" "$STATE"
}

# of_image() - the values of KEY in the records of one image in $output
of_image() {
        awk -F = -v image="$1" -v key="$2" '/^IMAGE=/ { ours = $2 == image } /_COUNT=/ { ours = 0 } ours && $1 == key { print $2 }' <<<"$output"
}

# disk_usage() - of blobs and layers together, in bytes, as du counts them
disk_usage() {
        du -s -B1 --total "$STATE"/image/blobs/sha256/* "$STATE"/layer/* | tail -n 1 | cut -f 1
}

@test "df adds up: what is shared, what is unique, and all there is" {
        image tag a c
        printf 'MANIFEST=%s\n' "$first" >"$STATE/image/.supd/use/web"
        run image df
        assert_equal 0 "$status"
        assert_equal "$(printf 'docker.io/library/%s:latest\n' a c)" "$(of_image "$first" NAME)"
        assert_equal 1 "$(of_image "$first" CONTAINERS)"
        assert_equal 0 "$(of_image "$second" CONTAINERS)"
        assert_equal "$(of_image "$first" SIZE)" "$(($(of_image "$first" UNIQUE) + $(of_image "$first" SHARED)))"
        [ "$(of_image "$first" SHARED)" -gt 20000 ]
        assert_equal "$(of_image "$first" SHARED)" "$(of_image "$second" SHARED)"
        assert_equal "$(($(record BLOBS_TOTAL) + $(record LAYERS_TOTAL)))" \
                "$(($(of_image "$first" SIZE) + $(of_image "$second" UNIQUE)))"
        assert_equal 2 "$(record IMAGE_COUNT)"
        assert_equal 1 "$(record ACTIVE_COUNT)"
        assert_equal 7 "$(record BLOB_COUNT)"
        assert_equal 3 "$(record LAYER_COUNT)"
        assert_equal 0 "$(record UNUSED)"
        assert_equal 0 "$(record RECLAIMABLE)"
        assert_equal "$(of_image "$second" UNIQUE)" "$(record RECLAIMABLE_ALL)"
}

@test "a file with several names counts once" {
        run image df
        assert_equal "$(disk_usage)" "$(($(record BLOBS_TOTAL) + $(record LAYERS_TOTAL)))"
}

@test "df tells what dead operations and broken downloads left" {
        mkdir -p "$STATE/image/.supd/partial" "$STATE/layer/.work/0123456789abcdef.0.x"
        head -c 10000 /dev/zero >"$STATE/image/.supd/partial/x"
        head -c 5000 /dev/zero >"$STATE/image/.supd/work/0123456789abcdef.1.blob"
        run image df
        assert_equal 1 "$(record PARTIAL_COUNT)"
        [ "$(record PARTIAL_TOTAL)" -ge 10000 ]
        assert_equal 2 "$(record LEFTOVER_COUNT)"
        [ "$(record LEFTOVERS_TOTAL)" -ge 5000 ]
        left=$(record LEFTOVERS_TOTAL)
        run image prune --dry-run
        assert_equal "$left" "$(record REMOVED_BYTES)"
        run image prune
        assert_equal "$left" "$(record REMOVED_BYTES)"
        run image df
        assert_equal 0 "$(record LEFTOVER_COUNT)"
}

@test "df of a store that is not there is all zeros, and makes none" {
        run supd-image --state-dir "$WORK/none" df
        assert_equal 0 "$status"
        assert_equal 0 "$(record BLOBS_TOTAL)"
        [ ! -e none ]
}

@test "a dry run tells what the prune then does, to the byte" {
        image rm b
        image tag a b
        image load oci:layout:b --name a
        image tag "$first" a
        before=$(disk_usage)
        run image prune --dry-run
        assert_equal 0 "$status"
        assert_equal yes "$(record DRY_RUN)"
        assert_equal "$second" "$(record IMAGE)"
        assert_equal '' "$(record NAME)"
        assert_equal '' "$(record REMOVED)"
        bytes=$(record REMOVED_BYTES) size=$(record SIZE)
        [ "$size" -gt "$bytes" ]
        [ "$bytes" -gt 0 ]
        assert_equal "$before" "$(disk_usage)"
        run image df
        assert_equal "$bytes" "$(record RECLAIMABLE)"
        run image prune
        assert_equal "$second" "$(record IMAGE)"
        assert_equal "$second" "$(record REMOVED)"
        assert_equal "$size" "$(record SIZE)"
        assert_equal "$bytes" "$(record REMOVED_BYTES)"
        assert_equal "$((before - bytes))" "$(disk_usage)"
}

@test "the trees of a storage driver count" {
        image rm a b
        run image load oci:layout:a --name a --driver vfs
        run image df
        assert_equal 1 "$(record TREE_COUNT)"
        [ "$(record TREES_TOTAL)" -gt 20000 ]
        assert_equal "$(record SIZE)" "$(($(record BLOBS_TOTAL) + $(record LAYERS_TOTAL) + $(record TREES_TOTAL)))"
        size=$(record SIZE)
        run image prune --all --dry-run
        assert_equal "$size" "$(record REMOVED_BYTES)"
        run image prune --all
        assert_equal "$size" "$(record REMOVED_BYTES)"
        run image df
        assert_equal 0 "$(record TREES_TOTAL)"
}

@test "prune --all takes named images, but those in use" {
        image tag b c
        printf 'MANIFEST=%s\n' "$first" >"$STATE/image/.supd/use/web"
        run image prune --all --dry-run
        assert_equal "$second" "$(record IMAGE)"
        assert_equal "$(printf 'docker.io/library/%s:latest\n' b c)" "$(record NAME)"
        run image prune --all
        assert_equal "$second" "$(record IMAGE)"
        run image ls
        assert_equal docker.io/library/a:latest "$(record NAME)"
        assert_equal web "$(record USED_BY)"
        rm "$STATE/image/.supd/use/web"
        image prune --all
        assert_equal '' "$(ls "$STATE/image/blobs/sha256")"
}

@test "prune takes filters by age and label, and all of them must hold" {
        tar -cf root.tar -C base .
        SOURCE_DATE_EPOCH=1000000000 image import root.tar old --change 'LABEL stage=test keep=yes'
        SOURCE_DATE_EPOCH=1700000000 image import root.tar new --change 'LABEL stage=test'
        image rm a b
        would_go() {
                run image prune --all --dry-run "$@"
                assert_equal 0 "$status"
                record NAME | sed 's|docker.io/library/||; s|:latest||' | sort | paste -sd ' '
        }
        assert_equal 'new old' "$(would_go)"
        assert_equal old "$(would_go --filter until=2010-01-01)"
        assert_equal 'new old' "$(would_go --filter until=2023-11-14T22:13:21Z)"
        assert_equal old "$(would_go --filter until=2023-11-14T23:13:20+01:00)"
        assert_equal 'new old' "$(would_go --filter until=24h)"
        assert_equal '' "$(would_go --filter until=2000w)"
        assert_equal 'new old' "$(would_go --filter label=stage)"
        assert_equal '' "$(would_go --filter label=stage=other)"
        assert_equal new "$(would_go --filter label=stage=test --filter 'label!=keep')"
        assert_equal '' "$(would_go --filter until=2010-01-01 --filter 'label!=keep')"
        run image prune --all --filter label=keep
        assert_equal docker.io/library/old:latest "$(record NAME)"
        run image ls
        assert_equal docker.io/library/new:latest "$(record NAME)"
        for bad in until=soon dangling=true label= until=; do
                run image prune --filter $bad
                assert_equal 1 "$status"
                assert_match 'invalid-argument' "$(record ERROR_CODE)"
        done
}

@test "inspect tells all names, digests of registries, and who uses the image" {
        image tag a example.com/x:1
        printf 'MANIFEST=%s\n' "$first" >"$STATE/image/.supd/use/web"
        run image inspect a
        assert_equal "$(printf '%s\n' docker.io/library/a:latest example.com/x:1)" "$(record NAME)"
        assert_equal "$(printf '%s\n' "docker.io/library/a@$first" "example.com/x@$first")" "$(record REPO_DIGEST)"
        assert_equal web "$(record USED_BY)"
        assert_equal linux "$(record OS)"
        [ "$(record HISTORY)" -ge 2 ]
        [ "$(record SIZE)" -gt 20000 ]
        run image ls
        assert_equal 3 "$(record CREATED | wc -l)"
        assert_equal 3 "$(record SIZE | wc -l)"
}
