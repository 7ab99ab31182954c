package server_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/server"
)

// fails runs a statement that must fail with a code, and tells how long it took.
func fails(t *testing.T, ctx context.Context, db *pgx.Conn, code, sql string) time.Duration {
	t.Helper()
	start := time.Now()
	_, err := db.PgConn().Exec(ctx, sql).ReadAll()
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("%.80s: %v, want %s", sql, err, code)
	}
	return time.Since(start)
}

// TestValuesAreRefusedBeforeTheyAreMade: what would take more than statement_memory is 53200,
// what PostgreSQL makes no value of 54000, and neither takes the memory first.
func TestValuesAreRefusedBeforeTheyAreMade(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "SET statement_memory = '32MB'")
	for _, c := range []struct{ code, sql string }{
		{"53200", "SELECT length(repeat('x', 1000000000))"},
		{"53200", "SELECT length(lpad('x', 100000000, 'abc'))"},
		{"53200", "SELECT length(replace(repeat('x', 300000), 'x', repeat('y', 3000)))"},
		{"53200", "SELECT length(format('%1000000000s', 'x'))"},
		{"53200", "SELECT length(repeat('x', 20000000) || repeat('y', 20000000))"},
		{"54000", "SELECT length(repeat('xx', 1000000000))"},
		{"54000", "SELECT length(rpad('x', 2000000000))"},
	} {
		for range 2 { // the session goes on
			fails(t, ctx, db, c.code, c.sql)
		}
	}
	var n int64
	if err := db.QueryRow(ctx, "SELECT length(repeat('x', 10000000))").Scan(&n); err != nil || n != 10_000_000 {
		t.Fatal(n, err)
	}
	if used := metric(t, s, `tributary_memory_bytes{account="statements"}`); used != 0 {
		t.Errorf("%v bytes are still charged", used)
	}
}

// metric reads one line of /metrics.
func metric(t *testing.T, s *server.Server, name string) float64 {
	t.Helper()
	r, err := http.Get("http://" + s.HTTPAddr.String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
