# SPDX-License-Identifier: MIT
# What a container is to the process in it: namespaces, mounts, privileges, limits.
load ../lib/supd
load ../lib/payload

setup() {
        rootfs_make
}

teardown() {
        supd_stop
}

# running() - write obedient unit "web" with these keys, start supd and it
running() {
        obedient_write web "$@"
        supd_start
        supctl start web
}

# start_fails_with() - REGEX KEY=VALUE...: the start of such a unit says so, and leaves nothing
start_fails_with() {
        local regex=$1
        shift
        unit_write web.container Exec='sleep 1000' "$@"
        supctl daemon-reload
        run supctl start web
        assert_equal 1 "$status"
        assert_match "$regex" "$output"
        assert_equal failed "$(unit_prop web ActiveState)"
        assert_equal '' "$(unit_prop web ControlGroup)"
        supctl reset-failed web
}

# ---- namespaces --------------------------------------------------------------------------------
@test "a container has namespaces of its own, and those of the host where it says so" {
        running Network=none
        for kind in pid mnt uts ipc cgroup net; do
                theirs=$(ask web "readlink /proc/self/ns/$kind")
                assert_match "^$kind:" "$theirs"
                [ "$theirs" != "$(readlink /proc/self/ns/$kind)" ]
        done
        assert_equal '0::/' "$(ask web 'grep ^0:: /proc/self/cgroup')"
}

@test "Network=none has a loopback that is up, and nothing else" {
        running Network=none
        assert_equal lo "$(ask web 'ls /sys/class/net')"
        assert_match 'inet 127.0.0.1/8' "$(ask web 'ip addr show dev lo')"
        assert_match '1 packets received' "$(ask web 'ping -c 1 -W 5 127.0.0.1')"
}

@test "Network=host has the network of supd" {
        running Network=host
        assert_equal "$(readlink /proc/self/ns/net)" "$(ask web 'readlink /proc/self/ns/net')"
}

@test "a container sees its own processes only, the first of them supinit" {
        running
        assert_equal supinit "$(ask web 'cat /proc/1/comm')"
        assert_equal 'sh supinit' "$(ask web 'cat /proc/[0-9]*/comm' | sort | xargs)"
        [ "$(ask web 'echo $$')" != 1 ]
}

@test "RunInit=false makes the payload the first process" {
        running RunInit=false StopTimeout=0
        assert_equal 1 "$(ask web 'echo $$')"
        assert_equal "$(unit_prop web InitPID)" "$(unit_prop web MainPID)"
}

@test "RunInit= is off by itself for a command that is an init, and can be forced" {
        printf '#!/bin/sh\nexec sh /orders/obey\n' >"$ROOTFS/bin/tini"
        chmod +x "$ROOTFS/bin/tini"
        obedient_write auto Exec=/bin/tini StopTimeout=0
        obedient_write forced Exec=tini RunInit=true
        supd_start
        supctl start auto forced
        assert_equal 1 "$(ask auto 'echo $$')"
        [ "$(ask forced 'echo $$')" != 1 ]
        rm "$ROOTFS/bin/tini"
}

@test "HostName= is the host name, else the short container id is" {
        obedient_write named HostName=box.example
        obedient_write unnamed
        supd_start
        supctl start named unnamed
        assert_equal box.example "$(ask named hostname)"
        assert_equal "$(unit_prop unnamed ContainerID | cut -c1-12)" "$(ask unnamed hostname)"
        assert_equal supd-test "$(hostname)"
}

# ---- the tree ----------------------------------------------------------------------------------
@test "/proc, /sys and /dev are there as they should be" {
        running
        mounts=$(ask web 'cat /proc/mounts')
        assert_match $'proc /proc proc rw,nosuid,nodev,noexec' "$mounts"
        assert_match $'sysfs /sys sysfs ro,nosuid,nodev,noexec' "$mounts"
        assert_match $' /sys/fs/cgroup cgroup2 ro,' "$mounts"
        assert_match $'tmpfs /dev tmpfs rw,nosuid,' "$mounts"
        assert_match $'devpts /dev/pts devpts rw,nosuid,noexec' "$mounts"
        assert_match $'mqueue /dev/mqueue mqueue ' "$mounts"
        assert_match $' /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k' "$mounts"
        assert_no_match "$SUPD_TEST_DIR/(rootfs|units)" "$mounts"
        assert_equal 'core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero' \
                "$(ask web 'echo $(ls /dev)')"
        assert_equal ptmx "$(ask web 'ls /dev/pts')"
        assert_equal 'ok' "$(ask web 'echo x >/dev/null && head -c 4 /dev/urandom >/dev/null && echo ok')"
        assert_match 'Read-only file system' "$(ask web 'mkdir /sys/fs/cgroup/x')"
}

