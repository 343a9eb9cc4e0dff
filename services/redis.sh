# shellcheck shell=bash
# Redis: the distribution's server on a Unix socket, which beats TCP on one machine and opens no port.

redis_start() {
    have redis-server || fail "redis-server isn't there: run services/headcount setup"
    user_folder 750 "$HC_DATA/data/redis"
    fill "$HC_SERVICES/redis/redis.conf.in" "$HC_RUN/redis.conf" "SOCKETS=$HC_SOCKETS" "DATA=$HC_DATA/data/redis"
    launch redis "unix:$HC_SOCKETS/redis.sock" --patience 10 -- "${AS_USER[@]}" redis-server "$HC_RUN/redis.conf"
    await redis 15 redis_ready
}

redis_ready() {
    [ "$(redis-cli -s "$HC_SOCKETS/redis.sock" ping)" = PONG ]
}
