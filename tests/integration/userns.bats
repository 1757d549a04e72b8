# SPDX-License-Identifier: MIT
# User namespaces: whose files are whose, inside and outside of a container.
load ../lib/supd
load ../lib/payload

# The store is supd's own.
STATE=$STATE_DIR
WORK=$SUPD_TEST_DIR/work
load ../lib/image

setup() {
        mkdir -p "$WORK"
        cd "$WORK" || return
        rootfs_make
}

teardown() {
        local status=0
        supd_stop || status=$?
        cd /
        rm -rf "$WORK" "${STATE_DIR:?}"/{image,layer,container,tree,user-ranges}
        return "$status"
}

# mapped_write() - NAME [KEY=VALUE...]: a unit that takes orders, of an image
mapped_write() {
        local name=$1
        shift
        obedient_write "$name" Image=localhost/busybox Network=none "$@"
}

owner_of() {
        stat -c %u:%g "$1"
}

uid_map_of() {
        tr -s ' ' <"/proc/$(unit_prop "$1" MainPID)/uid_map" | sed 's/^ //'
}

@test "an image's files belong to the container's users, whoever these are outside" {
        image_of_busybox
        mapped_write web UIDMap=0:100000:65536 User=7 Group=8
        supd_start
        supctl start web
        assert_equal '7:8' "$(ask web 'echo $(id -u):$(id -g)')"
        assert_equal '0:0 0:0' "$(ask web 'echo $(stat -c %u:%g /srv/data) $(stat -c %u:%g /bin)')"
        assert_equal '0 100000 65536' "$(uid_map_of web)"
        pid=$(unit_prop web MainPID)
        assert_equal '100007 100008' "$(awk '/^Uid:/ { u = $2 } /^Gid:/ { print u, $2 }' "/proc/$pid/status")"
        assert_equal 7:8 "$(ask web 'touch /tmp/new && stat -c %u:%g /tmp/new')"
        # The host sees them as its own ids.
        assert_equal 100007:100008 "$(supctl show --value -p InitPID web | xargs -I PID stat -c %u:%g /proc/PID/root/srv/data/file)"
        # And the image is as it was.
        run supctl image verify localhost/busybox
        assert_equal 0 "$status"
}

@test "a volume with idmap has the container's owners, one without the host's" {
        image_of_busybox
        mkdir -p shifted plain
        chown 5:6 shifted
        chown 100005:100006 plain
        chmod 777 shifted plain
        mapped_write web UIDMap=0:100000:1000 "Volume=$WORK/shifted:/shifted:idmap" "Volume=$WORK/plain:/plain"
        supd_start
        supctl start web
        assert_equal '5:6 5:6' "$(ask web 'echo $(stat -c %u:%g /shifted) $(stat -c %u:%g /plain)')"
        ask web 'touch /shifted/new /plain/new'
        assert_equal 0:0 "$(owner_of shifted/new)"
        assert_equal 100000:100000 "$(owner_of plain/new)"
}

@test "groups are mapped as the users, or on their own" {
        image_of_busybox
        mapped_write same UIDMap=0:100000:10 UIDMap=10:200000:10
        mapped_write own UIDMap=0:100000:10 GIDMap=0:300000:20
        supd_start
        supctl start same own
        for what in uid gid; do
                assert_equal '0 100000 10,10 200000 10' \
                        "$(tr -s ' ' <"/proc/$(unit_prop same MainPID)/${what}_map" | sed 's/^ //' | paste -sd,)"
        done
        assert_equal '0 300000 20' "$(tr -s ' ' <"/proc/$(unit_prop own MainPID)/gid_map" | sed 's/^ //')"
        assert_equal '["0:100000:10"] ["0:300000:20"]' \
                "$(supctl show --json -p UIDMap -p GIDMap own | jq -c '.UIDMap, .GIDMap' | paste -sd' ')"
}

@test "auto gives each container ids of its own, and the same ones at each start" {
        image_of_busybox
        mapped_write a UserNS=auto
        mapped_write b UserNS=auto:size=100000
        mapped_write c UserNS=nomap
        supd_start
        supctl start a
        supctl start b
        supctl start c
        assert_equal '0 2147483648 65536' "$(uid_map_of a)"
        assert_equal '0 2147549184 100000' "$(uid_map_of b)"
        assert_equal '0 2147680256 65536' "$(uid_map_of c)"
        supctl stop a c
        supctl start c
        supctl start a
        assert_equal '0 2147483648 65536' "$(uid_map_of a)"
        assert_equal '0 2147680256 65536' "$(uid_map_of c)"
        # A new supd on the same state, as after a boot.
        supd_stop
        mapped_write c UserNS=nomap
        mapped_write d UserNS=auto
        supd_start
        supctl start d
        supctl start c
        assert_equal '0 2147745792 65536' "$(uid_map_of d)"
        assert_equal '0 2147680256 65536' "$(uid_map_of c)"
        assert_equal nomap "$(unit_prop c UserNS)"
}

@test "what auto is told to map by hand goes before its own range" {
        image_of_busybox
        mapped_write web UserNS=auto:uidmapping=1000:5000:1
        supd_start
        supctl start web
        assert_equal '1000 5000 1,0 2147483648 1000,1001 2147484649 64535' "$(uid_map_of web | paste -sd,)"
}

