# shellcheck shell=bash
# `start`, `restart`, `run`: what isn't running, independent services at once, then our programs, then the web server.

ALL="redis kafka mongodb fcgi consumer web"

# Sets the array ONLY from "--only a,b", all by default.
parse_only() {
    local what
    read -r -a ONLY <<<"$ALL"
    while [ $# -gt 0 ]; do
        case $1 in
        --only) [ $# -gt 1 ] || fail_usage "--only needs a list such as redis,kafka" && IFS=, read -r -a ONLY <<<"$2" && shift ;;
        --only=*) IFS=, read -r -a ONLY <<<"${1#*=}" ;;
        *) fail_usage "$1 isn't known here; --only takes a list of: $ALL" ;;
        esac
        shift
    done
    for what in "${ONLY[@]}"; do
        case " $ALL " in *" $what "*) ;; *) fail_usage "$what is none of: $ALL" ;; esac
    done
}

wanted() {
    case " ${ONLY[*]} " in *" $1 "*) ;; *) return 1 ;; esac
}

# Prints the processes that belong to a WHAT, or the name itself.
processes_of() { # WHAT
    case $1 in
    mongodb) known_processes | grep -xE 'mongod|ferretdb|postgres' || true ;;
    fcgi) known_processes | grep -E '^fcgi-' || true ;;
    consumer) known_processes | grep -E '^consumer-' || true ;;
    web) printf 'lighttpd\n' ;;
    *) printf '%s\n' "$1" ;;
    esac
}

external() { # WHAT
    case $1 in
    redis) [ -n "$REDIS_EXTERNAL" ] ;;
    kafka) [ -n "$KAFKA_EXTERNAL" ] ;;
    mongodb) [ -n "$MONGODB_EXTERNAL" ] ;;
    *) false ;;
    esac
}

runs() { # WHAT
    case $1 in
    mongodb)
        # A part that died for good takes the whole down first.
        if have mongod; then supervised mongod; else supervised ferretdb && supervised postgres; fi ;;
    fcgi | consumer) false ;; # each process is looked at by itself
    web) supervised lighttpd ;;
    *) supervised "$1" ;;
    esac
}

# One start, stop or wipe at a time for a data folder.
data_lock() {
    data_folders
    exec 8>"$HC_RUN/lock"
    flock -n 8 || {
        say "Another start or stop is at work; waiting for it."
        flock -w 180 8 || fail "another start or stop of $HC_DATA didn't end within 3 minutes"
    }
}

data_unlock() {
    flock -u 8
    exec 8>&-
}

cmd_start() {
    local began what parallel=() code=0 number pids=() before free
    parse_only "$@"
    user_create
    data_lock
    began=$(now_ms)
    free=$(free_mb "$HC_DATA")
    ((free > 300)) || fail "only $free MB are free below $HC_DATA: free some, or set HEADCOUNT_DATA"
    if wanted fcgi || wanted consumer || wanted web; then
        app_prepare
    fi
    before=$(live_processes)
    env_record
    ports_free
    for what in redis kafka mongodb; do
        if wanted "$what" && ! external "$what" && ! runs "$what"; then
            parallel+=("$what")
        fi
    done
    for what in "${parallel[@]}"; do
        ("${what}_start") &
        pids+=($!)
    done
    for number in "${!pids[@]}"; do
        wait "${pids[number]}" || code=1
    done
    ((code == 0)) || start_undo "$before"

    if wanted fcgi; then
        for ((number = 1; number <= HC_FCGI; number++)); do
            (fcgi_start "$number") || start_undo "$before"
        done
    fi
    if wanted consumer; then
        for ((number = 1; number <= HC_CONSUMERS; number++)); do
            (consumer_start "$number") || start_undo "$before"
        done
    fi
    if wanted web; then
        runs web || (web_start) || start_undo "$before"
        if supervised fcgi-1; then
            (await lighttpd 60 web_ready) || {
                say "The last answer of /v1/ready: $(head -c 600 "$HC_RUN/ready.json" 2>/dev/null)" >&2
                start_undo "$before"
            }
        fi
    fi
    refused_report || start_undo "$before"
    data_unlock
    say "Started in $(seconds_since "$began")."
}

# Before anything starts: a taken port is told within a moment.
ports_free() {
    if wanted kafka && ! external kafka && ! runs kafka && ! process_alive kafka; then
        port_free "$HC_KAFKA_PORT" HEADCOUNT_KAFKA_PORT
        port_free "$HC_KAFKA_CONTROLLER_PORT" HEADCOUNT_KAFKA_CONTROLLER_PORT
    fi
    if wanted mongodb && ! external mongodb && ! runs mongodb; then
        # What is left of a killed supervisor is ended by the start itself.
        process_alive ferretdb || process_alive mongod || port_free "$HC_MONGODB_PORT" HEADCOUNT_MONGODB_PORT
    fi
    if wanted web && ! runs web && ! process_alive lighttpd; then
        port_free "$APP_PORT" APP_PORT
    fi
}

# A program that refused its settings a moment after its start.
refused_report() {
    local file name
    for file in "$HC_RUN"/*.failed; do
        [ -e "$file" ] || continue
        name=$(basename "$file" .failed)
        printf 'headcount: %s ended with code %s: %s\n' "$name" "$(<"$file")" "$(last_line "$HC_LOG/$name.log")" >&2
        return 1
    done
}

# A start that failed leaves running what ran before, and nothing else.
start_undo() { # BEFORE
    local name mine=()
    for name in $(live_processes); do
        grep -qx "$name" <<<"$1" || mine+=("$name")
    done
    [ "${#mine[@]}" -eq 0 ] || stop_in_order "${mine[@]}"
    rm -f "$HC_RUN"/*.failed
    exit 1
}

cmd_restart() {
    [ $# -eq 1 ] || fail_usage "restart takes one name"
    local name=$1 what number
    case $name in
    fcgi-* | consumer-*)
        what=${name%-*} number=${name##*-} ;;
    lighttpd) what=web ;;
    postgres | ferretdb | mongod) what=mongodb ;;
    *) what=$name ;;
    esac
    case " $ALL " in *" $what "*) ;; *) fail_usage "$name is neither a process nor one of: $ALL" ;; esac
    if [ -z "${number:-}" ]; then
        cmd_stop --only "$what"
        cmd_start --only "$what"
        return
    fi
    user_create
    data_lock
    app_prepare
    stop_processes "$name"
    "${what}_start" "$number"
    data_unlock
}

cmd_run() {
    cmd_setup
    trap run_interrupted INT TERM HUP
    cmd_start "$@"
    people_fill
    say "The dashboard: http://$(web_host):$APP_PORT/ (Ctrl-C stops everything and keeps the data)"
    cmd_stay
}

# HEADCOUNT_FILL people for an empty database, by the pipeline that anyone else's come by.
people_fill() {
    [ "${HEADCOUNT_FILL:-0}" != 0 ] || return 0
    check_number HEADCOUNT_FILL "$HEADCOUNT_FILL" 1 20000000
    python3 "$HC_SERVICES/fill.py" "http://$(web_host):$APP_PORT" "$HEADCOUNT_FILL" ||
        say "No people were generated; the page can be asked for some."
}

run_interrupted() {
    trap '' INT TERM HUP
    printf '\n'
    if [ -n "$(live_processes)" ]; then
        say "Stopping."
        cmd_stop
    fi
    exit 130
}
