# SPDX-License-Identifier: MIT
# supctl verify: what a file comes to, and what is wrong with it, without any supd.
load ../lib/supd

FILES=$SUPD_TEST_DIR/files

setup() {
        rm -rf "$FILES"
        mkdir -p "$FILES"
}

teardown() {
        supd_stop
        rm -rf "$FILES"
}

# file_write() - NAME, of standard input
file_write() {
        mkdir -p "$(dirname "$FILES/$1")"
        cat >"$FILES/$1"
}

# effective() - FILE JQ: of the configuration
effective() {
        supctl --runtime-dir /nonexistent verify --json "$FILES/$1" | jq -c ".[0] | $2"
}

@test "verify --json prints the effective configuration" {
        file_write web@a.container <<'UNIT'
[Unit]
Description=Web %i
[Container]
Image=docker.io/library/%p
Exec=sh -c "echo two  words" $$HOME
Environment=A=1 "B=two words"
Environment=C=3
Label=gone=1
Label=
User="nobody"
PodmanArgs=--memory 64m --cap-add=NET_ADMIN
[Service]
Restart=no
Restart=always
RestartSec=5
ExecStartPre=/bin/true a b
UNIT
        assert_equal '["web@a.service","systemd-web_a","notify",true]' "$(effective web@a.container '[.Unit, .Name, .Type, .Valid]')"
        assert_equal '"Web a"' "$(effective web@a.container .Configuration.Unit.Description)"
        assert_equal '"docker.io/library/web"' "$(effective web@a.container .Configuration.Container.Image)"
        assert_equal '["sh","-c","echo two  words","$$HOME"]' "$(effective web@a.container .Configuration.Container.Exec)"
        assert_equal '["A=1","B=two words","C=3"]' "$(effective web@a.container .Configuration.Container.Environment)"
        assert_equal '["nobody","64m",["NET_ADMIN"],null]' \
                "$(effective web@a.container '.Configuration.Container | [.User, .Memory, .AddCapability, .Label]')"
        assert_equal '["always","5",["/bin/true a b"]]' \
                "$(effective web@a.container '.Configuration.Service | [.Restart, .RestartSec, .ExecStartPre]')"
        assert_equal '["network-online.target"]' "$(effective web@a.container .Dependencies.Wants)"
}

@test "drop-ins count, and values that they take back do not" {
        file_write web.container <<'UNIT'
[Container]
Image=docker.io/library/web
Exec=one
Environment=A=1
[Service]
Restart=always
UNIT
        file_write web.container.d/10-more.conf <<'UNIT'
[Container]
Exec=two words
Environment=B=2
[Service]
Restart=
UNIT
        assert_equal '["two","words"]' "$(effective web.container .Configuration.Container.Exec)"
        assert_equal '["A=1","B=2"]' "$(effective web.container .Configuration.Container.Environment)"
        assert_equal null "$(effective web.container .Configuration.Service.Restart)"
}

@test "each file has its object, also one that is refused" {
        file_write good.container <<<$'[Container]\nImage=docker.io/library/a'
        file_write bad.container <<<$'[Container]\nExec=a\nMemory=x'
        run supctl --runtime-dir /nonexistent verify --json "$FILES/good.container" "$FILES/bad.container"
        assert_equal 1 "$status"
        assert_equal '[true,false]' "$(jq -c 'map(.Valid)' <<<"$output")"
        assert_equal '["bad.service",3,"Memory","error"]' \
                "$(jq -c '.[1] | [.Unit] + (.Diagnostics[] | select(.Key == "Memory") | [.Line, .Key, .Severity])' <<<"$output")"
}

# ---- among others ----------------------------------------------------------------------------------

verify() {
        run supctl --runtime-dir /nonexistent verify "$@"
}

@test "a dependency that names nobody is told with its line, and with who may be meant" {
        file_write db.container <<<$'[Container]\nImage=docker.io/library/db'
        file_write web.container <<'UNIT'
[Unit]
Requires=db.service dbb.service
After=db.container nobody.service some.mount basic.target
Wants=network-online.target
[Container]
Image=docker.io/library/web
UNIT
        verify "$FILES/web.container"
        assert_equal 0 "$status"
        assert_match "warning: .*web\.container:2: Unit\.Requires: there is no unit dbb\.service: it can't be started; did you mean db\.service\?" "$output"
        assert_match 'notice: .*web\.container:3: Unit\.After: there is no unit nobody\.service' "$output"
        [[ $output != *some.mount* && $output != *'no unit basic'* && $output != *'no unit network'* && $output != *'no unit db.service'* ]]
        verify --strict "$FILES/web.container"
        assert_equal 1 "$status"
}

