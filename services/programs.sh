# shellcheck shell=bash
# Our programs: headcount.fcgi, one process per socket, and headcount-consumer.

# As root the services' user may be unable to read the checkout (below /root, say). Then what is needed is copied.
app_prepare() {
    local file readable=yes
    HC_APP=$HC_ROOT
    HC_BIN=$HC_BUILD
    for file in headcount.fcgi headcount-consumer; do
        [ -x "$HC_BUILD/$file" ] || fail "$HC_BUILD/$file isn't there: run make first"
        as_user test -x "$HC_BUILD/$file" || readable=
    done
    [ -d "$HC_ROOT/www" ] || fail "$HC_ROOT/www isn't there: this isn't a whole checkout"
    as_user test -r "$HC_ROOT/www/index.html" && as_user test -r "$HC_ROOT/lighttpd.conf" || readable=
    [ -z "$readable" ] || return 0
    HC_APP=$HC_RUN/app
    HC_BIN=$HC_APP/bin
    say "User $HC_USER can't read $HC_ROOT: the programs run from a copy in $HC_APP, made at each start."
    rm -rf "$HC_APP.new"
    mkdir -p "$HC_APP.new/bin" "$HC_APP.new/services"
    cp -R "$HC_ROOT/www" "$HC_ROOT/lighttpd.conf" "$HC_APP.new/"
    cp -R "$HC_SERVICES/errors" "$HC_APP.new/services/"
    cp "$HC_BUILD/headcount.fcgi" "$HC_BUILD/headcount-consumer" "$HC_APP.new/bin/"
    chmod -R a+rX "$HC_APP.new"
    rm -rf "$HC_APP"
    mv "$HC_APP.new" "$HC_APP"
}

# program NAME ADDRESS FILE VARIABLE=VALUE…: one of our binaries under a supervisor.
program() {
    local name=$1 address=$2 file=$3
    shift 3
    launch "$name" "$address" --ours --patience 30 -- \
        "${AS_USER[@]}" env -C "$HC_APP" "HOME=$HC_DATA/data" "APP_WWW=${APP_WWW:-$HC_APP/www}" "$@" "$HC_BIN/$file"
}

fcgi_start() { # NUMBER
    local socket=$HC_SOCKETS/fcgi-$1.sock
    ! supervised "fcgi-$1" || return 0
    rm -f "$socket"
    program "fcgi-$1" "unix:$socket" headcount.fcgi "APP_SOCKET=$socket" "APP_INSTANCE=web-$1"
    await "fcgi-$1" 30 test -S "$socket"
}

consumer_start() { # NUMBER
    ! supervised "consumer-$1" || return 0
    program "consumer-$1" - headcount-consumer "APP_INSTANCE=consumer-$1"
    await "consumer-$1" 10 process_alive "consumer-$1"
}
