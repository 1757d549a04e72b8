# SPDX-License-Identifier: MIT
# How containers get their root from an image: supd-image with each storage driver, on the file systems that
# people have. Each test has a store on a loop device or tmpfs of its own, mounted with autoclear: whatever
# happens, the device is free once the namespace has ended.
load ../lib/supd

WORK=$SUPD_TEST_DIR/tmp/work
MOUNT=$SUPD_TEST_DIR/tmp/fs
STATE=$MOUNT/state

setup_file() {
        mkdir -p "$WORK"
        cd "$WORK" || return
        fixture
        umoci unpack --image layout:v1 bundle
        listing bundle/rootfs >wanted
}

teardown_file() {
        cd / && rm -rf "$WORK"
}

setup() {
        cd "$WORK" || return
}

teardown() {
        cd /
        if mountpoint -q "$MOUNT"; then umount "$MOUNT"; fi
        [ -z "$(losetup -n -O NAME -j "$SUPD_TEST_DIR/tmp/disk")" ]
        rm -rf "$MOUNT" "$SUPD_TEST_DIR/tmp/disk" "$SUPD_TEST_DIR/tmp/kept"
}

image() {
        supd-image --state-dir "$STATE" "$@"
}

# record() - the values of KEY in $output
record() {
        sed -n "s/^$1=//p" <<<"$output"
}

# layer() - DIR [LAYOUT]: DIR becomes a layer of the image
layer() {
        tar --format=pax --xattrs --xattrs-include='*' --sparse --sort=name -C "$1" -cf layer.tar .
        umoci raw add-layer --image "${2-layout}:v1" layer.tar
        rm layer.tar
}

# fixture() - $WORK/layout:v1: one of everything that a layer may have, and all that layers do to each other
fixture() {
        umoci init --layout layout
        umoci new --image layout:v1

        mkdir -p one/bin one/etc one/opaque/deep one/replaced/deep one/merged/below one/empty
        head -c 300000 /dev/urandom >one/bin/tool
        chmod 4755 one/bin/tool
        ln one/bin/tool one/bin/other
        ln one/bin/tool one/etc/hidden-link
        ln -s ../bin/tool one/etc/link
        ln -s /nowhere/at/all one/etc/dangling
        echo text >one/etc/file
        chown 12:34 one/etc/file
        echo gone | tee one/etc/gone one/opaque/hidden one/opaque/deep/hidden one/replaced/deep/hidden \
                >one/merged/below/stays
        echo old >one/merged/below/changed
        echo file >one/becomes-dir
        truncate -s 3M one/sparse
        echo end >>one/sparse
        mkfifo one/fifo
        mknod one/null c 1 3
        mknod one/block b 7 99
        printf -v long 'n%.0s' {1..200}
        mkdir -p "one/$long/$long"
        echo long >"one/$long/$long/$long"
        echo odd >one/$'new\nline \xff'
        setfattr -n user.test -v value one/etc/file
        setcap cap_net_raw+ep one/bin/tool
        chmod 1777 one/merged
        chmod 0500 one/empty
        touch -d @86400.5 one/etc/file one/merged/below one/empty
        layer one

        mkdir -p two/etc two/opaque two/merged/below two/becomes-dir/in
        touch two/etc/.wh.gone two/etc/.wh.hidden-link two/opaque/.wh..wh..opq two/.wh.replaced
        echo new >two/opaque/new
        echo new >two/merged/below/changed
        ln two/merged/below/changed two/merged/below/also
        ln -s file two/etc/second
        chmod 0711 two/merged
        touch -d @90000 two/merged/below
        layer two

        mkdir -p three/replaced three/opaque
        echo again >three/replaced/new
        echo more >three/opaque/more
        layer three
}

# listing() - all that there is to say of each file below DIR
listing() {
        (cd "$1" && find . -printf '%y %s %n %m %U %G %T@ %l %P\n' | sed -E 's/^d [0-9]+ [0-9]+/d/' | sort)
        (cd "$1" && find . -type f -exec sha256sum {} + | sort)
        (cd "$1" && find . -links +1 ! -type d -printf '%i %P\n' | sort | awk '{ a[$1] = a[$1] " " $2 } END { for (i in a) print a[i] }' | sort)
        (cd "$1" && find . -type f -exec getfattr -h -d -m 'user\.|security\.cap' {} + | sort)
}

