# SPDX-License-Identifier: MIT
# `make install` and `make uninstall`, into a directory.
load ../lib/supd

repository=$BATS_TEST_DIRNAME/../..

setup() {
        destination=$TMPDIR/destination
        rm -rf "$destination"
}

install_files() {
        "$repository/packaging/install-files" "$1" "$SUPD_BUILD" "$destination" /opt/supd
}

@test "programs, manual pages and the systemd unit are installed" {
        install_files install
        for program in supd supctl supinit supd-log; do
                [ -x "$destination/opt/supd/bin/$program" ]
        done
        unit=$destination/opt/supd/lib/systemd/system/supd.service
        grep -q '^ExecStart=/opt/supd/bin/supinit /opt/supd/bin/supd$' "$unit"
        run grep -r '@PREFIX@' "$destination"
        assert_equal 1 "$status"
        run systemd-analyze verify --man=no "$unit"
        # Only that the program is not at that path on this machine.
        assert_no_match '[Uu]nknown' "$output"
}

@test "an installed supd finds its helpers" {
        install_files install
        PATH=$destination/opt/supd/bin:/usr/sbin:/usr/bin:/sbin:/bin
        unit_write web.container Exec='sleep 1000' LogDriver=k8s-file
        supd_start
        supctl start web
        supd_stop
}

@test "uninstall removes every file that install put there, and nothing else" {
        mkdir -p "$destination/etc/supd/units"
        echo kept >"$destination/etc/supd/units/web.container"
        install_files install
        install_files uninstall
        assert_equal "$destination/etc/supd/units/web.container" "$(find "$destination" -type f)"
}

@test "the unit files that are shipped have no problems" {
        mkdir -p /run/supd-demo/root # which the demo makes
        run supctl verify --quiet --strict "$repository"/units/*/*.*
        rm -r /run/supd-demo
        assert_equal '' "$output"
        assert_equal 0 "$status"
}
