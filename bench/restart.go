package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// restartFlags are of the server whose restarts are measured.
var restartFlags = []string{"--state-memory=512MB", "--total-memory=900MB", "--strict-read-timeout=10min"}

// benchRestart prints, for a table and two views over it: what checkpoints write, whole and after 1 % of
// the groups changed; then the server is killed and stopped, and it prints how long the next start
// takes to its first answers, and the most memory in RAM.
func benchRestart(ctx context.Context, o options) error {
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
	begin := time.Now()
	if err := s.fill(ctx, o.rows); err != nil {
		return err
	}
	fmt.Printf("%d rows and two views made in %.1f s\n", o.rows, time.Since(begin).Seconds())
	if err := s.settled(ctx); err != nil {
		return err
	}
	whole := directorySize(filepath.Join(dir, "objects", "state"))
	fmt.Printf("the two checkpoints take %.1f MB together\n", megabytes(whole))
	if err := s.touch(ctx, o.rows); err != nil {
		return err
	}
	s.report("before the kill")
	s.kill()
	if s, err = s.again(ctx, o, "a kill", o.rows); err != nil {
		return err
	}
	time.Sleep(8 * time.Second) // a start that read the log is followed by a checkpoint
	s.report("at rest")
	s.kill()
	if s, err = s.again(ctx, o, "a kill at rest", o.rows); err != nil {
		return err
	}
	acked, err := s.killWhileLoading(ctx, o.rows/2)
	if err != nil {
		return err
	}
	fmt.Printf("killed while a table is loaded, with %d rows acknowledged\n", acked)
	s, err = s.again(ctx, o, "that", o.rows, "SELECT count(*) FROM loaded", "SELECT sum(n)::bigint FROM loaded_groups")
	return err
}

// killWhileLoading kills the server when half of n rows of a new table are acknowledged.
func (s *server) killWhileLoading(ctx context.Context, n int) (acked int, err error) {
	err = s.exec(ctx, `CREATE TABLE loaded (id BIGINT PRIMARY KEY, g BIGINT, v BIGINT)`,
		`CREATE MATERIALIZED VIEW loaded_groups AS SELECT g, count(*) AS n, sum(v) AS total FROM loaded GROUP BY g`)
	if err != nil {
		return 0, err
	}
	c, err := s.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Close(context.WithoutCancel(ctx))
	for acked < n/2 {
		if err := copyRows(ctx, c, "loaded", acked, acked+50_000, n); err != nil {
			return acked, err
		}
		acked += 50_000
	}
	go func() { _ = copyRows(ctx, c, "loaded", acked, n, n) }() // it is cut off
	time.Sleep(200 * time.Millisecond)
	s.kill()
	return acked, nil
}

// copyRows adds the rows of a range to a table of n.
func copyRows(ctx context.Context, c *pgx.Conn, table string, from, to, n int) error {
	text := new(bytes.Buffer)
	for id := from; id < to; id++ {
		fmt.Fprintf(text, "%d\t%d\t%d\n", id, id%max(1, n/100), id)
	}
	_, err := c.PgConn().CopyFrom(ctx, text, "COPY "+table+" FROM STDIN")
	return err
}

// fill makes a table of n rows and views with a quarter as many groups, and with a hundredth.
func (s *server) fill(ctx context.Context, n int) error {
	err := s.exec(ctx, `CREATE TABLE facts (id BIGINT PRIMARY KEY, g BIGINT, v BIGINT)`,
		`CREATE MATERIALIZED VIEW fine AS SELECT id / 4 AS g, count(*) AS n, sum(v) AS total FROM facts GROUP BY id / 4`,
		`CREATE MATERIALIZED VIEW coarse AS SELECT g, count(*) AS n, sum(v) AS total FROM facts GROUP BY g`)
	if err != nil {
		return err
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	const most = 500_000 // rows of a transaction
	for from := 0; from < n; from += most {
		if err := copyRows(ctx, c, "facts", from, min(n, from+most), n); err != nil {
			return err
		}
	}
	_, err = s.answer(ctx, "SELECT count(*) FROM fine")
	return err
}

// touch changes one group in a hundred, and prints what the checkpoint behind it writes.
func (s *server) touch(ctx context.Context, n int) error {
	if err := s.exec(ctx, `UPDATE facts SET v = v + 1 WHERE id % 400 = 28`); err != nil {
		return err
	}
	if _, err := s.answer(ctx, "SELECT total FROM fine WHERE g = 7"); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	m, err := s.metrics(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("1 %% of the groups changed: checkpoint of %.2f MB in %.3f s, captured in %.4f s\n",
		megabytes(int64(m["tributary_checkpoint_bytes"])), m["tributary_checkpoint_seconds"], m["tributary_checkpoint_pause_seconds"])
	return nil
}

// settled waits until a checkpoint has everything: one more was written, and then none for a while.
func (s *server) settled(ctx context.Context) error {
	before, since, more := -1.0, time.Now(), 0
	for begin := since; time.Since(begin) < 2*time.Minute; time.Sleep(500 * time.Millisecond) {
		m, err := s.metrics(ctx)
		if err != nil {
			return err
		}
		if now := m["tributary_checkpoints_total"]; now != before {
			before, since = now, time.Now()
			more++
		}
		// The first look finds what there was.
		if more > 1 && time.Since(since) > 8*time.Second {
			return nil
		}
	}
	return nil
}

// again starts the server anew and prints how long the first answers take.
func (s *server) again(ctx context.Context, o options, after string, n int, queries ...string) (*server, error) {
	begin := time.Now()
	next, err := startIn(ctx, o, s.dir, restartFlags...)
	if err != nil {
		return s, err
	}
	fmt.Printf("after %s: listening after %.2f s", after, time.Since(begin).Seconds())
	if len(queries) == 0 {
		queries = []string{"SELECT n FROM fine WHERE g = 4711", "SELECT total::text FROM coarse WHERE g = 47", "SELECT count(*) FROM facts", "SELECT sum(n)::bigint FROM fine"}
	}
	for _, sql := range queries {
		got, err := next.answer(ctx, sql)
		if err != nil {
			return next, err
		}
		fmt.Printf("; %s: %s after %.2f s", sql, got, time.Since(begin).Seconds())
	}
	fmt.Println()
	next.report("then")
	return next, nil
}

// answer is the first column of the first row.
func (s *server) answer(ctx context.Context, sql string) (string, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	var value any
	err = c.QueryRow(ctx, sql).Scan(&value)
	if err != nil {
		return "", fmt.Errorf("%s: %w", sql, err)
	}
	return fmt.Sprint(value), nil
}

func (s *server) report(when string) {
	now, most := s.resident()
	fmt.Printf("%s: %.0f MB resident, %.0f MB at most\n", when, megabytes(now), megabytes(most))
}

// metrics are the values without labels.
func (s *server) metrics(ctx context.Context) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.http+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#") {
			out[name], _ = strconv.ParseFloat(value, 64)
		}
	}
	return out, nil
}

func directorySize(dir string) (size int64) {
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				size += info.Size()
			}
		}
		return nil // what is removed meanwhile takes no room
	})
	return size
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }
