package temporary

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
)

// ours is a session of a server of ours.
func ours(t *testing.T, s *harness.Server) *pgconn.PgConn {
	t.Helper()
	db, err := pgconn.Connect(t.Context(), s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func run(t *testing.T, db *pgconn.PgConn, sql string) error {
	t.Helper()
	_, err := db.Exec(t.Context(), sql).ReadAll()
	return err
}

func must(t *testing.T, db *pgconn.PgConn, sql string) {
	t.Helper()
	if err := run(t, db, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// TestSessionsEnd: what temporary tables take is given back however their session ends, in a transaction or out of it.
func TestSessionsEnd(t *testing.T) {
	s := harness.Start(t, t.TempDir())
	before := s.Metric(t, "tributary_memory_bytes")
	for i, end := range []func(db *pgconn.PgConn){
		func(db *pgconn.PgConn) { _ = db.Close(t.Context()) },
		func(db *pgconn.PgConn) { _ = db.Conn().Close() }, // cut
		func(db *pgconn.PgConn) {
			must(t, db, "begin; insert into big select g, 'y' from generate_series(100001, 150000) g; create temp table more as select * from big")
			_ = db.Conn().Close()
		},
		func(db *pgconn.PgConn) {
			must(t, db, "discard temp")
			_ = db.Close(t.Context())
		},
	} {
		db := ours(t, s)
		must(t, db, "create temp table big (a int primary key, b text); create index on big (b); insert into big select g, repeat('x', 50) from generate_series(1, 100000) g; update big set b = 'z' where a % 7 = 0")
		if n, m := s.Metric(t, "tributary_temporary_tables"), s.Metric(t, "tributary_temporary_table_bytes"); n != 1 || m < 1<<20 {
			t.Errorf("%d: %v tables of %v bytes", i, n, m)
		}
		end(db)
		deadline := time.Now().Add(20 * time.Second)
		for s.Metric(t, "tributary_temporary_tables") != 0 || s.Metric(t, "tributary_temporary_table_bytes") != 0 {
			if time.Now().After(deadline) {
				t.Fatalf("%d: %v tables of %v bytes are left", i, s.Metric(t, "tributary_temporary_tables"), s.Metric(t, "tributary_temporary_table_bytes"))
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	if now := s.Metric(t, "tributary_memory_bytes"); now > before+1<<20 {
		t.Errorf("rows take %v bytes, before there were temporary tables %v", now, before)
	}
}

// TestLimit: past temp_table_memory statements are refused, what was there stays, and there is room again once some of it went.
func TestLimit(t *testing.T) {
	s := harness.Start(t, t.TempDir(), "--temp-table-memory=4MB")
	db := ours(t, s)
	must(t, db, "create temp table t (a int, b text)")
	rows := 0
	for range 100 {
		err := run(t, db, "insert into t select g, repeat('x', 100) from generate_series(1, 5000) g")
		if err == nil {
			rows += 5000
			continue
		}
		e, ok := err.(*pgconn.PgError)
		if !ok || e.Code != "53200" || !strings.Contains(e.Detail, "temp_table_memory") {
			t.Fatal(err)
		}
		break
	}
	if rows == 0 || rows > 100_000 {
		t.Fatalf("%d rows of about 120 bytes went in", rows)
	}
	got, err := db.Exec(t.Context(), "select count(*) from t").ReadAll()
	if err != nil || string(got[0].Rows[0][0]) != fmt.Sprint(rows) {
		t.Fatalf("%v %v rows, not %d", err, got, rows)
	}
	if n := s.Metric(t, "tributary_temporary_tables_refused_total"); n != 1 {
		t.Errorf("%v statements were refused", n)
	}
	must(t, db, "begin; truncate t; commit")
	must(t, db, "insert into t select g, repeat('x', 100) from generate_series(1, 5000) g")
	must(t, db, "set temp_table_memory = '64MB'; insert into t select g, repeat('x', 100) from generate_series(1, 50000) g")
	// One session's tables are not another's.
	other := ours(t, s)
	must(t, other, "create temp table t as select g as a, repeat('x', 100) as b from generate_series(1, 5000) g")
	for _, c := range []*pgconn.PgConn{db, other} {
		_ = c.Close(t.Context())
	}
}
