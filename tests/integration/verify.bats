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
