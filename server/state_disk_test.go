package server_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestStateLargerThanMemory: a table and a view over it of several times state_memory are complete,
// also where single rows changed; after a restart too. Damage of what lies on the local disk is an
// error of those who read it, the table beside it works, and a restart heals it.
func TestStateLargerThanMemory(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.StateMemory = 16 << 20
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE large (id BIGINT PRIMARY KEY, n BIGINT, text TEXT)")
	exec(t, ctx, db, "CREATE TABLE small (id BIGINT PRIMARY KEY)")
	exec(t, ctx, db, "INSERT INTO small VALUES (1), (2)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW even AS SELECT id, text FROM large WHERE n % 2 = 0")
	const rows, step = 160_000, 8_000
	for from := 0; from < rows; from += step {
		var lines bytes.Buffer
		for i := from; i < from+step; i++ {
			sum := md5.Sum([]byte(strconv.Itoa(i)))
			fmt.Fprintf(&lines, "%d\t%d\t%s\n", i*7919%rows, i, strings.Repeat(hex.EncodeToString(sum[:]), 6))
		}
		if _, err := db.PgConn().CopyFrom(ctx, &lines, "COPY large FROM STDIN"); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, ctx, db, "UPDATE large SET text = 'changed' WHERE id % 16000 = 3")
	exec(t, ctx, db, "DELETE FROM large WHERE id % 16000 = 4")
	complete := func(db *pgx.Conn, when string) {
		t.Helper()
		var n, changed, sum, view int64
		err := db.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE text = 'changed'), sum(n) FROM large").Scan(&n, &changed, &sum)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		var gone int64 // n of the rows that were deleted
		for i := range int64(rows) {
			if i*7919%rows%16000 == 4 {
				gone += i
			}
		}
		if want := int64(rows)*(rows-1)/2 - gone; n != rows-10 || changed != 10 || sum != want {
			t.Fatalf("%s: %d rows, %d changed, sum %d, want %d", when, n, changed, sum, want)
		}
		if err := db.QueryRow(ctx, "SELECT count(*) FROM even WHERE length(text) IN (192, 7)").Scan(&view); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if view < rows/2-10 || view > rows/2 {
			t.Fatalf("%s: the view has %d rows", when, view)
		}
		var text string
		if err := db.QueryRow(ctx, "SELECT text FROM large WHERE id = 16003").Scan(&text); err != nil || text != "changed" {
			t.Fatalf("%s: %q, %v", when, text, err)
		}
	}
	complete(db, "written")
	if n := metric(t, s, "tributary_state_disk_alive_bytes"); n < 1<<20 {
		t.Fatalf("%v bytes are on disk", n)
	}
	if used := metric(t, s, `tributary_memory_bytes{account="state"}`); used > 16<<20 {
		t.Fatalf("%v bytes of memory are used", used)
	}

	packs, err := filepath.Glob(filepath.Join(cfg.DataDir, "state", "*.pack"))
	if err != nil || len(packs) == 0 {
		t.Fatal(packs, err)
	}
	for _, path := range packs {
		if err := os.Truncate(path, 100); err != nil {
			t.Fatal(err)
		}
	}
	var n int64
	err = db.QueryRow(ctx, "SELECT sum(length(text)) FROM large").Scan(&n)
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "58030" && e.Code != "XX001" {
		t.Fatalf("damage: %d, %v", n, err)
	}
	if err := db.QueryRow(ctx, "SELECT count(*) FROM small").Scan(&n); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	// The checkpoint at the end cannot be written: the start has the log.
	ends, cancelStop := context.WithTimeout(ctx, time.Minute)
	defer cancelStop()
	_ = s.Stop(ends)
	s = start(t, ctx, cfg)
	defer stop(t, s)
	complete(connect(t, ctx, s), "restarted")
}

// TestTickLargerThanMemory: one tick of a view whose rows take four times state_memory goes to disk as it comes.
func TestTickLargerThanMemory(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.StateMemory, cfg.StrictReadTimeout = 16<<20, time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE large (id BIGINT PRIMARY KEY, text TEXT)")
	exec(t, ctx, db, "CREATE TABLE one (text TEXT)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW pairs AS SELECT id, large.text || one.text AS text FROM large JOIN one ON true")
	exec(t, ctx, db, "INSERT INTO large SELECT i, repeat('x', 100) FROM generate_series(1, 60000) i")
	exec(t, ctx, db, "INSERT INTO one VALUES (repeat('y', 900))")
	var rows, length int64
	if err := db.QueryRow(ctx, "SELECT count(*), sum(length(text)) FROM pairs").Scan(&rows, &length); err != nil || rows != 60_000 || length != 60_000_000 {
		t.Fatal(rows, length, err)
	}
	exec(t, ctx, db, "UPDATE one SET text = 'z'")
	if err := db.QueryRow(ctx, "SELECT count(*), sum(length(text)) FROM pairs").Scan(&rows, &length); err != nil || rows != 60_000 || length != 60_000*101 {
		t.Fatal(rows, length, err)
	}
}

// TestWantsAllMemory: a view whose tick has no room in state_memory fails, over and over, and nobody
// else suffers: tables take writes, a view beside it is read, and its memory is given back.
func TestWantsAllMemory(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.StateMemory = 16 << 20
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE large (id BIGINT PRIMARY KEY, text TEXT)")
	exec(t, ctx, db, "CREATE TABLE one (text TEXT)")
	exec(t, ctx, db, "CREATE TABLE small (id BIGINT PRIMARY KEY, n BIGINT)")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW fits AS SELECT count(*) AS rows, sum(n) AS n FROM small")
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW wants AS SELECT string_agg(large.text || one.text, '') AS text FROM large JOIN one ON true")
	var lines bytes.Buffer
	for i := range 60_000 {
		fmt.Fprintf(&lines, "%d\t%s\n", i, strings.Repeat("x", 100))
	}
	if _, err := db.PgConn().CopyFrom(ctx, &lines, "COPY large FROM STDIN"); err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, db, "INSERT INTO one VALUES (repeat('y', 900))") // a value of 60 MB
	reason := ""                                                  // once it was told: between two failures the view is being built
	for n, until := 0, time.Now().Add(5*time.Second); time.Now().Before(until) || reason == ""; n++ {
		if reason == "" {
			if err := db.QueryRow(ctx, "SELECT coalesce(reason, '') FROM tributary.dataflows WHERE name = 'wants'").Scan(&reason); err != nil {
				t.Fatal(err)
			}
		}
		exec(t, ctx, db, fmt.Sprintf("INSERT INTO small VALUES (%d, 1)", n))
		exec(t, ctx, db, fmt.Sprintf("UPDATE small SET n = 2 WHERE id = %d", n))
		exec(t, ctx, db, fmt.Sprintf("DELETE FROM large WHERE id = %d", n))
		var rows, sum int64
		if err := db.QueryRow(ctx, "SELECT rows, n FROM fits").Scan(&rows, &sum); err != nil || rows != int64(n)+1 || sum != 2*rows {
			t.Fatalf("after %d rows: %d, %d, %v", n+1, rows, sum, err)
		}
	}
	if !strings.Contains(reason, "out of memory") {
		t.Errorf("the view that wants more than there is: %q", reason)
	}
	exec(t, ctx, db, "DROP MATERIALIZED VIEW wants")
	stop(t, s)
}
