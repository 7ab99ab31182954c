package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// steadyViews are kept up to date while records come; newest is the one whose subscriber is timed.
var steadyViews = []string{
	`CREATE STREAM events (n BIGINT, k INT, v INT, at TIMESTAMP, WATERMARK FOR at AS at - INTERVAL '1 second') WITH (topic = 'events')`,
	`CREATE TABLE names (k INT PRIMARY KEY, name TEXT)`,
	`CREATE TABLE large (id INT PRIMARY KEY, g INT, v INT)`,
	`CREATE MATERIALIZED VIEW newest AS SELECT max(n) AS n FROM events`,
	`CREATE MATERIALIZED VIEW picked AS SELECT n, k, v FROM events WHERE v % 50 = 0`,
	`CREATE MATERIALIZED VIEW grouped AS SELECT k, count(*) AS n, sum(v) AS v, max(v) AS most FROM events GROUP BY k`,
	`CREATE MATERIALIZED VIEW joined AS SELECT names.name, count(*) AS n FROM events JOIN names ON events.k = names.k GROUP BY names.name`,
	`CREATE MATERIALIZED VIEW windowed AS SELECT TUMBLE_START(at, INTERVAL '10 seconds') AS w, k % 100 AS k, count(*) AS n
		FROM events GROUP BY TUMBLE(at, INTERVAL '10 seconds'), k % 100 EMIT ON WINDOW CLOSE`,
}

// steadyBackfill is made and dropped all the time.
const steadyBackfill = `CREATE MATERIALIZED VIEW backfill AS SELECT g, count(*) AS n, sum(v) AS v FROM large GROUP BY g`

// steadyKeys is the number of keys; steadyStep how often records are sent, the last of each time being timed.
const steadyKeys, steadyStep = 20_000, 5 * time.Millisecond

// steady is a run: what was sent when, and what was seen.
type steady struct {
	s    *server
	next atomic.Int64 // records made so far

	mu      sync.Mutex
	sent    []mark
	samples []time.Duration // of this line of the timeline
	gap     time.Duration   // longest in which nothing was seen
	all     []time.Duration
	gaps    int // longer than gapLimit
}

type mark struct {
	n  int64
	at time.Time
}

const gapLimit = 250 * time.Millisecond

func event(n int64) []byte {
	at := time.Now().UTC()
	return fmt.Appendf(nil, `{"n":%d,"k":%d,"v":%d,"at":"%s"}`, n, n*7919%steadyKeys, n%1000, at.Format("2006-01-02 15:04:05.000"))
}

// benchSteady prints a timeline of produce to view at half of the rate that the server can take, beside
// checkpoints, merges and a view that is backfilled all the time.
func benchSteady(ctx context.Context, o options) error {
	fmt.Printf("%s\n%s\n", strings.Join(append([]string{"go run ./bench"}, os.Args[1:]...), " "), machine())
	s, err := start(ctx, o, "--state-memory", "512MB", "--checkpoint-interval", "5s")
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.exec(ctx, steadyViews...); err != nil {
		return err
	}
	if err := s.fillSteady(ctx, o.rows); err != nil {
		return err
	}
	c, err := s.client(kgo.DefaultProduceTopic("events"), kgo.ProducerLinger(0), kgo.MaxBufferedRecords(1<<20))
	if err != nil {
		return err
	}
	defer c.Close()
	b := &steady{s: s}
	most, err := b.maximum(ctx, c, o.duration())
	if err != nil {
		return err
	}
	before, err := s.histograms(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("at most %.0f records/s into %d views; half of that for %v beside backfills over %d rows\n", most, len(steadyViews)-3, o.minutes, o.rows)
	if err := b.run(ctx, c, most/2, o.minutes); err != nil {
		return err
	}
	return s.printWay(ctx, before)
}

// fillSteady loads the tables.
func (s *server) fillSteady(ctx context.Context, rows int) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	load := func(sql string, n int, line func(i int) string) error {
		r, w := io.Pipe()
		go func() {
			for i := range n {
				if _, err := io.WriteString(w, line(i)); err != nil {
					return // the reader has failed, and says why
				}
			}
			_ = w.Close() // a pipe's never fails
		}()
		_, err := c.PgConn().CopyFrom(ctx, r, sql)
		return errors.Join(err, r.Close())
	}
	const part = 500_000 // of one commit
	for from := 0; from < rows && err == nil; from += part {
		err = load(`COPY large FROM STDIN`, min(part, rows-from), func(i int) string {
			return fmt.Sprintf("%d\t%d\t%d\n", from+i, (from+i)*31%100_000, i%1000)
		})
	}
	return errors.Join(err, load(`COPY names FROM STDIN`, steadyKeys, func(i int) string { return fmt.Sprintf("%d\tname %d\n", i, i%1000) }))
}