# store_on() - mount TYPE at $MOUNT
store_on() {
        local disk=$SUPD_TEST_DIR/tmp/disk
        mkdir -p "$MOUNT"
        case $1 in
        tmpfs) mount -t tmpfs tmpfs "$MOUNT" ;;
        overlayfs)
                mkdir -p "$SUPD_TEST_DIR/tmp/kept"/{lower,upper,work}
                mount -t overlay overlay "$MOUNT" -o "$(printf 'lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work' \
                        "$SUPD_TEST_DIR/tmp/kept"{,,})"
                ;;
        *)
                truncate -s 320M "$disk"
                "mkfs.$1" -q "$disk" 2>/dev/null
                # Detached by the kernel when nothing is mounted any more.
                mount -o loop "$disk" "$MOUNT"
                ;;
        esac
}

blocks_free() {
        sync -f "$MOUNT"
        df --output=avail -k "$MOUNT" | tail -n 1
}

# root_is_right() - load and root-make with DRIVER; the files are those that umoci unpacks
root_is_right() {
        run image load oci:layout:v1 --name a --driver "$1"
        assert_equal 0 "$status"
        run image root-make --driver "$1" --id web a
        assert_equal 0 "$status"
        assert_equal "$STATE/container/web/root" "$(record ROOT)"
        listing "$STATE/container/web/root" >got
        diff wanted got
}

nothing_is_left() {
        assert_equal '' "$(find "$STATE/tree/.work" "$STATE/container/.trash" "$STATE/layer/.work" -mindepth 1)"
}

@test "vfs makes the root that umoci unpacks, on every file system" {
        for type in ext4 xfs btrfs tmpfs overlayfs; do
                store_on "$type"
                root_is_right vfs
                umount "$MOUNT"
                rm -rf "$MOUNT" "$SUPD_TEST_DIR/tmp/disk" "$SUPD_TEST_DIR/tmp/kept"
        done
}

@test "btrfs makes the root that umoci unpacks, out of a read-only subvolume" {
        store_on btrfs
        root_is_right btrfs
        tree=$(find "$STATE/tree" -mindepth 1 -maxdepth 1 ! -name '.*')
        assert_equal 'ro=true' "$(btrfs property get -ts "$tree" ro)"
        run touch "$tree/new"
        assert_match 'Read-only file system' "$output"
        nothing_is_left
}

@test "overlay makes a container's layer with the mode and owner of the image's root" {
        cp -a layout other-layout
        mkdir -m 0750 last
        layer last other-layout
        store_on ext4
        image load oci:other-layout:v1 --name a
        run image root-make --id web a
        assert_equal 0 "$status"
        assert_equal "$STATE/container/web/upper" "$(record UPPER)"
        assert_equal "$STATE/container/web/work" "$(record WORK)"
        assert_equal 750 "$(stat -c %a "$(record UPPER)")"
        assert_equal '' "$(find "$STATE/container" -name '.?*' ! -name .trash)"
        assert_equal "$(record UPPER)" "$(find "$STATE/container/web" -name upper)"
        run image root-remove web
        assert_equal '' "$(find "$STATE/container/web" -mindepth 1)"
}

@test "what a killed probe of overlayfs left goes with the next one" {
        store_on ext4
        sleep 0 &
        dead=$!
        wait "$dead"
        mkdir -p "$STATE/container/.probe.$dead/lower/dir" "$STATE/container/.probe.$$" \
                "$STATE/container/.probe.x"
        image load oci:layout:v1 --name a
        image root-make --driver overlay --id web a
        assert_equal "$(printf '%s\n' ".probe.$$" .probe.x | sort)" \
                "$(cd "$STATE/container" && ls -d .probe.* | sort)"
}

@test "a driver that can't work on the file system says which can, and leaves nothing" {
        store_on ext4
        run image load oci:layout:v1 --driver btrfs
        assert_equal 1 "$status"
        assert_match "storage driver 'btrfs' can't work in '$STATE': it takes btrfs, and this is ext4; choose overlay or vfs" "$output"
        assert_equal not-supported "$(record ERROR_CODE)"
        assert_equal '' "$(find "$STATE/layer" "$STATE/image/blobs" -type f)"
        run image root-make --driver btrfs --id web a
        assert_match 'choose overlay or vfs' "$output"
        run image load oci:layout:v1 --driver zfs
        assert_match "unknown storage driver 'zfs'; there are overlay, btrfs and vfs" "$output"
        umount "$MOUNT"

        store_on overlayfs
        run image load oci:layout:v1
        assert_equal 1 "$status"
        assert_match "overlayfs does not work on overlayfs .*; choose vfs" "$output"
        assert_equal '' "$(find "$STATE/container" -mindepth 1)"
}

@test "whether overlay works is found out once for a file system" {
        store_on ext4
        image load oci:layout:v1 --name a
        before=$(<"$STATE/image/.supd/driver")
        [ -n "$before" ]
        image load oci:layout:v1 --name b
        cp -a "$STATE/image" image-copy
        umount "$MOUNT"
        # The store moves to what can't be below overlayfs: what was true of the other does not count.
        store_on overlayfs
        mkdir "$STATE"
        mv image-copy "$STATE/image"
        run image load oci:layout:v1
        assert_match 'choose vfs' "$output"
}

