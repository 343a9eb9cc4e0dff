# shellcheck shell=bash
# Apache Kafka: one node, KRaft, from the jars of Maven Central.

KAFKA_ARCHIVE=$KAFKA_HOME/kafka.jsa
KAFKA_JAVA=(-XX:+UseSerialGC -XX:-UsePerfData -Djava.awt.headless=true)

setup_kafka() {
    local dir=$KAFKA_HOME.building
    if [ ! -d "$KAFKA_HOME" ]; then
        mkdir -p "$dir"
        cp "$HC_SERVICES/kafka/pom.xml" "$dir/"
        why "Kafka's jars can't be downloaded by mvn: is there a network?"
        mvn -B -f "$dir/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$dir/lib" || return 1
        ls "$dir"/lib/kafka_2.13-*.jar || return 1
        mv "$dir" "$KAFKA_HOME"
    fi
    (kafka_archive) || true
    touch "$KAFKA_HOME/complete"
}

# Half of what a start costs is Java reading 7 000 classes: one trial start keeps them in an archive. It is tied to the
# jars' folder and to the Java of this machine; without it, or with another Java, a start is only slower.
kafka_archive() {
    local trial=$KAFKA_HOME/trial.building pid
    AS_USER=()
    KAFKA_JAVA+=("-Dlog4j2.configurationFile=$HC_SERVICES/kafka/log4j2.properties")
    [ ! -e "$KAFKA_ARCHIVE" ] || return 0
    rm -rf "$trial"
    mkdir -p "$trial/data"
    HC_KAFKA_PORT=$((40000 + RANDOM % 10000))
    kafka_config "$trial/kafka.properties" "$trial/data" $((HC_KAFKA_PORT + 10000))
    (cd "$trial" && kafka_format "$trial/kafka.properties") || return 0
    java "${KAFKA_JAVA[@]}" "-XX:ArchiveClassesAtExit=$trial/kafka.jsa" -cp "$KAFKA_HOME/lib/*" \
        kafka.Kafka "$trial/kafka.properties" &
    pid=$!
    wait_until 60 kafka_ready || true
    kill "$pid" || true
    wait "$pid" || true
    if [ -s "$trial/kafka.jsa" ]; then
        chmod 644 "$trial/kafka.jsa"
        mv "$trial/kafka.jsa" "$KAFKA_ARCHIVE"
    fi
    rm -rf "$trial"
}

kafka_config() { # FILE DATA CONTROLLER-PORT
    fill "$HC_SERVICES/kafka/server.properties.in" "$1" "PORT=$HC_KAFKA_PORT" "CONTROLLER_PORT=$3" "DATA=$2"
}

kafka_format() { # FILE
    as_user java "${KAFKA_JAVA[@]}" -XX:TieredStopAtLevel=1 -cp "$KAFKA_HOME/lib/*" kafka.tools.StorageTool format \
        --standalone -t "$(kafka_cluster_id)" -c "$1"
}

kafka_start() {
    local config=$HC_RUN/kafka.properties data=$HC_DATA/data/kafka
    [ -d "$KAFKA_HOME" ] || fail "Kafka isn't set up: run services/headcount setup"
    user_folder 750 "$data"
    kafka_config "$config" "$data" "$HC_KAFKA_CONTROLLER_PORT"
    # The services' user may be unable to read the checkout.
    cp "$HC_SERVICES/kafka/log4j2.properties" "$HC_RUN/kafka.log4j2.properties"
    KAFKA_JAVA+=("-Dlog4j2.configurationFile=$HC_RUN/kafka.log4j2.properties")
    if [ ! -s "$data/meta.properties" ]; then
        (cd "$data" && kafka_format "$config") >>"$HC_LOG/kafka.log" 2>&1 ||
            fail "Kafka's data folder can't be made: see $HC_LOG/kafka.log"
    fi
    launch kafka "127.0.0.1:$HC_KAFKA_PORT" --patience 30 -- \
        "${AS_USER[@]}" java "${KAFKA_JAVA[@]}" -Xmx512m -Xms128m -XX:+ExitOnOutOfMemoryError \
        "-XX:SharedArchiveFile=$KAFKA_ARCHIVE" -cp "$KAFKA_HOME/lib/*" kafka.Kafka "$config"
    await kafka 90 kafka_ready
}

# 16 random bytes in base64url that begin with no dash.
kafka_cluster_id() {
    printf 'hc%s' "$(head -c 15 /dev/urandom | base64 | tr '+/' '-_')"
}

# Asks for the API versions, as every client does first: a broker answers this once it serves requests.
kafka_ready() {
    local answer
    answer=$(
        exec 3<>"/dev/tcp/127.0.0.1/$HC_KAFKA_PORT" || exit 1
        # size 10, key 18 (ApiVersions), version 0, correlation id 7, no client id
        printf '\0\0\0\012\0\022\0\0\0\0\0\007\377\377' >&3
        timeout 2 head -c 10 <&3 | od -An -tx1 | tr -d ' \n'
    ) 2>/dev/null
    # … correlation id 7, error code 0
    [ "${answer:8}" = 000000070000 ]
}
