# SPDX-License-Identifier: MIT
# Images out of the store and into it by hand: tag, history, save, import.
load ../lib/supd
load ../lib/image

setup() {
        mkdir -p "$WORK" "$STATE"
        cd "$WORK" || return
}

teardown() {
        cd / && rm -rf "$WORK" "$STATE"
}

# load_as() - SOURCE under NAME; its digests are in $digest and $id
load_as() {
        run image load "oci:layout:$1" --name "$2"
        assert_equal 0 "$status"
        digest=$(record IMAGE) id=$(record ID)
}

podman_here() {
        podman --root "$WORK/podman" --runroot "$WORK/podman-run" --storage-driver vfs --cgroup-manager cgroupfs "$@"
}

# root_tar() - root.tar: a small root with links, owners and an xattr
root_tar() {
        mkdir -p root/bin root/etc
        head -c 5000 /dev/urandom >root/bin/tool
        ln root/bin/tool root/bin/other
        ln -s ../bin/tool root/etc/link
        echo text >root/etc/file
        chown 12:34 root/etc/file
        chmod 4755 root/bin/tool
        tar --sort=name --mtime=@1000000000 -C root -cf root.tar .
}

# ---- tag and history ---------------------------------------------------------------------------
@test "tag gives further names, and takes one from the image that had it" {
        image_make a b
        load_as a a
        first=$digest
        load_as b b
        run image tag a example.com/x:1 y
        assert_equal 0 "$status"
        assert_equal "$(printf '%s\n' example.com/x:1 docker.io/library/y:latest)" "$(record NAME)"
        run image inspect y
        assert_equal "$first" "$(record IMAGE)"
        image tag b a
        run image inspect a
        assert_equal "$digest" "$(record IMAGE)"
        assert_equal 4 "$(store_names | wc -l)"
        image rm y example.com/x:1
        run image ls
        assert_equal 1 "$(record IMAGE | sort -u | wc -l)"
}

@test "tag refuses names that are none, digests, and images that are not there" {
        image_make a
        load_as a a
        run image tag a Upper
        assert_equal 1 "$status"
        run image tag a good "x@$digest"
        assert_equal 1 "$status"
        assert_match "with a digest can't be given" "$output"
        run image tag nosuch x
        assert_match "no such image: 'nosuch'" "$output"
        assert_equal 1 "$(store_names | wc -l)"
}

@test "history tells the steps with their layers, also of an image that forgot them" {
        image_make a
        load_as a a
        run image history a
        assert_equal 0 "$status"
        assert_equal 2 "$(record LAYER | wc -l)"
        assert_match 'EMPTY_LAYER=yes' "$output"
        assert_equal "$(record HISTORY)" "$(seq "$(record HISTORY | wc -l)")"
        layers=$(record LAYER)
        run image inspect a
        assert_equal "$layers" "$(record LAYER)"
        root_tar
        image import root.tar b --message 'made by hand'
        run image history b
        assert_equal 'made by hand' "$(record COMMENT)"
        assert_equal 1 "$(record LAYER | wc -l)"
        [ "$(record SIZE)" -gt 5000 ]
}

# ---- save --------------------------------------------------------------------------------------
@test "a saved archive holds the same images when it is loaded again" {
        image_make a b
        load_as a a
        load_as b b
        for format in docker-archive oci-archive; do
                run image save --format $format --output saved.tar a b "$digest"
                assert_equal 0 "$status"
                assert_equal 2 "$(record IMAGE | wc -l)"
                # Shared layers are in it once.
                assert_equal 3 "$(tar tf saved.tar | grep blobs/ | xargs -I{} tar xOf saved.tar {} | head -c 0; jq -r '.layers[].digest' <(for f in $(tar tf saved.tar | grep blobs/); do tar xOf saved.tar "$f" | jq -c 'select(.layers)' 2>/dev/null; done) | sort -u | wc -l)"
                assert_equal '' "$(tar tf saved.tar | sort | uniq -d)"
                rm -rf other
                source=docker-archive:saved.tar
                [ $format = docker-archive ] || source=oci-archive:saved.tar:docker.io/library/b:latest
                run supd-image --state-dir "$WORK/other" load "$source"
                assert_equal 0 "$status"
                run supd-image --state-dir "$WORK/other" inspect b
                assert_equal "$id" "$(record ID)"
                run supd-image --state-dir "$WORK/other" check
                assert_equal 0 "$status"
                rm saved.tar
        done
}

