# SPDX-License-Identifier: MIT
# supd-image by hand: what it loads, keeps, finds damaged and removes.
load ../lib/supd

STATE=$SUPD_TEST_DIR/tmp/state
WORK=$SUPD_TEST_DIR/tmp/work

setup() {
        mkdir -p "$WORK" "$STATE"
        cd "$WORK" || return
}

teardown() {
        cd / && rm -rf "$WORK" "$STATE"
}

image() {
        supd-image --state-dir "$STATE" "$@"
}

# record() - the values of KEY in $output
record() {
        sed -n "s/^$1=//p" <<<"$output"
}

# fixture() - $WORK/layout:v1, two layers with one of everything that a layer may have
fixture() {
        mkdir -p one/bin one/etc one/deep/dir two/etc two/deep
        head -c 20000 /dev/urandom >one/bin/tool
        chmod 4755 one/bin/tool
        ln one/bin/tool one/bin/other
        ln -s ../bin/tool one/etc/link
        echo text >one/etc/file
        chown 12:34 one/etc/file
        echo gone >one/etc/gone
        echo hidden >one/deep/dir/hidden
        truncate -s 3M one/sparse
        echo end >>one/sparse
        mkfifo one/fifo
        mknod one/null c 1 3
        long=$(printf 'n%.0s' {1..200})
        mkdir -p "one/$long"
        echo long >"one/$long/$long"
        setcap cap_net_raw+ep one/bin/tool 2>/dev/null || true
        touch -d @86400.5 one/etc/file
        chmod 1777 one/deep
        # A group that a directory hands on to what is made in it is not that of what a layer has in it.
        mkdir one/spool && chown 0:12 one/spool && chmod 2775 one/spool
        echo mail >one/spool/mail && mkdir one/spool/dir
        chown 0:0 one/spool/mail one/spool/dir && chmod 755 one/spool/dir && chmod g-s one/spool/dir
        echo private >one/etc/private && chown 12:34 one/etc/private && chmod 6711 one/etc/private
        tar --format=pax --xattrs --xattrs-include='*' --sparse -C one -cf one.tar .
        touch two/etc/.wh.gone two/deep/.wh..wh..opq
        echo new >two/deep/new
        tar --format=gnu -C two -cf two.tar .
        umoci init --layout layout
        umoci new --image layout:v1
        umoci raw add-layer --image layout:v1 one.tar
        umoci raw add-layer --image layout:v1 two.tar
        umoci config --image layout:v1 --config.cmd /bin/tool --config.env A=b --config.user 1:2
}

# listing() - all that there is to say of each file below DIR
listing() {
        (cd "$1" && find . -mindepth 1 -printf '%P %y %m %U %G %s %n %l %T@\n' | awk '$2 == "d" { $6 = $7 = $9 = "" } 1' | sort)
        (cd "$1" && find . -type f -exec sha256sum {} + | sort)
        getcap -r "$1" 2>/dev/null | sed "s|^$1||"
}

# joined() - mount the image's layers at DIR as overlayfs joins them
joined() {
        local path lower=
        run image inspect "$1"
        while read -r path; do
                lower=$path${lower:+:$lower}
        done < <(record LAYER_PATH)
        mkdir -p "$2"
        mount -t overlay overlay -o "ro,lowerdir=$lower" "$2"
}

@test "an image loaded from a layout has the files that umoci unpacks" {
        fixture
        run image load oci:layout:v1 --name example.com/a/b
        assert_equal 0 "$status"
        assert_equal example.com/a/b:latest "$(record NAME)"
        joined example.com/a/b joined
        umoci unpack --image layout:v1 bundle
        listing bundle/rootfs >wanted
        listing joined >got
        umount joined
        diff wanted got
}

