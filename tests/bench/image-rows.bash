# SPDX-License-Identifier: MIT
#
# Loading an image: what `run` measures of supd-image, and the tools that need no daemon. Sourced within the
# namespaces, by `peers` too. $BENCH_DISK is a directory on a disk, made and removed by who stays outside. On
# it is the image, and a file with a file system that each run has for itself, empty: ext4 takes its time to
# use an inode again that went a moment ago, which would be the next one's loss.
#
# supd-image answers when all is on disk, and keeps the blobs beside the layers. tar, umoci, skopeo, podman
# and docker answer while most of it is still in memory: hence a second figure of tar with a sync behind it,
# and the same rows in memory, where a sync costs nothing.

image_tar='tar -xz of the layers, one after another'

# fresh_disk() - an empty file system of 4 GiB on $BENCH_DISK/fresh
fresh_disk() {
        local file=$BENCH_DISK/file-system
        mkdir -p "$BENCH_DISK/fresh"
        ! mountpoint -q "$BENCH_DISK/fresh" || umount "$BENCH_DISK/fresh" || return
        # A file of its own: a daemon that has gone may have left a copy of the last one's mount somewhere, and
        # its content would come back. Allocated, so that the file system below decides nothing meanwhile.
        rm -f "$file"
        fallocate -l 4G "$file" || return
        mkfs.ext4 -q -F -E nodiscard,lazy_itable_init=0 "$file" >/dev/null || return
        # Past the page cache of the file: what is synced is on the disk.
        mount -o loop "$file" "$BENCH_DISK/fresh" || return
        losetup --direct-io=on "$(findmnt --noheadings --output SOURCE "$BENCH_DISK/fresh")" 2>/dev/null
        sync --file-system "$BENCH_DISK/fresh" && sync --file-system "$BENCH_DISK"
}

fresh_memory() {
        rm -rf "$BENCH_DIR/ram"/*
}

# image_round() - ROW DIRECTORY WHO HOW [ARGUMENT]
image_round() {
        local row=$1 directory=$2 who=$3
        shift 3
        round "$row" "$who" meter command --runs 1 "$here/image-once" "$BENCH_DISK/image" "$directory" "$@"
}

# image_rows() - ROW DIRECTORY RUNS PREPARE: in turns; PREPARE makes the directory empty
image_rows() {
        local row=$1 directory=$2 n=$3 prepare=$4 i who
        local -A how=(
                ["$image_tar"]='tar'
                ['the same, synced']='tar-synced'
                ['umoci raw unpack (oci)']='umoci'
                ['skopeo copy + umoci raw unpack (docker-archive)']='skopeo-umoci'
                ['supd-image, oci: gzip']='supd oci:oci:v1'
                ['supd-image, oci: zstd']='supd oci:zstd:v1'
                ['supd-image, oci-archive: gzip']='supd oci-archive:oci.tar'
                ['supd-image, docker-archive: plain']='supd docker-archive:docker.tar'
                ['supd-image, docker-archive by a pipe']='supd-pipe'
        )
        local order=("$image_tar" 'the same, synced' 'umoci raw unpack (oci)'
                'skopeo copy + umoci raw unpack (docker-archive)' 'supd-image, oci: gzip' 'supd-image, oci: zstd'
                'supd-image, oci-archive: gzip' 'supd-image, docker-archive: plain'
                'supd-image, docker-archive by a pipe')

        for ((i = 0; i < n; i++)); do
                for who in "${order[@]}"; do
                        "$prepare" || {
                                no_figure "$row" supd-image absent 'no file system to load into (a loop device)'
                                return
                        }
                        # shellcheck disable=SC2086 # a word or two
                        image_round "$row" "$directory" "$who" ${how[$who]}
                done
        done
        rounds_done "$row" "$image_tar"
        for who in "${order[@]:1}"; do
                if [[ $who == supd* ]]; then
                        rounds_done "$row" "$who" "$row/$image_tar" 'ratio 1'
                else
                        rounds_done "$row" "$who" "$row/$image_tar"
                fi
        done
}

# pss_of_all() - KiB of all processes with command name $1 together
pss_of_all() {
        local file
        for file in /proc/[0-9]*/comm; do
                [[ $(<"$file") != "$1" ]] || cat "${file%comm}smaps_rollup"
        done 2>/dev/null | awk '/^Pss:/ { n += $2 } END { print n + 0 }'
}

# image_memory() - WHO SOURCE: the highest that all processes of a load had together, several times a second
image_memory() {
        local who=$1 directory=$BENCH_DIR/memory-load pid now peak=0 n=0
        progress "image-memory: $who"
        mkdir -p "$directory"
        (cd "$BENCH_DISK/image" && exec supd-image --state-dir "$directory" load "$2" >/dev/null 2>"$BENCH_DIR/said") &
        pid=$!
        while kill -0 "$pid" 2>/dev/null; do
                now=$(pss_of_all supd-image)
                peak=$((now > peak ? now : peak))
                n=$((n + 1))
        done
        if wait "$pid"; then
                record image-memory "$who" KiB "$peak $peak $peak $n" - 'below 65536'
        else
                no_figure image-memory "$who" failed "$(tail -n 1 "$BENCH_DIR/said")"
        fi
        rm -rf "$directory"
}

measure_images() {
        local n kib
        wants image || wants image-ram || wants image-memory || return 0
        progress 'image: making it'
        "$here/image-make" "$BENCH_DISK/image" "$(runs 1000000 100000)" >"$BENCH_DIR/said" 2>&1 || {
                no_figure image supd-image absent "no image to load: $(tail -n 1 "$BENCH_DIR/said")"
                return
        }
        kib=$(du -sk "$BENCH_DISK/image/docker.tar" | cut -f 1)
        n=$(runs 5 2)
        ! wants image || image_rows image "$BENCH_DISK/fresh" "$n" fresh_disk
        # Its own: the store, its blobs and what a pipe is spooled to.
        mkdir -p "$BENCH_DIR/ram"
        mount -t tmpfs -o mode=700,size=$((kib * 4))k tmpfs "$BENCH_DIR/ram"
        ! wants image-ram || image_rows image-ram "$BENCH_DIR/ram" "$n" fresh_memory
        umount "$BENCH_DIR/ram"
        if wants image-memory; then
                image_memory 'oci: gzip' oci:oci:v1
                image_memory 'oci: zstd' oci:zstd:v1
                image_memory 'docker-archive: plain' docker-archive:docker.tar
                image_memory "a layer of $(runs 1000000 100000) entries" oci:oci:many
        fi
}
