# SPDX-License-Identifier: MIT
# File by file: what supd-image unpacks is what umoci, podman and docker make of the same images.
load ../lib/supd
load ../lib/image

setup() {
        mkdir -p "$WORK" "$STATE"
        cd "$WORK" || return
}

teardown() {
        cd /
        umount "$WORK/joined" 2>/dev/null
        [[ ! -e $WORK/podman ]] || podman_here image umount --all --force >/dev/null 2>&1
        [[ ! -e $WORK/dockerd.pid ]] || kill "$(<"$WORK/dockerd.pid")" 2>/dev/null
        [[ -z ${daemon-} ]] || wait "$daemon" 2>/dev/null
        awk -v below="$WORK/" 'index($2, below) == 1 { print $2 }' /proc/mounts | tac | xargs -r umount -l
        rm -rf "$WORK" "$STATE"
}

# A driver that needs nothing of the machine, and keeps whole trees.
STORAGE=(--root "$WORK/podman" --runroot "$WORK/podman-run" --storage-driver vfs)
podman_here() {
        podman "${STORAGE[@]}" --cgroup-manager cgroupfs "$@"
}

buildah_here() {
        buildah "${STORAGE[@]}" "$@"
}

# ---- what is compared --------------------------------------------------------------------------
# listing() - all that there is to say of each file below DIR; sizes, times and links of directories are
# the file system's own
listing() {
        (
                cd "$1" || exit
                find . -mindepth 1 ! -type d -printf '%P\t%y %m %U %G %s %n %T@ %l\n'
                find . -mindepth 1 -type d -printf '%P\t%y %m %U %G\n'
                find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} +
                find . -type f -size -1M -exec sha256sum {} +
                getfattr -R -h -d -m '^(user|security)\.' -e hex . 2>/dev/null
                # Names that are one file.
                find . -type f -links +1 -printf '%i %P\n' | sort | awk '{ i = $1; $1 = ""; if (i == last) print "link" name "=" $0; else name = $0; last = i }'
        ) | tr -d '\0' | LC_ALL=C sort
}

# joined() - mount the image's layers at ./joined as overlayfs joins them
joined() {
        local path lower=
        run image inspect "$1"
        assert_equal 0 "$status"
        while read -r path; do
                lower=$path${lower:+:$lower}
        done < <(record LAYER_PATH)
        # One directory alone is nothing to join.
        mkdir -p joined empty
        mount -t overlay overlay -o "ro,lowerdir=$lower:$WORK/empty" joined
}

# is_same_as() - our view of IMAGE and the files below DIR
is_same_as() {
        joined "$1"
        listing joined >got
        umount joined
        listing "$2" >wanted
        [ -s wanted ]
        diff wanted got
        image check >/dev/null
}

# as_umoci_unpacks() - IMAGE of ours, and LAYOUT:TAG
as_umoci_unpacks() {
        rm -rf bundle
        umoci unpack --image "$2" bundle
        is_same_as "$1" bundle/rootfs
}

# as_podman_mounts() - an image of that name in both stores
as_podman_mounts() {
        is_same_as "$1" "$(podman_here image mount "$1")"
        podman_here image umount "$1" >/dev/null
}

