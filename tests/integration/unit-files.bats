# SPDX-License-Identifier: MIT
# Enabling, masking, presets and the like: links below the first unit directory, by supctl and by Debian's
# unmodified systemctl.
load ../lib/supd

RUNTIME_UNITS=$RUNTIME_DIR/units

setup() {
        mkdir -p "$UNIT_DIR"
        unit_write web.container Exec='sleep 1000' Network=none
        unit_write site.target Description='All of the site' WantedBy=multi-user.target
        unit_write plain.target Description='Enabled by nobody'
}

teardown() {
        supd_stop
        rm -rf "$RUNTIME_UNITS" /etc/supd/presets "$SUPD_TEST_DIR/elsewhere" "$SUPD_TEST_DIR/vendor"
}

# With a deadline: a reply that never comes is a failure, not a hang.
sctl() {
        timeout 20 systemctl --no-pager "$@"
}

start_for_systemctl() {
        command -v systemctl >/dev/null || skip 'systemctl is not installed'
        supd_config Manager.SystemdSocket=yes
        supd_start "$@"
}

links() {
        find "$UNIT_DIR" -type l -printf '%P -> %l\n' | sort
}

@test "systemctl enable makes the links of [Install] and disable takes them away" {
        start_for_systemctl
        run sctl is-enabled site.target
        assert_equal 1 "$status"
        assert_equal disabled "$output"
        run sctl enable site.target
        assert_equal 0 "$status"
        assert_match "Created symlink .*/multi-user.target.wants/site.target → .*/site.target" "$output"
        assert_equal "multi-user.target.wants/site.target -> $UNIT_DIR/site.target" "$(links)"
        assert_equal enabled "$(sctl is-enabled site.target)"
        # It has reloaded: the link counts.
        assert_match 'site.target' "$(sctl show --value --property=Wants multi-user.target)"
        run sctl enable site.target
        assert_equal '' "$output"

        run sctl disable site.target
        assert_equal 0 "$status"
        assert_match "Removed .*/multi-user.target.wants/site.target" "$output"
        assert_equal '' "$(links)"
        [ ! -e "$UNIT_DIR/multi-user.target.wants" ]
        assert_no_match 'site.target' "$(sctl show --value --property=Wants multi-user.target)"
}

@test "systemctl mask keeps a unit from being started, whatever its file is, and unmask gives it back" {
        mkdir -p "$SUPD_TEST_DIR/vendor"
        printf '[Unit]\n' >"$SUPD_TEST_DIR/vendor/far.target"
        start_for_systemctl --unit-dir "$SUPD_TEST_DIR/vendor"
        run sctl mask web far.target
        assert_equal 0 "$status"
        assert_match 'Created symlink .*/web.service → /dev/null' "$output"
        assert_equal $'masked\nmasked' "$(sctl is-enabled web far.target)"
        run sctl start web
        assert_equal 1 "$status"
        assert_match 'Unit web.service is masked' "$output"
        assert_equal masked "$(sctl show --value --property=LoadState web)"
        run supctl status web.container
        assert_match 'masked' "$output"
        # A mask is no mistake to be told of.
        assert_equal '' "$(supctl daemon-reload 2>&1)"

        run sctl unmask web far.target
        assert_equal 0 "$status"
        assert_equal '' "$(links)"
        sctl start web
        run sctl mask plain.target
        [ "$status" -ne 0 ]
        assert_match "plain.target' already exists" "$output"
        run sctl mask nope.service
        assert_equal 0 "$status"
        assert_match 'does not exist, proceeding anyway' "$output"
}

@test "systemctl enable of a Quadlet file says why there is nothing to enable" {
        start_for_systemctl
        run sctl enable web
        assert_equal 1 "$status"
        assert_match 'Unit web.service is generated from .*/web.container' "$output"
        assert_match 'mask it' "$output"
        assert_equal '' "$(links)"
        assert_equal generated "$(sctl is-enabled web)"
        assert_equal generated "$(sctl is-enabled web.container)"
        run sctl is-enabled nope
        [ "$status" -ne 0 ]
        assert_match 'nope.service does not exist' "$output"
}

@test "systemctl disable --now stops, enable --now starts" {
        start_for_systemctl
        sctl enable --now site.target
        assert_equal active "$(sctl is-active site.target)"
        run sctl disable --now site.target
        assert_equal 0 "$status"
        run sctl is-active site.target
        assert_equal inactive "$output"
}

@test "systemctl enable --runtime is of the runtime directory, where that is searched" {
        start_for_systemctl --unit-dir "$RUNTIME_UNITS"
        sctl enable --runtime site.target
        assert_equal '' "$(links)"
        [ -L "$RUNTIME_UNITS/multi-user.target.wants/site.target" ]
        assert_equal enabled-runtime "$(sctl is-enabled site.target)"
        sctl mask --runtime web
        assert_equal masked-runtime "$(sctl is-enabled web || true)"
        sctl unmask --runtime web
        sctl disable --runtime site.target
        run sctl is-enabled site.target
        assert_equal disabled "$output"
}

