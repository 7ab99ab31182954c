package server_test

import (
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// copyIn sends data to a COPY and gives how many rows it took.
func copyIn(ctx context.Context, db *pgx.Conn, sql string, data io.Reader) (int64, error) {
	tag, err := db.PgConn().CopyFrom(ctx, data, sql)
	return tag.RowsAffected(), err
}

func number(t *testing.T, ctx context.Context, db *pgx.Conn, sql string) (n int64) {
	t.Helper()
	if err := db.QueryRow(ctx, sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// TestCopyDefaults: columns that the data has not get their defaults, the time of the transaction
// too.
func TestCopyDefaults(t *testing.T) {
	s := local(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db := connect(t, ctx, s)
	exec(t, ctx, db, `CREATE TABLE d (id int PRIMARY KEY, name text, f numeric DEFAULT 1.5, at timestamptz DEFAULT now(), who text DEFAULT current_user, note text)`)
	var data strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&data, "%d,\"na\"\"me, %d\"\n", i, i)
	}
	if n, err := copyIn(ctx, db, "COPY d (id, name) FROM STDIN (FORMAT csv)", strings.NewReader(data.String())); err != nil || n != 20_000 {
		t.Fatal(n, err)
	}
	for sql, want := range map[string]int64{
		`SELECT count(*) FROM d WHERE f = 1.5 AND note IS NULL AND who = current_user AND name = 'na"me, ' || id`: 20_000,
		`SELECT count(DISTINCT at) FROM d WHERE at > now() - interval '1 minute'`:                                 1,
	} {
		if n := number(t, ctx, db, sql); n != want {
			t.Errorf("%s: %d, want %d", sql, n, want)
		}
	}
}

// TestCopyIntoAStreamGoes: a COPY into a stream is not bounded by max_transaction_bytes; one that
// fails says how many rows stay, and as many do. In a block it is all or nothing.
func TestCopyIntoAStreamGoes(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.MaxTransactionBytes = 2 << 20
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := start(t, ctx, cfg)
	t.Cleanup(func() { stop(t, s) })
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE STREAM st (n bigint, v text)")
	const rows = 40_000
	data := func(last string) io.Reader {
		var b strings.Builder
		for i := range rows {
			fmt.Fprintf(&b, "%d\t%0200x\n", i, sha512.Sum512([]byte(strconv.Itoa(i))))
		}
		return strings.NewReader(b.String() + last)
	}
	if n, err := copyIn(ctx, db, "COPY st FROM STDIN", data("")); err != nil || n != rows {
		t.Fatal(n, err)
	}
	if n := number(t, ctx, db, "SELECT count(*) FROM st WHERE length(v) = 200"); n != rows {
		t.Fatalf("%d rows", n)
	}

	_, err := copyIn(ctx, db, "COPY st FROM STDIN", data("many\tx\n"))
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "22P02" || !strings.Contains(e.Where, fmt.Sprintf("line %d", rows+1)) {
		t.Fatalf("%v, context %q", err, e)
	}
	at := strings.Index(e.Detail, "The first ")
	var durable int64
	if at < 0 {
		t.Fatalf("detail %q", e.Detail)
	}
	if _, err := fmt.Sscanf(e.Detail[at:], "The first %d rows are in the stream", &durable); err != nil || durable == 0 {
		t.Fatalf("detail %q: %v", e.Detail, err)
	}
	t.Logf("%s", e.Detail)
	if n := number(t, ctx, db, "SELECT count(*) FROM st"); n != rows+durable {
		t.Errorf("%d rows stay, the error says %d", n-rows, durable)
	}
	_, err = copyIn(ctx, db, "COPY st FROM STDIN", strings.NewReader("1\tx\nmany\tx\n"))
	if !errors.As(err, &e) || !strings.HasSuffix(e.Detail, "No row is in the stream.") {
		t.Errorf("nothing was committed: %v, detail %q", err, e.Detail)
	}

	exec(t, ctx, db, "BEGIN")
	_, err = copyIn(ctx, db, "COPY st FROM STDIN", data(""))
	if !errors.As(err, &e) || e.Code != "54000" || !strings.Contains(e.Message, "max_transaction_bytes") || e.Hint == "" ||
		!strings.HasSuffix(e.Detail, "No row is in the stream.") {
		t.Errorf("in a block: %v, detail %q", err, e.Detail)
	}
	exec(t, ctx, db, "ROLLBACK")
	if n := number(t, ctx, db, "SELECT count(*) FROM st"); n != rows+durable {
		t.Errorf("a block that rolled back left %d rows", n-rows-durable)
	}
}
