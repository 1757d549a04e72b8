# SPDX-License-Identifier: MIT
# Unit files as supd meets them: good and bad, shadowed, extended, changed while their container runs.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
        rm -rf "$UNIT_DIR"
        mkdir -p "$UNIT_DIR"
        VENDOR_DIR=$SUPD_TEST_DIR/vendor
        rm -rf "$VENDOR_DIR"
}

teardown() {
        supd_stop
}

# raw_unit() - NAME: a unit file from stdin, as it is
raw_unit() {
        mkdir -p "$(dirname "$UNIT_DIR/$1")"
        cat >"$UNIT_DIR/$1"
}

load_state_is() {
        assert_equal "$2" "$(unit_prop "$1" LoadState)"
}

printed() {
        journal_of "$1" "--since=@$SUPD_STARTED" "SYSLOG_IDENTIFIER=systemd-$1"
}

has_printed() {
        [[ $(printed "$1") == *"$2"* ]]
}

# ---- errors ------------------------------------------------------------------------------------
@test "a bad file keeps its own unit from loading and no other" {
        obedient_write good
        raw_unit bad.container <<-END
                # a comment

                [Unit]
                Description=Bad
                [Container]
                Rootfs=$ROOTFS
                Memory=12Q
	END
        raw_unit worse.container <<<'this is no unit file'
        raw_unit empty-section.container <<<'[Container]'
        supd_start
        supctl start good
        load_state_is good loaded
        for unit in bad worse empty-section; do
                load_state_is $unit bad-setting
                assert_match "$unit.service +bad-setting" "$(supctl list-units --all --no-legend --plain)"
        done
        run supctl start bad
        assert_equal 1 "$status"
        assert_match "bad.container:7: Container.Memory: '12Q' is not a size" "$output"
        unit_is good running
        assert_match "bad.container:7: Container.Memory: '12Q' is not a size" "$(supctl status bad || true)"
        assert_match "bad.container:7: Container.Memory: '12Q' is not a size" \
                "$(journalctl -q -o cat "--since=@$SUPD_STARTED" SYSLOG_IDENTIFIER=supd)"
}

@test "verify tells every problem with file, line and key, and needs no daemon" {
        raw_unit web.container <<-END
                [Container]
                Rootfs=$ROOTFS
                Memoryy=1g
                PidsLimit=many
                Volume=relative/path:/x:what
                [Service]
                Restart=sometimes
                Restrat=always
                X-Mine=yes
                WatchdogSec=5
                [Servce]
                Key=value
                [X-Other]
                Key=value
	END
        run supctl verify "$UNIT_DIR/web.container"
        assert_equal 1 "$status"
        file=$UNIT_DIR/web.container
        assert_match "$file:3: .*Memoryy.*Container.*did you mean 'Memory'" "$output"
        assert_match "$file:4: Container.PidsLimit: 'many'" "$output"
        assert_match "$file:5: Container.Volume: " "$output"
        assert_match "$file:7: Service.Restart: 'sometimes'" "$output"
        assert_match "$file:8: .*Restrat.*Service.*did you mean 'Restart'" "$output"
        assert_match "$file: WatchdogSec= has no effect without Notify=true" "$output"
        assert_match "$file:11: .*Servce.*did you mean .Service." "$output"
        assert_no_match X-Mine "$output"
        assert_no_match X-Other "$output"

        unit_write good.container Exec=true Network=none
        run supctl verify "$UNIT_DIR/good.container"
        assert_equal 0 "$status"
        run supctl verify "$UNIT_DIR/missing.container"
        assert_equal 1 "$status"
        assert_match 'missing.container' "$output"
}

@test "what is not there yet is said, never ignored" {
        raw_unit mount.container <<-END
                [Container]
                Rootfs=$ROOTFS:O
                Mount=type=image,src=busybox,dst=/srv
                Exec=true
	END
        raw_unit data.volume <<<'[Volume]'
        raw_unit shop.network <<<'[Network]'
        obedient_write web
        supd_start
        run supctl start mount
        assert_equal 1 "$status"
        assert_match 'Mount' "$output"
        for unit in data-volume shop-network; do
                run supctl start $unit
                assert_equal 1 "$status"
        done
        supctl start web
}

