# SPDX-License-Identifier: MIT
# RuntimeDirectory= and its like, LoadCredential= and SetCredential=: what a unit has on the host.
load ../lib/supd
load ../lib/payload

setup() {
        rm -rf "$UNIT_DIR"
        rootfs_make
        NOTES=$SUPD_TEST_DIR/notes
        : >"$NOTES"
        chmod 0666 "$NOTES" # commands of any user write there
        # The names are ours alone: /var and /etc may be the machine's.
        NAME=supd-test-$BATS_TEST_NUMBER
}

teardown() {
        supd_stop
        rm -rf "/run/${NAME:?}" "/run/$NAME-link" "/var/lib/$NAME" "/var/cache/$NAME" "/var/log/$NAME" \
                "/etc/${NAME:?}"
}

# note TEXT - a command that appends TEXT, in which the shell expands variables, to the notes
note() {
        printf "/bin/sh -c 'echo %s >>%s'" "$1" "$NOTES"
}

@test "directories are there before the first command and the container, which both can use" {
        obedient_write web "Service.RuntimeDirectory=$NAME" "Service.StateDirectory=$NAME/a $NAME/b" \
                "Service.StateDirectoryMode=0700" "Service.CacheDirectory=$NAME" \
                "Service.LogsDirectory=$NAME" "Service.ConfigurationDirectory=$NAME" \
                "Volume=%t/$NAME:/shared" "Volume=\${CACHE_DIRECTORY}:/cache" \
                "ExecStartPre=$(note '$$RUNTIME_DIRECTORY $$STATE_DIRECTORY $$CACHE_DIRECTORY $$LOGS_DIRECTORY $$CONFIGURATION_DIRECTORY')"
        supd_start
        supctl start web
        assert_equal "/run/$NAME /var/lib/$NAME/a:/var/lib/$NAME/b /var/cache/$NAME /var/log/$NAME /etc/$NAME" \
                "$(cat "$NOTES")"
        ask web 'echo x >/shared/x; echo y >/cache/y'
        assert_equal x "$(cat "/run/$NAME/x")"
        assert_equal y "$(cat "/var/cache/$NAME/y")"
        assert_equal 700 "$(stat -c %a "/var/lib/$NAME/a")"
        assert_equal 755 "$(stat -c %a "/var/log/$NAME")"
        assert_equal "$NAME" "$(unit_prop web RuntimeDirectory)"
        assert_equal 0700 "$(unit_prop web StateDirectoryMode)"
        supctl stop web
        [ ! -e "/run/$NAME" ]
        [ -d "/var/lib/$NAME/a" ]
        [ -e "/var/cache/$NAME/y" ]
        [ -d "/etc/$NAME" ]
}

@test "directories belong to User=, but for configuration" {
        obedient_write web Service.User=nobody Service.Group=nogroup "Service.RuntimeDirectory=$NAME" \
                "Service.ConfigurationDirectory=$NAME" "ExecStartPre=$(note '$$(id -u)')"
        supd_start
        supctl start web
        assert_equal 'nobody nogroup' "$(stat -c '%U %G' "/run/$NAME")"
        assert_equal root "$(stat -c %U "/etc/$NAME")"
        assert_equal 65534 "$(cat "$NOTES")"
}

@test "PermissionsStartOnly= leaves commands their rights" {
        obedient_write web Service.User=nobody Service.PermissionsStartOnly=yes "ExecStartPre=$(note '$$(id -u)')"
        supd_start
        supctl start web
        assert_equal 0 "$(cat "$NOTES")"
}

@test "a runtime directory stays over a restart, or for good, if the unit says so" {
        obedient_write none "Service.RuntimeDirectory=$NAME/none"
        obedient_write restart "Service.RuntimeDirectory=$NAME/restart" Service.RuntimeDirectoryPreserve=restart
        obedient_write always "Service.RuntimeDirectory=$NAME/yes" Service.RuntimeDirectoryPreserve=yes
        supd_start
        supctl start none restart always
        touch "/run/$NAME/none/x" "/run/$NAME/restart/x" "/run/$NAME/yes/x"
        supctl restart none restart always
        [ ! -e "/run/$NAME/none/x" ]
        [ -d "/run/$NAME/none" ]
        [ -e "/run/$NAME/restart/x" ]
        [ -e "/run/$NAME/yes/x" ]
        supctl stop none restart always
        [ ! -e "/run/$NAME/none" ]
        [ ! -e "/run/$NAME/restart" ]
        [ -e "/run/$NAME/yes/x" ]
}

