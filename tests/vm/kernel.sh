# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# The machine is what the other tests take it for: cgroup v2 alone, on a kernel older than the newest.
# shellcheck source=tests/vm/guest/lib.sh
. /lib.sh

cgroup_v2_is_alone() {
        grep -q ' /sys/fs/cgroup cgroup2 ' /proc/mounts
        not grep -q ' cgroup ' /proc/mounts
        for controller in cpu io memory pids; do
                grep -qw "$controller" /sys/fs/cgroup/delegate/cgroup.controllers
        done
}

overlay_mounts() {
        mkdir -p /tmp/o/lower /tmp/o/upper /tmp/o/work /tmp/o/merged
        echo kept >/tmp/o/lower/file
        mount -t overlay overlay -o lowerdir=/tmp/o/lower,upperdir=/tmp/o/upper,workdir=/tmp/o/work \
                /tmp/o/merged
        echo changed >/tmp/o/merged/file
        [ "$(cat /tmp/o/lower/file)" = kept ]
        umount /tmp/o/merged
}

programs_run() {
        supd --version
        supctl --version
        supinit --version
}

check 'cgroup v2 is the only hierarchy and has the controllers' cgroup_v2_is_alone
check 'the kernel can mount an overlay' overlay_mounts
check 'supd, supctl and supinit run with the libraries that they were given' programs_run
finish
