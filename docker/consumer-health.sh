#!/usr/bin/env bash
# Healthy: this consumer said within the last 15 s that it lives, which is a key in Redis. With Redis away nothing is
# known, and the consumer works on without it: that is no reason to call it ill.
export LC_ALL=C

address=${APP_REDIS_CONNECTION_STRING:-}
[ -z "${APP_REDIS_CONNECTION_STRING_FILE:-}" ] || read -r address <"$APP_REDIS_CONNECTION_STRING_FILE"
# redis://[[user]:password@]host[:port][/database], user and password with %XX
if ! [[ $address =~ ^redis://(([^:@/]*):([^@/]*)@)?(\[[^]]*\]|[^:/]+)(:([0-9]+))?(/([0-9]*))?$ ]]; then
    echo "APP_REDIS_CONNECTION_STRING is no address that can be asked from here"
    exit 0
fi
user=${BASH_REMATCH[2]} password=${BASH_REMATCH[3]} host=${BASH_REMATCH[4]//[\[\]]/}
port=${BASH_REMATCH[6]:-6379} database=${BASH_REMATCH[8]:-0}

decoded() { # TEXT
    printf '%b' "${1//%/\\x}"
}

# Sends one command and leaves the first line of its answer in $answer.
ask() { # WORD…
    printf '*%d\r\n' $# >&3
    for word in "$@"; do
        # shellcheck disable=SC2016 # the $ is Redis' own: a length follows
        printf '$%d\r\n%s\r\n' "${#word}" "$word" >&3
    done
    IFS= read -r -t 1 answer <&3
    answer=${answer%$'\r'}
}

{ exec 3<>"/dev/tcp/$host/$port"; } 2>/dev/null || { echo "Redis doesn't answer" && exit 0; }
if [ -n "$password" ]; then
    ask AUTH ${user:+"$(decoded "$user")"} "$(decoded "$password")"
fi
ask SELECT "$database"
ask EXISTS "hc:1:instance:${APP_INSTANCE:-consumer-$HOSTNAME}"
case $answer in
:1) exit 0 ;;
:0) echo "no sign of life for 15 s" && exit 1 ;;
*) echo "Redis answers: $answer" && exit 0 ;;
esac
