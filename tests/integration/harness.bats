# SPDX-License-Identifier: MIT
# The harness itself: a test that cannot fail, or that leaves traces, would go unnoticed.
load ../lib/supd

repository=$BATS_TEST_DIRNAME/../..


# own_groups() - those of this file's namespaces; other files have theirs at the same time
own_groups() {
        local delegate
        while read -r delegate; do
                find "$(dirname "$delegate")" -type d
        done <"$SUPD_TEST_CGROUPS"
}

@test "whatever a command leaves in the namespaces ends with it" {
        before=$(own_groups)
        run "$repository/tests/lib/namespace" bash -c '
                delegate=$(tail -n 1 "$SUPD_TEST_CGROUPS")
                mkdir -p "$delegate/a/b"
                sleep 1000 &
                echo $! >"$delegate/a/b/cgroup.procs"
                setsid sleep 1000 &
                mount -t tmpfs tmpfs /mnt
                touch /run/left /etc/left /var/lib/supd/left
                exit 7'
        assert_equal 7 "$status"
        assert_equal "$before" "$(own_groups)"
        [ ! -e /run/left ]
        [ ! -e /etc/left ]
        run pgrep -f 'sleep 1000'
        assert_equal 1 "$status"
}

@test "the namespaces have a journal of their own" {
        systemd-cat --identifier=harness echo marker-of-this-test
        journalctl --sync
        assert_equal marker-of-this-test "$(journalctl -q -o cat -t harness)"
}

@test "a file, a mount, a group and a process left behind are each seen" {
        mkdir -p "$RUNTIME_DIR"
        state_of_the_world >"$SUPD_TEST_DIR/before"
        world_is_as_before

        touch "$RUNTIME_DIR/left"
        run world_is_as_before
        assert_equal 1 "$status"
        rm "$RUNTIME_DIR/left"
        world_is_as_before

        mount -t tmpfs tmpfs /mnt
        run world_is_as_before
        assert_equal 1 "$status"
        umount /mnt

        delegate=$(tail -n 1 "$SUPD_TEST_CGROUPS")
        mkdir "$delegate/left"
        run world_is_as_before
        assert_equal 1 "$status"

        sleep 1000 3>&- &
        echo $! >"$delegate/cgroup.procs"
        rmdir "$delegate/left"
        run world_is_as_before
        assert_equal 1 "$status"
        kill $!
        wait $! || true
        world_is_as_before
}

@test "a supd that leaves something behind fails the test that it was for" {
        supd_start
        touch "$RUNTIME_DIR/left"
        SUPD_TEST_PATIENCE=0
        if supd_stop; then
                fail 'supd_stop found nothing'
        fi
        rm "$RUNTIME_DIR/left"
        supd_start
        supd_stop
}

@test "wait_until gives up at its deadline" {
        run wait_until 0 false
        assert_equal 1 "$status"
        assert_match 'not within 0 s: false' "$output"
}

@test "unit_write puts each key into its section" {
        unit_write sections.container Description=Test Exec='sleep 1' Restart=always X-Supd.Answer=42
        text=$(cat "$UNIT_DIR/sections.container")
        assert_match $'\\[Unit\\]\nDescription=Test\n' "$text"
        assert_match $'\\[Container\\]\nRootfs=[^\n]*:O\nExec=sleep 1\n' "$text"
        assert_match $'\\[Service\\]\nRestart=always' "$text"
        assert_match $'\\[X-Supd\\]\nAnswer=42' "$text"
}

# sample_suite() - a tree with one cmocka-like program that prints $1 and exits with $2, run by tests/run
sample_suite() {
        tree=$TMPDIR/tree
        rm -rf "$tree"
        mkdir -p "$tree/tests/unit" "$tree/build/test"
        cp "$repository/tests/run" "$tree/tests/run"
        touch "$tree/tests/unit/test-sample.c"
        printf '#!/bin/sh\nprintf "%s"\nexit %s\n' "$1" "$2" >"$tree/build/test/test-sample"
        chmod +x "$tree/build/test/test-sample"
        run "$tree/tests/run" --build "$tree/build"
        last=${lines[${#lines[@]} - 1]}
}

@test "tests/run counts what passed and what failed" {
        sample_suite 'ok 1 - a\nnot ok 2 - b\nok 3 - c\n1..3\n' 1
        assert_equal '2 passed, 1 failed' "$last"
        assert_equal 1 "$status"
        sample_suite 'ok 1 - a\n1..1\n' 0
        assert_equal '1 passed, 0 failed' "$last"
        assert_equal 0 "$status"
}

@test "tests/run counts a program that crashed or fell short of its plan as failed" {
        sample_suite 'ok 1 - a\n' 139
        assert_equal '1 passed, 1 failed' "$last"
        assert_equal 1 "$status"
        sample_suite '1..3\nok 1 - a\n' 0
        assert_equal '1 passed, 2 failed' "$last"
        sample_suite '' 0
        assert_equal '0 passed, 1 failed' "$last"
}

@test "tests/run fails skipped tests when it is strict" {
        export SUPD_TEST_STRICT=1
        sample_suite 'ok 1 - a\nok 2 - b # SKIP no reason\n1..2\n' 0
        assert_equal '1 passed, 1 failed' "$last"
        assert_equal 1 "$status"
        SUPD_TEST_STRICT=0
        sample_suite 'ok 1 - a\nok 2 - b # SKIP no reason\n1..2\n' 0
        assert_equal '1 passed, 0 failed' "$last"
        assert_equal 0 "$status"
}

@test "what a sanitizer finds fails the test that it is found in" {
        printf '#include <stdlib.h>\nint main(void) {\n        volatile char *p = malloc(4);\n        p[4] = 1;\n        return 0;\n}\n' \
                >"$TMPDIR/overrun.c"
        gcc -fsanitize=address -o "$TMPDIR/overrun" "$TMPDIR/overrun.c"
        sanitizers_are_silent
        run "$TMPDIR/overrun"
        run sanitizers_are_silent
        assert_equal 1 "$status"
        assert_match 'heap-buffer-overflow' "$output"
        sanitizers_are_silent
}
