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
