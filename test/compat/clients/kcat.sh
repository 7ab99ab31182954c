#!/usr/bin/env bash
# kcat. See ../doc.go for what each step is to do.
set -eu
not_there=3
how=(-b "$BOOTSTRAP")
[ -z "${CA:-}" ] || how+=(-X security.protocol=SASL_SSL -X "ssl.ca.location=$CA" -X sasl.mechanisms=SCRAM-SHA-256
	-X "sasl.username=$SASL_USER" -X "sasl.password=$SASL_PASSWORD")
case $1 in
version) kcat -V | sed -n 's/^Version \([^ ]*\) .*librdkafka \([0-9.]*\).*/\1, librdkafka \2/p' ;;
produce | secure) for ((i = 0; i < N; i++)); do echo "k$i:v$i"; done | kcat "${how[@]}" -P -t "$TOPIC" -K : -z lz4 ;;
consume) kcat "${how[@]}" -C -q -t "$TOPIC" -o beginning -c "$N" ;;
group) kcat "${how[@]}" -G "$GROUP" -q -X auto.offset.reset=earliest -c "$N" "$TOPIC" ;;
group848)
	kcat -X list 2>/dev/null | grep -q '^ *group.protocol ' || exit $not_there
	kcat "${how[@]}" -G "$GROUP" -q -X group.protocol=consumer -X auto.offset.reset=earliest -c "$N" "$TOPIC"
	;;
*) exit $not_there ;;
esac
