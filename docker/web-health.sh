#!/usr/bin/env bash
# Healthy: lighttpd and headcount.fcgi answer. Whether MongoDB, Redis and Kafka do is for /v1/ready to say: a
# restart of this container would mend none of them.
exec 3<>"/dev/tcp/127.0.0.1/${APP_PORT:-9000}" || exit 1
printf 'GET /v1/health HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
