# SPDX-License-Identifier: MIT
#
# Images as people work on them: supctl asks supd, which has supd-image do it, with archives of other tools.

load ../lib/supd

STATE=$STATE_DIR
WORK=$SUPD_TEST_DIR/work
load ../lib/image

setup() {
        mkdir -p "$WORK"
        cd "$WORK" || return
        supd_start
}

teardown() {
        local status=0
        supd_stop || status=$?
        cd /
        rm -rf "$WORK" "${STATE_DIR:?}"/{image,layer,tree,container}
        return "$status"
}

# archives() - web.tar of docker's kind, called example.com/web:1, and web.oci of OCI's, of one image
archives() {
        image_make web
        skopeo copy -q oci:layout:web docker-archive:web.tar:example.com/web:1
        skopeo copy -q oci:layout:web oci-archive:web.oci:web
}

# loaded() - example.com/web:1 is in the store
loaded() {
        archives
        supctl load -q -i web.tar >/dev/null
}

id_of() {
        supctl image inspect --json "$1" | jq -r '.[0].Id'
}

# in_terminal() - COMMAND with a terminal of 80 by 24 as its standard streams; its output
in_terminal() {
        script -qec "stty cols 80 rows 24; $(printf '%q ' "$@")" /dev/null
}

@test "an archive is loaded from a file or a pipe, compressed or not, whatever its kind" {
        local file
        archives
        gzip -k web.tar web.oci
        zstd -q web.tar
        for file in web.tar web.tar.gz web.tar.zst; do
                run supctl load -i "$file"
                assert_equal 0 "$status"
                assert_match 'Loaded example\.com/web:1 \([0-9a-f]{12}\)' "$output"
                supctl rmi example.com/web:1
                run supctl load <"$file"
                assert_match 'Loaded example\.com/web:1 ' "$output"
                run bash -c "cat $file | supctl load"
                assert_match 'Loaded example\.com/web:1 ' "$output"
                supctl rmi example.com/web:1
        done
        for file in web.oci web.oci.gz; do
                run supctl image load --input="$file"
                assert_equal 0 "$status"
                assert_match "Loaded localhost/$file:web " "$output"
        done
}

@test "what has no name and comes through a pipe stays without one" {
        archives
        run supctl load <web.oci
        assert_equal 0 "$status"
        assert_match 'Loaded image sha256:[0-9a-f]{64}' "$output"
        run supctl images --no-legend
        assert_equal '' "$output"
        run supctl images -a --no-legend
        assert_match '^<none> +<none> +[0-9a-f]{12} ' "$output"
        supctl tag "$(supctl images -aq)" named
        run supctl images --no-legend
        assert_match '^docker\.io/library/named +latest +[0-9a-f]{12} ' "$output"
}

@test "an archive of several images is loaded whole, also OCI's, and a layout too" {
        image_make web db
        for name in web db; do
                supctl pull -q "oci:layout:$name"
                supctl tag "localhost/layout:$name" "example.com/$name:1"
        done
        supctl save -o both.tar --format oci-archive example.com/web:1 example.com/db:1
        supctl prune -af
        run supctl load -i both.tar
        assert_equal 0 "$status"
        assert_match 'Loaded example\.com/web:1 .*Loaded example\.com/db:1 ' "$output"
        run supctl load -i layout
        assert_equal 0 "$status"
        assert_match 'Loaded localhost/layout:web .*Loaded localhost/layout:db ' "$output"
        # A unit means one.
        run image pull oci-archive:both.tar
        assert_equal 1 "$status"
        assert_match 'it has 2 images; name one of them behind a colon' "$output"
}

@test "layouts and other transports are pulled from the caller's file" {
        image_make web
        run supctl pull oci:layout:web
        assert_equal 0 "$status"
        assert_match 'Loaded localhost/layout:web ' "$output"
        run supctl load -i layout
        assert_equal 0 "$status"
        run supctl pull oci:nowhere:web
        assert_equal 1 "$status"
        assert_match "cannot open 'nowhere': No such file" "$output"
}