# Whatever lies in the directory under a unit's name: supd starts, says so, and serves the others.
@test "hostile files neither stop nor delay supd" {
        obedient_write good
        head -c 100000 /dev/urandom >"$UNIT_DIR/random.container"
        head -c 2000000 /dev/zero | tr '\0' 'x' >"$UNIT_DIR/too-long.container"
        head -c 3000000 /dev/zero >"$UNIT_DIR/zeroes.container"
        mkfifo "$UNIT_DIR/fifo.container"
        mkdir "$UNIT_DIR/directory.container"
        ln -s loop.container "$UNIT_DIR/loop.container"
        ln -s /no/such/file "$UNIT_DIR/dangling.container"
        ln -s /dev/zero "$UNIT_DIR/device.container"
        ln -s . "$UNIT_DIR/recursion"
        printf '[Container]\nRootfs=%s\nExec=true\0\n' "$ROOTFS" >"$UNIT_DIR/nul.container"
        printf '[Container\nRootfs=%s\n' "$ROOTFS" >"$UNIT_DIR/header.container"
        printf 'Rootfs=%s\n' "$ROOTFS" >"$UNIT_DIR/no-section.container"
        printf '[Container]\nRootfs=%s\nExec=\\' "$ROOTFS" >"$UNIT_DIR/continued.container"
        printf '[Container]\nRootfs=%s\nExec=sleep 1000' "$ROOTFS" >"$UNIT_DIR/no newline.container"
        touch "$UNIT_DIR/.container" "$UNIT_DIR/@.container" "$UNIT_DIR/a@b@c.container"
        supd_start
        supctl start good
        unit_is good running
        for unit in random too-long zeroes fifo loop dangling device nul header no-section; do
                run supctl start $unit
                [ "$status" -ne 0 ] || fail "$unit started"
        done
        supctl daemon-reload
        unit_is good running
        rm -rf "${UNIT_DIR:?}"/*
        supctl stop good
}

@test "a value of a megabyte arrives whole, and a larger file is refused" {
        # Lines that are cut would make forged keys of their rest.
        long=$(head -c 900000 /dev/zero | tr '\0' a)
        raw_unit long.container <<-END
                [Container]
                Rootfs=$ROOTFS:O
                Annotation=long=${long}Exec=evil
                Exec=sh -c 'echo good'
                [Service]
                Type=oneshot
	END
        supd_start
        supctl start long
        wait_until 5 has_printed long good
        (cat "$UNIT_DIR/long.container"; echo "# ${long:0:200000}") >"$UNIT_DIR/longer.container"
        supctl daemon-reload
        run supctl start longer
        assert_equal 1 "$status"
}

# ---- the language ------------------------------------------------------------------------------
@test "continuation lines, comments, quotes, escapes and repeated keys are read as Podman does" {
        printf '\xef\xbb\xbf[Container]\r\nRootfs=%s:O\r\n' "$ROOTFS" >"$UNIT_DIR/web.container"
        cat >>"$UNIT_DIR/web.container" <<-'END'
                ; another comment
                   Environment=A=1 "B=two words"
                Environment=C='x=y' D=tab\there
                Environment=A=2
                Label=gone
                Label=
                Exec=sh -c \
                   # within
                   ' echo "[$A][$B][$C][$D]"; \
                   echo "[$0]" ' \
                   last\x20word
                Exec=
                Exec=sh -c 'echo "[$$A][$$B][$$C][$$D]"; echo "[$$0]"' last\x20word
                [Service]
                Type = oneshot
	END
        supd_start
        supctl start web
        wait_until 5 has_printed web '[last word]'
        assert_equal $'[2][two words][x=y][tab\there]\n[last word]' "$(printed web)"
}

@test "specifiers are resolved" {
        raw_unit spec@.container <<-END
                [Unit]
                Description=Unit %n of %p
                [Container]
                Rootfs=$ROOTFS:O
                Exec=echo '<%%>' '<%i>' '<%p>' '<%N>' '<%H>' '<%t>'
                ContainerName=box-%i
                [Service]
                Type=oneshot
	END
        supd_start
        supctl start spec@one
        journal_has_it() {
                journalctl --sync
                assert_equal '<%> <one> <spec> <spec@one> <supd-test> </run>' \
                        "$(journalctl -q -o cat "--since=@$SUPD_STARTED" CONTAINER_NAME=box-one SYSLOG_IDENTIFIER=box-one)"
        }
        wait_until 5 journal_has_it
        assert_equal 'Unit spec@one.service of spec' "$(unit_prop spec@one Description)"
}

# ---- several files -----------------------------------------------------------------------------
@test "drop-ins extend lists and replace values, the more specific and the later first" {
        obedient_write a-b HostName=main Environment='LIST=1 MAIN=1' Description=main
        raw_unit a-b.container.d/20-late.conf <<<$'[Container]\nHostName=late\nEnvironment=LATE=1'
        raw_unit a-b.container.d/10-early.conf <<<$'[Container]\nHostName=early\nEnvironment=EARLY=1'
        raw_unit a-.container.d/30-prefix.conf <<<$'[Container]\nEnvironment=PREFIX=1'
        raw_unit container.d/10-early.conf <<<$'[Container]\nEnvironment=SHADOWED=1'
        raw_unit container.d/05-type.conf <<<$'[Container]\nHostName=type\nEnvironment=TYPE=1'
        raw_unit a-b.container.d/ignored.txt <<<$'[Container]\nHostName=ignored'
        supd_start
        supctl start a-b
        assert_equal late "$(ask a-b hostname)"
        environment=$(ask a-b env)
        for line in LIST=1 MAIN=1 LATE=1 EARLY=1 PREFIX=1 TYPE=1; do
                grep -q -x "$line" <<<"$environment" || fail "not there: $line"
        done
        assert_no_match SHADOWED "$environment"
        cat=$(supctl cat a-b)
        for file in a-b.container a-b.container.d/20-late.conf container.d/05-type.conf; do
                assert_match "# $UNIT_DIR/$file" "$cat"
        done
        assert_match a-b.container.d/10-early.conf "$(unit_prop a-b DropInPaths)"
}

@test "an empty assignment in a drop-in resets a list" {
        obedient_write web Environment='ONE=1' Environment='TWO=2'
        raw_unit web.container.d/reset.conf <<<$'[Container]\nEnvironment=\nEnvironment=THREE=3'
        supd_start
        supctl start web
        environment=$(ask web env)
        assert_match THREE=3 "$environment"
        assert_no_match '(ONE|TWO)=' "$environment"
}

@test "a broken drop-in is told, and the unit loaded without it" {
        obedient_write web
        raw_unit web.container.d/broken.conf <<<'HostName=no-section'
        supd_start
        supctl start web
        assert_match 'broken.conf:1' "$(supctl status web)"
}

@test "the first directory that has a file supplies all of it, drop-ins come from all" {
        mkdir -p "$VENDOR_DIR/web.container.d" "$VENDOR_DIR/sub/deeper"
        obedient_write web Description=admin
        sed 's/admin/vendor/; s/^Exec=.*/&\nHostName=vendor/' "$UNIT_DIR/web.container" >"$VENDOR_DIR/web.container"
        printf '[Container]\nEnvironment=DROPIN=vendor\n' >"$VENDOR_DIR/web.container.d/v.conf"
        obedient_write other
        mv "$UNIT_DIR/other.container" "$VENDOR_DIR/sub/deeper"
        supd_start --unit-dir "$VENDOR_DIR"
        assert_equal admin "$(unit_prop web Description)"
        assert_equal "$UNIT_DIR/web.container" "$(unit_prop web FragmentPath)"
        supctl start web other
        [ "$(ask web hostname)" != vendor ]
        assert_match DROPIN=vendor "$(ask web env)"
        rm "$UNIT_DIR/web.container"
        supctl daemon-reload
        supctl restart web
        assert_equal vendor "$(unit_prop web Description)"
        assert_equal vendor "$(ask web hostname)"
        supctl stop web other
}

