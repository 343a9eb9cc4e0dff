# shellcheck shell=bash
# `stop` and `wipe`. Who asks ends before who answers: web server, our programs, then the services.

stop_in_order() { # NAME…
    local group name pattern chosen
    for group in 'lighttpd' 'fcgi-*' 'consumer-*' 'ferretdb mongod kafka redis' 'postgres'; do
        chosen=()
        for name in "$@"; do
            for pattern in $group; do
                # shellcheck disable=SC2053 # a pattern on purpose
                [[ $name == $pattern ]] && chosen+=("$name")
            done
        done
        [ "${#chosen[@]}" -eq 0 ] || stop_processes "${chosen[@]}"
    done
}

cmd_stop() {
    local began what names=() name
    parse_only "$@"
    [ -d "$HC_RUN" ] || return 0
    data_lock
    began=$(now_ms)
    for what in "${ONLY[@]}"; do
        for name in $(processes_of "$what"); do
            if supervised "$name" || process_alive "$name"; then
                names+=("$name")
            else
                rm -f "$HC_RUN/$name".{supervisor,pid,address,signal,restarts,failed}
            fi
        done
    done
    if [ "${#names[@]}" -eq 0 ]; then
        data_unlock
        say "Nothing runs."
        return
    fi
    stop_in_order "${names[@]}"
    data_unlock
    say "Stopped ${names[*]} in $(seconds_since "$began")."
}

cmd_wipe() {
    [ "${1:-}" = --yes ] || fail_usage "wipe removes all data in $HC_DATA; say 'wipe --yes' if that is meant"
    [ -d "$HC_DATA" ] || return 0
    # Only a folder that we made.
    if [ ! -d "$HC_RUN" ] || [ ! -d "$HC_DATA/data" ]; then
        fail "$HC_DATA doesn't look like a data folder of Headcount: not removed"
    fi
    cmd_stop --only "${ALL// /,}" >/dev/null
    rm -rf "${HC_DATA:?}/data" "${HC_DATA:?}/log" "${HC_DATA:?}/run"
    [ "$HC_SOCKETS" = "$HC_RUN/sockets" ] || rm -rf "$HC_SOCKETS"
    rmdir "$HC_DATA" 2>/dev/null || true
    say "Removed the data in $HC_DATA."
}
