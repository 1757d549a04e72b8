# SPDX-License-Identifier: MIT
# What supd reads of the image store without asking supd-image, and what is in use.
load ../lib/supd
load ../lib/image

setup() {
        mkdir -p "$WORK" "$STATE"
        cd "$WORK" || return
        image_make a
}

teardown() {
        cd / && rm -rf "$WORK" "$STATE"
}

# use() - as supd notes that CONTAINER is made of an image
use() {
        printf 'NAME=%s\nMANIFEST=%s\n' "$3" "$2" >"$STATE/image/.supd/use/$1"
}

# load_as() - SOURCE under NAME; its digest is in $digest
load_as() {
        run image load "oci:layout:$1" --name "$2"
        assert_equal 0 "$status"
        digest=$(record IMAGE)
}

# sum_is_right() - the record's last line is the sum of what stands before it
sum_is_right() {
        local sum
        sum=$(head -n -1 "$1" | sha256sum | cut -d ' ' -f 1)
        assert_equal "SUM=$sum" "$(tail -n 1 "$1")"
}

@test "a loaded image has a record that says what inspect says, and its name is listed" {
        load_as a a
        assert_equal "docker.io/library/a:latest $digest" "$(store_names)"
        sum_is_right "$(record_file "$digest")"
        grep -v -e '^FORMAT=' -e '^SUM=' "$(record_file "$digest")" >wanted
        grep -q '^LAYER=[0-9a-f]\{64\}$' wanted
        assert_equal 2 "$(grep -c '^LAYER=' wanted)"
        grep -q '^CMD=/bin/a$' wanted
        run image inspect a
        grep -F -x -f wanted <<<"$output" >got
        diff <(sort wanted) <(sort -u got)
}

