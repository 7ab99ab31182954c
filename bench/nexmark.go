package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/nexmark"
)

const (
	nexmarkPartitions = 2
	nexmarkSeed       = 1
)

// nexmarkColumns are of all events, one table; a kind has its own and the last two. date_time's type has a precision in Flink.
const nexmarkColumns = `event_type int, id bigint, name varchar, email_address varchar, credit_card varchar, city varchar, state varchar,
	item_name varchar, description varchar, initial_bid bigint, reserve bigint, expires timestamp(3), seller bigint, category bigint,
	auction bigint, bidder bigint, price bigint, channel varchar, url varchar, date_time timestamp(3), extra varchar,
	WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND`

// nexmarkViews are the three kinds, as the queries name them.
var nexmarkViews = []string{
	`CREATE VIEW person AS SELECT id, name, email_address, credit_card, city, state, date_time, extra FROM nexmark WHERE event_type = 0`,
	`CREATE VIEW auction AS SELECT id, item_name, description, initial_bid, reserve, date_time, expires, seller, category, extra FROM nexmark WHERE event_type = 1`,
	`CREATE VIEW bid AS SELECT auction, bidder, price, channel, url, date_time, extra FROM nexmark WHERE event_type = 2`,
}

// benchNexmark runs the queries of Nexmark here, as views made behind the events, and in Apache Flink, into nothing, over the
// same JSON records of one topic of this server, one query and one engine at a time, and prints processor time for an event.
func benchNexmark(ctx context.Context, o options) error {
	fmt.Printf("%s\n%s\n", strings.Join(append([]string{"go run ./bench"}, os.Args[1:]...), " "), machine())
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.produceNexmark(ctx, o.events); err != nil {
		return err
	}
	err = s.exec(ctx, append([]string{"CREATE STREAM nexmark (" + nexmarkColumns + ") WITH (topic = 'nexmark', format = 'json')",
		"CREATE TABLE side_input (key bigint PRIMARY KEY, value varchar)",
		"INSERT INTO side_input SELECT i, i::varchar FROM generate_series(0, 9999) AS s (i)",
		strings.NewReplacer("VIEW bid", "VIEW bid_now", "extra FROM", "extra, _commit_time FROM").Replace(nexmarkViews[2])}, nexmarkViews...)...)
	if err != nil {
		return err
	}
	flink := newFlink(s, o)
	if flink == nil {
		fmt.Println("left out: Apache Flink: TRIBUTARY_TEST_FLINK names no directory with its jars; .ci/with-flink COMMAND gets them")
	}
	defer flink.close()
	fmt.Printf("%d events, processor time of an event in ns, wall time of all in s\n", o.events)
	fmt.Printf("%-5s %9s %9s %9s %9s %9s\n", "", "here", "Flink", "Flink/here", "wall", "Flink's")
	logs, both := 0.0, 0
	for _, q := range append(nexmark.Queries[:len(nexmark.Queries):len(nexmark.Queries)], nexmark.Query{Name: "q12", Text: nexmark.Q12, Flink: nexmark.Q12}) {
		if !o.wants(q.Name) {
			continue
		}
		ours, err := s.nexmarkView(ctx, q)
		if err != nil {
			return fmt.Errorf("%s: %w", q.Name, err)
		}
		fmt.Printf("%-5s %9.0f", q.Name, ours.cpuOf(o.events))
		if flink == nil || q.Flink == nexmark.NotInFlink {
			fmt.Printf(" %9s %9s %9.1f\n", "", "", ours.wall.Seconds())
			continue
		}
		theirs, err := flink.run(ctx, q)
		if err != nil {
			return fmt.Errorf("%s: Apache Flink: %w", q.Name, err)
		}
		ratio := float64(theirs.cpu) / float64(ours.cpu)
		fmt.Printf(" %9.0f %9.1f %9.1f %9.1f\n", theirs.cpuOf(o.events), ratio, ours.wall.Seconds(), theirs.wall.Seconds())
		logs, both = logs+math.Log(ratio), both+1
	}
	if both > 0 {
		fmt.Printf("geometric mean of %d: %.2f\n", both, math.Exp(logs/float64(both)))
	}
	return nil
}

// cpuOf is the processor time for one of so many events, in nanoseconds.
func (t timing) cpuOf(events int) float64 { return float64(t.cpu) / float64(events) }

// produceNexmark fills the topic: an event is one object with its kind and the fields of that.
func (s *server) produceNexmark(ctx context.Context, events int) error {
	if err := s.exec(ctx, fmt.Sprintf("CREATE TOPIC 'nexmark' WITH (partitions = %d)", nexmarkPartitions)); err != nil {
		return err
	}
	generator, err := nexmark.New(nexmark.Config{Seed: nexmarkSeed})
	if err != nil {
		return err
	}
	c, err := s.client(kgo.DefaultProduceTopic("nexmark"), kgo.MaxBufferedRecords(50_000), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var e nexmark.Event
	for i := range int64(events) {
		generator.At(i, &e)
		value := e.AppendFlat(fmt.Appendf(nil, `{"event_type":%d`, e.Kind))
		value[len(`{"event_type":0`)] = ',' // where the event's own object begins
		c.Produce(ctx, &kgo.Record{Value: value, Partition: int32(i % nexmarkPartitions)}, func(_ *kgo.Record, err error) {
			if err != nil {
				cancel(err)
			}
		})
	}
	return errors.Join(c.Flush(ctx), context.Cause(ctx))
}

// nexmarkView makes a view behind all events and drops it: the statement returns when the view has them.
func (s *server) nexmarkView(ctx context.Context, q nexmark.Query) (t timing, err error) {
	text := strings.ReplaceAll(q.Text, "PROCTIME() AS p_time FROM bid", "PROCTIME() AS p_time FROM bid_now") // the time of the stream's records
	cpu, begin := s.cpu(), time.Now()
	if err := s.exec(ctx, "CREATE MATERIALIZED VIEW v AS "+text); err != nil {
		return t, err
	}
	t = timing{wall: time.Since(begin), cpu: s.cpu() - cpu}
	if err := s.exec(ctx, "SELECT count(*) FROM v"); err != nil {
		return t, err
	}
	return t, s.exec(ctx, "DROP MATERIALIZED VIEW v")
}

// flinkJars is the directory of Flink's jars, empty if there is none.
func flinkJars() string {
	jars := os.Getenv("TRIBUTARY_TEST_FLINK")
	if found, _ := filepath.Glob(filepath.Join(jars, "flink-table-planner*.jar")); jars == "" || len(found) == 0 {
		return ""
	}
	return jars
}