# ---- what there is to compare ------------------------------------------------------------------
# tree_make() - DIR with one of everything
tree_make() {
        local long i path
        mkdir -p "$1"/{bin,etc,dev,deep/er,empty,sticky}
        cd "$1" || return
        head -c 70000 /dev/urandom >bin/tool
        head -c 3000000 /dev/urandom >bin/large
        ln bin/tool bin/other
        ln bin/tool etc/third
        ln -s ../bin/tool etc/link
        ln -s /nowhere/at/all etc/dangling
        ln -s "$(printf 'target/%.0s' {1..40})end" etc/long-link
        echo text >etc/file
        : >etc/empty
        chown 12:34 etc/file
        chown -h 56:78 etc/link
        chown 3000000:4000000 bin/large
        chmod 4755 bin/tool
        chmod 2755 deep
        chmod 1777 sticky
        chmod 000 etc/empty
        truncate -s 900K sparse
        echo middle | dd of=sparse bs=1 seek=500000 conv=notrunc status=none
        mkfifo fifo
        mknod dev/null c 1 3
        mknod dev/disk b 259 1000
        chmod 640 dev/disk
        long=$(printf 'n%.0s' {1..200})
        path=$long
        for i in 1 2 3; do path=$path/$long; done
        mkdir -p "$path"
        echo long >"$path/$long"
        ln "$path/$long" "$long/hard"
        : >"$(printf '%0.sx' {1..255})"
        echo odd >"etc/ spaces and 'quotes' "
        echo odd >'etc/back\slash'
        echo odd >etc/-dash
        echo odd >$'etc/\303\274ml\303\244ut'
        setfattr -n user.note -v 'a value' etc/file
        setfattr -n user.binary -v 0x00ff0a3d bin
        setcap cap_net_raw,cap_net_admin+ep bin/tool
        touch -d @86400.123456789 etc/file
        touch -d @4102444800 bin/large
        touch -h -d @1000000000 etc/link
        cd - >/dev/null || return
}

# change_make() - DIR, the layer above: whiteouts, and things that change what they are. No directory that
# has xattrs is in it: podman's vfs driver keeps them, overlayfs, umoci and we take the new ones.
change_make() {
        mkdir -p "$1"/{etc,deep,sticky,empty}
        : >"$1/etc/.wh.dangling"
        : >"$1/etc/.wh.nothing-of-that-name"
        : >"$1/deep/.wh..wh..opq"
        echo new >"$1/deep/new"
        : >"$1/.wh.dev"
        # A directory becomes a file, a file a directory, a link a directory.
        : >"$1/.wh.sticky"
        rm -r "$1/sticky" && echo file >"$1/sticky"
        mkdir "$1/etc/file" && echo within >"$1/etc/file/within"
        mkdir "$1/etc/link" && echo within >"$1/etc/link/within"
        echo changed >"$1/etc/empty"
        chmod 700 "$1/empty"
}

# again_make() - DIR, a third layer: what was taken away is there again
again_make() {
        mkdir -p "$1"/{dev,deep/er}
        echo again >"$1/dev/again"
        echo again >"$1/deep/er/again"
        : >"$1/etc-is-no-directory"
}

# Sorted: podman and docker take a whiteout for what stands before it in its own layer, too.
tar_of() {
        tar --sort=name --format="$1" --xattrs --xattrs-include='*' --numeric-owner -C "$2" -cf "$2.tar" .
}

umoci_make() {
        local layer
        tree_make one
        change_make two
        again_make three
        tar_of pax one
        tar_of gnu two
        tar_of pax three
        umoci init --layout layout
        umoci new --image layout:v
        for layer in one two three; do
                umoci raw add-layer --image layout:v $layer.tar
        done
}

# ------------------------------------------------------------------------------------------------
@test "an image of umoci's is what umoci unpacks and what podman mounts" {
        umoci_make
        image load oci:layout:v --name localhost/v:1
        as_umoci_unpacks localhost/v:1 layout:v
        skopeo copy -q oci:layout:v oci-archive:v.tar:localhost/v:1
        podman_here load -i v.tar
        as_podman_mounts localhost/v:1
}

@test "GNU tar's own long names, sparse files and large owners are what pax says in its way" {
        local format
        tree_make one
        # What GNU's format can't say.
        setfattr -x user.note one/etc/file
        setfattr -x user.binary one/bin
        setcap -r one/bin/tool
        touch -d @86400 one/etc/file
        find one -depth -exec touch -h -d @1000000000 {} +
        for format in gnu pax posix oldgnu; do
                tar --format=$format --sparse --numeric-owner -C one -cf $format.tar .
                image import $format.tar localhost/$format
                is_same_as localhost/$format one
        done
        [ "$(stat -c %b "$(image inspect localhost/gnu | sed -n 's/^LAYER_PATH=//p')/sparse")" -lt 400 ]
}

