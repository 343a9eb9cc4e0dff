# shellcheck shell=bash
# The unprivileged user: as root, the services and our programs run as HC_USER; else as whoever called.

AS_USER=()
if is_root; then
    AS_USER=(setpriv "--reuid=$HC_USER" "--regid=$HC_USER" --init-groups --no-new-privs --)
fi

user_create() {
    is_root || return 0
    getent passwd "$HC_USER" >/dev/null && return
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$HC_USER"
}

as_user() {
    "${AS_USER[@]}" "$@"
}

# folder MODE PATH…: makes folders that belong to the services' user.
user_folder() {
    local mode=$1 path
    shift
    for path in "$@"; do
        mkdir -p "$path"
        chmod "$mode" "$path"
        ! is_root || chown "$HC_USER:$HC_USER" "$path"
    done
}

# The data folder: run/ and log/ stay the caller's, so that the services can't put a foreign pid into a pid file.
data_folders() {
    mkdir -p "$HC_DATA" "$HC_RUN" "$HC_LOG" 2>/dev/null ||
        fail "can't make $HC_DATA: set HEADCOUNT_DATA to a folder that you may write"
    chmod 755 "$HC_RUN" "$HC_LOG"
    user_folder 750 "$HC_DATA/data"
    if [ "$HC_SOCKETS" != "$HC_RUN/sockets" ] && [ ! -d "$HC_SOCKETS" ]; then
        say "The path of $HC_DATA is too long for Unix sockets, so they lie in $HC_SOCKETS."
        mkdir -m 700 "$HC_SOCKETS"
    fi
    if [ -L "$HC_SOCKETS" ] || { [ -d "$HC_SOCKETS" ] && ! owner_is_ours "$HC_SOCKETS"; }; then
        fail "$HC_SOCKETS belongs to someone else: remove it, or set HEADCOUNT_DATA to a folder with a shorter path"
    fi
    user_folder 750 "$HC_SOCKETS"
    as_user test -w "$HC_SOCKETS" ||
        fail "the services run as user $HC_USER, who can't enter $HC_DATA: set HEADCOUNT_DATA to a folder that others may enter"
}

owner_is_ours() {
    local owner
    owner=$(stat -c %U "$1")
    [ "$owner" = "$HC_USER" ] || [ -O "$1" ]
}
