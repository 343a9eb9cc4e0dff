# shellcheck shell=bash
# FerretDB: speaks MongoDB's protocol over PostgreSQL with DocumentDB. Built from source by Go.

FERRETDB_GO=1.25 # what its go.mod asks for

setup_ferretdb() {
    local dir=$FERRETDB_HOME.building go
    mkdir -p "$dir"
    go=$(go_command "$dir") || return 1
    why "FerretDB can't be downloaded or built by Go: is there a network?"
    # Folders of its own: nothing is read from or left in the caller's Go folders.
    env -u GOROOT GOTOOLCHAIN=local GOWORK=off GOPATH="$dir/go" GOCACHE="$dir/gocache" GOBIN="$dir/bin" \
        GOFLAGS='-modcacherw -trimpath' CGO_ENABLED=0 \
        "$go" install "github.com/FerretDB/FerretDB/v2/cmd/ferretdb@v$FERRETDB_VERSION" || return 1
    "$dir/bin/ferretdb" --version || return 1
    rm -rf "$dir/go" "$dir/gocache" "$dir/debian"
    mv "$dir" "$FERRETDB_HOME"
}

# The machine's Go if it is new enough, else a Debian one that lives as long as the build.
go_command() { # DIR
    local version
    if have go; then
        version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null)
        if [ "$(printf '%s\n' "$FERRETDB_GO" "${version#go}" | sort -V | head -n 1)" = "$FERRETDB_GO" ]; then
            command -v go
            return
        fi
    fi
    why "Go can't be downloaded from Debian $DEBIAN_SUITE: is there a network?"
    debian_unpack "$1/debian" golang-go >&2 || return 1
    ls "$1"/debian/usr/lib/go-*/bin/go
}

ferretdb_start() {
    [ -d "$FERRETDB_HOME" ] || fail "FerretDB isn't set up: run services/headcount setup"
    user_folder 750 "$HC_DATA/data/ferretdb"
    # At INFO it logs every command.
    launch ferretdb "127.0.0.1:$HC_MONGODB_PORT" --patience 15 -- \
        "${AS_USER[@]}" "$FERRETDB_HOME/bin/ferretdb" \
        "--postgresql-url=postgres://headcount@/postgres?host=$HC_SOCKETS&pool_max_conns=90" \
        "--listen-addr=127.0.0.1:$HC_MONGODB_PORT" --no-auth --telemetry=disable --debug-addr=- \
        --log-level=ERROR "--state-dir=$HC_DATA/data/ferretdb"
    await ferretdb 30 mongodb_ready
}
