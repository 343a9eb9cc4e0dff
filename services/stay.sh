# shellcheck shell=bash
# `stay`: in the foreground until Ctrl-C or SIGTERM, telling of each crash; then all is stopped, the data stays.

cmd_stay() {
    local tail_pid
    [ -n "$(live_processes)" ] || fail "nothing runs: start first"
    : >>"$HC_LOG/supervisor.log"
    STAY_END=
    trap 'STAY_END=yes' INT TERM HUP
    # Its own session: it shall not die of the Ctrl-C before we do, and its death is no news.
    setsid tail --pid=$$ -n 0 -F "$HC_LOG/supervisor.log" 2>/dev/null < /dev/null | stay_tell &
    tail_pid=$!
    while [ -z "$STAY_END" ] && [ -n "$(live_processes)" ]; do
        sleep 1 &
        wait $! || true
    done
    trap '' INT TERM HUP # a second Ctrl-C doesn't leave the half of them running
    kill "$tail_pid" 2>/dev/null || true
    if [ -n "$(live_processes)" ]; then
        say "Stopping."
        cmd_stop
    fi
}

stay_tell() {
    local line
    trap '' INT
    while read -r line; do
        sed -n 's/.*"time":"[^T]*T\([0-9:]*\).*"msg":"\([^"]*\)".*/\1 \2/p' <<<"$line"
    done
}