@test "what is no archive of images is refused, by the name that the caller gave it" {
        head -c 100000 /dev/urandom >noise
        run supctl load -i noise
        assert_equal 1 "$status"
        assert_match 'noise: ' "$output"
        tar -cf plain.tar noise
        run supctl load -i plain.tar
        assert_equal 1 "$status"
        assert_match 'plain\.tar: it is no archive of images' "$output"
        xz -k plain.tar
        run supctl load <plain.tar.xz
        assert_equal 1 "$status"
        assert_match 'compressed with xz' "$output"
        bzip2 -k plain.tar
        run supctl load -i plain.tar.bz2
        assert_equal 1 "$status"
        assert_match 'compressed with bzip2' "$output"
        run supctl load -i missing.tar
        assert_equal 1 "$status"
        assert_match "cannot open 'missing\.tar': No such file" "$output"
        run supctl load </dev/null
        assert_equal 1 "$status"
        run supctl images -aq
        assert_equal "0 " "$status $output"
}

@test "archives are neither read from a terminal nor written to one" {
        loaded
        run in_terminal supctl load
        assert_match 'standard input is a terminal; name an archive by --input' "$output"
        run in_terminal supctl save example.com/web:1
        assert_match 'standard output is a terminal; name a file by --output' "$output"
}

@test "images are listed, selected and told to programs" {
        local id
        loaded
        supctl tag example.com/web:1 alpine:3 quay.io/a/web:2
        id=$(id_of alpine:3)
        run supctl images
        assert_equal 0 "$status"
        assert_match $'^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n' "$output"
        assert_match $'\n'"example\.com/web +1 +${id:7:12} " "$output"
        assert_equal 4 "${#lines[@]}"
        run supctl image ls --no-trunc --digests --no-legend alpine
        assert_match "^docker\.io/library/alpine +3 +sha256:[0-9a-f]{64} +$id " "$output"
        assert_equal 1 "${#lines[@]}"
        run supctl images -q --no-trunc 'quay.io/a/*'
        assert_equal "$id" "$output"
        run supctl images -q -f reference='*/web' -f reference=alpine
        assert_equal 3 "${#lines[@]}"
        run supctl images -q --filter dangling=true
        assert_equal '' "$output"
        run supctl images --filter colour=red
        assert_equal 1 "$status"
        assert_match "'colour=red' is none of" "$output"
        supctl images --json >list
        assert_equal "$id 3" "$(jq -r '"\(.[0].Id) \(length)"' list)"
        assert_equal 'alpine:3 quay.io/a/web:2' \
                "$(jq -r '[.[].Name | select(test("example") | not) | sub("docker.io/library/"; "")] | sort | join(" ")' list)"
}

@test "inspect tells what docker tells, and people what they look for" {
        loaded
        supctl tag example.com/web:1 other
        supctl image inspect --json example.com/web:1 >page
        assert_equal '/bin/web|A=web' "$(jq -r '.[0].Config | "\(.Cmd[0])|\(.Env[-1])"' page)"
        assert_equal 'docker.io/library/other:latest example.com/web:1' \
                "$(jq -r '.[0].RepoTags | sort | join(" ")' page)"
        assert_equal '2 sha256:' "$(jq -r '.[0].RootFS.Layers | "\(length) \(.[0][:7])"' page)"
        assert_equal linux "$(jq -r '.[0].Os' page)"
        run supctl image inspect other example.com/web:1
        assert_equal 0 "$status"
        assert_match 'Command: /bin/web' "$output"
        assert_match 'Environment: .*A=web' "$output"
        assert_match 'Platform: linux/' "$output"
        assert_match 'Size: [0-9.]+[BK] in 2 layers' "$output"
        run supctl image inspect nosuch
        assert_equal 1 "$status"
        assert_match 'nosuch' "$output"
}

@test "history shows the steps, the last first" {
        loaded
        run supctl history example.com/web:1
        assert_equal 0 "$status"
        assert_match $'^CREATED +CREATED BY +SIZE +COMMENT' "$output"
        assert_match 'umoci config' "${lines[1]}"
        supctl history --json example.com/web:1 >steps
        assert_equal "$(jq length steps)" "$((${#lines[@]} - 1))"
        assert_equal 2 "$(jq '[.[] | select(.EmptyLayer | not)] | length' steps)"
}