@test "paths that tell of the host or change it are masked or read-only" {
        running
        assert_match 'Read-only file system' "$(ask web 'echo 1 >/proc/sys/kernel/panic')"
        for path in bus fs irq sys; do
                assert_match "proc /proc/$path proc ro," "$(ask web 'cat /proc/mounts')"
        done
        assert_equal 0 "$(ask web 'cat /proc/keys /proc/timer_list /proc/interrupts | wc -c')"
        [ -d /sys/firmware ] && assert_equal '' "$(ask web 'ls /sys/firmware')"
}

@test "Mask= hides more, Unmask= less" {
        mkdir -p "$ROOTFS/srv/secret"
        echo key >"$ROOTFS/srv/secret/key"
        echo key >"$ROOTFS/srv/key"
        obedient_write masked Mask=/srv/secret:/srv/key
        obedient_write all Unmask=ALL
        obedient_write one Unmask=/proc/interrupts
        supd_start
        supctl start masked all one
        assert_equal '' "$(ask masked 'ls /srv/secret; cat /srv/key')"
        assert_match CPU0 "$(ask all 'cat /proc/interrupts')"
        assert_no_match 'proc ro,' "$(ask all 'cat /proc/mounts')"
        assert_match CPU0 "$(ask one 'cat /proc/interrupts')"
        assert_equal 0 "$(ask one 'cat /proc/timer_list | wc -c')"
        rm -r "$ROOTFS/srv/secret" "$ROOTFS/srv/key"
}

@test "ShmSize= is the size of /dev/shm" {
        running ShmSize=2m
        assert_match 'size=2048k' "$(ask web 'grep /dev/shm /proc/mounts')"
        assert_match 'No space left' "$(ask web 'dd if=/dev/zero of=/dev/shm/x bs=1M count=3')"
}

@test "a root with :O takes everything, keeps nothing and is not touched" {
        running Restart=always RestartSec=1ms
        before=$(find "$ROOTFS" -printf '%p %T@ %s %m\n' | sort)
        ask web 'echo changed >/etc/passwd; rm -r /srv; mkdir /new'
        assert_equal changed "$(ask web 'cat /etc/passwd')"
        assert_equal "$before" "$(find "$ROOTFS" -printf '%p %T@ %s %m\n' | sort)"
        order web 'exit 1'
        wait_until 5 prop_is web NRestarts 1
        assert_match '^root:' "$(ask web 'cat /etc/passwd')"
        assert_match 'No such file' "$(ask web 'ls /new')"
}

@test "a root without :O is the directory itself" {
        cp -a "$ROOTFS" "$SUPD_TEST_DIR/own-root"
        running "Rootfs=$SUPD_TEST_DIR/own-root"
        ask web 'echo hello >/srv/file'
        assert_equal hello "$(cat "$SUPD_TEST_DIR/own-root/srv/file")"
        supctl stop web
        rm -rf "$SUPD_TEST_DIR/own-root"
}

@test "ReadOnly= is read-only but for its tmpfs" {
        obedient_write web ReadOnly=true
        obedient_write strict ReadOnly=true ReadOnlyTmpfs=false
        supd_start
        supctl start web strict
        assert_match 'Read-only file system' "$(ask web 'touch /etc/x')"
        assert_equal '' "$(ask web 'touch /run/x /tmp/x /var/tmp/x /dev/shm/x')"
        for dir in /etc /run /tmp /var/tmp; do
                assert_match 'Read-only file system' "$(ask strict "touch $dir/x")"
        done
}

@test "Tmpfs= has its options, and the content below it unless told not to" {
        running Tmpfs=/etc Tmpfs=/var/tmp:size=1m,mode=0711,exec Tmpfs=/srv:ro Tmpfs=/usr:notmpcopyup
        mounts=$(ask web 'cat /proc/mounts')
        assert_match 'tmpfs /etc tmpfs rw,nosuid,nodev,noexec' "$mounts"
        assert_match 'tmpfs /var/tmp tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=711' "$mounts"
        assert_match 'tmpfs /srv tmpfs ro,' "$mounts"
        assert_match '^root:' "$(ask web 'cat /etc/passwd')"
        assert_equal '' "$(ask web 'ls /usr')"
        assert_match 'No space left' "$(ask web 'dd if=/dev/zero of=/var/tmp/x bs=1M count=2')"
}

