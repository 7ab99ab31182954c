package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tributary-db/tributary/test/harness"
)

// viewQueries are the views and the SELECT that computes the same.
var viewQueries = map[string]string{
	"ev_all":       "SELECT count(*), sum(v), min(n), max(n) FROM events",
	"ev_group":     "SELECT p, count(*), sum(v), max(n) FROM events GROUP BY p",
	"ev_above":     "SELECT count(*), sum(c) FROM (SELECT p, count(*) AS c FROM events GROUP BY p) g",
	"copied_parts": "SELECT part, count(*), sum(v) FROM copied GROUP BY part",
	"acct_all":     "SELECT count(*), sum(bal) FROM acct",
	"acct_moves":   "SELECT a.id, a.bal, count(*) FROM acct a JOIN marks m ON m.src = a.id GROUP BY a.id, a.bal",
	"move_all":     "SELECT count(*), sum(amt) FROM moves",
	"small_all":    "SELECT count(*), sum(n) FROM events WHERE v < 100",
}

// check verifies every promise against what the load remembers. No writer may be at work.
func (l *load) check(s *harness.Server) {
	l.t.Helper()
	ctx := testContext(l.t)
	if err := l.producer.Flush(ctx); err != nil {
		l.t.Fatalf("the producer does not get its records through: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		l.t.Errorf("the idempotent producer saw an error: %v", l.failed)
	}
	l.checkEvents(s)
	l.checkCopied(s)
	l.checkTransactions(s)
	for view, query := range viewQueries {
		got, want := s.Query(l.t, "SELECT * FROM "+view), s.Query(l.t, query)
		slices.Sort(got)
		slices.Sort(want)
		equal(l.t, "view "+view, got, want)
	}
	l.checkSinks(s)
	if n := s.Metric(l.t, "tributary_panics_total"); n != 0 {
		l.t.Errorf("%v panics", n)
	}
	if n := s.Metric(l.t, "tributary_dataflow_failed"); n != 0 {
		l.t.Errorf("%v dataflows have failed\n%s", n, s.Stderr())
	}
}

// checkEvents: the topic holds what was given to the producer, each record once, in order.
func (l *load) checkEvents(s *harness.Server) {
	l.t.Helper()
	seen := map[int64]bool{}
	for part, records := range readTopic(l.t, s, "events") {
		last := int64(-1)
		for _, r := range records {
			var row struct{ N, V int64 }
			if err := json.Unmarshal(r.Value, &row); err != nil {
				l.t.Fatalf("events: %q: %v", r.Value, err)
			}
			if seen[row.N] {
				l.t.Errorf("record %d is there twice", row.N)
			}
			if row.N <= last {
				l.t.Errorf("record %d stands behind record %d of partition %d", row.N, last, part)
			}
			if want, ok := l.values[row.N]; !ok || want != row.V {
				l.t.Errorf("record %d holds %d, was given as %d", row.N, row.V, want)
			}
			seen[row.N], last = true, row.N
		}
	}
	for n := range l.values {
		if l.acked[n] && !seen[n] {
			l.t.Errorf("acknowledged record %d is missing", n)
		}
	}
	if len(seen) != len(l.values) {
		l.t.Errorf("%d records are there, %d were given and flushed", len(seen), len(l.values))
	}
	want := []string{strconv.Itoa(len(l.values))}
	equal(l.t, "count of the stream", s.Query(l.t, "SELECT count(*) FROM events"), want)
	equal(l.t, "errors of the stream", s.Query(l.t, "SELECT count(*) FROM events_errors"), []string{"0"})
}

// checkCopied: every acknowledged COPY is there whole, an interrupted one whole or not at all.
func (l *load) checkCopied(s *harness.Server) {
	l.t.Helper()
	counts := map[int64]string{}
	for _, row := range s.Query(l.t, "SELECT part, count(*), sum(v), min(id), max(id) FROM copied GROUP BY part") {
		part, rest, _ := strings.Cut(row, "|")
		n, _ := strconv.ParseInt(part, 10, 64)
		counts[n] = rest
	}
	for part, state := range l.copied {
		got, there := counts[part]
		delete(counts, part)
		if !there && state == copyAcked {
			l.t.Errorf("acknowledged COPY %d is missing", part)
		}
		want := fmt.Sprintf("%d|%d|%d|%d", copyRows, 7*copyRows*(copyRows-1)/2, part*copyRows, part*copyRows+copyRows-1)
		if there && got != want {
			l.t.Errorf("COPY %d holds %s, want %s or nothing", part, got, want)
		}
	}
	for part := range counts {
		l.t.Errorf("COPY %d is there and was never sent", part)
	}
}

// checkTransactions: acknowledged ones are there, each is whole, and the accounts are what the
// marks say.
func (l *load) checkTransactions(s *harness.Server) {
	l.t.Helper()
	balance := make([]int64, accounts)
	for i := range balance {
		balance[i] = opening
	}
	there := map[int64]bool{}
	newest := [txWorkers]int64{}
	for w := range newest {
		newest[w] = -1
	}
	var moves []string
	for _, row := range s.Query(l.t, "SELECT tx, src, dst, amt FROM marks") {
		var tx, src, dst, amt int64
		if _, err := fmt.Sscanf(strings.ReplaceAll(row, "|", " "), "%d %d %d %d", &tx, &src, &dst, &amt); err != nil {
			l.t.Fatalf("mark %q: %v", row, err)
		}
		if !l.txTried[tx] || there[tx] {
			l.t.Errorf("mark %d was never sent, or is there twice", tx)
		}
		there[tx] = true
		balance[src] -= amt
		balance[dst] += amt
		w := tx / 1_000_000
		newest[w] = max(newest[w], tx)
		moves = append(moves, fmt.Sprintf("%d|%d", tx, amt))
	}
	for tx := range l.txAcked {
		if !there[tx] {
			l.t.Errorf("acknowledged transaction %d is missing", tx)
		}
	}
	var rows []string
	for i, b := range balance {
		rows = append(rows, fmt.Sprintf("%d|%d", i, b))
	}
	equal(l.t, "accounts", s.Query(l.t, "SELECT id, bal FROM acct ORDER BY id"), rows)
	rows = nil
	for w, tx := range newest {
		rows = append(rows, fmt.Sprintf("%d|%d", w, tx))
	}
	equal(l.t, "replaced rows", s.Query(l.t, "SELECT worker, tx FROM last_of ORDER BY worker"), rows)
	got := s.Query(l.t, "SELECT tx, amt FROM moves")
	slices.Sort(got)
	slices.Sort(moves)
	equal(l.t, "records of the transactions", got, moves)
}

// checkSinks: a sink's topic holds exactly what its query gives, in order.
func (l *load) checkSinks(s *harness.Server) {
	l.t.Helper()
	for part := range partitions {
		var got []string
		var row struct{ Part, Pos, N, V int64 }
		for _, r := range awaitTopic(l.t, s, "thirds", s.Query(l.t, "SELECT count(*) FROM events WHERE v % 3 = 0")[0]) {
			if err := json.Unmarshal(r.Value, &row); err != nil {
				l.t.Fatalf("thirds: %q: %v", r.Value, err)
			}
			if row.Part == int64(part) {
				got = append(got, fmt.Sprintf("%d|%d|%d", row.Pos, row.N, row.V))
			}
		}
		want := s.Query(l.t, fmt.Sprintf("SELECT _offset, n, v FROM events WHERE v %% 3 = 0 AND _partition = %d ORDER BY _offset", part))
		equal(l.t, fmt.Sprintf("sink thirds of partition %d", part), got, want)
	}
	l.checkCounts(s)
}

// checkCounts: a key's count in an updating sink only grows, each state written once, up to
// what the view says.
func (l *load) checkCounts(s *harness.Server) {
	l.t.Helper()
	want := s.Query(l.t, "SELECT p, c FROM ev_group ORDER BY p")
	var got []string
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		last := map[int64]int64{}
		for _, r := range slices.Concat(values(readTopic(l.t, s, "counts"))...) {
			var row struct{ P, C int64 }
			if err := json.Unmarshal(r.Value, &row); err != nil {
				l.t.Fatalf("counts: key %q value %q: %v", r.Key, r.Value, err)
			}
			if row.C <= last[row.P] {
				l.t.Errorf("sink counts: key %d goes from %d to %d", row.P, last[row.P], row.C)
			}
			last[row.P] = row.C
		}
		got = got[:0]
		for p, c := range last {
			got = append(got, fmt.Sprintf("%d|%d", p, c))
		}
		slices.Sort(got)
		if slices.Equal(got, want) || time.Now().After(deadline) {
			break
		}
	}
	equal(l.t, "sink counts", got, want)
}

