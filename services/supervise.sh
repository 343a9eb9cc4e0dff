#!/usr/bin/env bash
# Runs one program, starts it again when it dies, ends it when told to by SIGTERM.
# usage: supervise.sh RUN LOG NAME [--signal S] [--patience SECONDS] [--ours] -- COMMAND…
#
# It is the caller's process and the program is the services' user's; both keep their own session, apart from any terminal.
set -u

here=$(dirname "$(readlink -f "$0")")
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
# shellcheck source-path=SCRIPTDIR source=process.sh
. "$here/process.sh"

LOG_LIMIT=$((16 * 1024 * 1024))
LIFE_MS=60000 # a life that long says that the program is well again
DELAY_MS=200
DELAY_MOST_MS=30000

signal=TERM patience=20 ours='' stopping='' child='' delay=$DELAY_MS

# One JSON line, the same shape as our programs' own.
event() { # LEVEL EVENT MSG
    printf '{"time":"%s","level":"%s","event":"%s","msg":"%s","process":"%s"}\n' \
        "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$1" "$2" "$3" "$name" >>"$HC_LOG/supervisor.log"
}

# The program keeps its file open for appending, so the content moves and the file stays.
bound_log() { # FILE
    local size
    size=$(stat -c %s "$1" 2>/dev/null) || return 0
    ((size > LOG_LIMIT)) || return 0
    cp "$1" "$1.1" && : >"$1"
}

# Waits for the child; each 20 s looks at the size of the log. The status is in $status.
watch() {
    local timer='' ended=''
    while :; do
        sleep 20 &
        timer=$!
        ended=''
        wait -n -p ended "$child" "$timer"
        status=$?
        if [ "${ended:-}" = "$child" ]; then
            kill "$timer" 2>/dev/null
            return
        fi
        [ "${ended:-}" = "$timer" ] || kill "$timer" 2>/dev/null
        [ -z "$stopping" ] || return
        bound_log "$log"
        bound_log "$HC_LOG/supervisor.log"
    done
}

# The stop signal, then patience, then SIGKILL.
end_child() {
    local timer ended=''
    kill -s "$signal" "$child" 2>/dev/null || return 0
    sleep "$patience" &
    timer=$!
    wait -n -p ended "$child" "$timer"
    if [ "${ended:-}" = "$timer" ]; then
        event error process.kill "$name didn't end within $patience s of SIG$signal and was killed"
        kill -KILL "$child" 2>/dev/null
        : >"$HC_RUN/$name.killed"
        wait "$child"
    else
        kill "$timer" 2>/dev/null
    fi
}

pause() { # MILLISECONDS
    local timer
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" &
    timer=$!
    wait "$timer"
    kill "$timer" 2>/dev/null
}

finish() {
    rm -f "$HC_RUN/$name.pid" "$HC_RUN/$name.supervisor"
    exit 0
}

supervise() {
    local began restarts=0 how
    while :; do
        bound_log "$log"
        began=$(now_ms)
        "$@" </dev/null >>"$log" 2>&1 &
        child=$!
        process_record "$HC_RUN/$name.pid" "$child"
        [ -n "$stopping" ] || watch "$@"
        if [ -n "$stopping" ]; then
            end_child
            finish
        fi
        rm -f "$HC_RUN/$name.pid"
        # Usage and settings don't heal by themselves: the program has said what is wrong.
        if [ -n "$ours" ] && { [ "$status" = 2 ] || [ "$status" = 3 ]; }; then
            event error process.refused "$name ended with code $status and is not started again"
            printf '%s\n' "$status" >"$HC_RUN/$name.failed"
            finish
        fi
        (($(now_ms) - began < LIFE_MS)) || delay=$DELAY_MS
        how="ended with code $status"
        ((status <= 128)) || how="died of SIG$(kill -l "$status")"
        restarts=$((restarts + 1))
        printf '%s\n' "$restarts" >"$HC_RUN/$name.restarts"
        event error process.restart "$name $how; started again in $delay ms"
        pause "$delay"
        [ -z "$stopping" ] || finish
        delay=$((delay * 2 < DELAY_MOST_MS ? delay * 2 : DELAY_MOST_MS))
    done
}

# Descriptors of the caller (a lock, a pipe of make) must not live on in here.
close_inherited() {
    local fd
    for fd in "/proc/$$/fd"/*; do
        fd=${fd##*/}
        ((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
    done
}

main() {
    HC_RUN=$1 HC_LOG=$2 name=$3
    shift 3
    while [ "$1" != -- ]; do
        case $1 in
        --signal) signal=$2 && shift ;;
        --patience) patience=$2 && shift ;;
        --ours) ours=yes ;;
        esac
        shift
    done
    shift
    close_inherited
    log=$HC_LOG/$name.log
    trap 'stopping=yes' TERM INT
    trap '' HUP
    process_record "$HC_RUN/$name.supervisor" $$
    supervise "$@"
}

# In braces: read to the end before it runs, so that an update of this file doesn't disturb it.
{
    main "$@"
    exit
}
