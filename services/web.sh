# shellcheck shell=bash
# lighttpd with the repository's lighttpd.conf, in front of headcount.fcgi.

web_start() {
    local number
    have lighttpd || fail "lighttpd isn't there: run services/headcount setup"
    user_folder 750 "$HC_DATA/data/uploads"
    # One line a process: lighttpd.conf includes it and gives each of them to the least busy.
    for ((number = 1; number <= HC_FCGI; number++)); do
        # shellcheck disable=SC2016
        printf 'backends += (( "socket" => "%s/fcgi-%d.sock" ) + backend)\n' "$HC_SOCKETS" "$number"
    done >"$HC_RUN/backends.conf"
    launch lighttpd "http://$APP_BIND:$APP_PORT" --signal INT --patience 15 -- \
        "${AS_USER[@]}" env "HEADCOUNT_ROOT=$HC_APP" "HEADCOUNT_UPLOADS=$HC_DATA/data/uploads" \
        "HEADCOUNT_BACKENDS=$HC_RUN/backends.conf" lighttpd -D -f "$HC_APP/lighttpd.conf"
    await lighttpd 10 web_listens
}

# The address for a client on this machine.
web_host() {
    case $APP_BIND in
    0.0.0.0) printf '127.0.0.1' ;;
    :: | '[::]') printf '[::1]' ;;
    *) printf '%s' "$APP_BIND" ;;
    esac
}

web_listens() {
    local host
    host=$(web_host)
    (exec 3<>"/dev/tcp/${host//[\[\]]/}/$APP_PORT") 2>/dev/null
}

# Ready is what the whole says of itself. The token goes by stdin, where no list of processes shows it.
web_ready() {
    local token=${APP_ADMIN_TOKEN:-}
    [ -n "$token" ] || [ -z "${APP_ADMIN_TOKEN_FILE:-}" ] || token=$(head -n 1 "$APP_ADMIN_TOKEN_FILE")
    [ -z "$token" ] || token="header = \"Authorization: Bearer $token\""
    # 401 and 403: beyond loopback the details are not for everyone; that the program answers is enough.
    case $(curl -K - -sS --noproxy '*' -m 4 -o "$HC_RUN/ready.json" -w '%{http_code}' \
        "http://$(web_host):$APP_PORT/v1/ready" <<<"$token") in
    200 | 401 | 403) return 0 ;;
    *) return 1 ;;
    esac
}
