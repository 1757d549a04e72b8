# SPDX-License-Identifier: MIT
# Images that were made to do harm: nothing is written outside, nothing crashes or hangs, and the reason is
# named.
load ../lib/supd
load ../lib/image

setup() {
        mkdir -p "$WORK" "$STATE"
        cd "$WORK" || return
        # What a layer might reach for.
        mkdir outside
        echo untouched >outside/file
}

teardown() {
        cd / && rm -rf "$WORK" "$STATE"
}

# refused() - loading fails in time, in an orderly way, for the REASON, and leaves nothing
refused() {
        local reason=$1
        shift
        run timeout 30 supd-image --state-dir "$STATE" "$@"
        assert_equal 1 "$status"
        assert_no_match 'died of signal|ended without an answer' "$output"
        assert_match "$reason" "$(record ERROR)"
        # Control characters of theirs must not get to a terminal.
        assert_no_match $'[\x01-\x08\x0b-\x1f]' "$output"
        assert_equal '' "$(find "$STATE/image/blobs/sha256" "$STATE/layer/.work" "$STATE/image/.supd/work" "$STATE/image/.supd/record" -mindepth 1)"
        assert_equal '' "$(find "$STATE/layer" -mindepth 2)"
        assert_equal untouched "$(<outside/file)"
        assert_equal file "$(ls outside)"
}

# blob_put() - FILE into the layout's blobs; its digest on stdout
blob_put() {
        local hex
        hex=$(sha256sum <"$1" | cut -d ' ' -f 1)
        cp "$1" "layout/blobs/sha256/$hex"
        printf 'sha256:%s\n' "$hex"
}

# layout_make() - ./layout with one image of the layers in FILE...; $media is their type
media=application/vnd.oci.image.layer.v1.tar
layout_make() {
        local file layers='' ids=''
        rm -rf layout
        mkdir -p layout/blobs/sha256
        echo '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
        for file; do
                layers+="${layers:+,}{\"mediaType\":\"$media\",\"digest\":\"$(blob_put "$file")\",\"size\":$(stat -c %s "$file")}"
                # A compressed one unpacks to something else; what that is, nothing here comes to compare.
                ids+=${ids:+,}\"sha256:$({ cat "$file" && [[ $media != *+* ]] || echo; } | sha256sum | cut -d ' ' -f 1)\"
        done
        printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%s]}}' "${diff_ids-$ids}" >config
        manifest_put "$layers"
}

# manifest_put() - ./config and these layers become the layout's only image
manifest_put() {
        printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%s},"layers":[%s]}' \
                "$(blob_put config)" "$(stat -c %s config)" "$1" >manifest
        index_put manifest
}

# index_put() - FILE is what index.json names
index_put() {
        printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%s}]}' \
                "$(blob_put "$1")" "$(stat -c %s "$1")" >layout/index.json
}

# ---- what a layer says -------------------------------------------------------------------------
@test "names and links that lead out of a layer are refused, or stay within it" {
        echo evil >evil
        for name in ../outside/evil a/../../outside/evil /../../outside/evil; do
                tar -P --transform "s|.*|$name|" -cf layer.tar evil
                layout_make layer.tar
                refused 'leads out of the layer' load oci:layout
        done
        # Through links, with the names made anew for each entry.
        mkdir through && ln -s "$WORK/outside" through/link && ln -s ../../../outside through/relative
        tar -C through -cf layer.tar link relative
        mkdir -p more/link more/relative && echo evil >more/link/file && echo evil >more/relative/file
        tar -C more -rf layer.tar link/file relative/file
        layout_make layer.tar
        run timeout 30 supd-image --state-dir "$STATE" load oci:layout
        assert_equal untouched "$(<outside/file)"
        assert_equal file "$(ls outside)"
        rm -rf "$STATE"
        # Hard links to what is outside.
        ln evil target2 && tar -P --transform 's|^evil$|../outside/file|h' -cf layer.tar target2 evil
        layout_make layer.tar
        refused 'leads out of the layer' load oci:layout
}

@test "a file where a directory is wanted is named" {
        mkdir one two && echo file >one/etc && mkdir two/etc && echo x >two/etc/passwd
        tar -C one -cf layer.tar etc
        tar -C two -rf layer.tar etc/passwd
        layout_make layer.tar
        refused "entry 'etc/passwd': Not a directory" load oci:layout
}