@test "skopeo reads every format that is saved" {
        image_make a
        load_as a a
        for format in docker-archive oci-archive oci-dir dir; do
                run image save --format $format --output "saved-$format" a
                assert_equal 0 "$status"
        done
        for source in docker-archive:saved-docker-archive oci-archive:saved-oci-archive \
                oci-archive:saved-docker-archive:docker.io/library/a:latest \
                oci:saved-oci-dir:docker.io/library/a:latest dir:saved-dir; do
                rm -rf copy
                skopeo copy -q "$source" dir:copy
                assert_equal "$id" "$(jq -r .config.digest copy/manifest.json)"
        done
        umoci unpack --image saved-oci-dir:docker.io/library/a:latest bundle
        [ -e bundle/rootfs/bin/tool ]
}

@test "podman loads what is saved, with its name" {
        image_make a
        load_as a a
        for format in docker-archive oci-archive; do
                image save --format $format a 2>/dev/null | podman_here load
                assert_equal "${id#sha256:}" "$(podman_here images --no-trunc --format '{{.ID}}' docker.io/library/a | cut -d : -f 2)"
                podman_here rmi -f docker.io/library/a
        done
}

@test "an archive on standard output is the same each time, and records go elsewhere" {
        image_make a
        load_as a a
        image save a >one.tar 2>records
        grep -q '^NAME=docker.io/library/a:latest$' records
        image save a --records-fd 7 >two.tar 2>errors 7>records
        grep -q '^SAVED_BYTES=' records
        [ ! -s errors ]
        cmp one.tar two.tar
        tar tf one.tar >/dev/null
        run image save a --records-fd 9
        assert_equal 1 "$status"
        assert_match 'open file descriptor' "$output"
        # The error of a save that fails does not end up in the archive either.
        image save nosuch >empty.tar 2>records || true
        [ ! -s empty.tar ]
        grep -q '^ERROR_CODE=bad-name$' records
}

@test "save refuses a terminal" {
        image_make a
        load_as a a
        run script -qec "supd-image --state-dir $STATE save a" /dev/null
        assert_match 'nothing for a terminal' "$output"
        [ "$status" -ne 0 ]
}

@test "save does not put a damaged blob into an archive, and leaves no half one" {
        image_make a
        load_as a a
        blob=$(find "$STATE/image/blobs/sha256" -type f -size +15k)
        printf XXXXXXXXXXXXXXXX | dd of="$blob" conv=notrunc bs=1 seek=9000 status=none
        run image save --output saved.tar a
        assert_equal 1 "$status"
        assert_match "blob sha256:${blob##*/} is damaged" "$output"
        [ ! -e saved.tar ]
        run image save --format oci-dir --output saved a
        assert_equal 1 "$status"
        [ ! -e saved ]
        truncate -s 100 "$blob"
        run image save --output saved.tar a
        assert_match "blob sha256:${blob##*/} is damaged" "$output"
        mkdir full && touch full/file
        run image save --format oci-dir --output full a
        assert_match 'not empty' "$output"
        [ -e full/file ]
        run image save --format dir a
        assert_match '--output DIR is wanted' "$output"
}

@test "an image that is removed while it is saved is saved whole" {
        image_make a
        # More than a pipe holds.
        head -c 400000 /dev/urandom >large && tar -cf large.tar large
        umoci raw add-layer --image layout:a large.tar
        load_as a a
        mkfifo pipe
        image save a >pipe 2>/dev/null &
        saver=$!
        exec 8<pipe
        # It has begun, and sleeps until more is read: now its image goes.
        head -c 512 <&8 >saved.tar
        image rm a
        cat <&8 >>saved.tar
        exec 8<&-
        wait "$saver"
        run supd-image --state-dir "$WORK/other" load docker-archive:saved.tar
        assert_equal 0 "$status"
        image prune
        assert_equal '' "$(ls "$STATE/image/blobs/sha256")"
}