@test "each transport gives the same image" {
        fixture
        skopeo copy -q oci:layout:v1 docker-archive:docker.tar:foo/bar:1
        skopeo copy -q oci:layout:v1 oci-archive:oci.tar:v1
        skopeo copy -q oci:layout:v1 dir:directory
        gzip -k docker.tar
        skopeo copy -q --format v2s2 oci:layout:v1 dir:schema2
        for source in oci:layout docker-archive:docker.tar docker-archive:docker.tar.gz \
                oci-archive:oci.tar:v1 dir:directory dir:schema2; do
                run image load "$source"
                assert_equal 0 "$status"
        done
        run image load docker-archive:/dev/stdin:foo/bar:1 < <(cat docker.tar)
        assert_equal 0 "$status"
        run image ls
        assert_match docker.io/foo/bar:1 "$(record NAME)"
        assert_equal 1 "$(record ID | sort -u | wc -l)"
        assert_equal 2 "$(find "$STATE/layer" -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l)"
}

# large_layout() - $WORK/layout:v1, its two layers much larger than what is read or told at a time
large_layout() {
        mkdir -p one two
        head -c 9000000 /dev/urandom | tee one/noise | base64 >two/text
        head -c 3000000 /dev/zero >>two/text
        tar -C one -cf one.tar . && tar -C two -cf two.tar .
        umoci init --layout layout
        umoci new --image layout:v1
        umoci raw add-layer --image layout:v1 one.tar
        umoci raw add-layer --image layout:v1 two.tar
}

@test "layers that take a while to copy are unpacked meanwhile, and whole" {
        large_layout
        skopeo copy -q oci:layout:v1 docker-archive:docker.tar:foo/bar:1
        skopeo copy -q oci:layout:v1 oci-archive:oci.tar:v1
        skopeo copy -q --dest-compress-format zstd oci:layout:v1 oci:zstd:v1
        gzip -1k docker.tar
        for source in oci:layout oci:zstd:v1 docker-archive:docker.tar docker-archive:docker.tar.gz \
                oci-archive:oci.tar:v1 docker-archive:/dev/stdin; do
                rm -rf "$STATE" && mkdir "$STATE"
                run image load "$source" --jobs 1 < <(cat docker.tar)
                assert_equal 0 "$status"
                joined "$(record NAME)" joined
                cmp one/noise joined/noise
                cmp two/text joined/text
                umount joined
                run image check
                assert_equal 0 "$status"
                assert_equal '' "$(find "$STATE/layer/.work" "$STATE/image/.supd/work" -mindepth 1)"
                assert_equal '' "$(find "$STATE/image/blobs" -type f ! -perm 644)"
        done
}

@test "an archive may share a layer by a link, as docker save does" {
        large_layout
        skopeo copy -q oci:layout:v1 docker-archive:docker.tar:foo/bar:1
        mkdir parts && tar -C parts -xf docker.tar
        first=$(jq -r '.[0].Layers[0]' parts/manifest.json)
        mkdir parts/0123 && ln -s "../$first" parts/0123/layer.tar
        jq '.[0].Layers[0] = "0123/layer.tar"' parts/manifest.json >edited.json
        mv edited.json parts/manifest.json
        tar -C parts -cf linked.tar .
        for source in docker-archive:linked.tar docker-archive:/dev/stdin; do
                rm -rf "$STATE" && mkdir "$STATE"
                run image load "$source" < <(cat linked.tar)
                assert_equal 0 "$status"
                joined foo/bar:1 joined
                cmp one/noise joined/noise
                umount joined
        done
}

@test "an archive that was cut off or changed is refused and leaves nothing behind" {
        large_layout
        skopeo copy -q oci:layout:v1 docker-archive:docker.tar:foo/bar:1
        head -c 5000000 docker.tar >short.tar
        run image load docker-archive:short.tar
        assert_equal 1 "$status"
        run image load docker-archive:/dev/stdin < <(cat short.tar)
        assert_equal 1 "$status"
        printf XXXXXXXXXXXXXXXX | dd of=docker.tar conv=notrunc bs=1 seek=3000000 status=none
        run image load docker-archive:docker.tar
        assert_equal 1 "$status"
        assert_match 'its content has digest' "$output"
        assert_equal '' "$(find "$STATE/image/blobs/sha256" -type f)"
        assert_equal '' "$(find "$STATE/layer" -mindepth 2)"
}

