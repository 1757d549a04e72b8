# SPDX-License-Identifier: MIT
# Secrets: stored by supd, given to containers as files or variables, shown to nobody who does not ask.
load ../lib/supd
load ../lib/payload

setup() {
        rm -rf "$UNIT_DIR" "$STATE_DIR/secret"
}

teardown() {
        supd_stop
        rm -rf "$STATE_DIR/secret"
}

# make_secret() - NAME VALUE [OPTION...]
make_secret() {
        printf '%s' "$2" | supctl secret create "${@:3}" "$1" - >/dev/null
}

# ---- the store ---------------------------------------------------------------------------------
@test "a secret is stored where root alone looks, and is listed without what is in it" {
        supd_start
        run make_secret db hunter2 --label env=prod
        assert_equal 0 "$status"
        assert_equal '700 0 0' "$(stat -c '%a %u %g' "$STATE_DIR/secret")"
        assert_equal '600 0 0' "$(stat -c '%a %u %g' "$STATE_DIR"/secret/*)"
        assert_equal db "$(supctl secret ls --no-legend | awk '{ print $2 }')"
        assert_match '^[0-9a-f]{25}$' "$(supctl secret ls --quiet)"
        assert_equal '["db",["env=prod"]]' "$(supctl secret ls --json | jq -c '.[] | [.Name, .Labels]')"
        assert_no_match hunter2 "$(supctl secret ls --json; supctl secret inspect db; supctl secret inspect --json db)"
        supctl secret exists db
        run supctl secret exists other
        assert_equal 1 "$status"
}

@test "what is in a secret is shown to who asks for it" {
        supd_start
        make_secret db $'two\nlines'
        assert_equal '"two\nlines"' "$(supctl secret inspect --showsecret --json db | jq -c '.[0].SecretData')"
        assert_match 'Data: two' "$(supctl secret inspect --showsecret db)"
}

@test "an existing secret is replaced only if that is asked for, and keeps its id" {
        supd_start
        make_secret db one
        id=$(supctl secret ls --quiet)
        run make_secret db two
        assert_equal 1 "$status"
        assert_match "there is a secret 'db' already" "$output"
        make_secret db two --replace
        assert_equal "$id" "$(supctl secret ls --quiet)"
        assert_equal two "$(supctl secret inspect --showsecret --json db | jq -r '.[0].SecretData')"
}

@test "secrets come from files, standard input and variables, of any content up to the limit" {
        supd_start
        head -c 524288 /dev/urandom >"$SUPD_TEST_DIR/large"
        supctl secret create large "$SUPD_TEST_DIR/large"
        WORD=from-variable supctl secret create --env variable WORD
        assert_equal from-variable "$(supctl secret inspect --showsecret --json variable | jq -r '.[0].SecretData')"
        head -c 524289 /dev/zero >"$SUPD_TEST_DIR/too-large"
        run supctl secret create too-large "$SUPD_TEST_DIR/too-large"
        assert_equal 1 "$status"
        assert_match 'too large for a secret' "$output"
        run supctl secret create empty /dev/null
        assert_match 'empty' "$output"
        run supctl secret create --env none NO_SUCH_VARIABLE
        assert_match "no variable 'NO_SUCH_VARIABLE'" "$output"
        run supctl secret create a/b "$SUPD_TEST_DIR/large"
        assert_match 'not the name of a secret' "$output"
        assert_equal 'large variable' "$(supctl secret ls --no-legend | awk '{ print $2 }' | xargs)"
}

@test "secrets are removed by name or all at once, and a missing one is told" {
        supd_start
        for name in a b c ..; do
                make_secret $name x
        done
        assert_equal a "$(supctl secret rm a)"
        run supctl secret rm a ..
        assert_equal 1 "$status"
        assert_match "there is no secret 'a'" "$output"
        assert_equal 'b c' "$(supctl secret ls --no-legend | awk '{ print $2 }' | xargs)"
        run supctl secret rm
        assert_equal 1 "$status"
        supctl secret rm --all
        assert_equal '[]' "$(supctl secret ls --json)"
}

