package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
)

// copyCount is the rows of one COPY; copyTimes how often it is sent, into a table each.
const copyCount, copyTimes = 500_000, 3

const createCopied = `CREATE TABLE copied%d (id bigint PRIMARY KEY, customer text, amount numeric(10,2), at timestamp, note text DEFAULT 'none')`

// copyLine is a row of four columns; the fifth has its default.
func copyLine(dst []byte, i int) []byte {
	return fmt.Appendf(dst, "%d\tcustomer-%05d\t%d.%02d\t2026-03-%02d %02d:%02d:%02d\n",
		i, i%10_000, i%1000, i%100, 1+i%28, i/3600%24, i/60%60, i%60)
}

// copyText writes all lines, some at a time.
func copyText(w *io.PipeWriter) {
	var buf []byte
	for i := range copyCount {
		if buf = copyLine(buf, i); len(buf) > 60<<10 || i == copyCount-1 {
			if _, err := w.Write(buf); err != nil {
				return // the reader has failed, and says why
			}
			buf = buf[:0]
		}
	}
	_ = w.Close() // a pipe's never fails
}

// benchCopy loads rows into tables with COPY, here and in PostgreSQL.
func benchCopy(ctx context.Context, o options, t *table) error {
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	ours, err := copies(ctx, s.connect, func(*pgx.Conn) time.Duration { return s.cpu() })
	s.stop()
	if err != nil {
		return err
	}
	ours.what = "COPY into a table"
	t.add(ours)
	p, err := startPostgres(ctx)
	if errors.Is(err, errNoPostgres) {
		t.skip("COPY, PostgreSQL", err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	defer p.stop()
	peer, err := copies(ctx, p.connect, func(c *pgx.Conn) time.Duration { return backendsCPU([]*pgx.Conn{c}) })
	if err != nil {
		return err
	}
	peer.what = "COPY into a PostgreSQL table"
	t.add(peer)
	t.ratio("  COPY / PostgreSQL", ours, peer)
	return nil
}

// copies is all the COPYs of one server; the first is not counted.
func copies(ctx context.Context, connect func(context.Context) (*pgx.Conn, error), used func(*pgx.Conn) time.Duration) (r result, err error) {
	c, err := connect(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	for i := range copyTimes + 1 {
		if _, err := c.Exec(ctx, fmt.Sprintf(createCopied, i)); err != nil {
			return r, err
		}
		cpu, begin := used(c), time.Now()
		read, write := io.Pipe()
		go copyText(write)
		tag, err := c.PgConn().CopyFrom(ctx, read, fmt.Sprintf("COPY copied%d (id, customer, amount, at) FROM STDIN", i))
		_ = read.Close() // lets copyText go, whatever happened
		if err != nil {
			return r, err
		}
		if tag.RowsAffected() != copyCount {
			return r, fmt.Errorf("COPY took %d rows", tag.RowsAffected())
		}
		if i > 0 {
			r.wall, r.cpu, r.count = r.wall+time.Since(begin), r.cpu+used(c)-cpu, r.count+copyCount
		}
	}
	return r, nil
}
