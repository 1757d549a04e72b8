# SPDX-License-Identifier: MIT
# supd-image against Debian's docker-registry, with TLS and a login.
load ../lib/supd

STATE=$SUPD_TEST_DIR/tmp/state
WORK=$SUPD_TEST_DIR/tmp/work
IMAGE=localhost:5000/team/app:v1

setup_file() {
        mkdir -p "$WORK"
        cd "$WORK" || return
        make_image
        make_certificates
        htpasswd -Bbn user s3cret >htpasswd
        registry 5000 served
        wait_until 20 serves 5000
        push layout:v1 "$IMAGE"
        push layout:v2 localhost:5000/team/app:v2
        push layout:v1 localhost:5000/team/schema2:v1 --format v2s2
        push_index
}

teardown_file() {
        local pid
        for pid in $(cat "$WORK"/pid.*); do
                kill -KILL "$pid" 2>/dev/null || true
        done
        rm -rf "$WORK"
}

setup() {
        cd "$WORK" || return
        mkdir -p "$STATE"
}

teardown() {
        if mountpoint -q "$STATE"; then
                umount "$STATE"
        fi
        if [[ -s pid.mine ]]; then
                kill -KILL "$(cat pid.mine)" 2>/dev/null || true
                rm -f pid.mine
        fi
        cd / && rm -rf "$STATE" "$WORK/mine"
}

# make_image() - layout:v1 with three layers; v2 with one more
make_image() {
        local i
        umoci init --layout layout
        umoci new --image layout:v1
        for i in 1 2 3; do
                mkdir "root$i"
                head -c "${i}000000" /dev/urandom >"root$i/data$i"
                tar -C "root$i" -cf "layer$i.tar" .
                umoci raw add-layer --image layout:v1 "layer$i.tar"
        done
        umoci tag --image layout:v1 v2
        mkdir root4
        echo new >root4/new
        tar -C root4 -cf layer4.tar .
        umoci raw add-layer --image layout:v2 layer4.tar
}

make_certificates() {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt \
                -days 2 -subj /CN=authority
        local name
        for name in server client; do
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key \
                        -out $name.csr -subj /CN=$name
                openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
                        -out $name.crt -extfile <(echo subjectAltName=DNS:localhost,IP:127.0.0.1)
        done
        mkdir -p certs.d/localhost:5000
        cp ca.crt certs.d/localhost:5000/
        printf 'user:s3cret\n' >creds
        printf '{"auths":{"localhost:5000":{"auth":"%s"}}}' "$(printf user:s3cret | base64)" >auth.json
}

# registry() - PORT DIRECTORY [LINE OF THE HTTP SECTION]; plain: without TLS and login
registry() {
        local tls=", tls: {certificate: $WORK/server.crt, key: $WORK/server.key ${3-}}"
        local auth="auth: {htpasswd: {realm: test, path: $WORK/htpasswd}}"
        if [[ ${3-} == plain ]]; then
                tls='' auth=
        fi
        mkdir -p "$2"
        printf '%s\n' 'version: 0.1' 'log: {level: error, accesslog: {disabled: false}}' \
                "storage: {filesystem: {rootdirectory: $WORK/$2}}" \
                "http: {addr: \"localhost:$1\" $tls}" "$auth" >"config.$1.yml"
        docker-registry serve "config.$1.yml" >"log.$1" 2>&1 3>&- &
        echo $! >"pid.$1"
}

# serves() - something answers on that port
serves() {
        (: <"/dev/tcp/localhost/$1") 2>/dev/null
}

push() {
        skopeo copy -q --dest-tls-verify=false --dest-creds user:s3cret "${@:3}" "oci:$1" "docker://$2"
}

# push_index() - team/multi:v1, an index of two machines
push_index() {
        local arch
        for arch in amd64 arm64; do
                umoci tag --image layout:v1 "$arch"
                umoci config --image "layout:$arch" --architecture "$arch"
                push "layout:$arch" "localhost:5000/team/multi:$arch"
        done
        manifest() {
                skopeo inspect --raw --tls-verify=false --creds user:s3cret \
                        "docker://localhost:5000/team/multi:$1" >"manifest.$1"
                printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":%d,"digest":"sha256:%s","platform":{"os":"linux","architecture":"%s"}}' \
                        "$(stat -c %s "manifest.$1")" "$(sha256sum <"manifest.$1" | cut -d' ' -f1)" "$1"
        }
        printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s,%s]}' \
                "$(manifest amd64)" "$(manifest arm64)" >index.json
        curl -fsk -u user:s3cret -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' \
                --data-binary @index.json https://localhost:5000/v2/team/multi/manifests/v1
}