@test "tag names, rmi takes names away, and the last one takes the image" {
        loaded
        supctl tag example.com/web:1 a b:2
        run supctl rmi a
        assert_equal 0 "$status"
        assert_match 'Removed: docker\.io/library/a:latest' "$output"
        run supctl image rm example.com/web:1 b:2
        assert_equal 0 "$status"
        assert_match 'Freed: [0-9.]+K' "$output"
        run supctl images -aq
        assert_equal '' "$output"
        run supctl rmi a
        assert_equal 1 "$status"
        assert_match "'a'" "$output"
        run supctl tag nosuch c
        assert_equal 1 "$status"
        run supctl rmi
        assert_equal 2 "$status"
}

@test "what is saved is what was loaded, for this and for other tools" {
        local id
        loaded
        id=$(id_of example.com/web:1)
        supctl save -o saved.tar example.com/web:1
        supctl save --format oci-archive example.com/web:1 >saved.oci
        assert_equal "$id" "$(skopeo inspect --raw oci-archive:saved.oci | jq -r .config.digest)"
        assert_equal "$id" "sha256:$(skopeo inspect --config --raw docker-archive:saved.tar | sha256sum | cut -d' ' -f1)"
        supctl rmi example.com/web:1
        run supctl load -q -i saved.tar
        assert_equal 'example.com/web:1' "$output"
        assert_equal "$id" "$(id_of example.com/web:1)"
        run bash -c 'supctl save example.com/web:1 | supctl load'
        assert_match 'Loaded example\.com/web:1' "$output"
}

@test "a save that fails leaves the file as it was, and nothing beside it" {
        local before
        loaded
        echo precious >saved.tar
        before=$(ls -A)
        run supctl save -o saved.tar example.com/web:1 nosuch
        assert_equal 1 "$status"
        assert_match 'nosuch' "$output"
        assert_equal precious "$(<saved.tar)"
        assert_equal "$before" "$(ls -A)"
        ln -s saved.tar link.tar
        supctl save -o link.tar example.com/web:1
        [[ -L link.tar ]]
        tar -tf saved.tar manifest.json
        supctl save -o /dev/stdout example.com/web:1 | tar -t manifest.json
}

@test "a root file system becomes an image" {
        mkdir -p root/bin
        echo hello >root/bin/hello
        tar -C root -czf root.tar.gz .
        run supctl import -c 'CMD ["/bin/hello"]' --change 'ENV A="b c"' -m 'by hand' root.tar.gz hello:1
        assert_equal 0 "$status"
        assert_match 'Imported docker\.io/library/hello:1' "$output"
        assert_equal '["/bin/hello"] A=b c' \
                "$(supctl image inspect --json hello:1 | jq -r '.[0].Config | "\(.Cmd | tojson) \(.Env[-1])"')"
        run supctl history hello:1
        assert_match 'by hand' "$output"
        run bash -c 'zcat root.tar.gz | supctl import -q - piped'
        assert_equal 'docker.io/library/piped:latest' "$output"
        run supctl import -c 'FROM x' root.tar.gz
        assert_equal 1 "$status"
        assert_match 'FROM' "$output"
        run supctl import root
        assert_equal 1 "$status"
        assert_match "'root': Is a directory" "$output"
}

