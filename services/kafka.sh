# shellcheck shell=bash
# Apache Kafka: one node, KRaft, from the jars of Maven Central.

setup_kafka() {
    local dir=$KAFKA_HOME.building
    mkdir -p "$dir"
    cp "$HC_SERVICES/kafka/pom.xml" "$dir/"
    why "Kafka's jars can't be downloaded by mvn: is there a network?"
    mvn -B -f "$dir/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$dir/lib" || return 1
    ls "$dir"/lib/kafka_2.13-*.jar || return 1
    mv "$dir" "$KAFKA_HOME"
}

kafka_java() { # PROPERTIES-OF-JAVA… CLASS ARGUMENTS…
    java -Dlog4j2.configurationFile="$HC_RUN/kafka.log4j2.properties" -cp "$KAFKA_HOME/lib/*" "$@"
}

kafka_start() {
    local config=$HC_RUN/kafka.properties data=$HC_DATA/data/kafka
    [ -d "$KAFKA_HOME" ] || fail "Kafka isn't set up: run services/headcount setup"
    user_folder 750 "$data"
    fill "$HC_SERVICES/kafka/server.properties.in" "$config" \
        "PORT=$HC_KAFKA_PORT" "CONTROLLER_PORT=$HC_KAFKA_CONTROLLER_PORT" "DATA=$data"
    cp "$HC_SERVICES/kafka/log4j2.properties" "$HC_RUN/kafka.log4j2.properties"
    if [ ! -s "$data/meta.properties" ]; then
        (cd "$data" && as_user env LOG_DIR="$data" java -Dlog4j2.configurationFile="$HC_RUN/kafka.log4j2.properties" \
            -XX:TieredStopAtLevel=1 -cp "$KAFKA_HOME/lib/*" kafka.tools.StorageTool format --standalone \
            -t "$(kafka_cluster_id)" -c "$config") >>"$HC_LOG/kafka.log" 2>&1 ||
            fail "Kafka's data folder can't be made: see $HC_LOG/kafka.log"
    fi
    launch kafka "127.0.0.1:$HC_KAFKA_PORT" --patience 30 -- \
        "${AS_USER[@]}" java -Xmx512m -Xms128m -XX:+UseSerialGC -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError \
        -Djava.awt.headless=true -Dlog4j2.configurationFile="$HC_RUN/kafka.log4j2.properties" \
        -cp "$KAFKA_HOME/lib/*" kafka.Kafka "$config"
    await kafka 60 kafka_ready
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