@test "a layer that inflates to something else is refused though its digest is right" {
        large_layout
        config=$(jq -r '.manifests[0].digest' layout/index.json)
        config=$(jq -r '.config.digest' "layout/blobs/${config/://}")
        diff_id=$(jq -r '.rootfs.diff_ids[1]' "layout/blobs/${config/://}")
        skopeo copy -q oci:layout:v1 dir:directory
        sed "s/${diff_id#*:}/$(printf '0%.0s' {1..64})/" "directory/${config#*:}" >edited
        edited=$(sha256sum edited | cut -d ' ' -f 1)
        mv edited "directory/$edited"
        sed -i "s/${config#*:}/$edited/" directory/manifest.json
        run image load dir:directory
        assert_equal 1 "$status"
        assert_match "layer 2 of 2 .* it unpacks to $diff_id" "$output"
        assert_equal '' "$(find "$STATE/layer" -mindepth 2)"
}

@test "load tells of each layer where it is" {
        fixture
        run image load oci:layout:v1
        assert_equal 2 "$(record LAYER_STATE | grep -c '^done$')"
        assert_equal 2 "$(record LAYERS | sort -u)"
        run image load oci:layout:v1
        assert_equal 'present present' "$(record LAYER_STATE | xargs)"
}

@test "skopeo and umoci read the store as it is, also what came in Docker's format" {
        fixture
        skopeo copy -q --format v2s2 oci:layout:v1 dir:schema2
        image load dir:schema2 --name foo/bar:1
        skopeo copy -q "oci:$STATE/image:docker.io/foo/bar:1" dir:again
        umoci unpack --image "$STATE/image:docker.io/foo/bar:1" bundle
        [ -e bundle/rootfs/deep/new ]
        [ ! -e bundle/rootfs/etc/gone ]
}

@test "inspect tells how to run the image" {
        fixture
        image load oci:layout:v1 --name a
        run image inspect a
        assert_equal /bin/tool "$(record CMD)"
        assert_equal A=b "$(record ENV)"
        assert_equal 1:2 "$(record USER)"
        assert_equal 2 "$(record LAYER_PATH | wc -l)"
        run image inspect "$(record ID)"
        assert_equal 0 "$status"
        run image inspect nosuch
        assert_equal 1 "$status"
        assert_match "no such image: 'nosuch'" "$output"
}

@test "a name that moves to another image leaves the old one nameless until a prune" {
        fixture
        image load oci:layout:v1 --name a
        umoci config --image layout:v1 --config.env B=c
        image load oci:layout:v1 --name a
        run image ls
        assert_equal 2 "$(record IMAGE | wc -l)"
        assert_equal 1 "$(record NAME | wc -l)"
        run image prune
        assert_equal 1 "$(record REMOVED | wc -l)"
        assert_equal 0 "$(record REMOVED_LAYERS)"
        run image check
        assert_equal 0 "$status"
}

@test "rm removes everything that no other image needs, and a kept image stays" {
        fixture
        image load oci:layout:v1 --name a
        run image load oci:layout:v1 --name b
        digest=$(record IMAGE)
        run image rm a
        assert_equal 0 "$(record REMOVED_LAYERS)"
        run image rm b --keep "$digest"
        assert_equal 0 "$(record REMOVED_LAYERS)"
        run image prune
        assert_equal 2 "$(record REMOVED_LAYERS)"
        assert_equal '' "$(find "$STATE/image/blobs/sha256" "$STATE/layer/.work" "$STATE/image/.supd/work" -mindepth 1)"
        run image df
        assert_equal 0 "$(record BLOBS_TOTAL)"
}