@test "a file of the store that is damaged is named, and a new one replaces it" {
        supd_start
        make_secret db hunter2
        truncate -s -1 "$STATE_DIR"/secret/*
        run supctl secret inspect db
        assert_match "secret 'db' is damaged" "$output"
        make_secret db hunter3 --replace
        supctl secret inspect db
}

@test "secrets outlive supd, and what an interrupted change left does not" {
        supd_start
        make_secret db hunter2
        touch "$STATE_DIR/secret/=4711"
        supd_stop
        supd_start
        supctl secret exists db
        [[ ! -e $STATE_DIR/secret/=4711 ]]
}

# ---- in containers -----------------------------------------------------------------------------
@test "a secret is a read-only file below /run/secrets, in memory and not in the root" {
        supd_start
        make_secret db hunter2
        obedient_write web Secret=db 'Secret=db,target=sub/file,mode=0400,uid=5,gid=6' Secret=db,target=/etc/app/key
        supctl daemon-reload
        supctl start web
        assert_equal hunter2 "$(ask web 'cat /run/secrets/db')"
        assert_equal hunter2 "$(ask web 'cat /etc/app/key')"
        assert_equal '444 0 0' "$(ask web "stat -c '%a %u %g' /run/secrets/db")"
        assert_equal '400 5 6' "$(ask web "stat -c '%a %u %g' /run/secrets/sub/file")"
        assert_equal 'tmpfs tmpfs' "$(ask web 'stat -f -c %T /run/secrets/db; stat -f -c %T /etc/app/key' | xargs)"
        assert_match 'Read-only' "$(ask web 'echo x >/run/secrets/db; rm /run/secrets/db; touch /run/secrets/x')"
        assert_match 'Read-only' "$(ask web 'echo x >/etc/app/key')"
        [[ ! -e $ROOTFS/run/secrets ]]
        [[ ! -e $ROOTFS/etc/app ]]
        # Nothing of how they were mounted is left in sight.
        assert_equal 2 "$(ask web 'grep -c -e /run/secrets -e /etc/app/key /proc/self/mountinfo')"
        assert_equal 'crw-rw-rw-' "$(ask web "stat -c %A /dev/null")"
}

@test "an absolute target is found inside the root, whatever links there are" {
        supd_start
        make_secret db hunter2
        rootfs_make "$SUPD_TEST_DIR/linked"
        mkdir -p "$SUPD_TEST_DIR/outside"
        ln -s "$SUPD_TEST_DIR/outside" "$SUPD_TEST_DIR/linked/escape"
        mkdir -p "$SUPD_TEST_DIR/linked$SUPD_TEST_DIR/outside"
        obedient_write web "Rootfs=$SUPD_TEST_DIR/linked:O" Secret=db,target=/escape/key
        supctl daemon-reload
        supctl start web
        assert_equal hunter2 "$(ask web 'cat /escape/key')"
        assert_equal '' "$(ls -A "$SUPD_TEST_DIR/outside")"
}

@test "a target that is a directory, or in /proc, is refused with what was to be mounted" {
        supd_start
        make_secret db hunter2
        obedient_write web Secret=db,target=/etc
        obedient_write sly Secret=db,target=/proc/sys/kernel/x
        supctl daemon-reload
        run supctl start web
        assert_equal 1 "$status"
        assert_match 'mount secret db on /etc: Is a directory' "$output"
        run supctl start sly
        assert_match 'mount secret db on /proc/sys/kernel/x' "$output"
}

@test "a secret is a variable of the payload, and nothing that supd shows or logs" {
        supd_start
        make_secret db hunter2
        obedient_write web Secret=db,type=env Secret=db,type=env,target=PASSWORD Environment=PASSWORD=other
        supctl daemon-reload
        supctl start web
        assert_equal 'hunter2 hunter2' "$(ask web 'echo $db $PASSWORD')"
        assert_no_match hunter2 "$(supctl show web; supctl status web; supctl cat web; supctl show --json web)"
        assert_no_match hunter2 "$(cat "$SUPD_LOG"; journalctl --sync; journalctl --since="@$SUPD_STARTED")"
        assert_equal '' "$(grep -r -l hunter2 "$RUNTIME_DIR" 2>/dev/null)"
}

@test "a missing secret fails the start and is named; once it is there the start works" {
        supd_start
        obedient_write web Secret=db
        supctl daemon-reload
        run supctl start web
        assert_equal 1 "$status"
        assert_match "there is no secret 'db'" "$output"
        make_secret db hunter2
        supctl start web
        assert_equal hunter2 "$(ask web 'cat /run/secrets/db')"
}

@test "a container keeps a removed secret until it ends" {
        supd_start
        make_secret db hunter2
        obedient_write web Secret=db
        supctl daemon-reload
        supctl start web
        supctl secret rm db
        assert_equal hunter2 "$(ask web 'cat /run/secrets/db')"
        run supctl restart web
        assert_match "there is no secret 'db'" "$output"
}

@test "a binary secret is no variable, and a file as it is" {
        supd_start
        printf 'a\0b' | supctl secret create bin - >/dev/null
        obedient_write web Secret=bin
        obedient_write bad Secret=bin,type=env
        supctl daemon-reload
        supctl start web
        assert_equal '610062' "$(ask web "od -An -tx1 /run/secrets/bin | tr -d ' '")"
        run supctl start bad
        assert_match 'zero byte' "$output"
}

@test "secrets work with a read-only root and with a tmpfs on /run" {
        supd_start
        make_secret db hunter2
        obedient_write web Secret=db ReadOnly=true
        obedient_write tmp Secret=db Tmpfs=/run
        supctl daemon-reload
        supctl start web tmp
        assert_equal hunter2 "$(ask web 'cat /run/secrets/db')"
        assert_equal hunter2 "$(ask tmp 'cat /run/secrets/db')"
}

@test "verify warns of a secret that supd does not have" {
        supd_start
        make_secret here x
        obedient_write web Secret=here Secret=missing
        run supctl verify "$UNIT_DIR/web.container"
        assert_equal 0 "$status"
        assert_match "Container.Secret: there is no secret 'missing' yet" "$output"
        assert_no_match "'here'" "$output"
}
