# SPDX-License-Identifier: MIT
# A power cut or a kill at any moment: every image is whole or absent, and what was reported done is there.
#
# Power cuts: the store is on an ext4 of its own, on a loop device. At each sync point and after each rename
# the device's content is copied: what was not synced is not in it, since the kernel writes nothing back by
# itself in so short a time. Each copy is then mounted, as after a cut.
load ../lib/supd
load ../lib/image

DISK_SIZE=48M
EVENTS=100 # and 101: see tests/lib/power-cut.c

PRELOAD=$SUPD_TEST_DIR/power-cut.so

setup() {
        [[ -e $PRELOAD ]] || ${CC:-cc} -Wall -Wextra -O1 -shared -fPIC -D_GNU_SOURCE -o "$PRELOAD" \
                "$BATS_TEST_DIRNAME/../lib/power-cut.c"
        mkdir -p "$WORK"
        cd "$WORK" || return
        mkdir mnt snap
        image_make a b
}

teardown() {
        cd /
        # The loop devices go with their mounts.
        umount "$WORK/mnt" 2>/dev/null
        umount "$WORK/cut" 2>/dev/null
        rm -rf "$WORK"
}

# in_disk() - supd-image with the store on the disk
in_disk() {
        supd-image --state-dir "$WORK/mnt/state" "$@"
}

disk_make() {
        truncate -s "$DISK_SIZE" disk
        # No space held back and no lazy work in the background: what is written is written by us.
        mkfs.ext4 -q -m 0 -E lazy_itable_init=0,lazy_journal_init=0 disk
        mount -o loop,noatime disk mnt
        : >required
}

# preload() - supd-image watched; the sanitizers' library would rather be first
preload() {
        ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 LD_PRELOAD=$PRELOAD "$@"
}

# snapshot() - one more copy of the disk, unless it is as it was
snapshot() {
        if [[ $n_snapshots -gt 0 ]] && cmp -s disk "snap/$n_snapshots.disk"; then
                # Nothing has become durable since; but more may have been reported.
                reported | sort -u >"snap/$n_snapshots.required"
                return 0
        fi
        n_snapshots=$((n_snapshots + 1))
        cp --sparse=always disk "snap/$n_snapshots.disk"
        reported | sort -u >"snap/$n_snapshots.required"
}

# reported() - names that are done: by an operation that makes some
reported() {
        cat required
        [[ $taking ]] || sed -n 's/^NAME=//p' answer 2>/dev/null
}

# watched() - run an operation and take the snapshots; "-NAME" first: this name is on its way out
watched() {
        local event taking=
        [[ $1 != -* && $1 != prune ]] || taking=yes
        while [[ $1 == -* ]]; do
                grep -v -x "${1#-}" required >kept || true
                mv kept required
                shift
        done
        [[ -p events ]] || mkfifo events answers
        eval "exec $EVENTS<>events $((EVENTS + 1))<>answers"
        : >answer
        (
                POWER_CUT_FD=$EVENTS preload supd-image --state-dir "$WORK/mnt/state" "$@" >answer 2>errors
                echo $? >status
                printf E >&$EVENTS
        ) 3>&- &
        while IFS= read -r -N 1 -t 30 -u $EVENTS event && [[ $event != E ]]; do
                snapshot
                printf . >&$((EVENTS + 1))
        done
        wait $!
        snapshot
        reported | sort -u >now
        mv now required
        eval "exec $EVENTS>&- $((EVENTS + 1))>&-"
        [[ $(<status) == 0 ]] || { cat errors >&2 && return 1; }
}

