# SPDX-License-Identifier: MIT
#
# ${NAME} in values of [Container], resolved at start from [Service] Environment= and EnvironmentFile=.

load ../lib/supd

setup() { supd_start; }
teardown() { supd_stop; }

@test "references to the environment are resolved at start, in every kind of value" {
        printf 'MEM=48m\nFILES="77"\n' >"$SUPD_TEST_DIR/env"
        unit_write web.container "Rootfs=\${ROOT}:O" Network=none Memory="\${MEM}" Ulimit=nofile="\${FILES}" \
                HostName="\${HOST}" Environment="SIZE=\${MEM}" \
                Exec="sh -c 'echo \$\$SIZE \$\$(ulimit -n) \$\$(hostname) \${MEM}; exec sleep 1000'" \
                Service.Environment="ROOT=$ROOTFS HOST=box" "Service.EnvironmentFile=$SUPD_TEST_DIR/env"
        rootfs_make
        supctl daemon-reload
        supctl start web
        assert_equal 50331648 "$(unit_prop web MemoryMax)"
        output_is() { [[ $(journal_of web) == *"48m 77 box 48m"* ]]; }
        wait_until 5 output_is
}

@test "a limit that a reference leaves empty is an error, never no limit" {
        unit_write web.container Network=none Memory="\${NOT_SET}" Exec='sleep 1000'
        supctl daemon-reload
        run supctl start web
        [ "$status" = 1 ]
        assert_match "web.container:[0-9]+: Container.Memory: '' is not a size" "$output"
        assert_equal failed "$(unit_prop web ActiveState)"
}
