# Two images from one file: `--target web` (lighttpd and headcount.fcgi) and `--target consumer`.
# docker-compose.yml builds and starts both.
#
# Packages carry no versions: Debian 12 changes them for security alone and then drops the old ones, so that a
# pinned version is either the newest or a build that fails. The release is pinned by the base image's tag.

FROM debian:12.12-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
# The same list that `make run` installs from.
COPY services/packages.txt services/
# hadolint ignore=DL3008
RUN apt-get update \
    && awk '$1 == "build" { print $2 }' services/packages.txt \
    | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y --no-install-recommends \
    && rm -rf /var/lib/apt/lists/*
COPY Makefile ./
COPY lib/ lib/
COPY fcgi/ fcgi/
COPY consumer/ consumer/
RUN make -j"$(nproc)" all

FROM debian:12.12-slim AS runtime
LABEL org.opencontainers.image.title="Headcount" \
      org.opencontainers.image.description="Real-time dashboard of a user base of ten million people and more" \
      org.opencontainers.image.licenses="MIT"
# Libraries of both programs; certificates for MongoDB and Kafka over TLS, zones for APP_TIMEZONE.
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates \
        libbson-1.0-0 \
        libfcgi0ldbl \
        libhiredis0.14 \
        libjson-c5 \
        libmongoc-1.0-0 \
        libpcre2-8-0 \
        librdkafka1 \
        libsodium23 \
        libutf8proc2 \
        libxxhash0 \
        tzdata \
        zlib1g \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 headcount \
    && useradd --system --uid 10001 --gid headcount --no-create-home --home-dir /nonexistent headcount
ENV PATH=/opt/headcount/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /opt/headcount
STOPSIGNAL SIGTERM

FROM runtime AS consumer
COPY docker/consumer.sh docker/consumer-health.sh docker/
COPY --from=build /src/build/release/headcount-consumer bin/
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/opt/headcount/docker/consumer-health.sh"]
ENTRYPOINT ["/opt/headcount/docker/consumer.sh"]

# One container for both: they speak over a Unix socket, neither is of use without the other, and they are scaled,
# started and ended together. Two containers would need a shared volume for the socket and an order of ending that
# Compose doesn't know: the web server first, so that no request is cut.
FROM runtime AS web
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends lighttpd lighttpd-mod-deflate \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o headcount -g headcount -m 700 /run/headcount /var/lib/headcount /var/lib/headcount/uploads
COPY lighttpd.conf ./
COPY services/errors/ services/errors/
COPY www/ www/
COPY docker/web.sh docker/web-health.sh docker/
COPY --from=build /src/build/release/headcount.fcgi bin/
ENV APP_BIND=0.0.0.0 \
    APP_PORT=9000 \
    APP_WWW=/opt/headcount/www \
    HEADCOUNT_ROOT=/opt/headcount \
    HEADCOUNT_RUN=/run/headcount \
    HEADCOUNT_UPLOADS=/var/lib/headcount/uploads
EXPOSE 9000
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/opt/headcount/docker/web-health.sh"]
ENTRYPOINT ["/opt/headcount/docker/web.sh"]