@test "a snapshot is written to without its image or another container changing" {
        store_on btrfs
        image load oci:layout:v1 --name a --driver btrfs
        image root-make --driver btrfs --id one a
        image root-make --driver btrfs --id two a
        echo changed >"$STATE/container/one/root/etc/file"
        rm -r "$STATE/container/one/root/merged"
        listing "$STATE/container/two/root" >got
        diff wanted got
        listing "$STATE"/tree/[0-9a-f]* >got
        diff wanted got
        assert_equal changed "$(<"$STATE/container/one/root/etc/file")"
}

@test "what a root may take is limited by a quota group" {
        store_on btrfs
        mount -o remount,commit=1 "$MOUNT" # the kernel removes subvolumes as often as it commits
        image load oci:layout:v1 --name a --driver btrfs
        image root-make --driver btrfs --id small --size-max-root 4000000 a
        image root-make --driver btrfs --id free a
        run dd if=/dev/zero of="$STATE/container/small/root/large" bs=64k count=100 conv=fsync
        assert_match 'Disk quota exceeded' "$output"
        dd if=/dev/zero of="$STATE/container/free/root/large" bs=64k count=100 conv=fsync status=none

        run image root-make --driver btrfs --id tiny --size-max-root 100000 a
        assert_equal 1 "$status"
        assert_match "root of 'tiny': the image alone takes more than --size-max-root 100000" "$output"
        assert_equal '' "$(find "$STATE/container/tiny" -mindepth 1)"

        id=$(btrfs inspect-internal rootid "$STATE/container/small/root")
        image root-remove small
        btrfs subvolume sync "$MOUNT"
        assert_no_match "0/$id " "$(btrfs qgroup show "$MOUNT")"

        run image root-make --driver vfs --id small --size-max-root 100000 a
        assert_match "storage driver 'vfs' can't limit a root's size; btrfs can" "$output"
}

@test "trees and roots share their blocks with the layers where the file system can" {
        head -c 20M /dev/urandom >large
        mkdir big && mv large big/
        cp -a layout shared-layout
        layer big shared-layout
        for case in 'btrfs btrfs' 'btrfs vfs' 'xfs vfs'; do
                read -r type driver <<<"$case"
                store_on "$type"
                image load oci:shared-layout:v1 --name a
                free=$(blocks_free)
                image root-make --driver "$driver" --id one a
                image root-make --driver "$driver" --id two a
                # 40 MB of files twice over.
                [ $((free - $(blocks_free))) -lt 5000 ]
                umount "$MOUNT"
                rm "$SUPD_TEST_DIR/tmp/disk"
        done
}

@test "a root is removed with whatever the container made in it" {
        store_on btrfs
        image load oci:layout:v1 --name a --driver btrfs
        image root-make --driver btrfs --id web a
        root=$STATE/container/web/root
        btrfs -q subvolume create "$root/own"
        mkdir "$root/own/dir"
        btrfs -q subvolume snapshot -r "$root/own" "$root/own/dir/frozen"
        run image root-make --driver btrfs --id web a
        assert_equal 1 "$status"
        assert_match "container 'web' has a root; 'root-remove web' takes it away" "$output"
        image root-remove web
        assert_equal '' "$(find "$STATE/container/web" -mindepth 1)"
        nothing_is_left
        image root-remove web
        image root-remove never-there
        [ ! -e "$STATE/container/never-there" ]
}

@test "the trash is emptied of directories, subvolumes and read-only snapshots anywhere in them" {
        store_on btrfs
        image load oci:layout:v1 --name a --driver btrfs
        for id in one two three; do
                image root-make --driver btrfs --id "$id" a
        done
        image root-make --driver vfs --id four a
        mkdir -p "$STATE/container/one/volume/0/deep"
        btrfs -q subvolume snapshot -r "$STATE/container/two/root" "$STATE/container/one/volume/0/deep/frozen"
        mkdir -p "$STATE/container/.trash"
        mv "$STATE/container/one" "$STATE/container/.trash/one.1"
        mv "$STATE/container/two/root" "$STATE/container/.trash/"
        mv "$STATE/container/four" "$STATE/container/.trash/four.1"
        image trash
        nothing_is_left
        listing "$STATE/container/three/root" >got
        diff wanted got
        # Of subvolumes, the image's tree and three's root are left.
        assert_equal 2 "$(btrfs subvolume list "$MOUNT" | wc -l)"
}