// awaitTopic reads a topic of one partition once it holds count records; more is more.
func awaitTopic(t testing.TB, s *harness.Server, topic, count string) []*kgo.Record {
	t.Helper()
	want, err := strconv.Atoi(count)
	if err != nil {
		t.Fatal(err)
	}
	var records []*kgo.Record
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if records = readTopic(t, s, topic)[0]; len(records) >= want {
			break
		}
	}
	return records
}

// readTopic reads a topic from its start to its end, by partition.
func readTopic(t testing.TB, s *harness.Server, topic string) map[int32][]*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	c, err := kgo.NewClient(kgo.SeedBrokers(s.KafkaAddr), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, topic)
	if err != nil {
		t.Fatalf("end offsets of %s: %v", topic, err)
	}
	out := map[int32][]*kgo.Record{}
	open := 0
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			open++
		}
	})
	for open > 0 {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("read %s: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if got := out[r.Partition]; r.Offset != int64(len(got)) {
				t.Fatalf("%s/%d: offset %d follows %d records", topic, r.Partition, r.Offset, len(got))
			}
			out[r.Partition] = append(out[r.Partition], r)
			if end, _ := ends.Lookup(topic, r.Partition); r.Offset == end.Offset-1 {
				open--
			}
		})
	}
	return out
}

func values(m map[int32][]*kgo.Record) (out [][]*kgo.Record) {
	for _, v := range m {
		out = append(out, v)
	}
	return out
}
