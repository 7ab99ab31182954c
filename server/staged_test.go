package server_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/server"
)

// script is statements that go to a server which stages nearly everything and to one that stages
// nothing: both must answer alike.
type script struct {
	t   *testing.T
	ctx context.Context
	rng *rand.Rand
	db  [2]*pgx.Conn
}

// rows of a query, or the code of its error.
func (s *script) answer(db *pgx.Conn, sql string, copied string) string {
	if copied != "" {
		tag, err := db.PgConn().CopyFrom(s.ctx, strings.NewReader(copied), sql)
		return tag.String() + s.code(sql, err)
	}
	res, err := db.PgConn().Exec(s.ctx, sql).ReadAll()
	var out strings.Builder
	for _, r := range res {
		for _, row := range r.Rows {
			for _, v := range row {
				out.Write(append(v, ' '))
			}
			out.WriteByte('\n')
		}
		out.WriteString(r.CommandTag.String())
	}
	return out.String() + s.code(sql, err)
}

func (s *script) code(sql string, err error) string {
	var e *pgconn.PgError
	if err == nil {
		return ""
	}
	if !errors.As(err, &e) {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return " error " + e.Code + " " + e.Message + " " + e.Detail
}

func (s *script) run(sql, copied string) string {
	s.t.Helper()
	a, b := s.answer(s.db[0], sql, copied), s.answer(s.db[1], sql, copied)
	if a != b {
		s.t.Fatalf("%s\nstaged:    %.2000s\nin memory: %.2000s", sql, a, b)
	}
	return a
}

// statement is one of those that write.
func (s *script) statement() (sql, copied string) {
	r := s.rng
	from := r.IntN(4000)
	switch r.IntN(8) {
	case 0, 1:
		var b strings.Builder
		for i := range 1 + r.IntN(300) {
			fmt.Fprintf(&b, "%d\t%d\t%s\n", from+i, r.IntN(1_000_000), strings.Repeat("x", r.IntN(40)))
		}
		return "COPY t FROM STDIN", b.String()
	case 2:
		return fmt.Sprintf("INSERT INTO t SELECT id + %d, u + 1000000 * %d, v || 'y' FROM t WHERE id %% 3 = %d", 1+r.IntN(5000), 1+r.IntN(1000), r.IntN(3)), ""
	case 3:
		return fmt.Sprintf("UPDATE t SET v = v || 'z' WHERE id BETWEEN %d AND %d", from, from+r.IntN(500)), ""
	case 4:
		return fmt.Sprintf("UPDATE t SET id = id + %d WHERE id %% 5 = %d", 10000*r.IntN(3), r.IntN(5)), ""
	case 5:
		return fmt.Sprintf("DELETE FROM t WHERE id BETWEEN %d AND %d", from, from+r.IntN(300)), ""
	case 6:
		return fmt.Sprintf("INSERT INTO keyless SELECT id, v FROM t WHERE id %% 7 = %d", r.IntN(7)), ""
	}
	return fmt.Sprintf("INSERT INTO st SELECT id, v FROM t WHERE id %% 4 = %d", r.IntN(4)), ""
}

func (s *script) look() {
	for _, sql := range []string{
		"SELECT count(*), sum(id), sum(u), sum(length(v)) FROM t",
		fmt.Sprintf("SELECT * FROM t WHERE id = %d", s.rng.IntN(4000)),
		fmt.Sprintf("SELECT * FROM t WHERE u = %d", s.rng.IntN(1_000_000)),
		"SELECT a.id, b.id FROM t a JOIN t b ON b.u = a.u WHERE a.id % 200 = 3 ORDER BY 1, 2",
		"SELECT count(*), sum(n), sum(length(v)) FROM keyless",
	} {
		s.run(sql, "")
	}
}

// transaction is a block, or a statement of its own.
func (s *script) transaction() {
	if s.rng.IntN(4) == 0 {
		sql, copied := s.statement()
		s.run(sql, copied)
		return
	}
	s.run([]string{"BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ"}[s.rng.IntN(2)], "")
	for range 1 + s.rng.IntN(6) {
		sql, copied := s.statement()
		if answer := s.run(sql, copied); strings.Contains(answer, " error ") {
			s.run("ROLLBACK", "")
			return
		}
		if s.rng.IntN(2) == 0 {
			s.look()
		}
	}
	s.run([]string{"COMMIT", "COMMIT", "ROLLBACK"}[s.rng.IntN(3)], "")
}

// ends compares everything that stands.
func (s *script) ends() {
	s.look()
	for _, sql := range []string{
		"SELECT * FROM t ORDER BY id",
		"SELECT n, v FROM keyless ORDER BY n, v",
		"SELECT n, v FROM st ORDER BY n, v",
		"SELECT * FROM g ORDER BY k",
		"SELECT * FROM j ORDER BY id",
		"SELECT count(*), sum(c) FROM back", // what the sink has put out, folded by the view over it
	} {
		s.run(sql, "")
	}
}

// TestStagedIsInMemory: transactions larger than stage_bytes answer every statement as those do that are
// kept in memory, inside and after, commit what those commit, and are whole after a restart that
// reads them from the log.
func TestStagedIsInMemory(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var servers [2]*server.Server
	dirs := [2]string{t.TempDir(), t.TempDir()}
	begin := func(s *script) {
		for i := range servers {
			cfg := settings(dirs[i])
			cfg.StageBytes = []int64{2000, 0}[i]
			cfg.CheckpointInterval = 0
			cfg.WorkMemory = []int64{5000, 64 << 20}[i] // INSERT … SELECT, too
			servers[i] = start(t, ctx, cfg)
			s.db[i] = connect(t, ctx, servers[i])
		}
	}
	for seed := range uint64(3) {
		s := &script{t: t, ctx: ctx, rng: rand.New(rand.NewPCG(seed, 11))}
		dirs = [2]string{t.TempDir(), t.TempDir()}
		begin(s)
		for _, sql := range []string{
			"CREATE TABLE t (id bigint PRIMARY KEY, u bigint, v text)",
			"CREATE UNIQUE INDEX t_u ON t (u)",
			"CREATE TABLE keyless (n bigint, v text)",
			"CREATE STREAM st (n bigint, v text)",
			"CREATE MATERIALIZED VIEW g AS SELECT id % 10 AS k, count(*) AS c, sum(u) AS s FROM t GROUP BY id % 10",
			"CREATE MATERIALIZED VIEW j AS SELECT a.id, b.v FROM t a JOIN t b ON b.id = a.id + 1",
			"CREATE SINK puts TO TOPIC 'puts' AS SELECT id % 50 AS k, count(*) AS c FROM t GROUP BY id % 50",
			"CREATE STREAM puts_in (k bigint, c bigint) WITH (topic = 'puts')",
			"CREATE MATERIALIZED VIEW back AS SELECT DISTINCT k, c FROM puts_in",
		} {
			s.run(sql, "")
		}
		for i := range 40 {
			s.transaction()
			if i == 25 {
				for i := range servers { // without a checkpoint all of it is replayed from the log
					stop(t, servers[i])
					if err := os.RemoveAll(filepath.Join(dirs[i], "objects", "state")); err != nil {
						t.Fatal(err)
					}
				}
				begin(s)
				s.ends()
			}
		}
		s.ends()
		for i := range servers {
			stop(t, servers[i])
		}
	}
}

// TestStagedIsSeenAtOnce: readers of a table, of a view and of a stream see all of a staged
// transaction or nothing of it, while many commit and give up.
func TestStagedIsSeenAtOnce(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	cfg.StageBytes, cfg.FlushBytes = 3000, 64<<10
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	for _, sql := range []string{
		"CREATE TABLE a (id bigint PRIMARY KEY, x bigint)", "CREATE TABLE b (id bigint PRIMARY KEY, x bigint)", "CREATE STREAM st (x bigint)", "CREATE TABLE n (id int)",
		"CREATE MATERIALIZED VIEW sums AS SELECT sum(x) AS s, count(*) AS c FROM a",
	} {
		exec(t, ctx, db, sql)
	}
	numbers(t, ctx, db, 300)
	var work sync.WaitGroup
	reading, done := context.WithCancel(ctx)
	for i, sql := range []string{
		"SELECT coalesce(sum(x), 0) + count(*) % 100 FROM a", "SELECT coalesce(s, 0) + c % 100 FROM sums", "SELECT coalesce(sum(x), 0) FROM st",
		"SELECT (SELECT coalesce(sum(x), 0) FROM a) - (SELECT coalesce(sum(x), 0) FROM b)", "SELECT count(*) FROM a JOIN b ON a.id = b.id WHERE a.x <> b.x",
	} {
		reader := connect(t, ctx, s)
		work.Go(func() {
			for n := 0; reading.Err() == nil; n++ {
				var got int64
				if err := reader.QueryRow(ctx, sql).Scan(&got); err != nil || got != 0 {
					t.Errorf("reader %d, %s: %d, %v", i, sql, got, err)
					return
				}
			}
		})
	}
	var writers sync.WaitGroup
	for w := range 3 {
		db := connect(t, ctx, s)
		rng := rand.New(rand.NewPCG(uint64(w), 3))
		writers.Go(func() {
			for n := range 12 {
				exec(t, ctx, db, "BEGIN")
				base := w*1_000_000 + n*1000
				for half := range 2 { // the sum is 0 only at the end
					sign := 1 - 2*half
					for _, table := range []string{"a", "b"} {
						var rows strings.Builder
						for i := range 500 {
							fmt.Fprintf(&rows, "%d\t%d\n", base+half*500+i, sign*(i+1))
						}
						if _, err := copyIn(ctx, db, "COPY "+table+" FROM STDIN", strings.NewReader(rows.String())); err != nil {
							t.Error(err)
							return
						}
					}
					exec(t, ctx, db, fmt.Sprintf("INSERT INTO st SELECT %d * (id + 1) FROM n", sign))
				}
				exec(t, ctx, db, []string{"COMMIT", "COMMIT", "ROLLBACK"}[rng.IntN(3)])
			}
		})
	}
	writers.Wait()
	done()
	work.Wait()
	if bytes, commits, drops := metric(t, s, "tributary_log_staged_bytes"), metric(t, s, "tributary_log_staged_commits_total"), metric(t, s, "tributary_log_staged_drops_total"); bytes != 0 || commits == 0 || drops == 0 {
		t.Errorf("%v bytes are staged; %v stages were committed, %v given up", bytes, commits, drops)
	}
}

// numbers fills table n with those below count.
func numbers(t *testing.T, ctx context.Context, db *pgx.Conn, count int) {
	t.Helper()
	var rows strings.Builder
	for i := range count {
		fmt.Fprintln(&rows, i)
	}
	if _, err := copyIn(ctx, db, "COPY n FROM STDIN", strings.NewReader(rows.String())); err != nil {
		t.Fatal(err)
	}
}

// TestStagedIsGivenUp: a statement that is cancelled, a client that is gone, a table that is dropped, and a
// limit that is passed leave nothing.
func TestStagedIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cfg := settings(t.TempDir())
	cfg.StageBytes, cfg.MaxTransactionBytes = 2000, 1<<20
	s := start(t, ctx, cfg)
	defer stop(t, s)
	db := connect(t, ctx, s)
	exec(t, ctx, db, "CREATE TABLE t (id bigint PRIMARY KEY, v text)")
	exec(t, ctx, db, "CREATE TABLE n (id int)")
	numbers(t, ctx, db, 1000)
	rows := func(from, n int) string {
		var b strings.Builder
		for i := from; i < from+n; i++ {
			fmt.Fprintf(&b, "%d\t%0100d\n", i, i)
		}
		return b.String()
	}
	nothing := func(after string) {
		t.Helper()
		for metric(t, s, "tributary_log_staged_bytes") != 0 { // a client that is gone is noticed a moment later
			if ctx.Err() != nil {
				t.Fatalf("%s: bytes stay staged", after)
			}
			time.Sleep(time.Millisecond)
		}
		if n := number(t, ctx, db, "SELECT count(*) FROM t"); n != 0 {
			t.Fatalf("%s: %d rows", after, n)
		}
	}
	begin := func() *pgx.Conn {
		t.Helper()
		c := connect(t, ctx, s)
		exec(t, ctx, c, "BEGIN")
		if _, err := copyIn(ctx, c, "COPY t FROM STDIN", strings.NewReader(rows(0, 500))); err != nil {
			t.Fatal(err)
		}
		if metric(t, s, "tributary_log_staged_bytes") == 0 {
			t.Fatal("nothing is staged: the test shows nothing")
		}
		return c
	}
	code := func(err error) string {
		var e *pgconn.PgError
		if errors.As(err, &e) {
			return e.Code
		}
		return fmt.Sprint(err)
	}

	c := begin()
	exec(t, ctx, c, "SET statement_timeout = '20ms'")
	_, err := c.Exec(ctx, "INSERT INTO t SELECT a.id * 100000 + b.id * 100 + c.id, 'x' FROM n a, n b, n c WHERE c.id < 100")
	if code(err) != "57014" {
		t.Fatal(err)
	}
	nothing("a cancel")

	c = begin()
	_ = c.PgConn().Conn().Close()
	nothing("a client that is gone")

	c = begin()
	_, err = copyIn(ctx, c, "COPY t FROM STDIN", strings.NewReader(rows(1000, 20_000)))
	if code(err) != "54000" {
		t.Fatal(err)
	}
	nothing("the limit")

	c = begin()
	_, err = copyIn(ctx, c, "COPY t FROM STDIN", strings.NewReader("1000\tx\n7\ty\n"))
	if code(err) != "23505" {
		t.Fatal(err)
	}
	nothing("a duplicate of a staged row")

	c = begin()
	if _, err := db.Exec(ctx, "SET lock_timeout = '20ms'; DROP TABLE t", pgx.QueryExecModeSimpleProtocol); code(err) != "55P03" {
		t.Fatal("a DROP beside who writes the table: ", err)
	}
	exec(t, ctx, c, "ROLLBACK")
	nothing("a DROP that waited")
}