@test "a million entries end at their limit, and so does a zip bomb" {
        # Neither comes to the point where it would have to be true.
        local diff_ids
        diff_ids=\"sha256:$(printf '0%.0s' {1..64})\"
        touch file && tar -cf one.tar file
        head -c 512 one.tar >chunk
        for _ in {1..16}; do cat chunk chunk >chunk2 && mv chunk2 chunk; done
        for _ in {1..16}; do cat chunk; done | zstd -q -o layer.zst
        rm chunk
        media=application/vnd.oci.image.layer.v1.tar+zstd layout_make layer.zst
        refused 'limit of 20000 entries' load oci:layout --entries-max 20000
        truncate -s 1G bomb
        { tar -cf - bomb || true; } | zstd -q -T0 -o bomb.zst - &
        bomber=$!
        wait $bomber
        rm bomb
        [ "$(stat -c %s bomb.zst)" -lt 200000 ]
        media=application/vnd.oci.image.layer.v1.tar+zstd layout_make bomb.zst
        refused 'limit of 50000000 bytes' load oci:layout --size-max 50000000
}

@test "streams that end early are damaged, in every compression and at every level" {
        mkdir root && head -c 300000 /dev/urandom >root/file
        tar -C root -cf layer.tar .
        gzip -k layer.tar && zstd -q layer.tar
        for suffix in '' .gz .zst; do
                type=application/vnd.oci.image.layer.v1.tar${suffix:+${suffix/.gz/+gzip}}
                type=${type/.zst/+zstd}
                for size in 1 100 513 100000; do
                        head -c $size "layer.tar$suffix" >"cut"
                        media=$type layout_make cut
                        refused 'damaged' load oci:layout
                done
        done
        # An archive of an image is one, too.
        layout_make layer.tar
        tar -C layout -cf whole.tar .
        head -c 200000 whole.tar >cut.tar
        refused 'damaged' load oci-archive:cut.tar
}

@test "bytes that are no archive, or of another compression than is said, are damaged" {
        head -c 5000 /dev/urandom >layer
        layout_make layer
        refused 'damaged' load oci:layout
        printf '\x1f\x8b\x08' >layer && head -c 5000 /dev/urandom >>layer
        media=$media+gzip layout_make layer
        refused 'damaged' load oci:layout
        printf '\x28\xb5\x2f\xfd' >layer && head -c 5000 /dev/urandom >>layer
        media=$media+zstd layout_make layer
        refused 'damaged' load oci:layout
}

# ---- what the documents say --------------------------------------------------------------------
@test "JSON that is nested thousands deep, cut, or no JSON is refused everywhere" {
        : >empty && layout_make empty
        deep=$(printf '[%.0s' {1..100000})
        for bad in "$deep" "{\"a\":$deep" '{' '[]' 'null' '' '"\u0000"' $'{"a":"\xff"}' '{"schemaVersion":2,"schemaVersion":2}'; do
                printf '%s' "$bad" >manifest
                index_put manifest
                refused 'JSON|version|wanted' load oci:layout
                printf '%s' "$bad" >config
                manifest_put ''
                refused 'JSON|diff_ids' load oci:layout
                printf '%s' "$bad" >layout/index.json
                refused 'JSON|version|wanted' load oci:layout
        done
}

@test "more layers, entries or bytes than there may be are refused" {
        : >empty
        layer="{\"mediaType\":\"$media\",\"digest\":\"sha256:$(sha256sum <empty | cut -d ' ' -f 1)\",\"size\":0}"
        layout_make empty
        manifest_put "$layer$(printf ",$layer%.0s" {1..999})"
        refused '1000 layers exceed the limit of 500' load oci:layout
        id=\"sha256:$(sha256sum <empty | cut -d ' ' -f 1)\"
        diff_ids="$id$(printf ",$id%.0s" {1..999})" layout_make empty
        refused 'more than 500' load oci:layout
        diff_ids="$id,$id" layout_make empty
        refused 'has 1 layers?, the image configuration 2' load oci:layout
        { printf '{"schemaVersion":2,"a":"' && head -c 5000000 /dev/zero | tr '\0' a && printf '"}'; } >manifest
        index_put manifest
        refused 'too large' load oci:layout
        layout_make empty
        { printf '{"rootfs":{"diff_ids":[]},"config":{"Env":["' && head -c 2000000 /dev/zero | tr '\0' a && printf '"]}}'; } >config
        manifest_put ''
        refused 'configuration is too large' load oci:layout
}

