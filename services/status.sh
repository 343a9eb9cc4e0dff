# shellcheck shell=bash
# `status`, `pid`, `logs`, `env`: what runs, where, and what it says.

cmd_status() {
    local what name code=0
    printf '%-12s %-11s %8s %10s %9s  %s\n' SERVICE STATE PID UPTIME MEMORY ADDRESS
    for what in $ALL; do
        if recorded_external "$what"; then
            printf '%-12s %-11s %8s %10s %9s  %s\n' "$what" external - - - "$(recorded_address "$what")"
            continue
        fi
        local names
        names=$(processes_of "$what")
        # shellcheck disable=SC2086 # a list of names
        set -- $names
        [ $# -gt 0 ] || set -- "$what"
        for name in "$@"; do
            status_line "$name" || code=3
        done
    done
    exit "$code"
}

status_line() { # NAME
    local name=$1 pid state='stopped' uptime=- memory=-
    if pid=$(process_pid "$HC_RUN/$name.pid"); then
        state=running
        uptime=$(uptime_text "$pid")
        memory=$(memory_mb "$pid")" MB"
        supervised "$name" || state=unwatched
    else
        pid=-
        [ ! -e "$HC_RUN/$name.failed" ] || state="failed"
        ! supervised "$name" || state=restarting
    fi
    printf '%-12s %-11s %8s %10s %9s  %s\n' "$name" "$state" "$pid" "$uptime" "$memory" \
        "$(cat "$HC_RUN/$name.address" 2>/dev/null || printf -- -)"
    [ "$state" = running ]
}

uptime_text() { # PID
    local ticks seconds
    ticks=$(process_identity "$1" | cut -d' ' -f2)
    seconds=$((($(now_ms) - ticks * 1000 / $(getconf CLK_TCK)) / 1000))
    if ((seconds < 3600)); then
        printf '%dm%02ds' $((seconds / 60)) $((seconds % 60))
    else
        printf '%dh%02dm' $((seconds / 3600)) $((seconds / 60 % 60))
    fi
}

# The process with all its children; shared pages are divided among those who share them, where the kernel tells.
memory_mb() { # PID
    local list=("$1") next kb=0 one i=0
    while ((i < ${#list[@]})); do
        next=$(cat "/proc/${list[i]}/task"/*/children 2>/dev/null || true)
        # shellcheck disable=SC2206 # a list of pids
        list+=($next)
        one=$(awk '$1 == "Pss:" {print $2}' "/proc/${list[i]}/smaps_rollup" 2>/dev/null) || one=''
        [ -n "$one" ] || one=$(awk '$1 == "VmRSS:" {print $2}' "/proc/${list[i]}/status" 2>/dev/null) || one=0
        kb=$((kb + ${one:-0}))
        i=$((i + 1))
    done
    printf '%d' $((kb / 1024))
}

cmd_pid() {
    [ $# -eq 1 ] || fail_usage "pid takes one name"
    local name=$1
    case $name in
    fcgi | consumer) name=$name-1 ;;
    web) name=lighttpd ;;
    mongodb) name=$(processes_of mongodb | grep -v postgres || true) ;;
    esac
    process_pid "$HC_RUN/$name.pid" || fail "$1 doesn't run"
    printf '\n'
}

cmd_logs() {
    local follow=() names=() argument files=() name
    for argument in "$@"; do
        case $argument in
        -f) follow=(-F) ;;
        fcgi | consumer | mongodb | web)
            for name in $(processes_of "$argument"); do names+=("$name"); done ;;
        *) names+=("$argument") ;;
        esac
    done
    if [ "${#names[@]}" -eq 0 ]; then
        files=("$HC_LOG"/*.log)
    else
        files=("${names[@]/#/$HC_LOG/}")
        files=("${files[@]/%/.log}")
    fi
    [ -e "${files[0]}" ] || fail "there is no log ${files[0]}"
    exec tail -n 50 "${follow[@]}" "${files[@]}"
}

env_lines() {
    local name
    for name in APP_MONGODB_CONNECTION_STRING APP_REDIS_CONNECTION_STRING APP_KAFKA_BROKER APP_BIND APP_PORT; do
        printf 'export %s=%q\n' "$name" "${!name}"
    done
    printf 'export HEADCOUNT_DATA=%q\n' "$HC_DATA"
    printf 'export HEADCOUNT_URL=%q\n' "http://$(web_host):$APP_PORT"
}

# What runs keeps the addresses that it was started with, whatever the environment of a later caller says.
env_record() {
    local what name
    if [ -n "$(live_processes)" ]; then
        for what in redis kafka mongodb; do
            if ! external "$what" && { runs "$what" || recorded_external "$what"; }; then
                name=$(address_variable "$what")
                printf -v "$name" '%s' "$(recorded "$name")"
                ! recorded_external "$what" || printf -v "${what^^}_EXTERNAL" yes
            fi
        done
        if runs web; then
            APP_PORT=$(recorded APP_PORT)
            APP_BIND=$(recorded APP_BIND)
        fi
    fi
    (umask 077 && env_lines >"$HC_RUN/env")
    for what in redis kafka mongodb; do
        ! external "$what" || printf '%s\n' "$what"
    done >"$HC_RUN/external"
}

# Where downloads and builds of the services lie, for other tools to put theirs beside.
cmd_cache() {
    printf '%s\n' "$HC_CACHE"
}

cmd_env() {
    if [ -r "$HC_RUN/env" ]; then
        cat "$HC_RUN/env"
    else
        env_lines
    fi
}

recorded_external() { # WHAT
    grep -qsx "$1" "$HC_RUN/external"
}

recorded() { # VARIABLE
    # shellcheck source=/dev/null
    (. "$HC_RUN/env" && printf '%s' "${!1}")
}

address_variable() { # WHAT
    case $1 in
    redis) printf APP_REDIS_CONNECTION_STRING ;;
    kafka) printf APP_KAFKA_BROKER ;;
    mongodb) printf APP_MONGODB_CONNECTION_STRING ;;
    esac
}

recorded_address() { # WHAT; without user and password
    recorded "$(address_variable "$1")" | sed 's#//[^@/]*@#//#'
}