@test "an image's tree goes with the image" {
        for case in 'btrfs btrfs' 'ext4 vfs'; do
                read -r type driver <<<"$case"
                store_on "$type"
                image load oci:layout:v1 --name a --driver "$driver"
                assert_equal 1 "$(find "$STATE/tree" -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l)"
                image prune
                assert_equal 1 "$(find "$STATE/tree" -mindepth 1 -maxdepth 1 ! -name '.*' | wc -l)"
                image root-make --driver "$driver" --id web a
                image rm a
                assert_equal '' "$(find "$STATE/tree" -mindepth 1 ! -name .work)"
                # The root is a container's own.
                listing "$STATE/container/web/root" >got
                diff wanted got
                umount "$MOUNT"
        done
}

@test "a store whose driver is changed makes the trees when they are needed" {
        store_on btrfs
        image load oci:layout:v1 --name a
        [ ! -e "$STATE/tree" ]
        for driver in vfs btrfs vfs; do
                image root-make --driver "$driver" --id web a
                listing "$STATE/container/web/root" >got
                diff wanted got
                image root-remove web
        done
        nothing_is_left
}

@test "an additional store's image has its tree in the store of our own" {
        store_on btrfs
        image load oci:layout:v1 --name a
        run supd-image --state-dir "$MOUNT/own" --additional-store "$STATE" root-make --driver btrfs --id web a
        assert_equal 0 "$status"
        listing "$MOUNT/own/container/web/root" >got
        diff wanted got
}

@test "a run that is killed leaves a whole root or none, and nothing in the way of the next" {
        for case in 'btrfs btrfs' 'ext4 vfs'; do
                read -r type driver <<<"$case"
                store_on "$type"
                image load oci:layout:v1 --name a
                for delay in 0.002 0.006 0.01 0.015 0.02 0.03 0.05; do
                        supd-image --state-dir "$STATE" root-make --driver "$driver" --id web a >/dev/null 2>&1 &
                        pid=$!
                        sleep "$delay" # a random moment is the point of it
                        kill -KILL "$pid" 2>/dev/null || true
                        wait "$pid" || true
                        if [ -e "$STATE/container/web/root" ]; then
                                listing "$STATE/container/web/root" >got
                                diff wanted got
                                supd-image --state-dir "$STATE" root-remove web &
                                pid=$!
                                sleep "$delay"
                                kill -KILL "$pid" 2>/dev/null || true
                                wait "$pid" || true
                        fi
                done
                wait_until 5 image root-remove web
                image trash
                image prune
                nothing_is_left
                image root-make --driver "$driver" --id web a
                listing "$STATE/container/web/root" >got
                diff wanted got
                umount "$MOUNT"
        done
}

@test "a full disk is named, and gets its space back" {
        store_on tmpfs
        image load oci:layout:v1 --name a --driver vfs
        used=$(du -sk "$STATE" | cut -f 1)
        mount -o "remount,size=$((used + 100))k" "$MOUNT"
        run image root-make --driver vfs --id web a
        assert_equal 1 "$status"
        assert_match "root of 'web': cannot copy '.*': No space left on device" "$output"
        assert_equal '' "$(find "$STATE/container/web" -mindepth 1)"
        assert_equal "$used" "$(du -sk "$STATE" | cut -f 1)"
}

@test "roots made at once are all whole, and one container's is made once" {
        store_on btrfs
        image load oci:layout:v1 --name a
        for i in 1 2 3 4; do
                image root-make --driver btrfs --id "web$i" a >"out$i" 2>&1 &
                makers[i]=$!
                image root-make --driver btrfs --id same a >"same$i" 2>&1 &
                others[i]=$!
        done
        won=0
        for i in 1 2 3 4; do
                wait "${makers[i]}" || { cat "out$i" && false; }
                if wait "${others[i]}"; then won=$((won + 1)); fi
        done
        assert_equal 1 "$won"
        assert_match 'has a root|another is at work' "$(cat same?)"
        for root in "$STATE"/container/*/root; do
                listing "$root" >got
                diff wanted got
        done
        nothing_is_left
}

@test "ids that lead elsewhere are refused" {
        store_on tmpfs
        printf -v long 'n%.0s' {1..129}
        for id in .. . .trash a/b '' 'a b' "$long"; do
                run image root-remove "$id"
                assert_equal 1 "$status"
                assert_match 'bad container id' "$output"
        done
        run image root-make a
        assert_equal 2 "$status"
        assert_match '\-\-id is missing' "$output"
        # Nor does a link in its place lead anywhere.
        mkdir -p "$STATE/container" "$MOUNT/outside/root"
        ln -s "$MOUNT/outside" "$STATE/container/web"
        run image root-remove web
        assert_equal 1 "$status"
        [ -d "$MOUNT/outside/root" ]
}
