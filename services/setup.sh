# shellcheck shell=bash
# `setup`: installs and builds what is missing. Each item is built under a temporary name and renamed when complete, so
# an interrupted setup leaves nothing half done; a lock lets one setup run at a time.

# The sentence to print if what follows fails. Kept in a file because items run in subshells.
why() {
    printf '%s\n' "$*" >"$SETUP_WHY"
}

# Prints "what seconds" of all that is missing; the seconds are a rough figure for the announcement.
setup_missing() { # GROUP…
    local packages
    packages=$(packages_missing "$@")
    [ -z "$packages" ] || say packages
    case " $* " in *" run "*) ;; *) return 0 ;; esac
    [ -n "$KAFKA_EXTERNAL" ] || [ -e "$KAFKA_HOME/complete" ] || say kafka
    [ -n "$MONGODB_EXTERNAL" ] || have mongod || {
        [ -d "$DOCUMENTDB_HOME" ] || say documentdb
        [ -d "$FERRETDB_HOME" ] || say ferretdb
    }
    ! is_root || getent passwd "$HC_USER" >/dev/null || say user
}

cmd_setup() {
    local groups items item number=0 start free
    case ${1:-} in
    '') groups=(build run) ;;
    build | run | test) groups=("$1") ;;
    all) groups=(build run test) ;;
    *) fail_usage "setup takes build, run, test or all; $1 is none of them" ;;
    esac
    [ "${1:-}" != test ] || groups=(build run test)
    start=$(now_ms)
    items=$(setup_missing "${groups[@]}")
    [ -n "$items" ] || return 0

    mkdir -p "$HC_CACHE" 2>/dev/null || fail "can't make $HC_CACHE: set HEADCOUNT_CACHE to a folder that you may write"
    ! is_root || chmod 755 "$HC_CACHE"
    exec 9>"$HC_CACHE/lock"
    if ! flock -n 9; then
        say "Another setup is at work; waiting for it."
        flock 9
        items=$(setup_missing "${groups[@]}")
        [ -n "$items" ] || return 0
    fi
    # What a killed setup left. No one else builds here: we hold the lock.
    rm -rf "$HC_CACHE"/*.building* "$HC_CACHE"/*/*.building
    free=$(free_mb "$HC_CACHE")
    case $items in
    *documentdb* | *ferretdb*)
        ((free > 2500)) || fail "setup needs 2500 MB free below $HC_CACHE and there are $free MB: free some, or set HEADCOUNT_CACHE"
        say "The first setup downloads about 500 MB and takes some minutes; the next ones find everything in $HC_CACHE." ;;
    esac

    SETUP_LOG=$HC_CACHE/setup.log
    SETUP_WHY=$HC_CACHE/why.building
    printf '== %s: %s\n' "$(date -u +%FT%TZ)" "$(tr '\n' ' ' <<<"$items")" >>"$SETUP_LOG"
    trap 'setup_interrupted' INT TERM HUP
    local total
    total=$(wc -l <<<"$items")
    for item in $items; do
        number=$((number + 1))
        setup_item "$number/$total" "$item" "${groups[@]}"
    done
    trap - INT TERM HUP
    rm -f "$SETUP_WHY"
    flock -u 9
    exec 9>&-
    say "Setup is complete after $(seconds_since "$start")."
}

setup_item() { # COUNTER ITEM GROUP…
    local counter=$1 item=$2 title start pid
    shift 2
    case $item in
    packages) title="Debian packages" ;;
    user) title="System user $HC_USER" ;;
    kafka) title="Apache Kafka" ;;
    documentdb) title="PostgreSQL 18 with DocumentDB" ;;
    ferretdb) title="FerretDB $FERRETDB_VERSION" ;;
    esac
    start=$(now_ms)
    printf '[%s] %s … ' "$counter" "$title"
    why "$title couldn't be set up"
    # In a process group of its own, so that an interrupted setup can end all that it started.
    set -m
    ("setup_$item" "$@") >>"$SETUP_LOG" 2>&1 </dev/null &
    pid=$!
    set +m
    SETUP_JOB=$pid
    if wait "$pid"; then
        say "$(seconds_since "$start")"
        SETUP_JOB=
        return
    fi
    say "failed"
    if (($(free_mb "$HC_CACHE") < 50)); then
        fail "the disk is full: free some space below $HC_CACHE, then run setup again"
    fi
    fail "$(<"$SETUP_WHY") Details: $SETUP_LOG"
}

setup_interrupted() {
    trap '' INT TERM HUP
    [ -z "${SETUP_JOB:-}" ] || kill -TERM -- "-$SETUP_JOB" 2>/dev/null || true
    grep -qs 'headcount setup' "$POLICY" && rm -f "$POLICY"
    printf '\n'
    fail "setup was interrupted; run it again, it goes on where it was"
}

setup_packages() {
    local packages
    mapfile -t packages < <(packages_missing "$@")
    packages_install "${packages[@]}"
}

setup_user() {
    why "the system user $HC_USER can't be made: is useradd there?"
    user_create
}