@test "a damaged layer and a damaged blob are named, and put right" {
        fixture
        image load oci:layout:v1 --name a
        run image inspect a
        layer=$(record LAYER_PATH | head -n 1)
        printf XXXXXXXXXXXXXXXX | dd of="$layer/bin/tool" conv=notrunc status=none
        run image check
        assert_equal 1 "$status"
        assert_equal "sha256:${layer##*/}" "$(record DAMAGED_LAYER)"
        assert_match 'bin/(tool|other)' "$(record DAMAGED_PATH)"
        run image check --repair
        assert_equal 0 "$status"
        run image check
        assert_equal 0 "$status"

        rm -rf "$layer"
        run image check
        assert_equal "sha256:${layer##*/}" "$(record MISSING_LAYER)"
        run image check --repair
        assert_equal 0 "$status"
        [ -e "$layer/bin/tool" ]

        blob=$(find "$STATE/image/blobs/sha256" -type f -size +15k)
        printf XXXXXXXXXXXXXXXX | dd of="$blob" conv=notrunc status=none
        run image check --repair
        assert_equal 1 "$status"
        assert_equal "sha256:${blob##*/}" "$(record DAMAGED_BLOB)"
        image load oci:layout:v1 --name a
        run image check
        assert_equal 0 "$status"
}

@test "a layer with a wrong digest or size is refused and leaves nothing behind" {
        fixture
        blob=$(find layout/blobs/sha256 -type f -size +15k)
        cp "$blob" whole
        printf XXXXXXXXXXXXXXXX | dd of="$blob" conv=notrunc bs=1 seek=5000 status=none
        run image load oci:layout:v1
        assert_equal 1 "$status"
        assert_match 'its content has digest' "$output"
        head -c 9000 whole >"$blob"
        run image load oci:layout:v1
        assert_equal 1 "$status"
        assert_match 'bytes where' "$output"
        assert_equal '' "$(find "$STATE/image/blobs/sha256" -type f)"
        assert_equal '' "$(find "$STATE/layer" -mindepth 2)"
        run image ls
        assert_equal '' "$output"
}

@test "a full file system is named, and gets its space back" {
        fixture
        head -c 3000000 /dev/urandom >two/large
        tar -C two -cf large.tar .
        umoci raw add-layer --image layout:v1 large.tar
        mount -t tmpfs -o size=4m tmpfs "$STATE"
        run image load oci:layout:v1
        assert_equal 1 "$status"
        assert_match 'No space left on device' "$output"
        used=$(du -sk "$STATE" | cut -f 1)
        umount "$STATE"
        [ "$used" -lt 200 ]
}

@test "a zip bomb and too many entries end at their limits" {
        fixture
        run image load oci:layout:v1 --size-max 10000
        assert_equal 1 "$status"
        assert_match 'limit of 10000 bytes' "$output"
        run image load oci:layout:v1 --entries-max 3
        assert_equal 1 "$status"
        assert_match 'limit of 3 entries' "$output"
}

@test "a load that is killed leaves nothing, whenever it is" {
        fixture
        for delay in 0.002 0.01 0.02 0.03 0.05 0.08; do
                supd-image --state-dir "$STATE" load oci:layout:v1 --name a >/dev/null 2>&1 &
                pid=$!
                sleep "$delay" # a random moment is the point of it
                kill -KILL "$pid" 2>/dev/null || true
                wait "$pid" || true
                # The store says all or nothing.
                run image ls
                [ "$(record NAME)" != docker.io/library/a:latest ] || image inspect a
        done
        run image prune --all
        assert_equal 0 "$status"
        assert_equal '' "$(find "$STATE/image/blobs/sha256" "$STATE/layer/.work" "$STATE/image/.supd/work" -mindepth 1)"
        image load oci:layout:v1 --name a
        run image check
        assert_equal 0 "$status"
}

