# SPDX-License-Identifier: MIT
# Pods: containers that share network, ipc and uts namespaces, and start and stop together.
load ../lib/supd
load ../lib/payload

setup() {
        rm -rf "$UNIT_DIR"
        rootfs_make
}

teardown() {
        supd_stop
}

# pod_write() - NAME [KEY=VALUE...]: a pod
pod_write() {
        local name=$1 assignment
        local -a assignments=()
        shift
        for assignment; do
                [[ ${assignment%%=*} == *.* ]] || assignment=Pod.$assignment
                assignments+=("$assignment")
        done
        unit_write "$name.pod" "${assignments[@]}"
        ((${#assignments[@]})) || echo '[Pod]' >"$UNIT_DIR/$name.pod"
}

# two_members() - containers a and b in pod p, and supd
two_members() {
        pod_write p "$@"
        obedient_write a Pod=p.pod
        obedient_write b Pod=p.pod
        supd_start
}

# all_started() - the pod does not wait for those that start with it
all_started() {
        supctl start p-pod
        supctl start a b
}

# namespace_of() - UNIT NAMESPACE
namespace_of() {
        readlink "/proc/$(unit_prop "$1" MainPID)/ns/$2"
}

pod_mounts() {
        grep -c " $RUNTIME_DIR/pod/" /proc/self/mountinfo
}

new_supd_answers() {
        [[ $(supd_pid) != "$1" ]] && supd_answers
}

# ---- sharing -----------------------------------------------------------------------------------
@test "containers of a pod share network, ipc and uts namespaces, and nothing else" {
        two_members
        all_started
        unit_is p-pod running
        unit_is a running
        unit_is b running
        for namespace in net ipc uts; do
                assert_equal "$(namespace_of a $namespace)" "$(namespace_of b $namespace)"
                [[ $(namespace_of a $namespace) != "$(readlink /proc/self/ns/$namespace)" ]]
        done
        for namespace in pid mnt cgroup; do
                [[ $(namespace_of a $namespace) != "$(namespace_of b $namespace)" ]]
        done
}

@test "containers of a pod reach each other on loopback, which nobody else does" {
        two_members
        all_started
        order a 'nc -ll -p 8080 -e echo hello from a &'
        wait_until 10 eval 'ask b "nc 127.0.0.1 8080 </dev/null" | grep -q "hello from a"'
        run "$ROOTFS/bin/nc" -w 1 127.0.0.1 8080 </dev/null
        assert_no_match hello "$output"
        assert_equal lo "$(ask b 'ls /sys/class/net')"
}

@test "containers of a pod share /dev/shm and its size, and SysV and POSIX ipc" {
        two_members ShmSize=1m
        all_started
        order a 'echo shared >/dev/shm/file'
        wait_until 10 eval '[[ $(ask b "cat /dev/shm/file") == shared ]]'
        assert_equal 1024 "$(ask b "df -k /dev/shm | awk 'END { print \$2 }'")"
        assert_match noexec "$(ask a "grep ' /dev/shm ' /proc/self/mountinfo")"
        # A queue made by one is seen by the other: mqueue shows the ipc namespace.
        order a 'touch /dev/mqueue/queue'
        wait_until 10 eval '[[ $(ask b "ls /dev/mqueue") == queue ]]'
}

@test "the host name is the pod's name or HostName=, the same for all" {
        two_members
        pod_write q HostName=box
        obedient_write c Pod=q.pod
        supctl daemon-reload
        supctl start p-pod q-pod a b c
        assert_equal 'systemd-p systemd-p' "$(ask a 'hostname; echo $HOSTNAME' | xargs)"
        assert_equal systemd-p "$(ask b hostname)"
        assert_equal 'box box' "$(ask c 'hostname; echo $HOSTNAME' | xargs)"
}

@test "a volume of the pod is in each of its containers, which may mount something else there" {
        mkdir -p "$SUPD_TEST_DIR/data" "$SUPD_TEST_DIR/other"
        echo pod >"$SUPD_TEST_DIR/data/file"
        echo own >"$SUPD_TEST_DIR/other/file"
        pod_write p "Volume=$SUPD_TEST_DIR/data:/data:ro"
        obedient_write a Pod=p.pod
        obedient_write b Pod=p.pod "Volume=$SUPD_TEST_DIR/other:/data"
        supd_start
        supctl start p-pod a b
        assert_equal pod "$(ask a 'cat /data/file')"
        assert_match 'Read-only' "$(ask a 'touch /data/x')"
        assert_equal own "$(ask b 'cat /data/file')"
}

@test "Network=host and Network=ns:PATH are for all containers of the pod" {
        pod_write h Network=host
        obedient_write a Pod=h.pod
        supd_start
        supctl start h-pod a
        assert_equal "$(readlink /proc/self/ns/net)" "$(namespace_of a net)"
        pod_write n "Network=ns:/proc/$BASHPID/ns/net"
        obedient_write b Pod=n.pod
        supctl daemon-reload
        supctl start b
        assert_equal "$(readlink /proc/self/ns/net)" "$(namespace_of b net)"
        [[ $(namespace_of b uts) != "$(readlink /proc/self/ns/uts)" ]]
}

# ---- together ----------------------------------------------------------------------------------
@test "a container starts its pod, and the pod those that start with it" {
        pod_write p
        obedient_write a Pod=p.pod
        obedient_write b Pod=p.pod
        obedient_write late Pod=p.pod StartWithPod=false
        supd_start
        supctl start late
        unit_is p-pod running
        wait_until 10 unit_is a running
        wait_until 10 unit_is b running
        supctl stop p-pod
        supctl start p-pod
        wait_until 10 unit_is a running
        unit_is late dead
}

@test "a pod that stops stops its containers and takes its namespaces along" {
        two_members
        all_started
        assert_equal 4 "$(pod_mounts)"
        supctl stop p-pod
        unit_is a dead
        unit_is b dead
        unit_is p-pod dead
        assert_equal 0 "$(pod_mounts)"
        [[ ! -e $RUNTIME_DIR/pod/p-pod.service ]]
}

@test "a pod ends clean with its last container, whatever its restart policy" {
        two_members
        all_started
        assert_equal on-failure "$(unit_prop p-pod Restart)"
        order a 'exit 0'
        wait_until 10 unit_is a dead
        unit_is p-pod running
        order b 'exit 3'
        wait_until 10 unit_is p-pod dead
        assert_equal success "$(unit_prop p-pod Result)"
        assert_equal 0 "$(unit_prop p-pod NRestarts)"
        assert_equal 0 "$(pod_mounts)"
}

@test "a pod with ExitPolicy=continue outlives its containers" {
        two_members ExitPolicy=continue
        all_started
        network=$(namespace_of a net)
        supctl stop a b
        unit_is p-pod running
        assert_equal 4 "$(pod_mounts)"
        supctl start a
        assert_equal "$network" "$(namespace_of a net)"
}

@test "the only container of a pod is restarted within the pod" {
        pod_write p
        obedient_write a Pod=p.pod
        supd_start
        supctl start a
        network=$(namespace_of a net) pid=$(unit_prop a MainPID)
        supctl restart a
        unit_has_other_pid a "$pid"
        unit_is p-pod running
        assert_equal "$network" "$(namespace_of a net)"
}

@test "a container that fails is restarted in its pod and leaves the others alone" {
        pod_write p
        obedient_write a Pod=p.pod Restart=always RestartSec=0
        obedient_write b Pod=p.pod
        supd_start
        all_started
        network=$(namespace_of a net) pid=$(unit_prop a MainPID) other=$(unit_prop b MainPID)
        kill -KILL "$pid"
        wait_until 10 unit_has_other_pid a "$pid"
        wait_until 10 unit_is a running
        assert_equal "$network" "$(namespace_of a net)"
        assert_equal "$other" "$(unit_prop b MainPID)"
}

@test "a pod that is restarted restarts its containers in new namespaces" {
        two_members
        all_started
        network=$(namespace_of a net) pid=$(unit_prop a MainPID)
        supctl restart p-pod
        wait_until 10 unit_has_other_pid a "$pid"
        wait_until 10 unit_is b running
        [[ $(namespace_of a net) != "$network" ]]
        assert_equal "$(namespace_of a net)" "$(namespace_of b net)"
}

@test "pausing a pod pauses all of its containers" {
        two_members
        all_started
        supctl pause p-pod
        for unit in p-pod a b; do
                assert_equal frozen "$(unit_prop $unit FreezerState)"
        done
        run supctl pause p-pod
        assert_equal 0 "$status"
        supctl unpause p-pod
        for unit in p-pod a b; do
                assert_equal running "$(unit_prop $unit FreezerState)"
        done
        supctl pause p-pod
        supctl stop p-pod
        unit_is a dead
        unit_is p-pod dead
}

@test "a signal to a pod is one to each of its containers" {
        two_members
        all_started
        supctl kill -s KILL p-pod
        wait_until 10 unit_is a failed
        wait_until 10 unit_is b failed
        wait_until 10 unit_is p-pod dead
}

@test "a pod's StopTimeout ends what does not end by itself" {
        pod_write p StopTimeout=0
        obedient_write a Pod=p.pod StopTimeout=60
        supd_start
        supctl start p-pod a
        order a "trap '' TERM"
        # By itself, without what depends on it: the pod has to end what is in it.
        supctl stop --job-mode=ignore-dependencies p-pod
        unit_is p-pod dead
        wait_until 10 unit_is a failed
}

# ---- over the end of supd ----------------------------------------------------------------------
@test "a pod and its containers outlive supd's end and its re-execution" {
        two_members
        all_started
        network=$(namespace_of a net) pid=$(unit_prop a MainPID)
        supd=$(supd_pid)
        kill -KILL "$supd"
        wait_until 10 new_supd_answers "$supd"
        unit_is p-pod running
        assert_equal "$pid" "$(unit_prop a MainPID)"
        supctl restart b
        assert_equal "$network" "$(namespace_of b net)"
        supctl daemon-reexec
        unit_is p-pod running
        supctl restart b
        assert_equal "$network" "$(namespace_of b net)"
        assert_equal "$pid" "$(unit_prop a MainPID)"
        supctl stop a
        unit_is p-pod running
        supctl stop b
        wait_until 10 unit_is p-pod dead
        assert_equal 0 "$(pod_mounts)"
}

@test "a paused pod is paused for the next supd, too" {
        two_members
        all_started
        supctl pause p-pod
        supd=$(supd_pid)
        kill -KILL "$supd"
        wait_until 10 new_supd_answers "$supd"
        assert_equal frozen "$(unit_prop p-pod FreezerState)"
        assert_equal frozen "$(unit_prop a FreezerState)"
        supctl unpause p-pod
        assert_equal running "$(unit_prop a FreezerState)"
}

@test "containers that end while supd is away end their pod" {
        two_members
        all_started
        supd=$(supd_pid) a=$(unit_prop a MainPID) b=$(unit_prop b MainPID)
        kill -STOP "$supd"
        kill -KILL "$a" "$b"
        kill -KILL "$supd"
        wait_until 10 new_supd_answers "$supd"
        wait_until 10 unit_is p-pod dead
        assert_equal 0 "$(pod_mounts)"
}

@test "namespaces of a pod that is no more are cleared away" {
        supd_start
        mkdir -p "$RUNTIME_DIR/pod/gone-pod.service/shm"
        touch "$RUNTIME_DIR/pod/gone-pod.service/net"
        mount --bind /proc/self/ns/net "$RUNTIME_DIR/pod/gone-pod.service/net"
        mount -t tmpfs shm "$RUNTIME_DIR/pod/gone-pod.service/shm"
        supctl daemon-reexec
        assert_equal 0 "$(pod_mounts)"
        [[ ! -e $RUNTIME_DIR/pod/gone-pod.service ]]
}

# ---- templates, mistakes -----------------------------------------------------------------------
@test "instances of a pod are pods of their own, with the instances of its containers" {
        pod_write p@
        obedient_write c@ Pod=p@.pod
        supd_start
        supctl start c@one c@two
        unit_is p-pod@one running
        unit_is p-pod@two running
        assert_equal systemd-p-one "$(cat "/proc/$(unit_prop c@one MainPID)/environ" | tr '\0' '\n' | sed -n s/HOSTNAME=//p)"
        [[ $(namespace_of c@one net) != "$(namespace_of c@two net)" ]]
        supctl stop c@one
        wait_until 10 unit_is p-pod@one dead
        unit_is p-pod@two running
        supctl stop p-pod@two
        unit_is c@two dead
}

@test "a pod that can't be made fails, and its containers say why they do not start" {
        pod_write p Network=ns:/nonexistent Service.Restart=no
        obedient_write a Pod=p.pod
        supd_start
        run supctl start a
        assert_equal 1 "$status"
        assert_equal failed "$(unit_prop p-pod ActiveState)"
        assert_match 'join the network namespace /nonexistent: No such file' "$(supctl status p-pod)"
        unit_is a dead
        assert_equal 0 "$(pod_mounts)"
}

@test "a pod must not have the name of a container" {
        pod_write p PodName=same Service.Restart=no
        obedient_write a ContainerName=same
        supd_start
        run supctl start p-pod
        assert_equal 1 "$status"
        assert_match "the pod's name 'same' is that of the container of a.service" "$output"
}

@test "a pod's status shows its containers, and theirs shows the pod" {
        two_members Label=tier=web
        all_started
        assert_equal 'a.service b.service' "$(unit_prop p-pod PodMembers | tr ' ' '\n' | sort | xargs)"
        assert_equal p-pod.service "$(unit_prop a Pod)"
        assert_equal systemd-p "$(unit_prop p-pod PodName)"
        assert_match tier=web "$(unit_prop p-pod Labels)"
        status=$(supctl status p-pod)
        assert_match 'a\.service' "$status"
        assert_match 'b\.service' "$status"
        assert_match 'p-pod\.service' "$(supctl status a)"
}