@test "an ordering cycle is printed whole, whoever closes it" {
        file_write a.container <<<$'[Unit]\nAfter=b.service\n[Container]\nImage=docker.io/library/a'
        file_write b.container <<<$'[Unit]\nAfter=c.service\n[Container]\nImage=docker.io/library/b'
        file_write c.container <<<$'[Unit]\nBefore=b.service\nAfter=a.container\n[Container]\nImage=docker.io/library/c'
        verify "$FILES/a.container"
        assert_match 'ordering cycle: a\.service after b\.service after c\.service after a\.service' "$output"
        file_write c.container <<<$'[Unit]\nBefore=b.service\n[Container]\nImage=docker.io/library/c'
        verify "$FILES/a.container" "$FILES/c.container"
        [[ $output != *cycle* ]]
}

@test "an [Install] that nothing reaches is told" {
        file_write a.container <<<$'[Container]\nImage=docker.io/library/a\n[Install]\nWantedBy=my.target multi-user.target default.target'
        verify "$FILES/a.container"
        assert_match 'a\.container:4: Install\.WantedBy: there is no file of my\.target' "$output"
        [[ $output != *multi-user* && $output != *'file of default'* ]]
        file_write my.target <<<$'[Unit]\nDescription=mine'
        verify "$FILES/a.container"
        [[ $output != *'no file of'* ]]
}

@test "files and programs that this machine lacks are told with their lines" {
        file_write a.container <<'UNIT'
[Container]
Rootfs=/no/root
EnvironmentFile=/no/env
Volume=/no/volume:/a:nocreate
Volume=/no/other:/b
[Service]
EnvironmentFile=-/no/optional
EnvironmentFile=/no/service
ExecStartPre=/no/program x
ExecStartPre=-/no/ignored
ExecStopPost=sh -c true
UNIT
        verify "$FILES/a.container"
        assert_match "a\.container:2: Container\.Rootfs: '/no/root' is not there" "$output"
        assert_match "a\.container:3: Container\.EnvironmentFile: '/no/env' is not there" "$output"
        assert_match "a\.container:4: Container\.Volume: '/no/volume' is not there, and nocreate" "$output"
        assert_match "a\.container:8: Service\.EnvironmentFile: '/no/service'" "$output"
        assert_match "a\.container:9: Service\.ExecStartPre: '/no/program' is no program" "$output"
        [[ $output != *optional* && $output != *ignored* && $output != *"'sh'"* && $output != *"'/no/other' is"* ]]
}

@test "what a start waits for is printed, and why" {
        file_write db.container <<<$'[Container]\nImage=docker.io/library/db'
        file_write cache.container <<<$'[Container]\nImage=docker.io/library/cache'
        file_write web.container <<'UNIT'
[Unit]
Requires=db.container
After=db.container cache.service
[Container]
Image=docker.io/library/web
Notify=true
Volume=/srv:/srv
[Service]
ExecStartPre=true
UNIT
        verify "$FILES/web.container"
        assert_match 'A start of web\.service waits for' "$output"
        assert_match 'db\.service: Requires= and After= \(web\.container:3\)' "$output"
        assert_match 'cache\.service: After= \(web\.container:3\), if it starts at the same time' "$output"
        assert_match 'image docker\.io/library/web: fetched if it is missing' "$output"
        assert_match 'mounted at or above /srv' "$output"
        assert_match 'its own READY=1: Notify=true' "$output"
        assert_match 'ExecStartPre= commands' "$output"
        verify --quiet "$FILES/web.container"
        [[ $output != *'waits for'* ]]
        assert_equal 'image docker.io/library/db: fetched if it is missing' "$(effective db.container '.WaitsFor[-1]' | jq -r .)"
}

@test "a supd that runs is asked for images that may not be fetched" {
        file_write a.container <<<$'[Container]\nImage=docker.io/library/none\nPull=never'
        verify "$FILES/a.container"
        [[ $output != *'no image'* ]]
        supd_start
        run supctl verify "$FILES/a.container"
        assert_match 'there is no image docker\.io/library/none yet, and Pull=never' "$output"
}