# ---- import ------------------------------------------------------------------------------------
@test "an imported archive has the files that tar unpacks, however it is compressed" {
        root_tar
        mkdir plain
        tar -C plain -xf root.tar
        gzip -k root.tar && zstd -q root.tar && xz -k root.tar && bzip2 -k root.tar
        for suffix in '' .gz .zst .xz .bz2; do
                run image import "root.tar$suffix" "imported:t${suffix#.}"
                assert_equal 0 "$status"
                run image inspect "imported:t${suffix#.}"
                assert_equal "sha256:$(sha256sum <root.tar | cut -d ' ' -f 1)" "sha256:$(record LAYER)"
                path=$(record LAYER_PATH)
        done
        diff <(cd plain && find . -printf '%P %y %m %U %G %n %l\n' | sort) <(cd "$path" && find . -printf '%P %y %m %U %G %n %l\n' | sort)
        cmp plain/bin/tool "$path/bin/tool"
        run image check
        assert_equal 0 "$status"
        # One layer, and of its blobs the plain, the gzip and the zstd one.
        assert_equal 1 "$(find "$STATE/layer" -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l)"
        assert_equal 3 "$(jq -r '.manifests[].digest[7:]' "$STATE/image/index.json" | xargs -I{} jq -r '.layers[].digest' "$STATE/image/blobs/sha256/{}" | sort -u | wc -l)"
        run image prune
        assert_equal 0 "$(record REMOVED_BLOBS)"
}

@test "an import from a pipe takes the changes that docker import takes" {
        root_tar
        run image import - example.com/r:1 \
                --change 'CMD ["/bin/tool", "a b"]' --change 'entrypoint /bin/tool -x' \
                --change 'ENV A=1 B="two words"' --change 'ENV A 3' --change 'EXPOSE 80 443/tcp 8000-8002/udp' \
                --change 'USER 12:34' --change 'VOLUME ["/data", "/other dir"]' --change 'VOLUME /more' \
                --change 'WORKDIR /srv' --change 'WORKDIR app' --change 'LABEL a.b=c "d e"=f' --change 'STOPSIGNAL SIGINT' \
                --arch arm --variant v7 < <(cat root.tar)
        assert_equal 0 "$status"
        run image inspect example.com/r:1
        assert_equal "$(printf '%s\n' /bin/tool 'a b')" "$(record CMD)"
        assert_equal "$(printf '%s\n' /bin/sh -c '/bin/tool -x')" "$(record ENTRYPOINT)"
        assert_equal "$(printf '%s\n' A=3 'B=two words')" "$(record ENV)"
        assert_equal "$(printf '%s\n' 80/tcp 443/tcp 8000/udp 8001/udp 8002/udp)" "$(record EXPOSED_PORT)"
        assert_equal 12:34 "$(record USER)"
        assert_equal "$(printf '%s\n' /data '/other dir' /more)" "$(record VOLUME)"
        assert_equal /srv/app "$(record WORKING_DIR)"
        assert_equal "$(printf '%s\n' a.b=c 'd e=f')" "$(record LABEL)"
        assert_equal SIGINT "$(record STOP_SIGNAL)"
        assert_equal arm "$(record ARCHITECTURE)"
        assert_equal v7 "$(record VARIANT)"
        skopeo inspect "oci:$STATE/image:example.com/r:1" >/dev/null
}

@test "the same archive with the same changes is the same image when SOURCE_DATE_EPOCH says when" {
        root_tar
        export SOURCE_DATE_EPOCH=86400
        run image import root.tar --change 'CMD /x'
        first=$(record IMAGE)
        run supd-image --state-dir "$WORK/other" import root.tar --change 'CMD /x'
        assert_equal "$first" "$(record IMAGE)"
        run image inspect "$first"
        assert_equal 1970-01-02T00:00:00Z "$(record CREATED)"
        run image import root.tar --change 'CMD /y'
        [ "$(record IMAGE)" != "$first" ]
        export SOURCE_DATE_EPOCH=tomorrow
        run image import root.tar
        assert_equal 1 "$status"
        assert_match 'seconds since 1970' "$output"
}

@test "what can't be imported is refused with its reason and leaves nothing" {
        root_tar
        xz -k root.tar
        echo no archive >text
        : >empty
        head -c 1500 root.tar.xz >cut.tar.xz
        run image import text
        assert_match 'damaged' "$output"
        run image import empty
        assert_match 'it is empty' "$output"
        run image import cut.tar.xz
        assert_match 'damaged or cut' "$output"
        run image import root.tar.xz --size-max 2000
        assert_match 'limit of 2000 bytes' "$output"
        run image import root.tar --change 'RUN true'
        assert_match "CMD, ENTRYPOINT.*wanted: 'RUN true'" "$output"
        run image import root
        assert_match 'directory' "$output"
        run image import nosuch
        assert_match 'No such file' "$output"
        run image import root.tar Upper/x
        assert_equal 1 "$status"
        assert_equal '' "$(ls "$STATE/image/blobs/sha256")"
        assert_equal '' "$(find "$STATE/layer" -mindepth 2)"
        run image ls
        assert_equal '' "$output"
}
