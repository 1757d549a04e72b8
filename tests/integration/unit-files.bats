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

@test "systemctl enable --now has a timer run, now and from then on" {
        unit_write tick.timer Timer.OnBootSec=10h Timer.Unit=web.service WantedBy=timers.target
        start_for_systemctl
        assert_equal disabled "$(sctl is-enabled tick.timer || true)"
        sctl enable --now tick.timer
        assert_equal active "$(sctl is-active tick.timer)"
        assert_match tick.timer "$(sctl show --value --property=Wants timers.target)"
        sctl disable --now tick.timer
        assert_equal '' "$(links)"
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

@test "the methods with flags answer as systemd's, and refuse flags that they do not know" {
        start_for_systemctl
        export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/systemd/private
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

@test "supctl enable, disable and is-enabled do and say what systemctl's do" {
        supd_start
        run supctl is-enabled site.target
        assert_equal 1 "$status"
        assert_equal disabled "$output"
        run supctl enable --now site.target
        assert_equal 0 "$status"
        assert_match "Created symlink .*/multi-user.target.wants/site.target (→|->) .*/site.target\." "$output"
        assert_equal active "$(supctl is-active site.target)"
        run supctl is-enabled --full site.target plain.target
        assert_equal 0 "$status"
        assert_equal "enabled,  $UNIT_DIR/multi-user.target.wants/site.target,static" "$(IFS=,; echo "${lines[*]}")"
        assert_equal enabled "$(unit_prop site.target UnitFileState)"

        run supctl disable --now site.target
        assert_equal 0 "$status"
        assert_match 'Removed .*/multi-user.target.wants/site.target' "$output"
        run supctl is-active site.target
        assert_equal inactive "$output"
        assert_equal '' "$(links)"
        run supctl is-enabled nope
        assert_equal 4 "$status"
        run supctl enable plain.target
        assert_equal 0 "$status"
        assert_match 'Nothing in \[Install\]' "$output"
        run supctl enable web
        assert_equal 1 "$status"
        assert_match 'Unit web.service is generated' "$output"
        run supctl enable ../etc/x.target
        assert_equal 4 "$status"
}

@test "supctl mask --now stops and bars a container; revert lifts it" {
        supd_start
        supctl start web
        run supctl mask --now web.container
        assert_equal 0 "$status"
        wait_until 5 unit_is web dead
        assert_equal masked "$(supctl is-enabled web || true)"
        run supctl start web
        assert_equal 1 "$status"
        supctl revert web
        supctl start web
        run supctl mask later.service
        assert_match 'later.service does not exist, proceeding anyway' "$output"
        supctl unmask later.service
        assert_equal '' "$(links)"
}

@test "supctl lists unit files for people and for programs, links, presets and the default target" {
        mkdir -p "$SUPD_TEST_DIR/elsewhere"
        printf '[Install]\nWantedBy=site.target\n' >"$SUPD_TEST_DIR/elsewhere/far.target"
        supd_start
        run supctl list-unit-files
        assert_match 'UNIT FILE +STATE +PRESET' "$output"
        assert_match 'site.target +disabled +enabled' "$output"
        assert_match 'web.container +generated +-' "$output"
        assert_match '3 unit files listed' "$output"
        run supctl list-unit-files --type=service --no-legend
        assert_match '^web.container' "$output"
        assert_equal 1 "${#lines[@]}"
        run supctl list-unit-files --json --state=generated
        assert_match '"Id": ?"web.service"' "$output"

        cd "$SUPD_TEST_DIR/elsewhere"
        supctl enable ./far.target
        assert_equal enabled "$(supctl is-enabled far.target)"
        supctl disable far.target
        [ ! -e "$UNIT_DIR/far.target" ]
        supctl link far.target
        assert_equal linked "$(supctl is-enabled far.target || true)"
        supctl disable far.target
        supctl preset --preset-mode=enable-only site.target
        assert_equal enabled "$(supctl is-enabled site.target)"
        supctl add-requires --no-reload site.target web
        [ -L "$UNIT_DIR/site.target.requires/web.service" ]
        assert_no_match 'web.service' "$(unit_prop site.target Requires)"
        supctl set-default site
        assert_equal site.target "$(supctl get-default)"
        run supctl enable --runtime site.target
        assert_equal 1 "$status"
        assert_match 'runtime' "$output"
}

@test "a supd that is killed while it changes links leaves whole ones, and the next one goes on" {
        local i
        for i in {1..40}; do unit_write "t$i.target" WantedBy=multi-user.target; done
        supd_start
        supctl enable --no-reload t{1..40}.target >/dev/null 2>&1 &
        wait_until 5 test -e "$UNIT_DIR/multi-user.target.wants"
        kill -KILL "$(supd_pid)"
        wait "$!" || true
        wait_until 10 supd_answers
        # Each link that is there leads to its file.
        for i in "$UNIT_DIR"/multi-user.target.wants/*.target; do [ -f "$i" ]; done
        supctl enable t{1..40}.target
        assert_equal 40 "$(links | wc -l)"
        [ ! -e "$UNIT_DIR/multi-user.target.wants/.supd-new" ]
}

@test "supctl edit writes a drop-in that was read before, and it holds at once" {
        supd_start
        run supctl edit --stdin web <<<$'[Unit]\nDescription=Edited'
        assert_equal 0 "$status"
        assert_match "Wrote $UNIT_DIR/web.container.d/override.conf" "$output"
        assert_equal Edited "$(unit_prop web Description)"
        supctl edit --stdin --drop-in=50-more web <<<$'[Container]\nEnvironment=A=b'
        [ -f "$UNIT_DIR/web.container.d/50-more.conf" ]

        # With errors it is not taken, and not lost.
        run supctl edit --stdin web <<<$'[Container]\nMemroy=12m'
        assert_equal 1 "$status"
        assert_match "web.container.d/override.conf:2: .*'Memroy'.*did you mean 'Memory'" "$output"
        assert_match 'the text is in /tmp/supctl-edit-' "$output"
        assert_match Description=Edited "$(<"$UNIT_DIR/web.container.d/override.conf")"
        rm -r /tmp/supctl-edit-*
        run supctl edit --stdin --drop-in=../x web <<<x
        assert_equal 1 "$status"
        run supctl edit --stdin nope <<<x
        assert_equal 4 "$status"
        assert_match 'edit --force --full nope' "$output"

        supctl revert web
        [ ! -e "$UNIT_DIR/web.container.d" ]
        assert_no_match Edited "$(unit_prop web Description)"
}

@test "supctl edit --full takes a copy, --force makes a new file" {
        mkdir -p "$SUPD_TEST_DIR/vendor"
        printf '[Unit]\nDescription=Of the vendor\n' >"$SUPD_TEST_DIR/vendor/far.target"
        supd_start --unit-dir "$SUPD_TEST_DIR/vendor"
        supctl edit --full --stdin far.target <<<$'[Unit]\nDescription=Mine'
        assert_equal Mine "$(unit_prop far.target Description)"
        supctl revert far.target
        assert_equal 'Of the vendor' "$(unit_prop far.target Description)"
        supctl edit --full --force --stdin new.target <<<$'[Unit]\nDescription=New'
        assert_equal New "$(unit_prop new.target Description)"
}

@test "supctl edit runs the editor that the environment names, on what there is" {
        command -v script >/dev/null || skip 'script is not installed'
        supd_start
        cat >"$SUPD_TEST_DIR/editor" <<'EDITOR'
#!/bin/sh
cp "$1" "${0%/*}/seen"
sed -i '/^### Anything between/a [Unit]\nDescription=By the editor' "$1"
EDITOR
        chmod +x "$SUPD_TEST_DIR/editor"
        SUPCTL_EDITOR=$SUPD_TEST_DIR/editor timeout 20 script -qec 'supctl edit web' /dev/null </dev/null
        assert_equal 'By the editor' "$(unit_prop web Description)"
        assert_match "### $UNIT_DIR/web.container" "$(<"$SUPD_TEST_DIR/seen")"
        assert_match '# \[Container\]' "$(<"$SUPD_TEST_DIR/seen")"
        assert_no_match '###' "$(<"$UNIT_DIR/web.container.d/override.conf")"
}