@test "prune shows what would go, asks, and takes only that" {
        archives
        supctl load <web.oci
        supctl load -q -i web.tar
        run supctl image prune --dry-run
        assert_equal 0 "$status"
        assert_match 'Would remove: sha256:[0-9a-f]{64}' "$output"
        assert_no_match 'example' "$output"
        run supctl image prune </dev/null
        assert_equal 1 "$status"
        assert_match 'nobody to ask.*--force' "$output"
        run in_terminal supctl image prune < <(echo n)
        assert_match 'Remove 1 image for good\? \[y/N\]' "$output"
        run supctl images -aq
        assert_equal 2 "${#lines[@]}"
        run in_terminal supctl image prune < <(echo y)
        assert_match 'Removed: sha256:[0-9a-f]{64} \([0-9.]+K\)' "$output"
        run supctl images -aq
        assert_equal 1 "${#lines[@]}"
        run supctl prune -a -f --filter until=2001-01-01T00:00:00Z
        assert_equal 0 "$status"
        run supctl images -q
        assert_equal 1 "${#lines[@]}"
        supctl prune -af --json >gone
        assert_equal 'example.com/web:1' "$(jq -r '.Removed[0]' gone)"
        (($(jq .SpaceReclaimed gone) > 20000)) || fail "$(<gone)"
        run supctl images -aq
        assert_equal '' "$output"
}

@test "verify finds what is damaged and puts right what it can" {
        local layer blob
        loaded
        run supctl image verify
        assert_equal 0 "$status"
        assert_match 'Checked [0-9]+ blobs and 2 unpacked layers\.' "$output"
        layer=$(find "$STATE/layer" -path '*/bin/tool')
        echo x >>"$layer"
        run supctl image verify
        assert_equal 1 "$status"
        assert_match 'damaged layer: sha256:' "$output"
        assert_match 'first difference: .*bin/' "$output"
        assert_match '  of: example\.com/web:1' "$output"
        assert_match "1 thing is damaged; 'supctl image verify --repair' puts right" "$output"
        run supctl image verify --repair example.com/web:1
        assert_equal 0 "$status"
        assert_match 'repaired layer: sha256:' "$output"
        run supctl image verify -q
        assert_equal "0 " "$status $output"
        blob=$(find "$STATE/image/blobs/sha256" -size +4k | head -n 1)
        echo x >>"$blob"
        status=0
        supctl image verify --json >found || status=$?
        assert_equal 1 "$status"
        assert_equal "sha256:${blob##*/} example.com/web:1" "$(jq -r '"\(.DamagedBlobs[0]) \(.Affected[0])"' found)"
        rm "$blob"
        run supctl image verify --repair --retry=0
        assert_equal 1 "$status"
        assert_match "missing blob: sha256:${blob##*/}" "$output"
        assert_match 'pull or load again: example\.com/web:1' "$output"
}

@test "df tells what takes space and what could come back" {
        loaded
        image_make db
        supctl pull -q oci:layout:db
        run supctl df
        assert_equal 0 "$status"
        assert_match $'^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\n' "$output"
        assert_match $'\nImages +2 +0 +[0-9.]+K +[0-9.]+K \\([0-9]+%\\)' "$output"
        run supctl system df -v
        assert_match $'REPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\n' "$output"
        assert_match $'\nexample\.com/web +1 +[0-9a-f]{12} ' "$output"
        supctl df -v --json >usage
        assert_equal 'Images 2 0' "$(jq -r '.Usage[0] | "\(.Type) \(.TotalCount) \(.Active)"' usage)"
        # The lower layer is of both, though one came compressed and the other not.
        assert_equal true "$(jq '.Images | all(.SharedSize > 20000 and .Size == .SharedSize + .UniqueSize)' usage)"
}

@test "df counts the trees of a storage driver, so that never more can come back than there is" {
        image_make db
        image load oci:layout:db --name db --driver vfs
        supctl df --json >usage
        image df >records
        assert_equal "$(awk -F = '/^(BLOBS|LAYERS|TREES)_TOTAL=/ { n += $2 } END { print n }' records)" \
                "$(jq '.Usage[0].Size' usage)"
        [ "$(sed -n 's/^TREES_TOTAL=//p' records)" -gt 20000 ]
        assert_equal true "$(jq '.Usage[0] | .Reclaimable <= .Size' usage)"
}

