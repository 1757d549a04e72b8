# SPDX-License-Identifier: MIT
#
# The tour of README.md, as a newcomer pastes it, on directories that are only this test's.

load ../lib/supd

setup() {
        top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
        # The tour installs; the file system below stays as it is.
        mount -t tmpfs tmpfs /usr/local
        mount -t tmpfs tmpfs /srv
        unset SUPD_RUNTIME_DIR SUPD_LIBEXEC_DIR
        PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
}

teardown() {
        if [[ -n ${guardian-} ]]; then
                kill "$guardian" 2>/dev/null || true
                wait_until 20 process_is_gone "$guardian"
        fi
        rm -rf /etc/supd /tmp/hello "${STATE_DIR:?}"/{image,layer,container}
        umount --lazy /usr/local /srv # a reader of the journal may still be there
}

# tour() - the fenced shell lines below the marker
tour() {
        awk '/<!-- tour/ { on = 1 } /^## From/ { on = 0 } !on { next }
                /^```sh/ { code = 1; next } /^```/ { code = 0 } code' "$top/README.md"
}

@test "the tour in README.md works when pasted line by line" {
        cd "$top"
        # A root shell has no need of sudo, and the test machine may have none.
        { echo 'set -e; sudo() { "$@"; }'; tour; echo 'echo "guardian $!"'; } >"$SUPD_TEST_DIR/tour"
        # Into a file: the supd that the tour leaves running would keep a pipe open.
        status=0
        (in_delegated_cgroups bash "$SUPD_TEST_DIR/tour") >"$SUPD_TEST_DIR/tour.out" 2>&1 || status=$?
        output=$(<"$SUPD_TEST_DIR/tour.out")
        guardian=$(sed -n 's/^guardian //p' <<<"$output")
        echo "$output"
        [ "$status" = 0 ]
        assert_match 'active \(running\)' "$output"
        assert_match 'hello [0-9]' "$output"
        assert_match 'hello.service' "$output"
        assert_match 'localhost/hello +latest' "$output"
}
