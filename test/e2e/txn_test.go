package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

// perTxn is how many records each transaction of these tests writes.
const perTxn = 10

// TestTransactionsAtOneVersion: every SELECT, over the stream and over a view of it, sees whole
// transactions, and never an aborted one, whatever is open beside it.
func TestTransactionsAtOneVersion(t *testing.T) {
	rng := random(t)
	s := harness.Start(t, t.TempDir(), kept(rng)...)
	s.Exec(t, "CREATE TOPIC ev WITH (partitions = 3)", "CREATE STREAM ev (n bigint) WITH (topic = 'ev', format = 'json')",
		"CREATE MATERIALIZED VIEW evs AS SELECT count(*) AS c, sum(n) AS total FROM ev")
	ctx, stop := context.WithTimeout(testContext(t), 3*time.Second)
	defer stop()
	var committed, aborted atomic.Int64
	var writers sync.WaitGroup
	for w := range 3 {
		seed := rng.Uint64()
		writers.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			cl := s.Kafka(t, kgo.TransactionalID(fmt.Sprint("w", w)), kgo.DefaultProduceTopic("ev"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
			for ctx.Err() == nil {
				if err := writeTxn(cl, r, &committed, &aborted); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	c := s.Connect(t)
	reads := 0
	for ; ctx.Err() == nil; reads++ {
		rows, err := harness.Rows(context.Background(), c, "SELECT (SELECT count(*) FROM ev), c, total FROM evs")
		if err != nil {
			t.Fatal(err)
		}
		f := strings.Split(rows[0], "|")
		n, err := strconv.Atoi(f[0])
		if err != nil || n%perTxn != 0 || f[1] != f[0] || n > 0 && f[2] != f[0] {
			t.Fatalf("read %d: %q, %v", reads, rows[0], err)
		}
	}
	writers.Wait()
	t.Logf("%d transactions committed, %d aborted beside %d reads", committed.Load(), aborted.Load(), reads)
	want := fmt.Sprint(committed.Load() * perTxn)
	equal(t, "count", s.Query(t, "SELECT c FROM evs"), []string{want})
	equal(t, "records of a read_committed consumer", []string{fmt.Sprint(len(committedValues(t, s, "ev")))}, []string{want})
	if committed.Load() == 0 || aborted.Load() == 0 || reads == 0 {
		t.Error("nothing was tried")
	}
}

// writeTxn writes a transaction over all partitions, and ends it.
func writeTxn(cl *kgo.Client, r *rand.Rand, committed, aborted *atomic.Int64) error {
	if err := cl.BeginTransaction(); err != nil {
		return err
	}
	for range perTxn {
		cl.Produce(context.Background(), &kgo.Record{Partition: r.Int32N(3), Value: []byte(`{"n":1}`)}, nil)
		if r.IntN(4) == 0 {
			if err := cl.Flush(context.Background()); err != nil {
				return err
			}
		}
	}
	if err := cl.Flush(context.Background()); err != nil {
		return err
	}
	outcome, count := kgo.TryCommit, committed
	if r.IntN(3) == 0 {
		outcome, count = kgo.TryAbort, aborted
	}
	if err := cl.EndTransaction(context.Background(), outcome); err != nil {
		return err
	}
	count.Add(1)
	return nil
}

// committedValues reads a topic to its last stable offsets.
func committedValues(t *testing.T, s *harness.Server, topic string) (values []string) {
	t.Helper()
	cl := s.Kafka(t, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	defer cl.Close()
	for quiet := 0; quiet < 3; {
		ctx, cancel := context.WithTimeout(testContext(t), 500*time.Millisecond)
		fetches := cl.PollFetches(ctx)
		cancel()
		quiet++
		fetches.EachRecord(func(r *kgo.Record) {
			values = append(values, string(r.Value))
			quiet = 0
		})
	}
	return values
}

// TestTransactionKill consumes, transforms and produces in transactions, with workers that leave theirs
// open and a server that is killed: in the end every record is there once, for Kafka and for SQL.
func TestTransactionKill(t *testing.T) {
	rng := random(t)
	dir, ports := t.TempDir(), harness.FixedPorts(t)
	s := harness.Start(t, dir, append(kept(rng), ports...)...)
	s.Exec(t, "CREATE TOPIC tk_in WITH (partitions = 3)", "CREATE TOPIC tk_out WITH (partitions = 3)",
		"CREATE STREAM tk_out (n bigint) WITH (topic = 'tk_out', format = 'json')",
		"CREATE MATERIALIZED VIEW tk_view AS SELECT count(*) AS c, count(DISTINCT n) AS d, sum(n) AS total FROM tk_out")
	records, kills := 1500, 3
	if long() {
		records, kills = 50_000, 25
	}
	producer := s.Kafka(t, kgo.DefaultProduceTopic("tk_in"))
	for n := range records {
		producer.Produce(context.Background(), kgo.StringRecord(fmt.Sprintf(`{"n":%d}`, n)), nil)
	}
	if err := producer.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(testContext(t))
	defer stop()
	var done, left atomic.Int64
	var workers sync.WaitGroup
	for w := range 2 {
		seed := rng.Uint64()
		addr := s.KafkaAddr
		workers.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			for ctx.Err() == nil {
				if err := etlSession(ctx, addr, fmt.Sprint("tk", w), r, &done, &left); err != nil {
					t.Log(err) // the next session goes on
				}
			}
		})
	}
	for range kills {
		time.Sleep(time.Duration(300+rng.IntN(1200)) * time.Millisecond) // the moment is random
		s.Kill()
		s = harness.Start(t, dir, append(kept(rng), ports...)...)
	}
	want := fmt.Sprintf("%d|%d|%d", records, records, records*(records-1)/2)
	got := ""
	for deadline := time.Now().Add(2 * time.Minute); got != want && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		got = s.Query(t, "SELECT c, d, total FROM tk_view")[0]
	}
	stop()
	workers.Wait()
	t.Logf("%d transactions committed, %d left open or aborted", done.Load(), left.Load())
	if got != want {
		t.Fatalf("the view says %s, want %s", got, want)
	}
	// A transaction that a worker left open at the end holds what comes behind it back until it times out.
	var values []string
	for begin := time.Now(); len(values) < records && time.Since(begin) < 3*etlTimeout; {
		values = committedValues(t, s, "tk_out")
		t.Logf("%d records are stable after %v", len(values), time.Since(begin).Round(time.Second))
	}
	slices.Sort(values)
	if n, different := len(values), len(slices.Compact(values)); n != records || different != records {
		t.Fatalf("a consumer gets %d records, %d of them different, want %d", n, different, records)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s = harness.Start(t, dir, ports...)
	equal(t, "after a restart", s.Query(t, "SELECT c, d, total FROM tk_view"), []string{want})
}

// etlTimeout is after what time a transaction that nobody ends is aborted.
const etlTimeout = 10 * time.Second

// etlSession copies until it fails, is told to stop, or leaves a transaction open.
func etlSession(ctx context.Context, addr, id string, r *rand.Rand, done, left *atomic.Int64) error {
	sess, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(addr), kgo.TransactionalID(id), kgo.TransactionTimeout(etlTimeout),
		kgo.ConsumerGroup("tk"), kgo.ConsumeTopics("tk_in"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.DefaultProduceTopic("tk_out"),
		kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(100*time.Millisecond), kgo.FetchMaxPartitionBytes(1000), kgo.DisableClientMetrics())
	if err != nil {
		return err
	}
	defer sess.Close()
	for ctx.Err() == nil {
		fetches := sess.PollRecords(ctx, 25)
		if ctx.Err() != nil {
			return nil
		}
		if err := sess.Begin(); err != nil {
			return err
		}
		promise := kgo.AbortingFirstErrPromise(sess.Client())
		fetches.EachRecord(func(in *kgo.Record) {
			sess.Produce(ctx, &kgo.Record{Value: in.Value}, promise.Promise())
		})
		failed := promise.Err() != nil
		switch n := r.IntN(20); {
		case n == 0:
			left.Add(1)
			return nil // with it open
		case n < 3:
			failed = true
		}
		committed, err := sess.End(ctx, kgo.TransactionEndTry(!failed))
		if err != nil {
			return err
		}
		if committed {
			done.Add(1)
		} else {
			left.Add(1)
		}
	}
	return nil
}
