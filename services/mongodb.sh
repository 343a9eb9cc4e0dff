# shellcheck shell=bash
# A MongoDB server: the machine's mongod if there is one, else FerretDB over PostgreSQL.

mongodb_start() {
    if have mongod; then
        mongod_start
    else
        postgres_start
        ferretdb_start
    fi
}

mongod_start() {
    user_folder 750 "$HC_DATA/data/mongod"
    launch mongod "127.0.0.1:$HC_MONGODB_PORT" --patience 30 -- \
        "${AS_USER[@]}" mongod --dbpath "$HC_DATA/data/mongod" --port "$HC_MONGODB_PORT" --bind_ip 127.0.0.1 \
        --unixSocketPrefix "$HC_SOCKETS" --wiredTigerCacheSizeGB 1
    await mongod 60 mongodb_ready
}

# Asks for one document of a collection that isn't there: the answer comes from the storage itself.
mongodb_ready() {
    local answer
    answer=$(
        exec 3<>"/dev/tcp/127.0.0.1/$HC_MONGODB_PORT" || exit 1
        # OP_MSG {find: "hc_ready", limit: 1, $db: "headcount"}
        printf 'K\0\0\0\001\0\0\0\0\0\0\0\335\007\0\0\0\0\0\0\0' >&3
        # shellcheck disable=SC2016 # $db is the name of a field
        printf '6\0\0\0\002find\0\011\0\0\0hc_ready\0\020limit\0\001\0\0\0\002$db\0\012\0\0\0headcount\0\0' >&3
        timeout 3 head -c 60 <&3 | tr -d '\0'
    ) 2>/dev/null
    case $answer in *firstBatch* | *cursor*) return 0 ;; esac
    return 1
}