@test "a sparse file larger than the disk is sparse again" {
        mkdir one
        truncate -s 100G one/huge
        echo end >>one/huge
        touch -d @1000000000 one/huge
        tar --sparse -C one -cf one.tar .
        image import one.tar localhost/huge
        file=$(image inspect localhost/huge | sed -n 's/^LAYER_PATH=//p')/huge
        assert_equal "$(stat -c '%s %Y' one/huge)" "$(stat -c '%s %Y' "$file")"
        [ "$(stat -c %b "$file")" -lt 100 ]
        assert_equal end "$(tail -c 4 "$file")"
}

@test "an image of buildah's is what podman mounts, in both formats and with each compression" {
        tree_make one
        container=$(buildah_here from scratch)
        buildah_here add --quiet "$container" one /
        buildah_here config --cmd /bin/tool --env A=b "$container"
        buildah_here commit --quiet "$container" localhost/b:1
        mounted=$(buildah_here mount "$container")
        echo new >"$mounted/etc/new" && rm -r "$mounted/deep" && mkdir "$mounted/deep"
        rm "$mounted/etc/link" && mkdir "$mounted/etc/link"
        buildah_here commit --quiet "$container" localhost/b:2
        for format in oci v2s2; do
                buildah_here push --quiet --format $format localhost/b:2 "dir:$WORK/pushed-$format"
                image load "dir:pushed-$format" --name localhost/b:2
                as_podman_mounts localhost/b:2
        done
        skopeo copy -q --dest-compress-format zstd --dest-compress dir:pushed-oci dir:pushed-zstd
        image rm localhost/b:2
        image load dir:pushed-zstd --name localhost/b:2
        as_podman_mounts localhost/b:2
        run image inspect localhost/b:2
        assert_equal /bin/tool "$(record CMD)"
}

@test "what podman saves is what podman mounts" {
        umoci_make
        skopeo copy -q oci:layout:v oci-archive:v.tar:localhost/v:1
        podman_here load -i v.tar
        podman_here save --format docker-archive -o docker.tar localhost/v:1
        podman_here save --format oci-archive -o oci.tar localhost/v:1
        podman_here save --format oci-dir -o oci-dir localhost/v:1
        podman_here save --format docker-dir -o docker-dir localhost/v:1
        for source in docker-archive:docker.tar oci-archive:oci.tar oci:oci-dir dir:docker-dir; do
                rm -rf "$STATE"
                image load "$source" --name localhost/v:1
                as_podman_mounts localhost/v:1
        done
}

@test "docker loads what is saved here, and what docker saves is loaded here" {
        umoci_make
        image load oci:layout:v --name localhost/v:1
        run image inspect localhost/v:1
        id=$(record ID)
        dockerd --data-root "$WORK/docker" --exec-root "$WORK/docker-run" --pidfile "$WORK/dockerd.pid" \
                --host "unix://$WORK/docker.sock" --bridge none --iptables=false --ip6tables=false --ip-forward=false \
                --storage-driver vfs >dockerd.log 2>&1 3>&- &
        daemon=$!
        export DOCKER_HOST=unix://$WORK/docker.sock
        wait_until 30 docker version || { cat dockerd.log >&2 && return 1; }
        image save localhost/v:1 2>/dev/null | docker load
        assert_equal "$id" "$(docker image inspect --format '{{.Id}}' localhost/v:1)"
        docker save localhost/v:1 >docker.tar
        rm -rf "$STATE"
        image load docker-archive:docker.tar
        as_umoci_unpacks localhost/v:1 layout:v
        run image inspect localhost/v:1
        assert_equal "$id" "$(record ID)"
}
