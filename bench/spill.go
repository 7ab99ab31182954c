package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// What is sorted, grouped and joined: spillRows rows of about 100 bytes, with spillMemory for it.
const spillRows, spillMemory = 4_000_000, "4MB"

var spillQueries = []struct{ what, sql string }{
	{"sort", `SELECT sum(id) FROM (SELECT id FROM wide ORDER BY note, id LIMIT 3900000) x`},
	{"aggregate", `SELECT count(*), sum(n) FROM (SELECT note, count(*) AS n FROM wide GROUP BY note) x`},
	{"count(DISTINCT)", `SELECT count(DISTINCT note) FROM wide`},
	{"join", `SELECT count(*), sum(a.k) FROM wide a JOIN wide b ON a.note = b.note AND a.id = b.id`},
}

// benchSpill runs statements over far more rows than work_memory has room for, here and in PostgreSQL
// with the same work_mem: how long each takes, what it writes, and what is resident at most.
func benchSpill(ctx context.Context, o options, t *table) error {
	s, err := start(ctx, o, "--state-memory", "256MB", "--work-memory", spillMemory)
	if err != nil {
		return err
	}
	ours, answers, err := spills(ctx, s.connect, "", func(*pgx.Conn) int { return s.cmd.Process.Pid })
	s.stop()
	if err != nil {
		return err
	}
	for _, r := range ours {
		t.add(r)
	}
	p, err := startPostgres(ctx)
	if errors.Is(err, errNoPostgres) {
		t.skip("statements beyond work_mem, PostgreSQL", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	defer p.stop()
	peer, expected, err := spills(ctx, p.connect, "SET work_mem = '"+spillMemory+"'; SET max_parallel_workers_per_gather = 0", func(c *pgx.Conn) int { return int(c.PgConn().PID()) })
	if err != nil {
		return err
	}
	for i, r := range peer {
		r.what = "PostgreSQL: " + r.what
		t.add(r)
		t.ratio("  of the two: "+spillQueries[i].what, ours[i], r)
		if answers[i] != expected[i] {
			return fmt.Errorf("%s: %s, PostgreSQL has %s", spillQueries[i].what, answers[i], expected[i])
		}
	}
	return nil
}

// spills fills a table and runs all statements.
func spills(ctx context.Context, connect func(context.Context) (*pgx.Conn, error), setup string, process func(*pgx.Conn) int) (out []result, answers []string, err error) {
	c, err := connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	if _, err := c.Exec(ctx, "CREATE TABLE wide (id bigint PRIMARY KEY, k int, note text)"); err != nil {
		return nil, nil, err
	}
	for from := 0; from < spillRows; from += 250_000 {
		var lines bytes.Buffer
		for i := from; i < from+250_000; i++ {
			fmt.Fprintf(&lines, "%d\t%d\t%08d of the rows, and what it takes to make it about as long as a row is: %d\n", i, i%1000, i*7919%spillRows, i)
		}
		if _, err := c.PgConn().CopyFrom(ctx, &lines, "COPY wide FROM STDIN"); err != nil {
			return nil, nil, err
		}
	}
	if setup != "" {
		if _, err := c.Exec(ctx, setup); err != nil {
			return nil, nil, err
		}
	}
	pid := process(c)
	for _, q := range spillQueries {
		before := forgetPeak(pid)
		cpu, begin := cpuOf(pid), time.Now()
		rows, err := c.Query(ctx, q.sql, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return nil, nil, err
		}
		var answer []string
		for rows.Next() {
			for _, v := range rows.RawValues() {
				answer = append(answer, string(v))
			}
		}
		if err := rows.Err(); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", q.what, err)
		}
		answers = append(answers, strings.Join(answer, " "))
		out = append(out, result{
			what:  fmt.Sprintf("%s, work memory %s, resident %d, at most %d MB", q.what, spillMemory, before>>20, peakOf(pid)>>20),
			count: spillRows, wall: time.Since(begin), cpu: cpuOf(pid) - cpu,
		})
	}
	return out, answers, nil
}

// forgetPeak makes what a process has resident now its peak, and tells it (Linux).
func forgetPeak(pid int) int64 {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0) // else the peak of before is shown
	return peakOf(pid)
}

// peakOf is what a process had resident at most, 0 where that is not told.
func peakOf(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}
