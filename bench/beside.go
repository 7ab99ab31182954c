package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tributary-db/tributary/internal/kafkatest"
)

// besideRounds are turns of each broker; what varies over them shows in the rates, not in the CPU.
const besideRounds = 3

// benchBeside measures Apache Kafka's broker by turns with the built server: the same producing and fetching, by the same client. A
// directory of ours syncs before it answers, Kafka's broker as it comes does not.
func benchBeside(ctx context.Context, o options, t *table) (err error) {
	jars := os.Getenv("TRIBUTARY_TEST_JAVA")
	if found, _ := filepath.Glob(filepath.Join(jars, "kafka_2.13-*.jar")); jars == "" || len(found) == 0 {
		t.skip("beside Apache Kafka", "TRIBUTARY_TEST_JAVA names no directory with its jars; .ci/with-clients COMMAND gets them")
		return nil
	}
	ours, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer ours.stop()
	dir, err := os.MkdirTemp("", "kafka-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	kafka, err := kafkatest.StartBroker(ctx, jars, dir)
	if err != nil {
		return err
	}
	defer kafka.Kill()
	peers := []peer{{"Tributary", ours}, {"Apache Kafka", &server{kafka: kafka.Addr, pid: kafka.PID()}}}
	for _, p := range peers { // a JVM compiles what is used often
		if _, _, err := p.turn(ctx, o, "warm", 8); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	for _, clients := range []int{1, 8} {
		var produced, fetched [2]result
		for round := range besideRounds {
			for i, p := range peers {
				in, out, err := p.turn(ctx, o, fmt.Sprintf("beside-%d-%d", clients, round), clients)
				if err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
				produced[i].add(in)
				fetched[i].add(out)
			}
		}
		t.beside(fmt.Sprintf("produce 1 KB, acks=all, 10 partitions, %d clients", clients), peers, produced)
		t.beside(fmt.Sprintf("fetch 1 KB, 10 partitions, %d clients", clients), peers, fetched)
	}
	for _, p := range peers {
		if err := p.benchAcks(ctx, t, p.name, 2000, o.duration()); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// peer is a broker with its name.
type peer struct {
	name string
	*server
}

// turn produces to a topic of its own for a while, fetches it, and removes it.
func (p peer) turn(ctx context.Context, o options, topic string, clients int) (produced, fetched result, err error) {
	cl, err := p.client()
	if err != nil {
		return produced, fetched, err
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	if _, err := adm.CreateTopic(ctx, 10, 1, nil, topic); err != nil {
		return produced, fetched, err
	}
	if produced, err = p.produce(ctx, topic, clients, o.duration()); err != nil {
		return produced, fetched, err
	}
	if fetched, err = p.fetch(ctx, topic, clients, produced.count); err != nil {
		return produced, fetched, err
	}
	_, err = adm.DeleteTopic(ctx, topic)
	return produced, fetched, err
}

// beside prints both results of a measurement, and their ratio.
func (t *table) beside(what string, peers []peer, r [2]result) {
	for i, p := range peers {
		r[i].what = p.name + ": " + what
		t.add(r[i])
	}
	t.ratio(fmt.Sprintf("%s / %s", peers[0].name, peers[1].name), r[0], r[1])
}
