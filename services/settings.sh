# shellcheck shell=bash
# Folders, ports and the user that the services run as. Everything here can be set from the environment.

# PostgreSQL refuses to run as root, and nothing else needs to: as root, all services run as this system user.
HC_USER=headcount

# As root the defaults are the system's own folders: HC_USER may not enter root's home.
if is_root; then
    HC_CACHE=${HEADCOUNT_CACHE:-/var/cache/headcount}
    HC_DATA=${HEADCOUNT_DATA:-/var/lib/headcount}
else
    HC_CACHE=${HEADCOUNT_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/headcount}
    HC_DATA=${HEADCOUNT_DATA:-${XDG_DATA_HOME:-${HOME:?}/.local/share}/headcount}
fi
for folder in "$HC_CACHE" "$HC_DATA"; do
    case $folder in
    *[[:space:]\'\"\\\&,]*) fail_setting "the folder $folder has a blank, quote or comma in its name: set HEADCOUNT_DATA and HEADCOUNT_CACHE to others" ;;
    /*) ;;
    *) fail_setting "HEADCOUNT_DATA and HEADCOUNT_CACHE are absolute paths; $folder is not" ;;
    esac
done
unset folder

HC_RUN=$HC_DATA/run
HC_LOG=$HC_DATA/log
HC_BUILD=${HEADCOUNT_BUILD:-$HC_ROOT/build/release}
case $HC_BUILD in /*) ;; *) HC_BUILD=$HC_ROOT/$HC_BUILD ;; esac

# A Unix socket's path has at most 107 bytes; the longest name of ours has 15 (.s.PGSQL.5432).
HC_SOCKETS=$HC_RUN/sockets
if ((${#HC_SOCKETS} > 92)); then
    HC_SOCKETS=${XDG_RUNTIME_DIR:-/tmp}/headcount-$(printf '%s' "$HC_DATA" | cksum | cut -d' ' -f1)
fi

HC_FCGI=${HEADCOUNT_FCGI:-1}
HC_CONSUMERS=${HEADCOUNT_CONSUMERS:-1}
HC_KAFKA_PORT=${HEADCOUNT_KAFKA_PORT:-19092}
HC_KAFKA_CONTROLLER_PORT=${HEADCOUNT_KAFKA_CONTROLLER_PORT:-19093}
HC_MONGODB_PORT=${HEADCOUNT_MONGODB_PORT:-27117}
APP_PORT=${APP_PORT:-9000}
APP_BIND=${APP_BIND:-127.0.0.1}

check_number() { # NAME VALUE LEAST MOST
    if ! [[ $2 =~ ^[0-9]{1,8}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        fail_setting "$1 is a whole number from $3 to $4, not \"$2\""
    fi
}
check_number APP_PORT "$APP_PORT" 1 65535
check_number HEADCOUNT_KAFKA_PORT "$HC_KAFKA_PORT" 1 65535
check_number HEADCOUNT_KAFKA_CONTROLLER_PORT "$HC_KAFKA_CONTROLLER_PORT" 1 65535
check_number HEADCOUNT_MONGODB_PORT "$HC_MONGODB_PORT" 1 65535
check_number HEADCOUNT_FCGI "$HC_FCGI" 1 64
check_number HEADCOUNT_CONSUMERS "$HC_CONSUMERS" 1 64

# A service whose address the user gave is used as it is and never started. Our own service's address, as `env` prints
# it, is no foreign one.
REDIS_EXTERNAL='' KAFKA_EXTERNAL='' MONGODB_EXTERNAL=''
address() { # VARIABLE WHAT OURS
    if [ -z "${!1:-}" ]; then
        printf -v "$1" '%s' "$3"
    elif [ "${!1}" != "$3" ] && ! { grep -qsxF "export $1=$(printf %q "${!1}")" "$HC_RUN/env" && ! grep -qsx "$2" "$HC_RUN/external"; }; then
        printf -v "${2^^}_EXTERNAL" yes
    fi
}
address APP_REDIS_CONNECTION_STRING redis "unix://$HC_SOCKETS/redis.sock"
address APP_KAFKA_BROKER kafka "127.0.0.1:$HC_KAFKA_PORT"
address APP_MONGODB_CONNECTION_STRING mongodb "mongodb://127.0.0.1:$HC_MONGODB_PORT/headcount?retryWrites=false"
export APP_PORT APP_BIND APP_REDIS_CONNECTION_STRING APP_KAFKA_BROKER APP_MONGODB_CONNECTION_STRING

# What is pinned. A change of a version, or of how a thing is built (the number behind the last dash), makes a new folder.
KAFKA_HOME=$HC_CACHE/kafka-4.1.0-1
DOCUMENTDB_HOME=$HC_CACHE/documentdb-pg18-1
FERRETDB_VERSION=2.7.0
FERRETDB_HOME=$HC_CACHE/ferretdb-$FERRETDB_VERSION-1