bare() {
        supd-image --state-dir "$STATE" "$@"
}

pull() {
        bare --cert-dir certs.d --creds-file creds --retry-delay 10ms pull "$@"
}

record() {
        sed -n "s/^$1=//p" <<<"$output"
}

# asked() - how often the registry on port $1 answered what matches $2
asked() {
        grep -c "\"$2" "log.$1"
}

# blobs() - names of the blobs of an OCI layout that are no index
blobs() {
        (cd "$1/blobs/sha256" && find . -type f -printf '%f\n' | sort)
}

@test "what is pulled is what skopeo copies" {
        run pull "$IMAGE"
        assert_equal 0 "$status"
        assert_equal yes "$(record PULLED)"
        assert_equal "$IMAGE" "$(record NAME)"
        assert_equal 3 "$(record LAYER_STATE | grep -c '^done$')"
        skopeo copy -q --src-tls-verify=false --src-creds user:s3cret "docker://$IMAGE" "oci:$WORK/mine:v1"
        diff <(blobs mine) <(blobs "$STATE/image")
        for i in 1 2 3; do
                cmp "root$i/data$i" "$STATE"/layer/*/"data$i"
        done
        run bare check
        assert_equal 0 "$status"
}

@test "an image of Docker's format is kept as an OCI image, with the same id" {
        run pull localhost:5000/team/schema2:v1
        assert_equal 0 "$status"
        id=$(record ID)
        skopeo copy -q "oci:$STATE/image:localhost:5000/team/schema2:v1" "oci:$WORK/mine:v1"
        assert_equal "$id" "$(jq -r .config.digest "mine/blobs/sha256/$(jq -r '.manifests[0].digest' mine/index.json | cut -d: -f2)")"
        # The registry's digest is remembered, so that this is no news.
        run pull --policy newer localhost:5000/team/schema2:v1
        assert_equal no "$(record PULLED)"
}

@test "of an index the image for the wanted machine is taken" {
        run pull --arch arm64 localhost:5000/team/multi:v1
        assert_equal 0 "$status"
        assert_equal "sha256:$(sha256sum <manifest.arm64 | cut -d' ' -f1)" "$(record IMAGE)"
        # Another machine's is not the one that is wanted here.
        run pull --arch amd64 localhost:5000/team/multi:v1
        assert_equal yes "$(record PULLED)"
        run pull --arch amd64 localhost:5000/team/multi:v1
        assert_equal no "$(record PULLED)"
        run pull --policy newer --arch amd64 localhost:5000/team/multi:v1
        assert_equal no "$(record PULLED)"
        run pull --arch s390x localhost:5000/team/multi:v1
        assert_equal 1 "$status"
        assert_match 'no image for linux/s390x' "$output"
        run pull "localhost:5000/team/multi@sha256:$(sha256sum <index.json | cut -d' ' -f1)"
        assert_equal 0 "$status"
}

@test "each policy asks the registry as it should" {
        run pull --policy never "$IMAGE"
        assert_equal 1 "$status"
        assert_match 'is not here, and may not be pulled' "$output"
        pull --name example.com/app:1 "$IMAGE"
        before=$(wc -l <log.5000)
        run pull --policy missing --name example.com/app:1 "$IMAGE"
        assert_equal no "$(record PULLED)"
        run pull --policy never --name example.com/app:1 "$IMAGE"
        assert_equal no "$(record PULLED)"
        assert_equal "$before" "$(wc -l <log.5000)"
        run pull --policy newer --name example.com/app:1 "$IMAGE"
        assert_equal no "$(record PULLED)"
        run pull --policy always --name example.com/app:1 "$IMAGE"
        assert_equal no "$(record PULLED)"
        # The tag moves.
        run pull --policy newer --name example.com/app:1 localhost:5000/team/app:v2
        assert_equal yes "$(record PULLED)"
        # Its lower layers were here.
        assert_equal 3 "$(record LAYER_STATE | grep -c '^present$')"
}

@test "logins come from podman's and Docker's files, and stay out of sight" {
        run bare --cert-dir certs.d pull "$IMAGE"
        assert_equal 1 "$status"
        assert_equal access-denied "$(record ERROR_CODE)"
        run bare --cert-dir certs.d --auth-file auth.json pull "$IMAGE"
        assert_equal 0 "$status"
        rm -rf "${STATE:?}"/*
        mkdir -p mine/.docker mine/run/containers
        cp auth.json mine/.docker/config.json
        HOME=$WORK/mine run bare --cert-dir certs.d pull "$IMAGE"
        assert_equal 0 "$status"
        rm -rf "${STATE:?}"/*
        # systemd sets no HOME for services of root's.
        mount --bind mine /root
        HOME='' run bare --cert-dir certs.d pull "$IMAGE"
        umount /root
        assert_equal 0 "$status"
        rm -rf "${STATE:?}"/*
        DOCKER_CONFIG=$WORK/mine/.docker run bare --cert-dir certs.d pull "$IMAGE"
        assert_equal 0 "$status"
        rm -rf "${STATE:?}"/*
        cp auth.json mine/run/containers
        XDG_RUNTIME_DIR=$WORK/mine/run run bare --cert-dir certs.d pull "$IMAGE"
        assert_equal 0 "$status"
        rm -rf "${STATE:?}"/*
        REGISTRY_AUTH_FILE=$WORK/auth.json run bare --cert-dir certs.d pull "$IMAGE"
        assert_equal 0 "$status"
        rm -rf "${STATE:?}"/*
        run bare --cert-dir certs.d --creds-file <(echo user:wrong) pull "$IMAGE"
        assert_equal 1 "$status"
        assert_no_match wrong "$output"
        printf '{"auths":{},"credHelpers":{"localhost:5000":"thing"}}' >mine/config.json
        run bare --cert-dir certs.d --auth-file mine/config.json pull "$IMAGE"
        assert_equal 1 "$status"
        assert_match 'NOTICE=.*docker-credential-thing, which is not run' "$output"
        printf '{"auths":{"s3cret"' >mine/config.json
        run bare --cert-dir certs.d --auth-file mine/config.json pull "$IMAGE"
        assert_equal 1 "$status"
        assert_match "'mine/config.json' is no valid JSON" "$output"
        assert_no_match s3cret "$output"
}

@test "the registry's certificate has to be right, unless it is said to be insecure" {
        run bare --creds-file creds pull "$IMAGE"
        assert_equal 1 "$status"
        assert_match 'certificate.*/etc/supd/certs\.d/localhost:5000/ca\.crt' "$output"
        run bare --creds-file creds --tls-verify no pull "$IMAGE"
        assert_equal 0 "$status"
        rm -rf "${STATE:?}"/*
        echo INSECURE_REGISTRY=localhost:5000 >settings
        run bare --settings settings --creds-file creds pull "$IMAGE"
        assert_equal 0 "$status"
        run bare --settings settings --tls-verify yes --policy newer --creds-file creds pull "$IMAGE"
        assert_match 'certificate' "$output"
        rm -rf "${STATE:?}"/*
        echo "CERT_DIR=$WORK/certs.d" >settings
        run bare --settings settings --creds-file creds pull "$IMAGE"
        assert_equal 0 "$status"
        rm -rf "${STATE:?}"/*
        mkdir mine && cp ca.crt mine
        run bare --cert-dir mine --creds-file creds pull "$IMAGE"
        assert_equal 0 "$status"
        run bare --cert-dir nosuch --creds-file creds pull "$IMAGE"
        assert_equal 1 "$status"
        assert_match "'nosuch': No such file" "$output"
}

@test "a certificate of our own is shown where the registry wants one" {
        registry 5001 served ", clientcas: [$WORK/ca.crt]"
        mv pid.5001 pid.mine
        wait_until 20 serves 5001
        mkdir mine
        cp ca.crt mine
        run bare --cert-dir mine --creds-file creds --retry 0 pull localhost:5001/team/app:v1
        assert_equal 1 "$status"
        cp client.crt mine/client.cert
        cp client.key mine/client.key
        chmod 600 mine/client.key
        run bare --cert-dir mine --creds-file creds --retry 0 pull localhost:5001/team/app:v1
        assert_equal 0 "$status"
}

@test "a registry that speaks http has to be said to be insecure" {
        registry 5002 served plain
        mv pid.5002 pid.mine
        wait_until 20 serves 5002
        run bare --retry 0 pull localhost:5002/team/app:v1
        assert_equal 1 "$status"
        assert_match 'plain HTTP, which InsecureRegistries=' "$output"
        echo INSECURE_REGISTRY=localhost:5002 >settings
        run bare --settings settings pull localhost:5002/team/app:v1
        assert_equal 0 "$status"
}

@test "mirrors come first, the registry when they fail" {
        registry 5003 mirrored plain
        mv pid.5003 pid.mine
        wait_until 20 serves 5003
        skopeo copy -q --dest-tls-verify=false oci:layout:v1 docker://localhost:5003/cache/team/app:v1
        printf '%s\n' INSECURE_REGISTRY=localhost:5003 'MIRROR=localhost:5000 localhost:1/nothing' \
                'MIRROR=localhost:5000 localhost:5003/cache' 'MIRROR=example.com localhost:2' >settings
        before=$(wc -l <log.5000)
        run bare --settings settings --retry 0 pull "$IMAGE"
        assert_equal 0 "$status"
        assert_equal "$IMAGE" "$(record NAME)"
        assert_match 'NOTICE=mirror localhost:1 is of no use, trying localhost:5003' "$output"
        assert_equal "$before" "$(wc -l <log.5000)"
        # What the mirror does not have the registry does; the login is not for the mirror.
        run bare --settings settings --retry 0 --cert-dir certs.d --creds-file creds pull localhost:5000/team/app:v2
        assert_equal 0 "$status"
        assert_match 'NOTICE=mirror localhost:5003 is of no use, trying localhost:5000: .*404' "$output"
}

@test "a short name is looked for where the settings say, and it is told which it was" {
        printf 'SEARCH_REGISTRY=localhost:1\nSEARCH_REGISTRY=localhost:5000\n' >settings
        run bare --settings settings --retry 0 --cert-dir certs.d --auth-file auth.json pull team/app:v1
        assert_equal 0 "$status"
        assert_equal "$IMAGE" "$(record NAME)"
        assert_match "NOTICE='team/app:v1' is taken for $IMAGE" "$output"
        run bare --settings settings pull team/app:v1
        assert_equal no "$(record PULLED)"
        run bare --settings settings --creds-file creds pull team/app:v1
        assert_equal 1 "$status"
        assert_match 'does not say which registry' "$output"
}

@test "pulls that are killed at any moment leave a store that the next one completes" {
        for ((i = 1; i <= 12; i++)); do
                supd-image --state-dir "$STATE" --cert-dir certs.d --creds-file creds pull "$IMAGE" \
                        >out 2>&1 3>&- &
                pid=$!
                # The moment is that of an event: the i-th line that it tells.
                wait_until 10 bash -c "[[ \$(grep -c ^LAYER_STATE out) -ge $i ]] || ! kill -0 $pid 2>/dev/null"
                kill -KILL $pid 2>/dev/null || true
                wait $pid || true
        done
        run pull "$IMAGE"
        assert_equal 0 "$status"
        run bare check
        assert_equal 0 "$status"
        assert_equal 5 "$(record CHECKED_BLOBS)"
        assert_equal 3 "$(record CHECKED_LAYERS)"
        assert_equal '' "$(find "$STATE/image/.supd/partial" "$STATE/image/.supd/work" "$STATE/layer/.work" -mindepth 1)"
}

@test "pulls at once of the same image fetch each blob once" {
        before=$(asked 5000 'GET /v2/team/app/blobs/.* 200 ')
        pids=()
        for i in 1 2 3 4; do
                pull "$IMAGE" >"out.$i" 2>&1 3>&- &
                pids+=($!)
        done
        wait "${pids[@]}"
        for i in 1 2 3 4; do
                grep -q "^NAME=$IMAGE" "out.$i"
        done
        assert_equal 4 "$(($(asked 5000 'GET /v2/team/app/blobs/.* 200 ') - before))"
        run bare check
        assert_equal 0 "$status"
}

@test "a full disk fails the pull, gets its space back, and harms nothing that is there" {
        mount -t tmpfs -o size=9m tmpfs "$STATE"
        mkdir mine && umoci init --layout mine/layout && umoci new --image mine/layout:v1
        bare load oci:mine/layout:v1 --name small
        used=$(df --output=used "$STATE" | tail -1)
        run pull "$IMAGE"
        assert_equal 1 "$status"
        assert_match 'No space left on device' "$output"
        assert_equal "$used" "$(df --output=used "$STATE" | tail -1)"
        run bare check
        assert_equal 0 "$status"
}

@test "a damaged blob is fetched again alone" {
        pull "$IMAGE"
        layer=$(cd "$STATE/image/blobs/sha256" && ls -S | head -1)
        echo damage >>"$STATE/image/blobs/sha256/$layer"
        before=$(asked 5000 'GET ')
        run bare check --repair --cert-dir certs.d --auth-file auth.json
        assert_equal 0 "$status"
        assert_equal "sha256:$layer" "$(record REPAIRED_BLOB)"
        # 401, and the blob.
        assert_equal 2 "$(($(asked 5000 'GET ') - before))"
        run bare check
        assert_equal 0 "$status"
        # Nowhere to get it from: it is named, and the check fails.
        echo damage >>"$STATE/image/blobs/sha256/$layer"
        run bare check --repair
        assert_equal 1 "$status"
        assert_equal "sha256:$layer" "$(record LOST_BLOB)"
        run pull --blob "sha256:$layer" "$IMAGE"
        assert_equal 0 "$status"
        run bare check
        assert_equal 0 "$status"
}

@test "a damaged manifest and configuration are fetched again, too" {
        pull "$IMAGE"
        for blob in "$STATE"/image/blobs/sha256/*; do
                [[ $(stat -c %s "$blob") -gt 10000 ]] || echo damage >"$blob"
        done
        run bare check --repair --cert-dir certs.d --auth-file auth.json
        assert_equal 0 "$status"
        assert_equal 2 "$(record REPAIRED_BLOB | wc -l)"
        run bare check
        assert_equal 0 "$status"
}

@test "partial downloads go with a prune when they are old, or when all goes" {
        mkdir -p "$STATE/image/.supd/partial"
        bare load oci:layout:v1 --name a
        old=$(printf '1%.0s' {1..64}) new=$(printf '2%.0s' {1..64})
        echo old >"$STATE/image/.supd/partial/$old"
        touch -d '8 days ago' "$STATE/image/.supd/partial/$old"
        echo new >"$STATE/image/.supd/partial/$new"
        run bare prune
        assert_equal 0 "$status"
        assert_equal "$new" "$(ls "$STATE/image/.supd/partial")"
        run bare prune --all
        assert_equal 0 "$status"
        assert_equal '' "$(ls "$STATE/image/.supd/partial")"
}

@test "a pull from files goes the same way" {
        run pull --name foo/bar oci:layout:v1
        assert_equal 0 "$status"
        assert_equal yes "$(record PULLED)"
        assert_equal docker.io/foo/bar:latest "$(record NAME)"
        run pull --name foo/bar oci:layout:v1
        assert_equal no "$(record PULLED)"
}

@test "the process that has the network has neither privileges nor the store" {
        run pull "$IMAGE"
        # Stopped before it has asked for anything: the creds are a pipe that nobody writes to yet.
        rm -rf "${STATE:?}"/*
        mkdir mine
        mkfifo mine/creds
        supd-image --state-dir "$STATE" --cert-dir certs.d --creds-file creds --retry 9 --retry-delay 1h \
                pull localhost:1/x >out 2>&1 3>&- &
        parent=$!
        echo $parent >pid.mine
        wait_until 10 grep -q '^NOTICE=retrying' out
        fetcher=$(pgrep -P "$parent" -u 65534)
        [ -n "$fetcher" ]
        grep -q '^CapEff:[[:space:]]*0*$' "/proc/$fetcher/status"
        grep -q '^CapPrm:[[:space:]]*0*$' "/proc/$fetcher/status"
        grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$fetcher/status"
        grep -q '^Seccomp:[[:space:]]*2$' "/proc/$fetcher/status"
        # shellcheck disable=SC2012 # targets of links
        assert_no_match "$STATE" "$(ls -l "/proc/$fetcher/fd")"
        kill -KILL "$parent"
        wait_until 10 bash -c "! kill -0 $fetcher 2>/dev/null"
}
