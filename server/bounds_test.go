package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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
	if err := db.DeallocateAll(ctx); err != nil { // the trees of prepared statements are charged
		t.Fatal(err)
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

// TestFunctionsObeyTheTimeout: work inside one value ends with its statement.
func TestFunctionsObeyTheTimeout(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "SET statement_timeout = '50ms'")
	for _, sql := range []string{
		"SELECT length(repeat('x', 400000000))",
		"SELECT repeat('ab', 20000000) ~ '(a|b)*c'",
		"SELECT length(regexp_replace(repeat('xy', 5000000), 'x', 'y', 'g'))",
		"SELECT length(to_char(1, repeat('9', 5000000)))",
		"SELECT length(translate(repeat('x', 50000000), repeat('y', 1000000), ''))",
		"SELECT length(upper(repeat('é', 50000000)))",
		"SELECT 1 WHERE 1 IN (2" + strings.Repeat(", 1 + 2", 50_000) + ")",
	} {
		if took := fails(t, ctx, db, "57014", sql); took > 20*time.Second { // a liveness bound
			t.Errorf("%.60s: %v", sql, took)
		} else {
			t.Logf("%.60s: %v", sql, took)
		}
	}
}

// TestSubscriptionHoldsNoTick: the rows of a stream are sent as they are read, however many
// there are; what has to be gathered is bounded by statement_memory.
func TestSubscriptionHoldsNoTick(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE STREAM w (v text) WITH (topic = 'w', format = 'json')")
	rows := make([]string, 1000)
	for i := range rows {
		rows[i] = fmt.Sprintf("(repeat('x', 20000) || %d)", i)
	}
	exec(t, ctx, db, "INSERT INTO w VALUES "+strings.Join(rows, ", "))
	exec(t, ctx, db, "CREATE MATERIALIZED VIEW counted AS SELECT v, count(*) FROM w GROUP BY v")
	exec(t, ctx, db, "SET statement_memory = '2MB'")
	rest, stop := context.WithCancel(ctx)
	defer stop()
	left := 1000 * 20000
	_, err := db.PgConn().CopyTo(rest, writerFunc(func(p []byte) (int, error) {
		if left -= len(p); left <= 0 {
			stop()
		}
		return len(p), nil
	}), "COPY (SUBSCRIBE TO w) TO STDOUT")
	if left > 0 {
		t.Fatalf("%d bytes did not come: %v", left, err)
	}
	db = connect(t, ctx, s)
	exec(t, ctx, db, "SET statement_memory = '2MB'")
	fails(t, ctx, db, "53200", "COPY (SUBSCRIBE TO counted) TO STDOUT")
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
