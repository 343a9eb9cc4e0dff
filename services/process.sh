# shellcheck shell=bash
# Processes: started under a supervisor of their own, found again by pid and start time, never by name.
#
# run/NAME.pid         the program           "pid start-time boot-id"
# run/NAME.supervisor  its supervisor        the same
# run/NAME.failed      exit code of a program that refused its usage or settings
# run/NAME.signal      what ends it in order
# run/NAME.killed      it didn't end in time at a stop
# run/NAME.restarts    how often it was started again
# run/NAME.address     what `status` shows

process_identity() { # PID
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The name in parentheses may hold anything; what follows the last one is numbers. A zombie has ended.
    read -r -a stat <<<"${stat##*) }"
    [ "${stat[0]}" != Z ] || return 1
    printf '%s %s %s' "$1" "${stat[19]}" "$(</proc/sys/kernel/random/boot_id)"
}

# Prints the pid that a pid file names if that very process still lives.
process_pid() { # FILE
    local line pid
    line=$(cat "$1" 2>/dev/null) || return 1
    pid=${line%% *}
    [ -n "$pid" ] && [ "$(process_identity "$pid")" = "$line" ] || return 1
    printf '%s' "$pid"
}

process_record() { # FILE PID
    process_identity "$2" >"$1.new" && mv -f "$1.new" "$1"
}

process_alive() { # NAME
    process_pid "$HC_RUN/$1.pid" >/dev/null
}

supervised() { # NAME
    process_pid "$HC_RUN/$1.supervisor" >/dev/null
}

# Those that were launched and not stopped since, living or dead.
known_processes() {
    local file
    for file in "$HC_RUN"/*.address; do
        [ ! -e "$file" ] || basename "$file" .address
    done
}

live_processes() {
    local name
    for name in $(known_processes); do
        if supervised "$name" || process_alive "$name"; then
            printf '%s\n' "$name"
        fi
    done
}

# launch NAME ADDRESS [--signal S] [--patience SECONDS] [--ours] -- COMMAND…
launch() {
    local name=$1 address=$2 signal=TERM
    shift 2
    [ "$1" != --signal ] || signal=$2
    stop_processes "$name" # what is left of a supervisor that was killed
    rm -f "$HC_RUN/$name".{failed,restarts}
    printf '%s\n' "$address" >"$HC_RUN/$name.address"
    printf '%s\n' "$signal" >"$HC_RUN/$name.signal"
    # A session of its own: Ctrl-C in the terminal reaches the command, not the services.
    setsid bash "$HC_SERVICES/supervise.sh" "$HC_RUN" "$HC_LOG" "$name" "$@" </dev/null >/dev/null 2>&1 &
    wait_until 5 process_seen "$name" || fail "$name didn't start: see $HC_LOG/$name.log"
}

process_seen() {
    supervised "$1" || [ -e "$HC_RUN/$1.failed" ]
}

# await NAME SECONDS CHECK…: waits for a launched process; a process that refuses or keeps dying ends the wait.
await() {
    local name=$1 seconds=$2 why=''
    shift 2
    local end=$(($(now_ms) + seconds * 1000))
    until "$@" 2>/dev/null; do
        if [ -e "$HC_RUN/$name.failed" ]; then
            why="$name ended with code $(<"$HC_RUN/$name.failed")"
        elif [ "$(cat "$HC_RUN/$name.restarts" 2>/dev/null || echo 0)" -ge 3 ]; then
            why="$name keeps dying"
        elif (($(now_ms) > end)); then
            why="$name isn't ready after $seconds s"
        fi
        if [ -n "$why" ]; then
            why="$why: $(last_line "$HC_LOG/$name.log") (log: $HC_LOG/$name.log)"
            stop_processes "$name"
            fail "$why"
        fi
        sleep 0.05
    done
}

# stop_processes NAME…: all at once, returns when all have ended.
stop_processes() {
    local name pid deadline
    for name in "$@"; do
        if pid=$(process_pid "$HC_RUN/$name.supervisor"); then
            kill -TERM "$pid" 2>/dev/null || true
        elif pid=$(process_pid "$HC_RUN/$name.pid"); then
            kill -s "$(<"$HC_RUN/$name.signal")" "$pid" 2>/dev/null || true
        fi
    done
    for name in "$@"; do
        # The supervisor has its own patience and kills; this one is for a supervisor that hangs.
        deadline=$(($(now_ms) + 45000))
        while supervised "$name" || process_alive "$name"; do
            if (($(now_ms) > deadline)); then
                say "$name doesn't end: killed."
                for pid in $(process_pid "$HC_RUN/$name.supervisor" || true) $(process_pid "$HC_RUN/$name.pid" || true); do
                    kill -KILL "$pid" 2>/dev/null || true
                done
            fi
            sleep 0.05
        done
        [ ! -e "$HC_RUN/$name.killed" ] || say "$name didn't end in time and was killed."
        rm -f "$HC_RUN/$name".{supervisor,pid,address,signal,restarts,killed}
    done
}

# Fails with a sentence if someone else listens on a port of this machine.
port_free() { # PORT SETTING
    local hex inodes inode pid='' who=''
    printf -v hex ':%04X' "$1"
    inodes=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v p="$hex" '$4 == "0A" && $2 ~ p "$" {print $10}')
    [ -n "$inodes" ] || return 0
    for inode in $inodes; do
        pid=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n 1 | cut -d/ -f3) || true
        [ -z "$pid" ] || who=" by process $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-120 | sed 's/ *$//'))"
    done
    fail "port $1 is taken$who: end that process or set $2 to another port"
}
