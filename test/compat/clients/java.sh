#!/usr/bin/env bash
# Apache Kafka's own console tools, by the jars in $JARS. See ../doc.go for what each step is to do.
set -eu
export CLASSPATH="$JARS/*"
run() { java -Xmx256m -XX:TieredStopAtLevel=1 "$@"; }
to=(--bootstrap-server "$BOOTSTRAP")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
: >"$dir/client"
[ -z "${CA:-}" ] || cat >"$dir/client" <<EOF
security.protocol=SASL_SSL
ssl.truststore.type=PEM
ssl.truststore.location=$CA
sasl.mechanism=SCRAM-SHA-256
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="$SASL_USER" password="$SASL_PASSWORD";
EOF
read_all() { # further properties of the consumer
	printf 'auto.offset.reset=earliest\n%s\n' "$1" >>"$dir/client"
	run org.apache.kafka.tools.consumer.ConsoleConsumer "${to[@]}" --topic "$TOPIC" --group "$GROUP" --max-messages "$N" \
		--timeout-ms 40000 --command-config "$dir/client"
}
topics() { run org.apache.kafka.tools.TopicCommand "${to[@]}" "$@"; }
case $1 in
version) basename "$JARS"/kafka-clients-*.jar .jar | sed 's/kafka-clients-//' ;;
produce | secure)
	for ((i = 0; i < N; i++)); do echo "k$i:v$i"; done |
		run org.apache.kafka.tools.ConsoleProducer "${to[@]}" --topic "$TOPIC" --reader-property parse.key=true --reader-property key.separator=: \
			--compression-codec snappy --command-config "$dir/client"
	;;
consume)
	run org.apache.kafka.tools.consumer.ConsoleConsumer "${to[@]}" --topic "$TOPIC" --from-beginning --max-messages "$N" --timeout-ms 40000
	;;
group) read_all group.protocol=classic ;;
group848) read_all group.protocol=consumer ;;
transactions) run "$CLIENTS/Transactions.java" ;;
admin)
	topics --create --topic "$TOPIC" --partitions 2 --config retention.ms=3600000
	topics --create --topic "$TOPIC-gone"
	run kafka.admin.ConfigCommand "${to[@]}" --describe --topic "$TOPIC" | grep -q retention.ms=3600000
	topics --alter --topic "$TOPIC" --partitions 4
	topics --delete --topic "$TOPIC-gone"
	;;
lag) # the columns of a partition are GROUP, TOPIC, PARTITION, CURRENT-OFFSET, LOG-END-OFFSET, LAG
	run org.apache.kafka.tools.consumer.group.ConsumerGroupCommand "${to[@]}" --describe --group "$GROUP" |
		awk -v topic="$TOPIC" '$2 == topic { sum += $6 } END { print sum }'
	;;
esac
