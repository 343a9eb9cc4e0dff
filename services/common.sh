# shellcheck shell=bash
# What every part uses: speaking, failing, waiting.

say() {
    printf '%s\n' "$*"
}

# One sentence on stderr that says what to do. In a subshell it ends the subshell.
fail() {
    printf 'headcount: %s\n' "$*" >&2
    exit 1
}

fail_usage() {
    printf 'headcount: %s\n' "$*" >&2
    exit 2
}

fail_setting() {
    printf 'headcount: %s\n' "$*" >&2
    exit 3
}

is_root() {
    [ "$EUID" -eq 0 ]
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Milliseconds since boot: a clock that no one sets back.
now_ms() {
    local up
    read -r up _ </proc/uptime
    printf '%s' $((10#${up%.*} * 1000 + 10#${up#*.} * 10))
}

seconds_since() {
    local ms=$(($(now_ms) - $1))
    if ((ms < 10000)); then
        printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
    else
        printf '%d s' $((ms / 1000))
    fi
}

# wait_until SECONDS COMMAND…: true as soon as the command is, false when the time is over.
wait_until() {
    local end=$(($(now_ms) + $1 * 1000))
    shift
    until "$@"; do
        (($(now_ms) < end)) || return 1
        sleep 0.05
    done
}

free_mb() {
    df -Pm "$1" 2>/dev/null | awk 'NR == 2 {print $4}'
}

# fill TEMPLATE FILE NAME=VALUE…: writes FILE from TEMPLATE, each @NAME@ replaced.
fill() {
    local text pair
    text=$(<"$1")
    for pair in "${@:3}"; do
        text=${text//"@${pair%%=*}@"/"${pair#*=}"}
    done
    printf '%s\n' "$text" >"$2.new"
    mv -f "$2.new" "$2"
}

# The last line that a program wrote; of a JSON line only the message.
last_line() { # FILE
    tail -n 20 "$1" 2>/dev/null | sed '/^[[:space:]]*$/d' | tail -n 1 | cut -c1-600 |
        sed -E 's/^\{.*"msg":"(([^"\\]|\\.)*)".*/\1/; s/\\"/"/g' || true
}