# ---- volumes -----------------------------------------------------------------------------------
@test "Volume= binds directories and files, read-write or read-only" {
        mkdir -p "$SUPD_TEST_DIR/data"
        echo content >"$SUPD_TEST_DIR/data/file"
        running "Volume=$SUPD_TEST_DIR/data:/data" "Volume=$SUPD_TEST_DIR/data:/made/here:ro" \
                "Volume=$SUPD_TEST_DIR/data/file:/etc/one-file:ro,noexec"
        assert_equal content "$(ask web 'cat /data/file /made/here/file /etc/one-file' | uniq)"
        ask web 'echo from-inside >/data/new'
        assert_equal from-inside "$(cat "$SUPD_TEST_DIR/data/new")"
        assert_match 'Read-only file system' "$(ask web 'touch /made/here/x')"
        assert_match 'Read-only file system' "$(ask web 'echo x >/etc/one-file')"
        rm -r "$SUPD_TEST_DIR/data"
}

@test "a volume's options for devices, setuid and programs are set" {
        mkdir -p "$SUPD_TEST_DIR/data"
        running "Volume=$SUPD_TEST_DIR/data:/a" "Volume=$SUPD_TEST_DIR/data:/b:noexec" \
                "Volume=$SUPD_TEST_DIR/data:/c:dev,exec,suid"
        mounts=$(ask web 'cat /proc/mounts')
        assert_match ' /a tmpfs rw,nosuid,nodev,relatime' "$mounts"
        assert_match ' /b tmpfs rw,nosuid,nodev,noexec' "$mounts"
        assert_match ' /c tmpfs rw,relatime' "$mounts"
        rm -r "$SUPD_TEST_DIR/data"
}

@test "mounts made later reach a container as its volume's propagation says" {
        mkdir -p "$SUPD_TEST_DIR/tree"
        mount -t tmpfs tree "$SUPD_TEST_DIR/tree"
        mount --make-shared "$SUPD_TEST_DIR/tree"
        mkdir "$SUPD_TEST_DIR/tree"/{early,late,inside}
        mount -t tmpfs early "$SUPD_TEST_DIR/tree/early"
        touch "$SUPD_TEST_DIR/tree/early/there"
        running "Volume=$SUPD_TEST_DIR/tree:/private" "Volume=$SUPD_TEST_DIR/tree:/slave:rslave" \
                "Volume=$SUPD_TEST_DIR/tree:/shared:rshared" "Volume=$SUPD_TEST_DIR/tree:/flat:bind" \
                AddCapability=SYS_ADMIN
        mount -t tmpfs late "$SUPD_TEST_DIR/tree/late"
        touch "$SUPD_TEST_DIR/tree/late/there"
        assert_equal there "$(ask web 'ls /private/early')"
        assert_equal '' "$(ask web 'ls /flat/early')"
        assert_equal '' "$(ask web 'ls /private/late')"
        assert_equal there "$(ask web 'ls /slave/late')"
        assert_equal there "$(ask web 'ls /shared/late')"
        assert_equal '' "$(ask web 'mount -t tmpfs inside /shared/inside')"
        mountpoint -q "$SUPD_TEST_DIR/tree/inside"
        supctl stop web
        umount -R "$SUPD_TEST_DIR/tree"
        rmdir "$SUPD_TEST_DIR/tree"
}

@test "mount points and symbolic links stay inside the root" {
        cp -a "$ROOTFS" "$SUPD_TEST_DIR/evil"
        mkdir -p "$SUPD_TEST_DIR/outside" "$SUPD_TEST_DIR/data" "$SUPD_TEST_DIR/evil$SUPD_TEST_DIR/outside"
        ln -s "$SUPD_TEST_DIR/outside" "$SUPD_TEST_DIR/evil/absolute"
        ln -s ../../../../../../.."$SUPD_TEST_DIR/outside" "$SUPD_TEST_DIR/evil/relative"
        running "Rootfs=$SUPD_TEST_DIR/evil" "Volume=$SUPD_TEST_DIR/data:/absolute/a" \
                "Volume=$SUPD_TEST_DIR/data:/relative/b" WorkingDir=/absolute/c Tmpfs=/relative/d
        assert_equal '' "$(ls -A "$SUPD_TEST_DIR/outside")"
        assert_equal 'a b c d' "$(ask web "echo \$(ls $SUPD_TEST_DIR/outside)")"
        supctl stop web
        rm -r "$SUPD_TEST_DIR"/{evil,outside,data}
}

