# SPDX-License-Identifier: MIT
# Rootfs= names a file that holds a file system: appliances ship them.
load ../lib/supd
load ../lib/payload

IMAGE=$SUPD_TEST_DIR/root.image

setup() {
        rootfs_make
        mkdir -p "$ROOTFS/orders" # mount point of payload.bash
}

teardown() {
        supd_stop
        rm -f "$IMAGE"
        wait_until 10 no_loop_left
}

make_squashfs() {
        mksquashfs "$ROOTFS" "$IMAGE" -quiet -no-progress -noappend >/dev/null
}

make_erofs() {
        mkfs.erofs "$IMAGE" "$ROOTFS" >/dev/null
}

# Of a file that is gone the kernel says so behind its name.
loops() {
        cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -cF "$IMAGE" || true
}

no_loop_left() {
        [[ $(loops) == 0 ]]
}

@test "a squashfs file is a root, below a layer of the container's own that goes with it" {
        make_squashfs
        obedient_write web "Rootfs=$IMAGE"
        supd_start
        supctl start web
        assert_match '^overlay / overlay rw' "$(ask web 'grep " / " /proc/mounts')"
        assert_equal 0 "$(ask web 'echo x >/x; echo $?')"
        [ -e "$STATE_DIR/container/web.service/upper/x" ]
        assert_equal 1 "$(loops)"
        supctl restart web
        assert_match 'No such file' "$(ask web 'cat /x 2>&1')"
        supctl stop web
        wait_until 10 no_loop_left
        [ ! -e "$STATE_DIR/container/web.service" ]
}

@test "an erofs file is a root, and with ReadOnly= one that can not be written to" {
        make_erofs
        obedient_write web "Rootfs=$IMAGE" ReadOnly=true
        supd_start
        supctl start web
        assert_match '^overlay / overlay ro' "$(ask web 'grep " / " /proc/mounts')"
        assert_match 'Read-only file system' "$(ask web 'touch /x 2>&1')"
}

@test "with :O a file is below an overlay, fresh after a restart" {
        make_squashfs
        obedient_write web "Rootfs=$IMAGE:O"
        supd_start
        supctl start web
        assert_equal 0 "$(ask web 'echo x >/x; echo $?')"
        assert_equal x "$(ask web 'cat /x')"
        supctl restart web
        assert_match 'No such file' "$(ask web 'cat /x 2>&1')"
        wait_until 10 test "$(loops)" = 1
}

@test "a file's loop device goes when supd and its containers are killed" {
        make_squashfs
        obedient_write web "Rootfs=$IMAGE:O"
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        [ "$(loops)" = 1 ]
        kill -KILL "$(supd_pid)"
        wait_until 10 supctl is-active web
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_equal 1 "$(loops)"
        supctl kill --signal=KILL web
        wait_until 10 no_loop_left
}

@test "a file that is no image is told" {
        echo nothing >"$IMAGE"
        unit_write web.container "Rootfs=$IMAGE" Exec='sleep 1000'
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match "root $IMAGE: neither squashfs nor erofs" "$output"
}
