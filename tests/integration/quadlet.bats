# SPDX-License-Identifier: MIT
# Files as people write them for Quadlet: each is accepted or refused as UNITS.md says, and comes to what it says.
load ../lib/supd

CORPUS=$BATS_TEST_DIRNAME/quadlet

setup() {
        export SUPD_RUNTIME_DIR=/nonesuch
        rm -rf "$SUPD_TEST_DIR/quadlet"
}

check() {
        python3 "$CORPUS/check.py" "$CORPUS/$1" "$SUPD_TEST_DIR/quadlet"
}

@test "a .container is accepted or refused, and comes to what UNITS.md says" {
        check container.corpus
}

@test "so is what .container files are in all sections: comments, continuations, mistakes" {
        check syntax.corpus
}

@test "a .pod is accepted or refused, and comes to what UNITS.md says" {
        check pod.corpus
}

@test "an .image is accepted or refused, and comes to what UNITS.md says" {
        check image.corpus
}