@test "what can't be mounted is an error that names it" {
        supd_start
        start_fails_with "web.*: mount volume $SUPD_TEST_DIR/missing on /data: No such file or directory" \
                "Volume=$SUPD_TEST_DIR/missing:/data"
        [ ! -e "$SUPD_TEST_DIR/missing" ]
        start_fails_with 'mount volume /run on /etc/passwd/sub: .*Not a directory' Volume=/run:/etc/passwd/sub
        start_fails_with 'mount tmpfs on /etc/passwd/sub: .*Not a directory' Tmpfs=/etc/passwd/sub
}

# ---- the process -------------------------------------------------------------------------------
@test "User= and Group= are names or numbers of the container" {
        printf 'app:x:1234:1235::/srv:/bin/sh\n' >>"$ROOTFS/etc/passwd"
        printf 'app:x:1235:\nextra:x:1300:app\n' >>"$ROOTFS/etc/group"
        obedient_write name User=app
        obedient_write both User=app Group=nogroup
        obedient_write number User=77 Group=88
        supd_start
        supctl start name both number
        assert_equal 'uid=1234(app) gid=1235(app) groups=1235(app),1300(extra)' "$(ask name id)"
        assert_equal 'uid=1234(app) gid=65534(nogroup) groups=65534(nogroup)' "$(ask both id)"
        assert_match '^uid=77 gid=88' "$(ask number id)"
        assert_equal /srv "$(ask name 'echo $HOME')"
        assert_match 'CapEff:.0000000000000000' "$(ask name 'grep CapEff /proc/self/status')"
        sed -i /app/d "$ROOTFS/etc/passwd" "$ROOTFS/etc/group"
}

@test "an unknown user or group is an error that names it" {
        supd_start
        start_fails_with "find user 'nosuch'" User=nosuch
        start_fails_with "find group 'nosuch'" User=nobody Group=nosuch
}

@test "WorkingDir= is entered, and made if it is missing" {
        running WorkingDir=/srv/deep/down
        assert_equal /srv/deep/down "$(ask web pwd)"
        supctl stop web
        start_fails_with '/etc/passwd.*Not a directory' WorkingDir=/etc/passwd
}

@test "Environment= and EnvironmentFile= make the payload's environment" {
        printf '# comment\n\n  FROM_FILE=a "b"  c \nBOTH=file\nIMPORT_*\n' >"$SUPD_TEST_DIR/env"
        export IMPORT_ME=imported BARE='bare value'
        running "Container.EnvironmentFile=$SUPD_TEST_DIR/env" \
                'Container.Environment="QUOTED=two words" PLAIN=x BOTH=unit BARE' 'Container.Environment=LATER=y\x21'
        environment=$(ask web env)
        for line in 'FROM_FILE=a "b"  c ' BOTH=unit IMPORT_ME=imported 'QUOTED=two words' PLAIN=x LATER='y!' \
                'BARE=bare value' HOME=/root container=supd; do
                grep -F -x -q -e "$line" <<<"$environment" || fail "not there: $line in $environment"
        done
        assert_match PATH=/usr/local/sbin "$environment"
        assert_no_match '(NOTIFY_SOCKET|LISTEN_|SUPD_|BATS_)' "$environment"
}

@test "an environment file that is missing or malformed is an error that names it" {
        supd_start
        start_fails_with '/no/such/file.*No such file' Container.EnvironmentFile=/no/such/file
        printf 'GOOD=1\n=bad\n' >"$SUPD_TEST_DIR/env"
        start_fails_with 'env:2' "Container.EnvironmentFile=$SUPD_TEST_DIR/env"
}