@test "an empty file or a link to /dev/null masks a unit" {
        mkdir -p "$VENDOR_DIR"
        obedient_write a
        obedient_write b
        mv "$UNIT_DIR"/{a,b}.container "$VENDOR_DIR"
        : >"$UNIT_DIR/a.container"
        ln -s /dev/null "$UNIT_DIR/b.container"
        supd_start --unit-dir "$VENDOR_DIR"
        for unit in a b; do
                load_state_is $unit masked
                run supctl start $unit
                assert_equal 1 "$status"
                assert_match masked "$output"
        done
        rm "$UNIT_DIR/a.container"
        supctl daemon-reload
        supctl start a
        supctl stop a
}

@test "instances of a template are units of their own" {
        mkdir -p "$(orders_of shop@.container)"
        raw_unit shop@.container <<-END
                [Unit]
                Description=Shop %i
                [Container]
                Rootfs=$ROOTFS:O
                Exec=sleep 1000
                HostName=shop-%i
	END
        sed 's/HostName=.*/HostName=special/' "$UNIT_DIR/shop@.container" >"$UNIT_DIR/shop@special.container"
        supd_start
        supctl start shop@one shop@two shop@special
        assert_equal 'Shop one' "$(unit_prop shop@one Description)"
        for unit in shop@one shop@two shop@special; do
                unit_is $unit running
        done
        [ "$(unit_prop shop@one MainPID)" != "$(unit_prop shop@two MainPID)" ]
        assert_equal special "$(nsenter -t "$(unit_prop shop@special MainPID)" -u hostname)"
        assert_equal shop-one "$(nsenter -t "$(unit_prop shop@one MainPID)" -u hostname)"
        run supctl start shop@
        assert_equal 1 "$status"
        assert_match template "$output"

        # Adopted like any other.
        pid=$(unit_prop shop@one MainPID)
        supctl daemon-reexec
        assert_equal "$pid" "$(unit_prop shop@one MainPID)"
        supctl stop shop@one shop@two shop@special
}

