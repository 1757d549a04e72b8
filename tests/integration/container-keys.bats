# SPDX-License-Identifier: MIT
# Keys of [Container] in real containers: what the payload sees of them.
load ../lib/supd
load ../lib/payload

setup() {
        rm -rf "$UNIT_DIR"
        rootfs_make
}

teardown() {
        supd_stop
}

# has_word WORDS WORD - one of them is it
has_word() {
        [[ " ${1//$'\n'/ } " == *" $2 "* ]] || fail "no '$2' in: $1"
}

@test "flags of PodmanArgs= are what the payload gets" {
        mkdir -p "$SUPD_TEST_DIR/data"
        echo here >"$SUPD_TEST_DIR/data/file"
        obedient_write web "PodmanArgs=--env 'GREETING=two words' --hostname=box \\
  -v $SUPD_TEST_DIR/data:/data:ro --tmpfs /scratch:size=1m --read-only --workdir /srv --user nobody --ulimit nofile=77" \
                'PodmanArgs=--cap-drop all --cpus 1.5 --memory=64m --pids-limit=55'
        supd_start
        supctl start web
        assert_equal 'two words' "$(ask web 'echo "$GREETING"')"
        assert_equal box "$(ask web hostname)"
        assert_equal here "$(ask web cat /data/file)"
        assert_match 'Read-only' "$(ask web touch /data/new)"
        assert_match 'Read-only' "$(ask web touch /srv/new)"
        assert_match 'tmpfs .*size=1024k' "$(ask web grep /scratch /proc/mounts)"
        assert_equal 77 "$(ask web ulimit -n)"
        assert_equal 65534 "$(ask web id -u)"
        assert_match 'CapBnd:.*0000000000000000' "$(ask web grep CapBnd /proc/self/status)"
        assert_equal 1.500s "$(unit_prop web CPUQuotaPerSecUSec)"
}

@test "a container of PodmanArgs=--privileged has all rights and no filter" {
        local all
        obedient_write web PodmanArgs=--privileged
        obedient_write plain
        supd_start
        supctl start web plain
        all=$(grep CapBnd /proc/self/status)
        assert_equal "$all" "$(ask web grep CapBnd /proc/self/status)"
        [ "$(ask plain grep CapBnd /proc/self/status)" != "$all" ]
        [ ! -c /dev/fuse ] || assert_equal there "$(ask web '[ -c /dev/fuse ] && echo there')"
        assert_match 'Seccomp:.*0' "$(ask web grep Seccomp: /proc/self/status)"
        assert_match 'Seccomp:.*2' "$(ask plain grep Seccomp: /proc/self/status)"
}

@test "a flag that no key stands for keeps the unit from loading and is named" {
        unit_write web.container Exec='sleep 1' 'PodmanArgs=--memory 1g --gpus all'
        supd_start
        run supctl start web
        [ "$status" -ne 0 ]
        assert_match "web.container:4: Container.PodmanArgs: '--gpus' is none of the flags of podman run" \
                "$(supctl verify "$UNIT_DIR/web.container" 2>&1)"
        assert_equal bad-setting "$(unit_prop web LoadState)"
}

@test "EnvironmentHost= gives all of supd's environment, HttpProxy= the proxies, the unit's own before both" {
        export http_proxy=http://proxy:3128 NO_PROXY=localhost FROM_HOST=yes GREETING=host
        obedient_write plain
        obedient_write all EnvironmentHost=true HttpProxy=false Environment=GREETING=unit
        obedient_write none HttpProxy=false
        supd_start
        unset http_proxy NO_PROXY FROM_HOST GREETING
        supctl start plain all none
        assert_equal 'http://proxy:3128 localhost  ' \
                "$(ask plain 'echo "$http_proxy $NO_PROXY $FROM_HOST $GREETING"')"
        assert_equal 'yes unit' "$(ask all 'echo "$FROM_HOST $GREETING"')"
        assert_equal ' ' "$(ask none 'echo "$http_proxy $NO_PROXY"')"
}

@test "GroupAdd= groups are those of the root's own file, or numbers" {
        local group groups
        printf 'root:x:0:\nnogroup:x:65534:\nmedia:x:4711:\n' >"$ROOTFS/etc/group"
        obedient_write web User=nobody GroupAdd=media GroupAdd=77
        obedient_write bad GroupAdd=no-such-group
        obedient_write same GroupAdd=keep-groups
        supd_start
        supctl start web same
        groups=$(ask web id -G)
        for group in 65534 4711 77; do
                has_word "$groups" "$group"
        done
        assert_equal 'media 77' "$(unit_prop web SupplementaryGroups)"
        run supctl start bad
        [ "$status" -ne 0 ]
        assert_match "find group 'no-such-group': no such group in /etc/group" "$(supd_messages bad)"
}

@test "VolatileTmp= is a tmpfs on /tmp" {
        obedient_write web VolatileTmp=true
        supd_start
        supctl start web
        assert_match '^tmpfs /tmp tmpfs .*size=524288k' "$(ask web "grep ' /tmp ' /proc/mounts")"
        assert_equal 1777 "$(ask web stat -c %a /tmp)"
}

@test "AppArmor= names a profile, which without AppArmor can't be had" {
        [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] ||
                skip 'this kernel has AppArmor: no profile to try it with'
        obedient_write web AppArmor=web
        obedient_write free AppArmor=unconfined
        supd_start
        supctl start free
        run supctl start web
        [ "$status" -ne 0 ]
        assert_match "AppArmor profile 'web': AppArmor is not enabled in this kernel" "$(supd_messages web)"
        assert_equal web "$(unit_prop web AppArmorProfile)"
}

@test "OpenFile= hands open files over, and connections to sockets" {
        local dir=$SUPD_TEST_DIR/open
        rm -rf "$dir"
        mkdir "$dir"
        echo first >"$dir/first"
        echo second >"$dir/second"
        chmod 0600 "$dir/second"
        obedient_write web User=nobody "Service.OpenFile=$dir/first" \
                "Service.OpenFile=$dir/second:mine:append" "Service.OpenFile=$dir/none::graceful"
        obedient_write bad "Service.OpenFile=$dir/none"
        supd_start
        supctl start web
        # The first is number 3, which takes orders here.
        assert_equal '2 first:mine' "$(ask web 'echo $LISTEN_FDS $LISTEN_FDNAMES')"
        ask web 'echo third >&4'
        assert_equal 'second third' "$(paste -sd ' ' "$dir/second")"
        run supctl start bad
        [ "$status" -ne 0 ]
        assert_match "OpenFile=$dir/none: No such file" "$(supd_messages bad)"
}
