package server_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestStatementsSpill: a statement whose rows have no room in work_memory puts them on the disk, gives
// the same answer, and leaves nothing behind, also when it is cancelled or ends at temp_file_limit.
func TestStatementsSpill(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.WorkMemory = 256 << 10
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	t.Cleanup(func() { stop(t, s) })
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE big (id int PRIMARY KEY, k int, v numeric, note text)")
	var data strings.Builder
	const rows = 60_000
	for i := range rows {
		fmt.Fprintf(&data, "%d\t%d\t%d.%d\tnote %d of the table\n", i, i*7919%20_011, i%977, i%10, i*31%rows)
	}
	if n, err := copyIn(ctx, db, "COPY big FROM STDIN", strings.NewReader(data.String())); err != nil || n != rows {
		t.Fatal(n, err)
	}
	// Each answer is one number, so that its rows are put in order before they are compared.
	queries := []string{
		"SELECT sum(n * length(note)) FROM (SELECT id, note, count(*) AS n FROM big GROUP BY id, note) x",
		"SELECT count(DISTINCT note) + count(DISTINCT k) FROM big",
		"SELECT count(*) FROM (SELECT DISTINCT k, v FROM big) x",
		"SELECT count(*) FROM big a JOIN big b ON a.k = b.k AND a.v <> b.v",
		"SELECT sum(id) FROM (SELECT id FROM big ORDER BY note, v LIMIT 30000 OFFSET 100) x",
		"SELECT count(*) FROM (SELECT k FROM big UNION SELECT id FROM big) x",
	}
	value := func(sql string) int64 { return number(t, ctx, db, sql) }
	for _, sql := range queries {
		before := metric(t, s, "tributary_temp_written_bytes_total")
		spilled := value(sql)
		if wrote := metric(t, s, "tributary_temp_written_bytes_total") - before; wrote == 0 {
			t.Errorf("%s: nothing was written", sql)
		}
		exec(t, ctx, db, "SET work_memory = 0")
		if kept := value(sql); kept != spilled {
			t.Errorf("%s: %d from the disk, %d from memory", sql, spilled, kept)
		}
		exec(t, ctx, db, "RESET work_memory")
	}
	exec(t, ctx, db, "SET temp_file_limit = '100kB'")
	_, err := db.Exec(ctx, queries[0])
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "53400" || !strings.Contains(e.Message, "temp_file_limit (100kB)") {
		t.Errorf("past temp_file_limit: %v", err)
	}
	exec(t, ctx, db, "RESET temp_file_limit")
	exec(t, ctx, db, "SET statement_timeout = '100ms'")
	if _, err := db.Exec(ctx, "SELECT count(*) FROM (SELECT a.note, b.id FROM big a JOIN big b ON a.k % 10 = b.k % 10 ORDER BY 1, 2) x"); !errors.As(err, &e) || e.Code != "57014" {
		t.Errorf("cancelled: %v", err)
	}
	if left := metric(t, s, "tributary_temp_bytes"); left != 0 {
		t.Errorf("%v bytes are left", left)
	}
	if files, err := os.ReadDir(filepath.Join(cfg.DataDir, "temp")); err != nil || len(files) != 0 {
		t.Errorf("%v are left: %v", files, err)
	}
}

// TestWorkMem: PostgreSQL's name of the limit holds once a session sets it.
func TestWorkMem(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := start(t, ctx, settings(t.TempDir()))
	t.Cleanup(func() { stop(t, s) })
	db := connect(t, ctx, s)
	const sql = "SELECT sum(x) FROM (SELECT x FROM generate_series(1, 50000) g(x) ORDER BY x % 1000, x LIMIT 40000) y"
	spills := func() bool {
		before := metric(t, s, "tributary_temp_written_bytes_total")
		number(t, ctx, db, sql)
		return metric(t, s, "tributary_temp_written_bytes_total") > before
	}
	if spills() {
		t.Error("it spills without a limit")
	}
	exec(t, ctx, db, "SET work_mem = '64kB'")
	if !spills() {
		t.Error("it does not with work_mem = 64kB")
	}
	exec(t, ctx, db, "SET work_memory = '1GB'")
	if spills() {
		t.Error("work_memory does not win")
	}
}