// maximum is how many records a second go in until every view has them.
func (b *steady) maximum(ctx context.Context, c *kgo.Client, d time.Duration) (float64, error) {
	begin, first := time.Now(), b.next.Load()
	for time.Since(begin) < d {
		for range 1000 {
			c.Produce(ctx, &kgo.Record{Value: event(b.next.Add(1))}, nil)
		}
	}
	if err := c.Flush(ctx); err != nil {
		return 0, err
	}
	for _, view := range []string{"newest", "picked", "grouped", "joined", "windowed"} {
		if err := b.s.exec(ctx, "SELECT count(*) FROM "+view); err != nil { // a strict read
			return 0, err
		}
	}
	return float64(b.next.Load()-first) / time.Since(begin).Seconds(), nil
}

func (b *steady) run(ctx context.Context, c *kgo.Client, rate float64, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	seen, stop, err := b.s.subscribe(ctx, "newest")
	if err != nil {
		return err
	}
	defer stop()
	var work sync.WaitGroup
	backfills, failed := 0, error(nil)
	work.Go(func() { b.watch(seen) })
	work.Go(func() {
		for ctx.Err() == nil && failed == nil {
			if failed = b.s.exec(ctx, steadyBackfill, `DROP MATERIALIZED VIEW backfill`); failed == nil {
				backfills++
			}
		}
	})
	work.Go(func() { b.produce(ctx, c, rate) })
	pauses := b.timeline(ctx)
	stop()
	work.Wait()
	if failed != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return failed
	}
	slices.Sort(pauses)
	fmt.Printf("whole run: p50 %s, p99 %s, max %s; %d gaps over %v; %d checkpoints, longest stand of a member p99 %s, max %s; %d backfills\n",
		short(at(b.all, 50)), short(at(b.all, 99)), short(at(b.all, 100)), b.gaps, gapLimit, len(pauses), short(at(pauses, 99)), short(at(pauses, 100)), backfills)
	return nil
}

// at is a percentile of what is sorted or becomes so.
func at(d []time.Duration, percent int) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(len(d)-1, len(d)*percent/100)]
}

// produce sends records at a rate and notes the last of each step.
func (b *steady) produce(ctx context.Context, c *kgo.Client, rate float64) {
	begin, first := time.Now(), b.next.Load()
	for step := time.NewTicker(steadyStep); ctx.Err() == nil; <-step.C {
		for due := first + int64(rate*time.Since(begin).Seconds()); b.next.Load() < due; {
			n := b.next.Add(1)
			if n == due {
				b.mu.Lock()
				b.sent = append(b.sent, mark{n, time.Now()})
				b.mu.Unlock()
			}
			c.Produce(ctx, &kgo.Record{Value: event(n)}, nil)
		}
	}
}

// watch takes what the subscriber sees.
func (b *steady) watch(seen <-chan int64) {
	last := time.Now()
	for n := range seen {
		now := time.Now()
		b.mu.Lock()
		if gap := now.Sub(last); len(b.sent) > 0 {
			if b.gap = max(b.gap, gap); gap > gapLimit {
				b.gaps++
			}
		}
		for last = now; len(b.sent) > 0 && b.sent[0].n <= n; b.sent = b.sent[1:] {
			b.samples = append(b.samples, now.Sub(b.sent[0].at))
		}
		b.mu.Unlock()
	}
}

// timeline prints a line every ten seconds and gives, of each checkpoint, how long a member stood for it.
func (b *steady) timeline(ctx context.Context) (pauses []time.Duration) {
	fmt.Printf("%8s %9s %9s %9s %9s %9s %9s %9s\n", "second", "records", "p50", "p99", "max", "gap", "stood", "resident")
	begin, cpu, taken, records := time.Now(), b.s.cpu(), 0.0, b.next.Load()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	longest := time.Duration(0)
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			fmt.Printf("server CPU %.2f of one processor\n", (b.s.cpu()-cpu).Seconds()/time.Since(begin).Seconds())
			return pauses
		case <-second.C:
		}
		m, err := b.s.metrics(ctx)
		if err != nil {
			continue // the run is over
		}
		if now := m["tributary_checkpoints_total"]; now > taken {
			taken = now
			stood := time.Duration(m["tributary_checkpoint_stood_seconds"] * float64(time.Second))
			pauses, longest = append(pauses, stood), max(longest, stood)
		}
		if n%10 != 0 {
			continue
		}
		b.mu.Lock()
		d, gap := b.samples, b.gap
		b.all, b.samples, b.gap = append(b.all, d...), nil, 0
		b.mu.Unlock()
		now, _ := b.s.resident()
		in := b.next.Load()
		fmt.Printf("%8d %9d %9s %9s %9s %9s %9s %9s\n", n, in-records, short(at(d, 50)), short(at(d, 99)), short(at(d, 100)), short(gap), short(longest), fmt.Sprintf("%d MB", now>>20))
		longest, records = 0, in
	}
}