@test "digests of another kind, sizes that are none, and indexes without end are refused" {
        : >empty && layout_make empty
        for digest in sha512:00 sha256:../../../../outside/file sha256:ABC '' md5:1; do
                manifest_put "{\"mediaType\":\"$media\",\"digest\":\"$digest\",\"size\":0}"
                refused 'digest' load oci:layout
        done
        for size in -1 1e9 '"5"' 99999999999999999999; do
                manifest_put "{\"mediaType\":\"$media\",\"digest\":\"sha256:$(sha256sum <empty | cut -d ' ' -f 1)\",\"size\":$size}"
                refused 'size|JSON' load oci:layout
        done
        # An index can't contain its own digest; a chain is as good.
        cp manifest chain
        for _ in {1..10}; do
                printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"%s","size":1}]}' \
                        "$(blob_put chain)" >next
                mv next chain
        done
        index_put chain
        refused 'nested too deeply' load oci:layout
        echo '{"schemaVersion":2,"layers":[],"manifests":[]}' >manifest && index_put manifest
        refused "either 'layers' or 'manifests'" load oci:layout
}

@test "files of an archive that lead out of it, or are none, are not read" {
        mkdir archive
        echo '{"rootfs":{"diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000000"]}}' >archive/config.json
        ln -s "$WORK/outside/file" archive/link
        ln -s ../../../../../../etc/passwd archive/relative
        mkfifo archive/fifo
        mkdir archive/directory
        for layer in link relative fifo directory ../outside/file /etc/passwd nosuch; do
                printf '[{"Config":"config.json","RepoTags":["x:1"],"Layers":["%s"]}]' "$layer" >archive/manifest.json
                tar -C archive -cf archive.tar .
                refused "layer '" load docker-archive:archive.tar
        done
        printf '[{"Config":"link","RepoTags":["x:1"],"Layers":[]}]' >archive/manifest.json
        tar -C archive -cf archive.tar .
        refused "'link'" load docker-archive:archive.tar
        printf '[{"Config":"config.json","RepoTags":["\\u001b[31mred\\u0007"],"Layers":[]}]' >archive/manifest.json
        sed -i 's/"sha256:[0-9]*"//' archive/config.json
        tar -C archive -cf archive.tar .
        refused 'bad name' load docker-archive:archive.tar
        # A directory is read where it stands.
        : >empty && layout_make empty
        rm layout/index.json && mkfifo layout/index.json
        refused 'index.json' load oci:layout
        rm layout/index.json && ln -s "$WORK/outside/file" layout/index.json
        refused 'index.json' load oci:layout
}

@test "an archive to import is as little trusted" {
        echo evil >evil
        tar -P --transform 's|.*|../outside/evil|' -cf root.tar evil
        refused 'leads out of the layer' import root.tar
        xz -k root.tar
        refused 'leads out of the layer' import root.tar.xz
        head -c 60 root.tar.xz >cut.tar.xz
        refused 'damaged' import cut.tar.xz
        mkfifo pipe
        head -c 100 /dev/urandom >pipe &
        refused 'damaged' import pipe
        wait
}

@test "an archive can not give its image a name with the digest of another one" {
        local zeros
        zeros=sha256:$(printf '0%.0s' {1..64})
        image_make v1
        jq --arg zeros "$zeros" '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "docker.io/library/x@" + $zeros' \
                layout/index.json >index && mv index layout/index.json
        run image load oci:layout
        assert_equal 0 "$status"
        assert_match "is not its name, as its digest is another one: it gets no name" "$output"
        assert_equal '' "$(store_names)"

        # With a tag beside it, that is left; and the digest that is right is taken.
        manifest=$(jq -r '.manifests[0].digest' layout/index.json)
        jq --arg zeros "$zeros" '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "localhost/x:1@" + $zeros' \
                layout/index.json >index && mv index layout/index.json
        image load oci:layout
        assert_equal "localhost/x:1 $manifest" "$(store_names)"
        jq --arg digest "$manifest" '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "localhost/y@" + $digest' \
                layout/index.json >index && mv index layout/index.json
        image load oci:layout
        store_names | grep -qx "localhost/y@$manifest $manifest"

        # Nor can the person who loads it.
        run image load --name "localhost/z@$zeros" oci:layout
        [[ $status != 0 ]]
        assert_match "a name with a digest can't be given to an image" "$output"
}