@test "an image that a container is made of counts as active, and what the container writes, too" {
        rootfs_make "$WORK/root"
        tar -C root -cf root.tar .
        supctl import -q root.tar box
        unit_write web.container Image=docker.io/library/box:latest Network=none \
                Exec='sh -c "head -c 300000 /dev/urandom >/file; exec sleep 1000"'
        supctl daemon-reload
        supctl start web
        written() { (($(supctl df --json | jq '[.Usage[] | select(.Type == "Containers").Size] | add // 0') > 300000)); }
        wait_until 10 written
        supctl df --json >usage
        assert_equal 'Images 1 1' "$(jq -r '.Usage[0] | "\(.Type) \(.TotalCount) \(.Active)"' usage)"
        assert_equal 'Containers 1 1 0' \
                "$(jq -r '.Usage[1] | "\(.Type) \(.TotalCount) \(.Active) \(.Reclaimable)"' usage)"
        assert_equal web.service "$(supctl images --json box | jq -r '.[0].Containers[0]')"
        run supctl image prune -af
        assert_equal 0 "$status"
        assert_no_match Removed "$output"
        run supctl rmi "$(supctl images -q)"
        assert_equal 1 "$status"
        assert_match 'in use by web\.service' "$output"
        run supctl rmi box
        assert_equal 0 "$status"
        assert_match 'in use by web\.service; the image stays, without a name' "$output"
        supctl stop web
}

@test "a load shows its layers as bars, lines or objects, and in short what came" {
        archives
        run in_terminal supctl load -i web.tar
        assert_match $'\033\\[2A' "$output"
        assert_match '[0-9a-f]{12} done .*━━━' "$output"
        assert_match 'Loaded example\.com/web:1' "$output"
        supctl rmi example.com/web:1
        run supctl load -i web.tar
        assert_no_match $'\033' "$output"
        assert_equal 2 "$(grep -Ec '^[0-9a-f]{12}: done' <<<"$output")"
        run supctl load -i web.tar
        assert_equal 2 "$(grep -Ec '^[0-9a-f]{12}: already here' <<<"$output")"
        supctl rmi example.com/web:1
        supctl load --json -i web.tar >events
        assert_equal 'done done' \
                "$(jq -rs '[group_by(.Layer)[] | select(.[0].Layer) | .[-1].State] | join(" ")' events)"
        assert_equal 'example.com/web:1' "$(jq -rs '.[-1].Name' events)"
        assert_match '^sha256:[0-9a-f]{64}$' "$(jq -rs '.[-1].Id' events)"
        run supctl load -q -i web.tar
        assert_equal 'example.com/web:1' "$output"
}

@test "without supd it is said what to do" {
        run supctl --runtime-dir=/nowhere images
        assert_equal 1 "$status"
        assert_match "supd is not running.*'supd-image ls' works on the store by hand" "$output"
}

@test "both spellings of a verb are one, and options mean what the verb makes of them" {
        run supctl image
        assert_equal 2 "$status"
        assert_match "'image' needs a second word" "$output"
        run supctl image isnpect x
        assert_equal 2 "$status"
        assert_match "did you mean 'image inspect'" "$output"
        run supctl image prune --help
        assert_equal 0 "$status"
        assert_match '-f --force' "$output"
        assert_no_match 'follow' "$output"
        run supctl help image
        assert_match 'image verify' "$output"
        assert_no_match 'daemon-reload' "$output"
        run supctl images --follow
        assert_equal 2 "$status"
        assert_match "'images' has no option --follow" "$output"
        for option in 'pull --policy=often' 'pull --tls-verify=maybe' 'save --format=zip'; do
                run supctl $option x
                assert_equal 2 "$status"
                assert_match "is not .* or " "$output"
        done
}

@test "Ctrl-C ends the work, and a save leaves nothing behind" {
        local supctl helper
        loaded
        mkfifo pipe
        # Nobody writes: the load waits for more.
        supctl load -i pipe >load.log 2>&1 &
        supctl=$!
        exec 8<>pipe
        helper_runs() { pgrep -P "$(supd_pid)" -x supd-image >helper; }
        wait_until 10 helper_runs
        helper=$(<helper)
        kill -INT "$supctl"
        wait "$supctl" || status=$?
        exec 8>&-
        assert_equal 130 "$status"
        assert_match 'interrupted' "$(<load.log)"
        wait_until 10 process_is_gone "$helper"
        run supctl images -q
        assert_equal 1 "${#lines[@]}"
}
