package compat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/internal/kafkatest"
	"github.com/tributary-db/tributary/test/harness"
)

// programs are whole programs over Kafka, each killed in the middle of its work where it says so.
var programs = []struct {
	name, does string
	run        func(place) error
}{
	{"Kafka Streams", "word count with `exactly_once_v2`, killed and started again: every count of every word once", streams},
	{"Kafka Connect", "file source with `exactly.once.source.support`, its worker killed and started again: every line once; file sink: every line", connectFiles},
	{"MirrorMaker 2", "moves topics, their configuration and groups' offsets from an Apache Kafka broker, and a topic back to it", mirror},
}

// place is where a program runs.
type place struct {
	t       *testing.T
	server  *harness.Server
	jars    string
	clients string // the directory of that name
}

// programRows runs them and returns the lines of their table.
func programRows(t *testing.T, s *harness.Server) (rows []string) {
	jars := os.Getenv("TRIBUTARY_TEST_JAVA")
	clients, err := filepath.Abs("clients")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		result := "not run"
		if found, _ := filepath.Glob(filepath.Join(jars, "connect-mirror-client-*.jar")); jars != "" && len(found) > 0 {
			result = "yes"
			if err := p.run(place{t, s, jars, clients}); err != nil {
				t.Errorf("%s: %v", p.name, err)
				result = "**fails**"
			}
		}
		rows = append(rows, "| "+p.name+" | "+p.does+" | "+result+" |")
	}
	return rows
}

// start runs a class of the jars; it is killed when the test ends.
func (p place) start(env []string, class string, args ...string) *kafkatest.Process {
	p.t.Helper()
	run, err := kafkatest.Run(p.jars, env, []string{"-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}, class, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(run.Kill)
	return run
}

// patience of a program: what takes longer does not come.
const patience = 8 * time.Minute

// until asks again and again until it gets no error, and returns the last one when patience is at its end.
func until(what string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	for {
		said := ask(ctx)
		if said == nil {
			return nil
		}
		if ctx.Err() == nil { // else it is the end of patience that speaks
			err = said
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// committed is what a consumer of committed records reads of a topic up to its last stable offset, partition by partition.
func committed(ctx context.Context, cl *kgo.Client, topic string) ([]*kgo.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, patience/4)
	defer cancel()
	ends, err := kadm.NewClient(cl).ListCommittedOffsets(ctx, topic)
	if err = errors.Join(err, ends.Error()); err != nil {
		return nil, err
	}
	from, left := map[int32]kgo.Offset{}, map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			from[o.Partition], left[o.Partition] = kgo.NewOffset().AtStart(), o.Offset
		}
	})
	reader, err := kgo.NewClient(kgo.SeedBrokers(cl.OptValue(kgo.SeedBrokers).([]string)...), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var out []*kgo.Record
	for len(left) > 0 {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("%d records of %s, up to %v: %w", len(out), topic, left, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				out = append(out, r)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return out, nil
}

// some is an error until a topic has as many committed records.
func some(cl *kgo.Client, topic string, n int) func(context.Context) error {
	return func(ctx context.Context) error {
		got, err := committed(ctx, cl, topic)
		if err == nil && len(got) < n {
			adm := kadm.NewClient(cl)
			stable, stableErr := adm.ListCommittedOffsets(ctx, topic)
			ends, endErr := adm.ListEndOffsets(ctx, topic)
			err = errors.Join(fmt.Errorf("%d records, want %d; stable up to %v of %v", len(got), n, stable.Offsets(), ends.Offsets()), stableErr, endErr)
		}
		return err
	}
}

// streams counts words; after a kill every count of every word is there once, and none is left out.
func streams(p place) error {
	cl := p.server.Kafka(p.t, gzip)
	adm := kadm.NewClient(cl)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := adm.CreateTopics(ctx, 2, -1, nil, "words", "words-counts"); err != nil {
		return err
	}
	const lines = 20_000
	want := map[string]int{}
	var rs []*kgo.Record
	for i := range lines {
		a, b := fmt.Sprint("a", i%7), fmt.Sprint("b", i%11)
		want[a]++
		want[b]++
		rs = append(rs, kgo.StringRecord(a+" "+b))
		rs[i].Topic = "words"
	}
	if err := cl.ProduceSync(ctx, rs...).FirstErr(); err != nil {
		return err
	}
	env := []string{"BOOTSTRAP=" + p.server.KafkaAddr, "TOPIC=words", "GROUP=wordcount", "STATE=" + p.t.TempDir()}
	count := func() *kafkatest.Process { return p.start(env, filepath.Join(p.clients, "WordCount.java")) }
	run := count()
	if err := until("the first counts", some(cl, "words-counts", 1)); err != nil {
		return fmt.Errorf("%w\n%s", err, tail(run.Output()))
	}
	run.Kill()
	before, err := committed(ctx, cl, "words-counts")
	if err != nil {
		return err
	}
	p.t.Logf("Kafka Streams was killed after %d of %d counts", len(before), 2*lines)
	run = count()
	if err := until("all counts", some(cl, "words-counts", 2*lines)); err != nil {
		return fmt.Errorf("%w\n%s", err, tail(run.Output()))
	}
	run.Kill()
	after, err := committed(ctx, cl, "words-counts")
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, r := range after {
		if counts[string(r.Key)]++; fmt.Sprint(counts[string(r.Key)]) != string(r.Value) {
			return fmt.Errorf("count %s of %q comes as its %dth", r.Value, r.Key, counts[string(r.Key)])
		}
	}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		return fmt.Errorf("counts %v, want %v", counts, want)
	}
	return nil
}

// numbered are lines of a file.
func numbered(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintln(&b, "line", i)
	}
	return b.String()
}
