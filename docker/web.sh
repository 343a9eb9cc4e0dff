#!/usr/bin/env bash
# headcount.fcgi and lighttpd in front of it, started together and ended together. The web container runs this;
# it also does so on a host of your own (docs/deployment.md). With arguments it is headcount.fcgi alone:
# web.sh --check-config.
#
# HEADCOUNT_ROOT      the folder that has lighttpd.conf, www/ and services/errors/
# HEADCOUNT_RUN       a folder for the socket
# HEADCOUNT_UPLOADS   a folder where bodies of requests wait
set -u

: "${HEADCOUNT_ROOT:?}" "${HEADCOUNT_RUN:?}" "${HEADCOUNT_UPLOADS:?}"
# A process id is the same in every container, and so would be the default name; the host's isn't.
export APP_INSTANCE=${APP_INSTANCE:-web-$HOSTNAME}
export APP_SOCKET=$HEADCOUNT_RUN/fcgi.sock
export APP_BIND=${APP_BIND:-127.0.0.1} APP_PORT=${APP_PORT:-9000}
export HEADCOUNT_ROOT HEADCOUNT_UPLOADS HEADCOUNT_BACKENDS=$HEADCOUNT_RUN/backends.conf

[ $# -eq 0 ] || exec headcount.fcgi "$@"

# The same shape as the program's own lines.
event() { # LEVEL EVENT MSG
    printf '{"time":"%s","level":"%s","event":"%s","msg":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$@" >&2
}

# Ends a process that may have ended already, and leaves its exit code in $ended.
end() { # SIGNAL PID
    kill -s "$1" "$2" 2>/dev/null
    # A signal to us interrupts the wait, not the process.
    while kill -0 "$2" 2>/dev/null; do
        wait "$2"
        ended=$?
    done
}

printf 'backends += (( "socket" => "%s" ) + backend)\n' "$APP_SOCKET" >"$HEADCOUNT_BACKENDS" || exit 1

stopping='' server='' died='' ended=0
trap 'stopping=yes; [ -z "$server" ] || kill -s INT "$server" 2>/dev/null' TERM INT

headcount.fcgi &
program=$!
# The shell has background processes ignore SIGINT, which is lighttpd's word for "finish, then end".
env --default-signal=INT lighttpd -D -f "$HEADCOUNT_ROOT/lighttpd.conf" &
server=$!
[ -z "$stopping" ] || kill -s INT "$server"

wait -n -p died "$program" "$server"
code=$?
if [ -z "$stopping" ]; then
    [ "$died" = "$program" ] && name=headcount.fcgi || name=lighttpd
    event error web.died "$name ended with code $code, and so does the rest"
    [ "$code" -ne 0 ] || code=1
fi
# The server first: it finishes what it has begun, and for that it needs the program.
end INT "$server"
ended=0
end TERM "$program"
[ -z "$stopping" ] || code=$ended
exit "$code"
