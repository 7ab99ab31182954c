package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestDamagedPieces: bits of what a checkpoint has of a table and a view flip, of chunks that are read on
// demand and of flat state. Whoever reads them is told, or gets what is right; the views and the table are made
// again while the server runs.
func TestDamagedPieces(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.StateMemory, cfg.CheckpointInterval = 24<<20, 200*time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE STREAM events (id BIGINT, n BIGINT)")
	exec(t, ctx, db, "CREATE TABLE large (id BIGINT PRIMARY KEY, n BIGINT)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW plain AS SELECT id, n FROM events WHERE n % 2 = 0")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW grouped AS SELECT id % 20000 AS k, sum(n) AS n FROM events GROUP BY id % 20000")
	const rows, step = 100_000, 10_000
	for _, table := range []string{"large", "events"} {
		for from := 0; from < rows; from += step {
			var lines bytes.Buffer
			for i := from; i < from+step; i++ {
				fmt.Fprintf(&lines, "%d\t%d\n", i*7919%rows, i)
			}
			if _, err := db.PgConn().CopyFrom(ctx, &lines, "COPY "+table+" FROM STDIN"); err != nil {
				t.Fatal(err)
			}
		}
	}
	const total, even = int64(rows) * (rows - 1) / 2, int64(rows/2) * (rows/2 - 1)
	queries := map[string]int64{"SELECT sum(n)::bigint FROM large": total, "SELECT sum(n)::bigint FROM plain": even, "SELECT sum(n)::bigint FROM grouped": total}
	// ask gives whether an answer came; one that comes is right.
	ask := func(db *pgx.Conn, query string) bool {
		t.Helper()
		var got int64
		err := db.QueryRow(ctx, query).Scan(&got)
		var e *pgconn.PgError
		switch {
		case errors.As(err, &e) && (e.Code == "58030" || e.Code == "XX001" || e.Code == "TB002"):
			if !strings.Contains(strings.ToLower(e.Hint), "try again") {
				t.Errorf("%s: %v, hint %q", query, e, e.Hint)
			}
			return false
		case err != nil:
			t.Fatalf("%s: %v", query, err)
		case got != queries[query]:
			t.Fatalf("%s: %d, want %d", query, got, queries[query])
		}
		return true
	}
	for query := range queries {
		if !ask(db, query) {
			t.Fatal(query)
		}
	}
	stop(t, s)
	objects, err := filepath.Glob(filepath.Join(cfg.DataDir, "objects", "state", "ckpt", "*"))
	if err != nil || len(objects) == 0 {
		t.Fatal(objects, err)
	}
	for _, path := range objects {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// The root and the lists are at the end.
		for i := 1000; i < len(b)-min(len(b)/4, 64<<10); i += 8 << 10 {
			b[i] ^= 4
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = start(t, ctx, cfg)
	db = connect(t, ctx, s)
	told := 0
	for query := range queries {
		if !ask(db, query) {
			told++
		}
	}
	if told == 0 {
		t.Error("no damage was read")
	}
	exec(t, ctx, db, "INSERT INTO events VALUES (1, 0)")
	for query := range queries {
		for begin := time.Now(); !ask(db, query); time.Sleep(20 * time.Millisecond) {
			if time.Since(begin) > 30*time.Second {
				t.Fatalf("%s is not built again", query)
			}
		}
	}
	stop(t, s)
	s = start(t, ctx, cfg)
	defer stop(t, s)
	for query := range queries {
		if !ask(connect(t, ctx, s), query) {
			t.Errorf("%s: still damaged", query)
		}
	}
}
