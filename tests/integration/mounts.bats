# SPDX-License-Identifier: MIT
# Mount= and AddDevice= in real containers.
load ../lib/supd
load ../lib/payload

setup() {
        rm -rf "$UNIT_DIR"
        rootfs_make
        DATA=$SUPD_TEST_DIR/data
        rm -rf "$DATA"
        mkdir -p "$DATA"
}

teardown() {
        supd_stop
}

# device_node NAME - a node of a device that no container may use by itself
device_node() {
        mknod "$DATA/$1" c 10 237 2>/dev/null || skip 'no nodes of devices can be made here'
        # A read of it at the end of a test's own right to it, not of the container's.
        (exec 3<"$DATA/$1") 2>/dev/null || skip 'the device can not be opened here'
}

@test "Mount= binds what is on the host, as its options say" {
        echo one >"$DATA/file"
        mkdir "$DATA/dir"
        obedient_write web "Mount=type=bind,src=$DATA/file,dst=/etc/settings,ro" \
                "Mount=type=bind,source=$DATA/dir,target=/new/dir,noexec"
        supd_start
        supctl start web
        assert_equal one "$(ask web cat /etc/settings)"
        assert_match 'Read-only' "$(ask web 'echo two >/etc/settings')"
        ask web 'echo here >/new/dir/x'
        assert_equal here "$(cat "$DATA/dir/x")"
        assert_match 'noexec' "$(ask web "grep ' /new/dir ' /proc/mounts")"
}

@test "a source that is not there fails the start and is named" {
        obedient_write web "Mount=type=bind,src=$DATA/none,dst=/none"
        obedient_write globs "Mount=type=glob,src=$DATA/none-*,dst=/none"
        supd_start
        run supctl start web
        [ "$status" -ne 0 ]
        assert_match "$DATA/none on /none: No such file" "$(supd_messages web)"
        run supctl start globs
        [ "$status" -ne 0 ]
        assert_match "nothing matches $DATA/none-" "$(supd_messages globs)"
}

@test "a glob is all that it finds at the start, below a directory or in place" {
        echo a >"$DATA/a.conf"
        echo b >"$DATA/b.conf"
        echo c >"$DATA/c.txt"
        obedient_write web "Mount=type=glob,src=$DATA/*.conf,dst=/conf,ro" \
                "Mount=type=glob,src=$DATA/*.txt"
        supd_start
        supctl start web
        assert_equal 'a.conf b.conf' "$(ask web ls /conf | paste -sd ' ')"
        assert_equal b "$(ask web cat /conf/b.conf)"
        assert_equal c "$(ask web cat "$DATA/c.txt")"
        echo d >"$DATA/d.conf"
        supctl restart web
        assert_equal 'a.conf b.conf d.conf' "$(ask web ls /conf | paste -sd ' ')"
}

@test "Mount= makes new file systems" {
        obedient_write web Mount=type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=0750 \
                Mount=type=ramfs,dst=/r,mode=0700 Mount=type=devpts,dst=/p
        supd_start
        supctl start web
        assert_match '^tmpfs /t tmpfs .*size=1024k' "$(ask web "grep ' /t ' /proc/mounts")"
        assert_equal 750 "$(ask web stat -c %a /t)"
        assert_match '^ramfs /r ramfs ' "$(ask web "grep ' /r ' /proc/mounts")"
        assert_equal 700 "$(ask web stat -c %a /r)"
        assert_match '^devpts /p devpts .*gid=5,mode=620,ptmxmode=666' "$(ask web "grep ' /p ' /proc/mounts")"
        # One of its own: a terminal that is opened there is not one of /dev/pts.
        assert_equal '0 ptmx' "$(ask web 'exec 4<>/p/ptmx; ls /p; exec 4>&-' | paste -sd ' ')"
}

@test "AddDevice= gives a device, and nothing else does" {
        device_node mine
        obedient_write web "AddDevice=$DATA/mine:/dev/mine" "AddDevice=-$DATA/none"
        obedient_write plain "Volume=$DATA/mine:/dev/mine:dev"
        supd_start
        supctl start web plain
        assert_equal '10 237' "$(ask web 'printf "%d %d" 0x$(stat -c %t /dev/mine) 0x$(stat -c %T /dev/mine)')"
        assert_equal '' "$(ask web ': </dev/mine')"
        assert_equal '' "$(ask web ': <>/dev/mine')"
        assert_equal "$DATA/mine:/dev/mine:rwm -$DATA/none:$DATA/none:rwm" "$(unit_prop web Devices)"
        assert_match 'not permitted|denied' "$(ask plain ': </dev/mine')"
}

@test "a device that may be read only can not be written" {
        device_node mine
        obedient_write web "AddDevice=$DATA/mine:r"
        supd_start
        supctl start web
        assert_equal '' "$(ask web ": <$DATA/mine")"
        assert_match 'not permitted|denied' "$(ask web ": >>$DATA/mine")"
}

@test "a directory of devices is all in it, at any depth" {
        mkdir -p "$DATA/sub"
        device_node one
        device_node sub/two
        echo no-device >"$DATA/file"
        obedient_write web "AddDevice=$DATA:/dev/all"
        supd_start
        supctl start web
        assert_equal '/dev/all/one /dev/all/sub/two' "$(ask web find /dev/all -type c | sort | paste -sd ' ')"
        assert_equal '' "$(ask web ': </dev/all/sub/two')"
}

@test "what is no device, or is not there, fails the start" {
        echo text >"$DATA/file"
        obedient_write file "AddDevice=$DATA/file"
        obedient_write none "AddDevice=$DATA/none"
        supd_start
        run supctl start file
        [ "$status" -ne 0 ]
        assert_match "AddDevice=$DATA/file: not a device" "$(supd_messages file)"
        run supctl start none
        [ "$status" -ne 0 ]
        assert_match "AddDevice=$DATA/none: No such file" "$(supd_messages none)"
}

@test "devices last over a supd that is killed" {
        local pid
        device_node mine
        obedient_write web "AddDevice=$DATA/mine:/dev/mine"
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        kill -KILL "$(supd_pid)"
        wait_until 10 prop_is web MainPID "$pid"
        assert_equal '' "$(ask web ': </dev/mine')"
}

@test "devices and new file systems are there in a user namespace, too" {
        device_node mine
        chmod 0666 "$DATA/mine"
        obedient_write web UserNS=auto "AddDevice=$DATA/mine:/dev/mine" \
                Mount=type=tmpfs,dst=/t,tmpfs-mode=0700,uid=7 Mount=type=ramfs,dst=/r,mode=0750
        obedient_write terminals UserNS=auto Mount=type=devpts,dst=/p
        supd_start
        supctl start web
        assert_equal '' "$(ask web ': <>/dev/mine')"
        assert_equal '700 7' "$(ask web stat -c "'%a %u'" /t)"
        assert_equal '750 0' "$(ask web stat -c "'%a %u'" /r)"
        run supctl start terminals
        [ "$status" -ne 0 ]
        assert_match 'mount devpts on /p: not possible in a user namespace' "$(supd_messages terminals)"
}
