package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"
)

// sizePart is state that is larger than state_memory.
type sizePart struct {
	name  string
	setup []string
	// fill makes it, change changes one row in so many: first in ten thousand, then in a hundred.
	fill   func(ctx context.Context, s *server, n int) error
	change func(ctx context.Context, s *server, n, every int) error
	// first is answered from little of it, whole from all.
	first, whole string
	// want is what whole is, before and after the change.
	want func(n int, changed bool) string
}

// benchSize prints, of state larger than memory: how long it takes to come, what is in RAM, what the
// checkpoint behind a change of one part in a hundred writes, how long members stand still for captures, and after a kill
// how long the first answer and the whole take. It fails where the contents are wrong.
func benchSize(ctx context.Context, o options) error {
	fmt.Printf("%s\n%s\n%s\n\n", strings.Join(append([]string{"go run ./bench"}, os.Args[1:]...), " "), machine(), strings.Join(restartFlags, " "))
	for _, part := range []struct {
		sizePart
		n int
	}{{sizeGroups, o.groups}, {sizeJoin, o.rows}, {sizeText, max(1, o.rows/700)}} {
		if !strings.Contains(part.name, o.part) {
			continue
		}
		if err := part.measure(ctx, o, part.n); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

func (p *sizePart) measure(ctx context.Context, o options, n int) error {
	dir, err := os.MkdirTemp("", "tributary-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := startIn(ctx, o, dir, restartFlags...)
	if err != nil {
		return err
	}
	defer func() { s.stop() }()
	pauses := s.watchPauses(ctx)
	begin := time.Now()
	if err := s.exec(ctx, p.setup...); err != nil {
		return err
	}
	if err := p.fill(ctx, s, n); err != nil {
		return err
	}
	fmt.Printf("%s: %d rows sent after %.1f s", p.name, n, time.Since(begin).Seconds())
	if err := p.complete(ctx, s, n, false); err != nil {
		return err
	}
	fmt.Printf(", complete after %.1f s, %.1f s of processor\n", time.Since(begin).Seconds(), s.cpu().Seconds())
	s.report("loaded")
	if err := s.merged(ctx); err != nil {
		return err
	}
	if err := p.change(ctx, s, n, 10_000); err != nil { // so that a checkpoint has what the merges made
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	whole := directorySize(filepath.Join(dir, "objects", "state"))
	if err := p.change(ctx, s, n, 100); err != nil {
		return err
	}
	if err := p.complete(ctx, s, n, true); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	m, err := s.metrics(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("1 %% changed: checkpoint of %.1f MB, %.1f %% of all (%.0f MB)\n",
		megabytes(int64(m["tributary_checkpoint_bytes"])), 100*m["tributary_checkpoint_bytes"]/float64(whole), megabytes(whole))
	fmt.Println(pauses())
	s.report("at rest")
	s.kill()
	begin = time.Now()
	if s, err = startIn(ctx, o, dir, restartFlags...); err != nil {
		return err
	}
	got, err := s.answer(ctx, p.first)
	if err != nil {
		return err
	}
	fmt.Printf("after a kill: %s: %s after %.2f s", p.first, got, time.Since(begin).Seconds())
	if err := p.complete(ctx, s, n, true); err != nil {
		return err
	}
	fmt.Printf("; complete after %.2f s\n", time.Since(begin).Seconds())
	s.report("then")
	fmt.Println()
	return nil
}

// complete compares the whole with what it should be.
func (p *sizePart) complete(ctx context.Context, s *server, n int, changed bool) error {
	got, err := s.answer(ctx, p.whole)
	if err != nil {
		return err
	}
	if want := p.want(n, changed); got != want {
		return fmt.Errorf("%s is %s, want %s", p.whole, got, want)
	}
	return nil
}

// merged waits until no merge is under way.
func (s *server) merged(ctx context.Context) error {
	before, since := -1.0, time.Now()
	for begin := since; time.Since(begin) < 10*time.Minute && time.Since(since) < 5*time.Second; time.Sleep(500 * time.Millisecond) {
		m, err := s.metrics(ctx)
		if err != nil {
			return err
		}
		if now := m["tributary_state_merges_total"] + 1e9*m["tributary_state_merges_waiting"]; now != before || m["tributary_state_merges_waiting"] > 0 {
			before, since = now, time.Now()
		}
	}
	return nil
}

// watchPauses notes the pause of every checkpoint from now on; what it gives tells of them.
func (s *server) watchPauses(ctx context.Context) func() string {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan []float64)
	go func() {
		var pauses []float64
		for before := 0.0; ; {
			select {
			case <-ctx.Done():
				done <- pauses
				return
			case <-time.After(200 * time.Millisecond):
			}
			m, err := s.metrics(ctx)
			if err != nil {
				continue // it has ended, or is about to
			}
			if now := m["tributary_checkpoints_total"]; now > before {
				before = now
				pauses = append(pauses, 1000*m["tributary_checkpoint_stood_seconds"])
			}
		}
	}()
	return func() string {
		cancel()
		pauses := <-done
		if len(pauses) == 0 {
			return "no checkpoint"
		}
		slices.Sort(pauses)
		return fmt.Sprintf("members stood still for a capture: median %.2f ms, p99 %.2f ms, worst %.2f ms of %d", pauses[len(pauses)/2], pauses[len(pauses)*99/100], pauses[len(pauses)-1], len(pauses))
	}
}

// spread takes 0..n-1 to each of them once, in an order that is none.
func spread(i, n int) int { return int(uint64(i) * 15485863 % uint64(n)) }

// sizeGroups is a view of n groups over a stream of a record for each; a hundredth get another.
var sizeGroups = sizePart{
	name: "groups",
	setup: []string{`CREATE STREAM events (g BIGINT, v BIGINT) WITH (topic = 'events')`,
		`CREATE MATERIALIZED VIEW per_group AS SELECT g, count(*) AS n, sum(v) AS total, max(v) AS most FROM events GROUP BY g`},
	fill: func(ctx context.Context, s *server, n int) error {
		return s.produceGroups(ctx, n, func(i int) (g, v int) { return spread(i, n), i % 1000 })
	},
	change: func(ctx context.Context, s *server, n, every int) error {
		return s.produceGroups(ctx, n/every, func(i int) (g, v int) { return spread(every*i+17, n), 1000 })
	},
	first: `SELECT n FROM per_group WHERE g = 4711`,
	whole: `SELECT concat_ws(' ', count(*), min(g), max(g), sum(n), sum(n * (g % 1009)), sum(total * (g % 1013)), sum(most)) FROM per_group`,
	want: func(n int, changed bool) string {
		rows, byNine, byThirteen, most := n, 0, 0, 0
		for i := range n {
			g := spread(i, n)
			byNine, byThirteen, most = byNine+g%1009, byThirteen+i%1000*(g%1013), most+i%1000
		}
		seen := map[int]bool{}
		for _, every := range []int{10_000, 100} {
			for i := 0; changed && i < n/every; i++ {
				at := every*i + 17
				g := spread(at, n)
				rows, byNine, byThirteen = rows+1, byNine+g%1009, byThirteen+1000*(g%1013)
				if !seen[at] {
					most += 1000 - at%1000
					seen[at] = true
				}
			}
		}
		return fmt.Sprint(n, 0, n-1, rows, byNine, byThirteen, most)
	},
}

func (s *server) produceGroups(ctx context.Context, n int, row func(i int) (g, v int)) error {
	c, err := s.client(kgo.DefaultProduceTopic("events"), kgo.MaxBufferedRecords(100_000))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for i := range n {
		g, v := row(i)
		c.Produce(ctx, &kgo.Record{Value: fmt.Appendf(nil, `{"g":%d,"v":%d}`, g, v)}, func(_ *kgo.Record, err error) {
			if err != nil {
				cancel(err)
			}
		})
	}
	return errors.Join(c.Flush(ctx), context.Cause(ctx))
}

// sizeJoin is two tables of n rows and a view that joins them row by row.
var sizeJoin = sizePart{
	name: "join",
	setup: []string{`CREATE TABLE lefts (id BIGINT PRIMARY KEY, g BIGINT, v BIGINT)`, `CREATE TABLE rights (id BIGINT PRIMARY KEY, g BIGINT, v BIGINT)`,
		`CREATE MATERIALIZED VIEW joined AS SELECT l.id, l.v + r.v AS total, r.g FROM lefts l JOIN rights r ON l.id = r.id`},
	fill: func(ctx context.Context, s *server, n int) error {
		for from := 0; from < n; from += copiedRows {
			for _, table := range []string{"lefts", "rights"} {
				if err := s.copyRange(ctx, table, from, min(n, from+copiedRows), n); err != nil {
					return err
				}
			}
		}
		return nil
	},
	change: func(ctx context.Context, s *server, n, every int) error {
		return s.exec(ctx, fmt.Sprintf(`UPDATE lefts SET v = v + 1 WHERE id %% %d = 17`, every))
	},
	first: `SELECT total FROM joined WHERE id = 4711`,
	whole: `SELECT concat_ws(' ', count(*), min(id), max(id), sum(total), sum(total * (id % 1009))) FROM joined`,
	want: func(n int, changed bool) string {
		sum, byNine := 0, 0
		for id := range n {
			total := 2 * id
			for _, every := range []int{10_000, 100} {
				if changed && id%every == 17 {
					total++
				}
			}
			sum, byNine = sum+total, byNine+total*(id%1009)
		}
		return fmt.Sprint(n, 0, n-1, sum, byNine)
	},
}

// copiedRows is how many rows a COPY has.
const copiedRows = 500_000

func (s *server) copyRange(ctx context.Context, table string, from, to, n int) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	return copyRows(ctx, c, table, from, to, n)
}

// textBytes is the length of a value of sizeText: 100 KB, so that 20 million rows / 700 are 2.9 GB.
const textBytes = 100_000

// sizeText is a table of n long texts.
var sizeText = sizePart{
	name:  "text",
	setup: []string{`CREATE TABLE texts (id BIGINT PRIMARY KEY, body TEXT)`},
	fill: func(ctx context.Context, s *server, n int) error {
		c, err := s.connect(ctx)
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		const most = 500
		for from := 0; from < n; from += most {
			if err := copyTexts(ctx, c, from, min(n, from+most)); err != nil {
				return err
			}
		}
		return nil
	},
	change: func(ctx context.Context, s *server, n, every int) error {
		return s.exec(ctx, fmt.Sprintf(`UPDATE texts SET body = 'x' || body WHERE id %% %d = 17`, every))
	},
	first: `SELECT length(body) FROM texts WHERE id = 17`,
	whole: `SELECT concat_ws(' ', count(*), sum(length(body)), min(substr(body, length(body), 1)), max(body) LIKE 'x%') FROM texts`,
	want: func(n int, changed bool) string {
		length := n * textBytes
		if changed {
			length += (n+82)/100 + (n+9982)/10_000
		}
		return fmt.Sprintf("%d %d z %s", n, length, map[bool]string{true: "t", false: "f"}[changed && n > 17])
	},
}

func copyTexts(ctx context.Context, c *pgx.Conn, from, to int) error {
	text := new(bytes.Buffer)
	for id := from; id < to; id++ {
		fmt.Fprintf(text, "%d\t", id)
		for len := 0; len < textBytes-10; len += 10 {
			fmt.Fprintf(text, "%010d", (id*7919+len*31)%10_000_000_000)
		}
		text.WriteString("abcdefghiz\n")
	}
	_, err := c.PgConn().CopyFrom(ctx, text, "COPY texts FROM STDIN")
	return err
}