@test "Exec= and Entrypoint= are one command, with words and quotes as written" {
        unit_write words.container Type=oneshot Entrypoint='["/bin/sh","-c","printf \"<%%s>\" \"$@\"","name"]' \
                Exec='one "two words" a\x20b "" $$HOME'
        unit_write plain.container Type=oneshot Entrypoint=/bin/echo Exec='hello there'
        supd_start
        supctl start words plain
        wait_until 5 journal_has words '<one><two words><a b><><\$HOME>'
        wait_until 5 journal_has plain 'hello there'
}

journal_has() {
        journal_of "$1" | grep -q -E -e "$2"
}

@test "the payload has no descriptors but its three standard ones" {
        unit_write fds.container Type=oneshot Exec='sh -c "readlink /proc/self/fd/0; ls /proc/self/fd; echo end"'
        supd_start
        supctl start fds
        wait_until 5 journal_has fds end
        # The directory that ls reads is one of its own.
        assert_equal '/dev/null 0 1 2 3 end' \
                "$(journal_of fds "--since=@$SUPD_STARTED" SYSLOG_IDENTIFIER=systemd-fds | xargs)"
}

@test "OOMScoreAdjust= is set" {
        running OOMScoreAdjust=500
        assert_equal 500 "$(ask web 'cat /proc/self/oom_score_adj')"
}

@test "Ulimit= sets limits" {
        running Ulimit=nofile=100:200 Ulimit=nproc=50 Ulimit=core=-1:-1
        limits=$(ask web 'cat /proc/self/limits')
        assert_match 'Max open files +100 +200 ' "$limits"
        assert_match 'Max processes +50 +50 ' "$limits"
        assert_match 'Max core file size +unlimited +unlimited ' "$limits"
}

@test "Sysctl= sets what has a namespace, and refuses what has none" {
        running Network=none Sysctl='net.ipv4.ip_unprivileged_port_start=80 kernel.msgmax=4096'
        assert_equal '80 4096' \
                "$(ask web 'echo $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax)')"
        supctl stop web
        start_fails_with 'kernel.panic' Network=none Sysctl=kernel.panic=1
        start_fails_with 'net.ipv4.ip_forward' Network=host Sysctl=net.ipv4.ip_forward=0
        start_fails_with 'kernel.msgmax=many' Network=none Sysctl=kernel.msgmax=many
}

@test "Timezone= is the container's local time" {
        [ -e /usr/share/zoneinfo/Asia/Kolkata ] || skip 'no time zone data on this machine'
        running Timezone=Asia/Kolkata
        assert_match '\+0530' "$(ask web 'date +%z')"
        supctl stop web
        start_fails_with 'Nowhere/Land' Timezone=Nowhere/Land
}

# ---- privileges --------------------------------------------------------------------------------
capabilities_of() {
        ask "$1" 'sed -n "s/^CapBnd:.//p" /proc/self/status'
}

@test "capabilities are Docker's default set, less and more as the unit says" {
        obedient_write default
        obedient_write none DropCapability=all
        obedient_write some DropCapability=all AddCapability='CAP_NET_BIND_SERVICE chown'
        obedient_write more AddCapability=sys_time
        supd_start
        supctl start default none some more
        assert_equal 00000000a80425fb "$(capabilities_of default)"
        assert_equal 0000000000000000 "$(capabilities_of none)"
        assert_equal 0000000000000401 "$(capabilities_of some)"
        assert_equal 00000000aa0425fb "$(capabilities_of more)"
        assert_match 'CapEff:.0000000000000401' "$(ask some 'cat /proc/self/status')"
        assert_match 'CapInh:.0000000000000000' "$(ask some 'cat /proc/self/status')"
}

@test "NoNewPrivileges= is set, and is off by default" {
        obedient_write yes NoNewPrivileges=true
        obedient_write no
        supd_start
        supctl start yes no
        assert_match 'NoNewPrivs:.1' "$(ask yes 'cat /proc/self/status')"
        assert_match 'NoNewPrivs:.0' "$(ask no 'cat /proc/self/status')"
}

@test "system calls are filtered, unless the unit lifts the filter" {
        obedient_write filtered
        obedient_write unconfined SeccompProfile=unconfined
        obedient_write admin AddCapability=SYS_ADMIN
        supd_start
        supctl start filtered unconfined admin
        assert_match 'Seccomp:.2' "$(ask filtered 'cat /proc/self/status')"
        assert_match 'Seccomp:.0' "$(ask unconfined 'cat /proc/self/status')"
        assert_match 'not permitted' "$(ask filtered 'unshare -U true')"
        assert_equal '' "$(ask unconfined 'unshare -U true')"
        assert_match 'not permitted|denied' "$(ask filtered 'mount -t tmpfs x /srv')"
        assert_equal '' "$(ask admin 'mount -t tmpfs x /srv')"
}