@test "systemctl reenable, preset and preset-all follow [Install] and the presets" {
        mkdir -p /etc/supd/presets
        printf 'disable other.target\nenable *\n' >/etc/supd/presets/50-test.preset
        unit_write other.target WantedBy=multi-user.target
        start_for_systemctl
        sctl enable other.target
        sctl preset-all 2>"$SUPD_TEST_DIR/said"
        assert_equal "multi-user.target.wants/site.target -> $UNIT_DIR/site.target" "$(links)"
        assert_equal disabled "$(sctl show --value --property=UnitFilePreset other.target)"
        assert_equal enabled "$(sctl show --value --property=UnitFilePreset site.target)"

        unit_write site.target WantedBy=basic.target
        sctl reenable site.target
        assert_equal "basic.target.wants/site.target -> $UNIT_DIR/site.target" "$(links)"
        sctl preset --preset-mode=disable-only site.target
        assert_equal "basic.target.wants/site.target -> $UNIT_DIR/site.target" "$(links)"
        run sctl preset other.target
        assert_equal 0 "$status"
}

@test "systemctl set-default is what starts, also a target that has no file" {
        start_for_systemctl
        assert_equal multi-user.target "$(sctl get-default)"
        run sctl set-default site.target
        assert_equal 0 "$status"
        assert_equal site.target "$(sctl get-default)"
        assert_equal site.target "$(sctl show --value --property=Id default.target)"
        sctl set-default basic.target
        assert_equal basic.target "$(sctl get-default)"
        assert_equal basic.target "$(sctl show --value --property=Id default.target)"
        assert_equal '' "$(supctl daemon-reload 2>&1)"
        run sctl set-default nope.target
        [ "$status" -ne 0 ]
        assert_equal basic.target "$(sctl get-default)"
}

@test "systemctl link, add-wants and revert" {
        mkdir -p "$SUPD_TEST_DIR/elsewhere" "$SUPD_TEST_DIR/vendor"
        cp "$UNIT_DIR/web.container" "$SUPD_TEST_DIR/elsewhere/far.container"
        printf '[Install]\nWantedBy=multi-user.target\n' >"$SUPD_TEST_DIR/elsewhere/far.target"
        printf '[Unit]\nDescription=Of the vendor\n' >"$SUPD_TEST_DIR/vendor/plain.target"
        start_for_systemctl --unit-dir "$SUPD_TEST_DIR/vendor"
        sctl link "$SUPD_TEST_DIR/elsewhere/far.container"
        sctl start far
        assert_equal active "$(sctl is-active far)"
        sctl stop far
        sctl enable "$SUPD_TEST_DIR/elsewhere/far.target"
        assert_equal enabled "$(sctl is-enabled far.target)"
        sctl disable far.target
        rm "$UNIT_DIR/far.container"

        sctl add-wants site.target web.service
        assert_equal "site.target.wants/web.service -> $UNIT_DIR/web.container" "$(links)"
        assert_match web.service "$(sctl show --value --property=Wants site.target)"
        rm -r "$UNIT_DIR/site.target.wants"

        mkdir -p "$UNIT_DIR/plain.target.d"
        printf '[Unit]\nDescription=Of a drop-in\n' >"$UNIT_DIR/plain.target.d/override.conf"
        sctl daemon-reload
        assert_equal 'Of a drop-in' "$(sctl show --value --property=Description plain.target)"
        sctl revert plain.target
        [ ! -e "$UNIT_DIR/plain.target.d" ] && [ ! -e "$UNIT_DIR/plain.target" ]
        assert_equal 'Of the vendor' "$(sctl show --value --property=Description plain.target)"
}

@test "systemctl list-unit-files shows each file once, with its state" {
        printf '[Unit]\n' >"$UNIT_DIR/t@.target"
        start_for_systemctl
        sctl enable site.target
        run sctl list-unit-files --no-legend
        assert_match $'site.target +enabled' "$output"
        assert_match $'plain.target +static' "$output"
        assert_match $'web.container +generated' "$output"
        assert_match $'t@.target +static' "$output"
        run sctl list-unit-files --no-legend --state=enabled
        assert_match '^site.target' "$output"
        assert_equal 1 "${#lines[@]}"
        run sctl list-unit-files --no-legend --type=target 'p*'
        assert_match '^plain.target' "$output"
        assert_equal 1 "${#lines[@]}"
}

@test "who subscribes is told that unit files have changed" {
        start_for_systemctl
        export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/systemd/private
        supctl list-units >/dev/null # as supd's user, so that it may look
        busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
                EnableUnitFilesWithFlags ast 1 site.target 0 >"$SUPD_TEST_DIR/said"
        assert_match 'ba\(sss\) true 1 "symlink"' "$(<"$SUPD_TEST_DIR/said")"
        run busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
                GetUnitFileLinks sb site.target false
        assert_match "as 1 \"$UNIT_DIR/multi-user.target.wants/site.target\"" "$output"
        run busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
                DisableUnitFilesWithFlags ast 1 site.target 4096
        [ "$status" -ne 0 ]
        [ -L "$UNIT_DIR/multi-user.target.wants/site.target" ]
}
