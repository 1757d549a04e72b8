# SPDX-License-Identifier: MIT
# tests/lint/layers refuses what STYLE.md refuses.
load ../lib/supd

repository=$BATS_TEST_DIRNAME/../..

setup() {
        tree=$TMPDIR/tree
        rm -rf "$tree"
        mkdir -p "$tree/tests" "$tree/supervisor/base" "$tree/supervisor/core"
        cp -r "$repository/tests/lint" "$tree/tests/"
}

# refused() - FILE TEXT MESSAGE: a file with that text is refused with that message
refused() {
        printf '%b' "/* SPDX-License-Identifier: MIT */\n$2\n" >"$tree/$1"
        run "$tree/tests/lint/layers" "$1"
        assert_equal 1 "$status"
        assert_match "$3" "$output"
        rm "$tree/$1"
}

accepted() {
        printf '%b' "/* SPDX-License-Identifier: MIT */\n$2\n" >"$tree/$1"
        run "$tree/tests/lint/layers" "$1"
        assert_equal '' "$output"
        assert_equal 0 "$status"
}

@test "an include that points upwards is refused" {
        refused supervisor/base/a.c '#include "core/engine.h"' 'base/a.c:2: base may not include core'
        accepted supervisor/core/a.c '#include "base/error.h"'
}

@test "a library is refused outside its folder" {
        refused supervisor/core/a.c '#include <jansson.h>' '<jansson.h> is only for: ctl'
        refused supervisor/core/a.c '#include <systemd/sd-login.h>' 'is not in tests/lint/layers.mk'
}

@test "another folder's internal header is refused" {
        refused supervisor/core/a.c '#include "base/map-internal.h"' 'is for its own folder'
}

@test "banned calls are refused, their names in text are not" {
        refused supervisor/core/a.c 'int f(void) {\n        goto out;\n}' 'not in this house: goto'
        refused supervisor/core/a.c 'int f(void) {\n        sprintf(a, b);\n}' 'not in this house: sprintf'
        refused supervisor/core/a.c 'int f(void) {\n        exit(1);\n}' 'exit\(\) below main'
        accepted supervisor/core/a.c 'int f(void) {\n        puts("goto x; system(1)"); /* strcpy(a, b) */\n        _exit(1);\n}'
        accepted supervisor/core/a.c 'int main(void) {\n        exit(1);\n}'
}

@test "#if within a function is refused" {
        refused supervisor/core/a.c 'int f(void) {\n#ifdef X\n#endif\n}' '#if within a function'
        accepted supervisor/core/a.c '#ifdef X\nint f(void) {\n}\n#endif'
}

@test "a NOLINT without its reason is refused" {
        refused supervisor/core/a.c 'int f; // NOLINT(bugprone-x)' 'NOLINT without its reason'
        accepted supervisor/core/a.c 'int f; /* NOLINT(bugprone-x): the kernel wants it so */'
}

@test "names that say nothing, missing licences and unguarded headers are refused" {
        refused supervisor/core/string-util.c '' "'util' names no responsibility"
        refused supervisor/core/Upper.c '' 'kebab-case'
        refused supervisor/core/a.h 'int f(void);' "no '#pragma once'"
        echo 'int f(void);' >"$tree/supervisor/core/a.c"
        run "$tree/tests/lint/layers" supervisor/core/a.c
        assert_match 'SPDX' "$output"
        mkdir "$tree/supervisor/elsewhere"
        refused supervisor/elsewhere/a.c '' "folder 'elsewhere' is not in"
}