@test "loads and prunes at once do not break one another" {
        fixture
        for i in 1 2 3 4; do
                image load oci:layout:v1 --name "a$i" >"load$i" 2>&1 &
                loads[i]=$!
                image prune >"prune$i" 2>&1 &
                prunes[i]=$!
        done
        for i in 1 2 3 4; do
                wait "${loads[i]}" || { cat "load$i" && false; }
                wait "${prunes[i]}" || { cat "prune$i" && false; }
        done
        run image ls
        assert_equal 4 "$(record NAME | wc -l)"
        run image check
        assert_equal 0 "$status"
}

@test "an additional store's images are there without a load, and can't be removed" {
        fixture
        image load oci:layout:v1 --name preloaded
        mkdir other
        run supd-image --state-dir "$WORK/other" --additional-store "$STATE" inspect preloaded
        assert_equal 0 "$status"
        assert_match "^$STATE/layer/" "$(record LAYER_PATH | head -n 1)"
        run supd-image --state-dir "$WORK/other" --additional-store "$STATE" rm preloaded
        assert_equal 1 "$status"
        assert_match 'only read' "$output"
        # What it has is not stored twice.
        run supd-image --state-dir "$WORK/other" --additional-store "$STATE" load oci:layout:v1 --name own
        assert_equal 0 "$status"
        assert_equal '' "$(find other/layer -mindepth 1 ! -name '.*')"
}

@test "an additional store that is not there does not take the others' images along" {
        fixture
        image load oci:layout:v1 --name here
        mkdir unmounted
        for missing in "$WORK/nowhere" "$WORK/unmounted"; do
                run supd-image --state-dir "$STATE" --additional-store "$missing" inspect here
                assert_equal 0 "$status"
                assert_match "no image store in '$missing'" "$output"
                assert_match "^$STATE/layer/" "$(record LAYER_PATH | head -n 1)"
        done
}

@test "an image for another machine is loaded, and said to be" {
        fixture
        run image load oci:layout:v1
        assert_equal 0 "$status"
        [ -z "$(record NOTICE)" ]
        umoci config --image layout:v1 --architecture s390x
        run image load oci:layout:v1
        assert_equal 0 "$status"
        assert_match '^it is for linux/s390x, not for linux/' "$(record NOTICE)"
}

@test "the process that unpacks may do next to nothing else" {
        mkfifo pipe
        supd-image --state-dir "$STATE" load docker-archive:pipe >out 2>&1 &
        exec 7>pipe
        unpacking() {
                children=$(pgrep -x supd-image | wc -l)
                [ "$children" -ge 3 ]
        }
        wait_until 5 unpacking
        confined() {
                newest=$(pgrep -n -x supd-image) && grep -q '^Seccomp:.2' "/proc/$newest/status"
        }
        wait_until 5 confined
        status=$(<"/proc/$newest/status")
        open=$(find "/proc/$newest/fd" -mindepth 1 -printf '%f %l\n' 2>/dev/null | awk '$1 > 2')
        exec 7>&-
        wait || true
        # The archive, its directory and what will be its times, the answer and the broker: no lock, no index.
        assert_no_match 'lock|lease|image/' "$open"
        assert_match 'NoNewPrivs:.1' "$status"
        # chown, dac_override, dac_read_search, fowner, fsetid, mknod, setfcap; never sys_admin.
        capabilities=$(sed -n 's/^CapEff:\t//p' <<<"$status")
        assert_equal 0 $((0x$capabilities & ~0x8800001f))
}

@test "options that a verb has no use for are refused" {
        run image ls --repair
        assert_equal 2 "$status"
        assert_match "takes no option --repair" "$output"
        run image load alpine
        assert_equal 1 "$status"
        run image load oci:/nosuch
        assert_equal 1 "$status"
        assert_match 'No such file' "$output"
        run image nonsense
        assert_equal 2 "$status"
}