@test "keep-id is a user namespace in which everybody is himself" {
        image_of_busybox
        mapped_write web UserNS=keep-id
        supd_start
        supctl start web
        assert_equal '0 0 4294967295' "$(uid_map_of web)"
        pid=$(unit_prop web MainPID)
        [[ $(readlink /proc/self/ns/user) != "$(readlink "/proc/$pid/ns/user")" ]]
        assert_equal 7:8 "$(ask web 'stat -c %u:%g /srv/data/file')"
}

@test "a namespace that exists is joined by its path or by the container that has it" {
        image_of_busybox
        mapped_write first UserNS=auto
        mapped_write second UserNS=container:first
        mapped_write third UserNS=container:systemd-first
        supd_start
        run supctl start second
        assert_equal 1 "$status"
        assert_match 'UserNS=container:first: there is no such container, or it is not running' "$output"
        supctl start first
        supctl start second third
        pid=$(unit_prop first MainPID)
        mapped_write path "UserNS=ns:/proc/$pid/ns/user"
        mapped_write bad "UserNS=ns:/proc/$pid/ns/net"
        supctl daemon-reload
        supctl start path
        for name in second third path; do
                assert_equal "$(readlink "/proc/$pid/ns/user")" "$(readlink "/proc/$(unit_prop "$name" MainPID)/ns/user")"
                assert_equal 7:8 "$(ask "$name" 'stat -c %u:%g /srv/data/file')"
        done
        run supctl start bad
        assert_equal 1 "$status"
        assert_match 'is not a user namespace' "$output"
}

@test "a name in subuid and subgid has its ranges mapped" {
        image_of_busybox
        mapped_write web SubUIDMap=supdtest
        supd_start
        run supctl start web
        assert_equal 1 "$status"
        assert_match '/etc/subuid has no line supdtest:FIRST:COUNT' "$output"
        for file in /etc/subuid /etc/subgid; do
                printf 'other:1:1\nsupdtest:700000:1000\nsupdtest:900000:500\n' >"$WORK/${file##*/}"
                [[ -e $file ]] || : >"$file"
                mount --bind "$WORK/${file##*/}" "$file"
        done
        supctl start web
        map=$(uid_map_of web | paste -sd,)
        umount /etc/subuid /etc/subgid
        assert_equal '0 700000 1000,1000 900000 500' "$map"
}

@test "commands, health checks and files in it are those of its users" {
        image_of_busybox
        mapped_write web UserNS=auto User=7:8 HealthCmd='test $(id -u) = 7 && test $(stat -c %%u /tmp) = 0' \
                HealthInterval=1h HealthRetries=1 ReloadCmd='touch /tmp/reloaded'
        supd_start
        supctl start web
        health_is() { [[ $(unit_prop web HealthState) == "$1" ]]; }
        wait_until 20 health_is healthy
        supctl reload web
        assert_equal 7:8 "$(ask web 'stat -c %u:%g /tmp/reloaded')"
}

@test "a container in a user namespace is paused, adopted and stopped as any other" {
        image_of_busybox
        mapped_write web UserNS=auto
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        supctl pause web
        supctl unpause web
        kill -KILL "$(supd_pid)"
        wait_until 20 supd_answers
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_equal '["0:2147483648:65536"]' "$(supctl show --json -p UIDMap web | jq -c .UIDMap)"
        assert_match 'Users: auto; ids 0 to 65535 are 2147483648 to 2147549183 of the host' "$(supctl status web)"
        assert_equal 7:8 "$(ask web 'stat -c %u:%g /srv/data/file')"
        supctl restart web
        assert_equal '0 2147483648 65536' "$(uid_map_of web)"
        supctl stop web
        assert_equal success "$(unit_prop web Result)"
}

@test "root in a user namespace has the rights of root over its own namespaces only" {
        image_of_busybox
        mapped_write web UserNS=auto AddCapability=SYS_ADMIN Volume="$WORK:/work"
        echo secret >host
        chmod 600 host
        supd_start
        supctl start web
        assert_equal denied "$(ask web 'cat /work/host 2>/dev/null || echo denied')"
        assert_equal denied "$(ask web 'mknod /dev/mine b 254 0 2>/dev/null || echo denied')"
        assert_equal allowed "$(ask web 'hostname mine && echo allowed')"
        assert_equal denied "$(ask web 'echo 1 2>/dev/null >/proc/sys/kernel/panic || echo denied')"
}

@test "a directory as root belongs to the container's users with idmap" {
        rootfs_make "$WORK/root"
        chown 3:4 "$WORK/root/bin"
        obedient_write web UIDMap=0:100000:1000 "Rootfs=$WORK/root:idmap"
        supd_start
        supctl start web
        assert_equal 3:4 "$(ask web 'stat -c %u:%g /bin')"
        ask web 'touch /made'
        assert_equal 0:0 "$(owner_of root/made)"
}

@test "with Pod= the keys have no effect, and that is said" {
        image_of_busybox
        unit_write p.pod Network=none
        mapped_write web UserNS=auto Pod=p.pod
        sed -i '/^Network=/d' "$UNIT_DIR/web.container"
        run supctl verify "$UNIT_DIR/web.container"
        assert_match 'have no effect with Pod=' "$output"
        supd_start
        supctl start web
        assert_equal "$(readlink /proc/self/ns/user)" "$(readlink "/proc/$(unit_prop web MainPID)/ns/user")"
}
