#!/usr/bin/env bash
# The consumer container. A process id is the same in every container, and so would be the default name, under which
# each consumer says that it lives; the container's name is its own.
export APP_INSTANCE=${APP_INSTANCE:-consumer-$HOSTNAME}
exec headcount-consumer "$@"