@test "of two files for one name the first is loaded, the second refused with both named" {
        obedient_write web
        obedient_write zweb ServiceName=web
        supd_start
        supctl start web
        assert_equal "$UNIT_DIR/web.container" "$(unit_prop web FragmentPath)"
        assert_match 'zweb.container' "$(journalctl -q -o cat "--since=@$SUPD_STARTED" SYSLOG_IDENTIFIER=supd)"
}

@test "ServiceName= and a linked file give a unit its names" {
        obedient_write file ServiceName=service
        ln -s file.container "$UNIT_DIR/alias.container"
        supd_start
        supctl start service
        pid=$(unit_prop service MainPID)
        assert_equal "$pid" "$(unit_prop file.container MainPID)"
        assert_equal service.service "$(unit_prop service Id)"
        supctl stop service
}

# ---- daemon-reload -----------------------------------------------------------------------------
@test "daemon-reload finds new units and forgets those that are gone" {
        supd_start
        run supctl start late
        assert_equal 5 "$status"
        obedient_write late
        supctl daemon-reload
        supctl start late
        supctl stop late
        rm "$UNIT_DIR/late.container"
        supctl daemon-reload
        run supctl start late
        assert_equal 5 "$status"
}

@test "SIGHUP is a daemon-reload" {
        supd_start
        obedient_write late
        kill -HUP "$(supd_pid)"
        is_known() {
                load_state_is late loaded
        }
        wait_until 5 is_known
        supctl start late
}

@test "a running unit keeps its definition until its next start" {
        obedient_write web Description=old HostName=old
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        sed -i 's/=old/=new/' "$UNIT_DIR/web.container"
        supctl daemon-reload
        assert_equal "$pid" "$(unit_prop web MainPID)"
        assert_equal old "$(ask web hostname)"
        supctl restart web
        assert_equal new "$(ask web hostname)"
        assert_equal new "$(unit_prop web Description)"
}

@test "a running unit whose file is gone runs on until it is stopped" {
        obedient_write web
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        rm "$UNIT_DIR/web.container"
        supctl daemon-reload
        assert_equal "$pid" "$(unit_prop web MainPID)"
        ask web ':'
        supctl stop web
        gone() {
                run supctl is-active web
                [ "$status" = 4 ]
        }
        wait_until 5 gone
}

@test "a unit whose file breaks while it runs keeps its last good definition, restarts included" {
        obedient_write web Restart=always RestartSec=1ms
        supd_start
        supctl start web
        cp "$UNIT_DIR/web.container" "$SUPD_TEST_DIR/good"
        sed -i 's/^Exec=.*/&\nMemory=12Q/' "$UNIT_DIR/web.container"
        supctl daemon-reload
        unit_is web running
        order web 'exit 1'
        wait_until 5 prop_is web NRestarts 1
        wait_until 5 unit_is web running
        ask web ':'
        # A person is told, and the container left alone.
        pid=$(unit_prop web MainPID)
        run supctl restart web
        assert_equal 1 "$status"
        assert_match "'12Q' is not a size" "$output"
        assert_equal "$pid" "$(unit_prop web MainPID)"
        cp "$SUPD_TEST_DIR/good" "$UNIT_DIR/web.container"
        supctl daemon-reload
        supctl restart web
        ask web ':'
}

@test "supd.conf and its drop-ins are read, mistakes in them told" {
        obedient_write web
        supd_config Manager.LogLevel=debug Manager.LogLevl=debug
        supd_start
        messages=$(cat "$SUPD_LOG"; journalctl -q -o cat "--since=@$SUPD_STARTED" SYSLOG_IDENTIFIER=supd)
        assert_match "supd.conf:[0-9]+: .*LogLevl.*did you mean 'LogLevel'" "$messages"
}