# names_are_whole() - what supd would see at the next start: before anything was put right
names_are_whole() {
        local store=$1 name manifest record layer
        [[ -e $store/image/.supd/names ]] || return 0
        while read -r name manifest; do
                record=$store/image/.supd/record/${manifest#sha256:}
                assert_equal "SUM=$(head -n -1 "$record" | sha256sum | cut -d ' ' -f 1)" "$(tail -n 1 "$record")"
                while read -r layer; do
                        [[ -d $store/layer/$layer ]] || fail "layer $layer of $name is missing" || return
                done < <(sed -n 's/^LAYER=//p' "$record")
        done < <(sed -n 's/^NAME=//p' "$store/image/.supd/names" | paste -d ' ' - <(sed -n 's/^MANIFEST=//p' "$store/image/.supd/names"))
}

# cut_is_survived() - mount snapshot N as after a power cut
cut_is_survived() {
        local name result=0
        mkdir -p cut
        mount -o loop,noatime "snap/$1.disk" cut
        survivors "$1" || result=1
        umount cut
        rm "snap/$1.disk"
        ((result == 0)) || fail "snapshot $1 of $n_snapshots"
}

survivors() {
        names_are_whole cut/state || return
        # Before the store was there nothing is required of it; the directories may be half made.
        supd-image --state-dir cut/state check --repair >found || { cat found >&2 && return 1; }
        if grep -E '^(DAMAGED_(BLOB|LAYER|IMAGE|USE)|MISSING_|UNVERIFIED)' found >&2; then
                return 1
        fi
        supd-image --state-dir cut/state ls >listed || return
        ! grep '^DAMAGED=' listed >&2 || return
        while read -r name; do
                grep -q -x "NAME=$name" listed || fail "'$name' was reported done and is lost" || return
        done <"snap/$1.required"
}

all_cuts_are_survived() {
        local i
        [ "$n_snapshots" -ge "$1" ] || fail "only $n_snapshots snapshots were taken"
        for ((i = 1; i <= n_snapshots; i++)); do
                cut_is_survived "$i" || return
        done
}

@test "a power cut at any sync point of load, tag and import loses nothing that was reported" {
        n_snapshots=0
        disk_make
        watched load oci:layout:a --name a
        watched tag a t
        watched load oci:layout:b --name b
        xz -k base.tar
        watched import base.tar.xz i
        all_cuts_are_survived 30
}

@test "a power cut at any sync point of rm and prune leaves every image whole or absent" {
        n_snapshots=0
        disk_make
        in_disk load oci:layout:a --name a
        in_disk load oci:layout:b --name b
        in_disk tag a t
        in_disk import base.tar i
        printf 'docker.io/library/%s:latest\n' a b t i >required
        sync -f mnt
        watched -docker.io/library/a:latest rm a
        watched -docker.io/library/t:latest rm t
        watched -docker.io/library/i:latest rm i
        watched load oci:layout:a --name a
        : >required # all of it may go
        watched prune --all
        all_cuts_are_survived 10
}

@test "the same tests find what a store that does not sync would lose" {
        n_snapshots=0
        disk_make
        sync -f mnt
        POWER_CUT_NOSYNC=1 watched load oci:layout:a --name a
        run all_cuts_are_survived 1
        [ "$status" -ne 0 ]
        assert_match 'reported done and is lost|No such file' "$output"
        umount cut 2>/dev/null || true
}

# ---- kills -------------------------------------------------------------------------------------
# killed_everywhere() - VERB... killed before its Nth step, for each N, always from the same store; NAMES
# of it that must stay are in $stay
killed_everywhere() {
        local n name done_at=0
        for ((n = 1; n < 400; n++)); do
                rm -rf "$STATE" saved.tar
                cp -a before "$STATE"
                if POWER_CUT_KILL=$n POWER_CUT_FD=$EVENTS preload supd-image --state-dir "$STATE" "$@" >answer 2>errors; then
                        done_at=$n
                        break
                fi
                grep -q 'died of signal 9' errors || { cat errors >&2 && fail "step $n" || return; }
                [[ ! -e saved.tar ]] || fail 'half an archive was left' || return
                names_are_whole "$STATE" || fail "step $n" || return
                image check --repair >found || { cat found >&2 && fail "step $n" || return; }
                ! grep -E '^(DAMAGED_(BLOB|LAYER|IMAGE|USE)|MISSING_|UNVERIFIED)' found >&2 || fail "step $n" || return
                store_names >listed
                for name in $stay; do
                        grep -q "^docker.io/library/$name:latest sha256:" listed || fail "$name is lost at step $n" || return
                done
                # A killed run holds nothing: the next one does all of it. Each fifth time, for it takes as long.
                ((n % 5 == 0)) || continue
                supd-image --state-dir "$STATE" "$@" >answer 2>errors || grep -q 'no such image' errors || { cat errors >&2 && fail "after step $n" || return; }
                image prune >/dev/null
                assert_equal '' "$(find "$STATE/layer/.work" "$STATE/image/.supd/work" -mindepth 1)" || return
        done
        [ "$done_at" -ge "$least" ] || fail "only $done_at steps"
}

kill_setup() {
        eval "exec $EVENTS</dev/null"
        image load oci:layout:a --name a
        image import base.tar i
        image tag a t
        cp -a "$STATE" before
}

@test "a load or an import that is killed at any step harms nothing" {
        kill_setup
        stay='a i t' least=10 killed_everywhere load oci:layout:b --name b
        zstd -q base.tar
        stay='a i t' least=10 killed_everywhere import base.tar.zst x
}

@test "an rm or a prune that is killed at any step harms nothing" {
        kill_setup
        stay='i t' least=4 killed_everywhere rm a
        stay='a t' least=8 killed_everywhere rm i
        stay='' least=12 killed_everywhere prune --all
}

@test "a tag or a save that is killed at any step harms nothing" {
        kill_setup
        stay='a i t' least=6 killed_everywhere tag a x y
        stay='a i t' least=2 killed_everywhere save a i --output saved.tar
}

@test "a full file system can still be pruned" {
        mkdir -p "$STATE"
        mount -t tmpfs -o size=4m tmpfs "$STATE"
        image load oci:layout:a --name a
        image load oci:layout:b --name b
        cat /dev/zero >"$STATE/fill" 2>/dev/null || true
        run image rm a
        assert_equal 0 "$status"
        assert_equal docker.io/library/b:latest "$(store_names | cut -d ' ' -f 1)"
        cat /dev/zero >>"$STATE/fill" 2>/dev/null || true
        run image prune --all
        assert_equal 0 "$status"
        umount "$STATE"
}
