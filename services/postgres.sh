# shellcheck shell=bash
# PostgreSQL 18 with DocumentDB, from an unpacked Debian tree: the storage below FerretDB.

POSTGRES_BIN=$DOCUMENTDB_HOME/usr/lib/postgresql/18/bin

setup_documentdb() {
    local dir=$DOCUMENTDB_HOME.building bin extensions
    why "PostgreSQL and DocumentDB can't be downloaded from Debian $DEBIAN_SUITE: is there a network?"
    debian_unpack "$dir" postgresql-18-documentdb || return 1
    why "PostgreSQL and DocumentDB were downloaded but don't run here."
    bin=$dir/usr/lib/postgresql/18/bin
    debian_wrap "$bin"/{postgres,initdb,psql} || return 1
    # What the package's installation would link.
    extensions=$dir/usr/share/postgresql/18/extension
    ln -sf postgis-3.control "$extensions/postgis.control"
    # A third of the tree that no server needs.
    rm -rf "$dir"/usr/share/{doc,man,locale,perl,i18n,fonts,gdal} "$dir"/usr/lib/systemd "${dir:?}"/{var,etc}
    "$bin/postgres" --version || return 1
    mv "$dir" "$DOCUMENTDB_HOME"
}

postgres_start() {
    local data=$HC_DATA/data/postgres
    [ -d "$DOCUMENTDB_HOME" ] || fail "PostgreSQL isn't set up: run services/headcount setup"
    as_user test -x "$POSTGRES_BIN/postgres" ||
        fail "user $HC_USER can't enter $HC_CACHE: set HEADCOUNT_CACHE to a folder that others may enter"
    [ -d "$data" ] || postgres_create "$data"
    fill "$HC_SERVICES/postgres/postgresql.conf.in" "$HC_RUN/postgresql.conf" \
        "DATA=$data" "SOCKETS=$HC_SOCKETS" "BUFFERS=$(postgres_buffers)"
    # SIGINT: end now, in order, without waiting for clients to leave.
    launch postgres "unix:$HC_SOCKETS" --signal INT --patience 30 -- \
        "$HC_SERVICES/postgres-server" "$data" "$DOCUMENTDB_HOME" "${AS_USER[@]}" "$POSTGRES_BIN/postgres" -c "config_file=$HC_RUN/postgresql.conf"
    await postgres 60 postgres_ready
    postgres_sql -q -c 'set client_min_messages = warning' -c 'create extension if not exists documentdb cascade' \
        -c 'create extension if not exists documentdb_extended_rum cascade' >>"$HC_LOG/postgres.log" 2>&1 ||
        fail "DocumentDB's extension can't be made: see $HC_LOG/postgres.log"
}

# Under a temporary name, so that an interrupted start leaves no half database.
postgres_create() { # DATA
    rm -rf "$1.new"
    (cd / && as_user "$POSTGRES_BIN/initdb" -D "$1.new" -U headcount --auth=trust --encoding=UTF8 \
        --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C --no-instructions) >>"$HC_LOG/postgres.log" 2>&1 ||
        fail "the database can't be made: see $HC_LOG/postgres.log"
    mv "$1.new" "$1"
}

# A quarter of the memory, as PostgreSQL's manual has it, at most 4 GB: two million users and their indexes.
postgres_buffers() {
    awk '$1 == "MemTotal:" {mb = int($2 / 4096); print (mb > 4096) ? 4096 : (mb < 64) ? 64 : mb; exit}' /proc/meminfo
}

postgres_sql() {
    (cd / && as_user "$POSTGRES_BIN/psql" -X -h "$HC_SOCKETS" -U headcount -d postgres "$@")
}

postgres_ready() {
    [ "$(postgres_sql -Atc 'select 1')" = 1 ]
}