@test "a crash that is followed by a restart gives a new runtime directory, or the old one" {
        local first
        obedient_write none "Service.RuntimeDirectory=$NAME/none" Restart=always RestartSec=0
        obedient_write restart "Service.RuntimeDirectory=$NAME/restart" \
                Service.RuntimeDirectoryPreserve=restart Restart=always RestartSec=0
        supd_start
        supctl start none restart
        touch "/run/$NAME/none/x" "/run/$NAME/restart/x"
        for unit in none restart; do
                first=$(unit_prop "$unit" MainPID)
                kill -KILL "$first"
                wait_until 10 unit_has_other_pid "$unit" "$first"
        done
        [ -d "/run/$NAME/none" ]
        [ ! -e "/run/$NAME/none/x" ]
        [ -e "/run/$NAME/restart/x" ]
}

@test "a runtime directory goes when the unit ends after supd was killed" {
        local pid
        obedient_write web "Service.RuntimeDirectory=$NAME"
        supd_start
        supctl start web
        pid=$(unit_prop web MainPID)
        kill -KILL "$(supd_pid)"
        wait_until 10 prop_is web MainPID "$pid"
        [ -d "/run/$NAME" ]
        supctl stop web
        [ ! -e "/run/$NAME" ]
}

@test "a link has the directory's other name, and goes with it" {
        obedient_write web "Service.RuntimeDirectory=$NAME:$NAME-link"
        supd_start
        supctl start web
        assert_equal "/run/$NAME" "$(readlink "/run/$NAME-link")"
        supctl stop web
        [ ! -L "/run/$NAME-link" ]
}

@test "a link that the unit's user has put in the way is not followed" {
        mkdir -p "/var/lib/$NAME" "$SUPD_TEST_DIR/elsewhere"
        chown nobody "/var/lib/$NAME"
        ln -s "$SUPD_TEST_DIR/elsewhere" "/var/lib/$NAME/data"
        obedient_write web Service.User=nobody "Service.StateDirectory=$NAME/data"
        supd_start
        run supctl start web
        [ "$status" -ne 0 ]
        assert_match "StateDirectory=: cannot make /var/lib/$NAME/data" "$(supd_messages web)"
        assert_equal root "$(stat -c %U "$SUPD_TEST_DIR/elsewhere")"
}

@test "credentials are files that commands, and by a volume the container, can read; they go with the unit" {
        printf 'from a file' >"$SUPD_TEST_DIR/secret"
        chmod 0600 "$SUPD_TEST_DIR/secret"
        obedient_write web Service.User=nobody "Service.LoadCredential=file:$SUPD_TEST_DIR/secret" \
                'Service.SetCredential=text:two words' 'Service.SetCredential=file:unused' \
                'Service.LoadCredential=none:/no/such/file' 'Service.SetCredential=none:instead' \
                'Volume=%d:/credentials:ro' \
                "ExecStartPre=$(note '$$(cat $$CREDENTIALS_DIRECTORY/file), $$(cat $$CREDENTIALS_DIRECTORY/text), $$(cat $$CREDENTIALS_DIRECTORY/none)')"
        supd_start
        supctl start web
        assert_equal 'from a file, two words, instead' "$(cat "$NOTES")"
        assert_equal 'from a file' "$(ask web cat /credentials/file)"
        assert_equal '400 nobody' "$(stat -c '%a %U' /run/credentials/web.service/file)"
        assert_equal '500 nobody' "$(stat -c '%a %U' /run/credentials/web.service)"
        assert_equal 'file none text' "$(unit_prop web Credentials)"
        assert_no_match 'two words' "$(supctl show web)"
        supctl stop web
        [ ! -e /run/credentials/web.service ]
}

@test "a credential that is missing fails the start and is named" {
        obedient_write web Service.LoadCredential=key:/no/such/file
        obedient_write store Service.LoadCredential=supd-test-no-such-key
        supd_start
        run supctl start web
        [ "$status" -ne 0 ]
        assert_match 'LoadCredential=key: /no/such/file: No such file' "$(supd_messages web)"
        run supctl start store
        [ "$status" -ne 0 ]
        assert_match 'LoadCredential=supd-test-no-such-key: ' "$(supd_messages store)"
        [ ! -e /run/credentials/web.service ]
}

@test "a file that never ends is no credential" {
        mkfifo "$SUPD_TEST_DIR/fifo"
        obedient_write web "Service.LoadCredential=key:$SUPD_TEST_DIR/fifo"
        supd_start
        run timeout 10 supctl start web
        assert_equal 1 "$status"
        assert_match 'LoadCredential=key' "$(supd_messages web)"
}