@test "no device can be opened but the harmless ones" {
        running
        assert_equal '' "$(ask web 'mknod /tmp/null c 1 3 && echo x >/tmp/null')"
        assert_match 'Operation not permitted' "$(ask web 'mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem')"
        assert_match 'Operation not permitted' "$(ask web 'mknod /tmp/disk b 8 0; head -c 1 /tmp/disk')"
        assert_match 'Operation not permitted' "$(ask web 'mknod /tmp/kmsg c 1 11; head -c 1 /tmp/kmsg')"
}

# ---- resources ---------------------------------------------------------------------------------
# limit_is() - V1-FILE V2-FILE V1-VALUE V2-VALUE CONTROLLER
limit_is() {
        local dir
        dir=$(cgroup_of web "$5")
        if [[ -e $dir/$2 ]]; then
                assert_equal "$4" "$(cat "$dir/$2")"
        else
                assert_equal "$3" "$(cat "$dir/$1")"
        fi
}

@test "limits are written to the cgroup" {
        running Memory=64m TasksMax=100 PidsLimit=50 CPUQuota=50% CPUWeight=200 AllowedCPUs=0
        limit_is memory.limit_in_bytes memory.max 67108864 67108864 memory
        limit_is pids.max pids.max 50 50 pids
        limit_is cpu.cfs_quota_us cpu.max 50000 '50000 100000' cpu
        limit_is cpu.shares cpu.weight 2048 200 cpu
        limit_is cpuset.cpus cpuset.cpus 0 0 cpuset
        assert_equal 67108864 "$(unit_prop web MemoryMax)"
        assert_equal 50 "$(unit_prop web TasksMax)"
}

@test "changed limits hold at the next start, lifted ones are gone" {
        running Memory=64m CPUQuota=50% Restart=always
        sed -i -e s/Memory=64m/Memory=32m/ -e /CPUQuota/d "$UNIT_DIR/web.container"
        supctl daemon-reload
        supctl restart web
        limit_is memory.limit_in_bytes memory.max 33554432 33554432 memory
        if [[ -d $(cgroup_of web cpu) ]]; then
                limit_is cpu.cfs_quota_us cpu.max -1 'max 100000' cpu
        fi
}

@test "PidsLimit= stops a fork bomb" {
        running PidsLimit=12
        assert_match "can't fork|Resource temporarily unavailable" \
                "$(ask web '(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do sleep 100 >/dev/null 2>&1 & done)')"
        supctl stop web
}

@test "a payload that exceeds its memory is killed, with the result oom-kill" {
        unit_write web.container Memory=24m Service.MemorySwapMax=0 Exec="tail -c 100m /dev/zero"
        supd_start
        supctl start web || true
        wait_until 20 unit_is web failed
        assert_equal oom-kill "$(unit_prop web Result)"
        assert_equal 9 "$(unit_prop web ExecMainStatus)"
        assert_match 'oom-kill' "$(supctl status web || true)"
}

@test "OOMPolicy= says what becomes of a unit that lost a process for memory" {
        obedient_write continue Memory=24m OOMPolicy=continue
        obedient_write stop Memory=24m OOMPolicy=stop
        obedient_write kill Memory=24m OOMPolicy=kill
        supd_start
        supctl start continue stop kill
        order continue '(tail -c 100m /dev/zero); echo survived >/orders/survived'
        order stop '(tail -c 100m /dev/zero)'
        order kill '(tail -c 100m /dev/zero)'
        wait_until 20 test -s "$(orders_of continue)/survived"
        wait_until 20 unit_is stop failed
        wait_until 20 unit_is kill failed
        assert_equal oom-kill "$(unit_prop stop Result)"
        assert_equal oom-kill "$(unit_prop kill Result)"
        unit_is continue running
}

@test "a limit that this system can't set is an error, not a container without it" {
        supd_start
        unit_write web.container Exec='sleep 1000' AllowedCPUs=4000
        supctl daemon-reload
        run supctl start web
        assert_equal 1 "$status"
        assert_match 'AllowedCPUs' "$output"
        assert_equal failed "$(unit_prop web ActiveState)"
}