@test "a record tells the health check with its times" {
        load_as a a
        config=$(record ID) config=${config#sha256:}
        # What no tool here writes into an OCI image; Docker does.
        jq -c '.config.Healthcheck = { Test: ["CMD", "true"], Interval: 5000000000, Timeout: 1, StartPeriod: 2000000000, Retries: 3 }' \
                "layout/blobs/sha256/$config" >config.json
        mkdir archive
        cp config.json archive/config.json
        jq -r '.layers[].digest' "layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' layout/index.json)" |
                while read -r layer; do cp "layout/blobs/sha256/${layer#sha256:}" archive/; basename "$layer" | cut -d : -f 2; done |
                jq -R . | jq -c -s '[{ Config: "config.json", RepoTags: ["h:1"], Layers: . }]' >archive/manifest.json
        tar -C archive -cf archive.tar .
        run image load docker-archive:archive.tar
        assert_equal 0 "$status"
        file=$(record_file "$(record IMAGE)")
        grep -q '^HEALTH_INTERVAL_NSEC=5000000000$' "$file"
        grep -q '^HEALTH_TIMEOUT_NSEC=1$' "$file"
        grep -q '^HEALTH_START_PERIOD_NSEC=2000000000$' "$file"
        grep -q '^HEALTH_RETRIES=3$' "$file"
}

@test "records and names that are missing, cut, or changed are made anew by the next run that writes" {
        load_as a a
        file=$(record_file "$digest")
        cp "$file" whole
        cp "$STATE/image/.supd/names" names
        rm -r "$STATE/image/.supd/record" "$STATE/image/.supd/names"
        image prune
        cmp whole "$file"
        cmp names "$STATE/image/.supd/names"
        : >"$file"
        : >"$STATE/image/.supd/names"
        image prune
        cmp whole "$file"
        cmp names "$STATE/image/.supd/names"
        sed -i 's/^CMD=.*/CMD=other/' "$file"
        image prune
        cmp whole "$file"
        sed -i 's/^FORMAT=.*/FORMAT=999/' "$file"
        image prune
        cmp whole "$file"
}

@test "names follow what skopeo and umoci make of index.json" {
        load_as a a
        skopeo copy -q oci:layout:a "oci:$STATE/image:docker.io/foo/bar:1"
        umoci tag --image "$STATE/image:docker.io/foo/bar:1" other
        image prune
        assert_equal 3 "$(store_names | wc -l)"
        assert_match '(^|.)other sha256:' "$(store_names)"
        umoci rm --image "$STATE/image:other"
        umoci rm --image "$STATE/image:docker.io/library/a:latest"
        image prune
        assert_equal 'docker.io/foo/bar:1' "$(store_names | cut -d ' ' -f 1)"
        [ ! -e "$(record_file "$digest")" ] || grep -q "$digest" "$STATE/image/.supd/names"
}

@test "an index with all its platforms, as skopeo copies it, is no damage and stays whole" {
        load_as a a
        for arch in amd64 arm64; do
                umoci config --image layout:a --tag $arch --architecture $arch
        done
        manifests=$(for arch in amd64 arm64; do
                jq -c --arg a $arch '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $a) | del(.annotations) + { platform: { os: "linux", architecture: $a } }' layout/index.json
        done | paste -sd ,)
        printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' "$manifests" >list
        hex=$(sha256sum <list | cut -d ' ' -f 1)
        cp list "layout/blobs/sha256/$hex"
        printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:%s","size":%s}]}' \
                "$hex" "$(stat -c %s list)" >layout/index.json
        skopeo copy -q --all oci:layout "oci:$STATE/image:all"
        image rm a
        run image prune
        assert_equal 0 "$status"
        skopeo copy -q --all "oci:$STATE/image:all" oci:again
        run image check
        assert_equal 0 "$status"
        assert_match '(^|.)all sha256:' "$(store_names)"
        jq -c '.manifests = []' "$STATE/image/index.json" >index.json
        cp index.json "$STATE/image/index.json"
        run image prune
        assert_equal '' "$(ls "$STATE/image/blobs/sha256")"
}

@test "a record goes with its image, and not before" {
        load_as a a
        image load oci:layout:a --name b
        image rm a
        [ -e "$(record_file "$digest")" ]
        image rm b
        assert_equal '' "$(ls "$STATE/image/.supd/record")"
        assert_equal '' "$(store_names)"
}

@test "a failed load leaves no record and no name" {
        load_as a a
        image_make b
        blob=$(jq -r '.layers[1].digest[7:]' "layout/blobs/sha256/$(jq -r '.manifests[1].digest[7:]' layout/index.json)")
        printf XXXXXXXXXXXXXXXX | dd of="layout/blobs/sha256/$blob" conv=notrunc bs=1 seek=30 status=none
        run image load oci:layout:b --name b
        assert_equal 1 "$status"
        assert_equal "${digest#sha256:}" "$(ls "$STATE/image/.supd/record")"
        assert_equal docker.io/library/a:latest "$(store_names | cut -d ' ' -f 1)"
}

@test "rm of a name in use takes the name only, and prune leaves the image until the container is gone" {
        load_as a a
        use web "$digest" a
        run image rm a
        assert_equal 0 "$status"
        assert_match "in use by web" "$(record NOTICE)"
        assert_equal 0 "$(record REMOVED_LAYERS)"
        assert_equal '' "$(store_names)"
        [ -e "$(record_file "$digest")" ]
        run image ls
        assert_equal "$digest" "$(record IMAGE)"
        assert_equal '' "$(record NAME)"
        run image prune --all
        assert_equal '' "$(record REMOVED)"
        assert_equal 0 "$(record REMOVED_LAYERS)"
        run image check
        assert_equal 0 "$status"
        rm "$STATE/image/.supd/use/web"
        run image prune
        assert_equal "$digest" "$(record REMOVED)"
        assert_equal 2 "$(record REMOVED_LAYERS)"
        [ ! -e "$(record_file "$digest")" ]
}

@test "rm of one of two names of an image in use is nothing to notice" {
        load_as a a
        image load oci:layout:a --name b
        use web "$digest" a
        run image rm a
        assert_equal 0 "$status"
        assert_equal '' "$(record NOTICE)"
        assert_equal docker.io/library/b:latest "$(store_names | cut -d ' ' -f 1)"
}

@test "rm of an image in use by its id is refused with the containers' names, unless forced" {
        load_as a a
        use web "$digest" a
        use db "$digest" a
        run image rm "$digest"
        assert_equal 1 "$status"
        assert_match 'in use by (web, db|db, web)' "$output"
        assert_equal unit-state "$(record ERROR_CODE)"
        assert_equal docker.io/library/a:latest "$(store_names | cut -d ' ' -f 1)"
        run image rm --force "$digest"
        assert_equal 0 "$status"
        assert_match 'in use by' "$(record NOTICE)"
        assert_equal '' "$(store_names)"
        # What the containers need stays all the same.
        [ -e "$(record_file "$digest")" ]
        assert_equal 2 "$(find "$STATE/layer" -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l)"
        rm "$STATE"/image/.supd/use/*
        image prune
        assert_equal '' "$(find "$STATE/layer" -mindepth 1 -maxdepth 1 ! -name '.*')"
}

@test "what rm can remove goes, whatever it can't, and its space comes back" {
        load_as a a
        run image rm nosuch a other
        assert_equal 1 "$status"
        assert_equal docker.io/library/a:latest "$(record REMOVED)"
        assert_equal 2 "$(record REMOVED_LAYERS)"
        assert_equal "no such image: 'nosuch'" "$(record ERROR)"
        assert_equal "no such image: 'other'" "$(record NOTICE)"
}

@test "an id that two manifests have means either, and rm takes both" {
        load_as a a
        run image inspect a
        id=$(record ID)
        skopeo copy -q oci:layout:a docker-archive:a.tar:example.com/a:1
        image load docker-archive:a.tar
        run image inspect example.com/a:1
        assert_equal "$id" "$(record ID)"
        [ "$digest" != "$(record IMAGE)" ]
        run image rm docker.io/library/a:latest
        load_as a a
        run image inspect "${id:7:12}"
        assert_equal 0 "$status"
        assert_equal "$id" "$(record ID)"
        run image tag "$id" b
        assert_equal 0 "$status"
        run image rm "$id"
        assert_equal 0 "$status"
        assert_equal 2 "$(record REMOVED | wc -l)"
        assert_equal '' "$(store_names)"
}

@test "a note of use that says no image stops every removal; a half-written one does not" {
        load_as a a
        use web "$digest" a
        : >"$STATE/image/.supd/use/web.new"
        run image prune
        assert_equal 0 "$status"
        : >"$STATE/image/.supd/use/web"
        run image prune
        assert_equal 1 "$status"
        assert_match "use/web' does not say which image" "$output"
        run image load oci:layout:a --name b
        assert_equal 0 "$status"
}

@test "an additional store has the same files" {
        load_as a a
        mkdir -p own
        run supd-image --state-dir "$WORK/own" --additional-store "$STATE" load oci:layout:a --name own
        assert_equal 0 "$status"
        cmp "$(record_file "$digest")" "own/image/.supd/record/${digest#sha256:}"
        assert_equal 1 "$(grep -c '^NAME=' own/image/.supd/names)"
}

@test "a container that waits for an image which is not here keeps no prune from its work" {
        image_make a
        image load oci:layout:a --name a
        absent=sha256:$(printf '%064d' 1)
        mkdir -p "$STATE/image/.supd/use"
        printf 'MANIFEST=%s\n' "$absent" >"$STATE/image/.supd/use/web"
        run image prune --all
        assert_equal 0 "$status"
        assert_equal '' "$(ls "$STATE/image/blobs/sha256")"
}
