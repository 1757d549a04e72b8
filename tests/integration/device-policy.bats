# SPDX-License-Identifier: MIT
# DevicePolicy= and DeviceAllow=: what a container may open, while it runs too.
load ../lib/supd
load ../lib/payload

setup() {
        supd_config Manager.SystemdSocket=yes
}

teardown() {
        supd_stop
}

# Not among those of every container, and there nearly everywhere.
need_tun() {
        (: </dev/net/tun) 2>/dev/null || skip 'no /dev/net/tun'
}

TUN='c 10 200' ZERO='c 1 5' NULL='c 1 3'

# opens() - UNIT NODE "<" or ">": the container makes a node of its own; what may be done with it is up to the cgroup.
opens() {
        ask "$1" "rm -f /dev/n; mknod -m 0600 /dev/n $2; (: $3/dev/n) 2>/dev/null && echo may || echo not"
}

@test "a device that the unit allows can be opened, others can't" {
        need_tun
        obedient_write plain AddCapability=MKNOD
        obedient_write web AddCapability=MKNOD 'DeviceAllow=/dev/net/tun r'
        supd_start
        supctl start plain web
        assert_equal not "$(opens plain "$TUN" '<')"
        assert_equal may "$(opens web "$TUN" '<')"
        assert_equal not "$(opens web "$TUN" '>')"
        assert_equal may "$(opens web "$ZERO" '<')"
        assert_equal '/dev/net/tun r' "$(timeout 20 systemctl show --value -p DeviceAllow web)"
        assert_equal auto "$(unit_prop web DevicePolicy)"
}

@test "strict leaves nothing but what is listed" {
        obedient_write web AddCapability=MKNOD DevicePolicy=strict 'DeviceAllow=char-mem r'
        obedient_write less AddCapability=MKNOD DevicePolicy=strict
        supd_start
        supctl start web less
        assert_equal may "$(opens web "$ZERO" '<')"
        assert_equal not "$(opens less "$ZERO" '<')"
        assert_equal may "$(opens less "$NULL" '<')"
}

@test "a device is allowed and taken back while the container runs" {
        need_tun
        obedient_write web AddCapability=MKNOD
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        timeout 20 systemctl set-property web.service 'DeviceAllow=/dev/net/tun r'
        assert_equal may "$(opens web "$TUN" '<')"
        supctl set-property web 'DeviceAllow=/dev/full r' DevicePolicy=strict
        assert_equal may "$(opens web "$TUN" '<')"
        assert_equal not "$(opens web "$ZERO" '<')"
        supctl set-property web DeviceAllow= DevicePolicy=
        assert_equal not "$(opens web "$TUN" '<')"
        assert_equal may "$(opens web "$ZERO" '<')"
        assert_equal "$pid" "$(unit_prop web MainPID)"
}

@test "a device that there is not is told, and no reason not to start" {
        obedient_write web 'DeviceAllow=/dev/nonesuch'
        supd_start
        supctl start web
        assert_match 'there is no device /dev/nonesuch' "$(supd_messages_since_start)"
}
