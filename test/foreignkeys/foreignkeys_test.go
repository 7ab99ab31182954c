package foreignkeys

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/test/harness"
	"github.com/tributary-db/tributary/test/pgoracle"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Clean()
	os.Exit(code)
}

// orphans are rows that refer to a key that is not there.
const orphans = `SELECT 'c', id, pid FROM c WHERE pid IS NOT NULL AND pid NOT IN (SELECT id FROM p)
	UNION ALL SELECT 'd', id, cid FROM d WHERE cid IS NOT NULL AND cid NOT IN (SELECT id FROM c)`

// contents is everything, and what the view makes of it.
var contents = []string{
	"SELECT id, v FROM p ORDER BY id", "SELECT id, pid FROM c ORDER BY id", "SELECT id, cid FROM d ORDER BY id",
	"SELECT pid, n, total FROM v ORDER BY pid", "SELECT p.id, count(c.id), sum(p.v) FROM p LEFT JOIN c ON c.pid = p.id GROUP BY p.id ORDER BY p.id",
}

func connect(t *testing.T, dsn string) *pgconn.PgConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answer is what a statement gave: its rows and tag, or the SQLSTATE of its error.
func answer(c *pgconn.PgConn, sql string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	results, err := c.Exec(ctx, sql).ReadAll()
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "no answer: " + err.Error()
	}
	var b strings.Builder
	for _, r := range results {
		for _, row := range r.Rows {
			for _, v := range row {
				fmt.Fprintf(&b, "%s|", v)
			}
			b.WriteString("\n")
		}
		b.WriteString(r.CommandTag.String())
	}
	return b.String()
}

// session is one on both servers.
type session struct {
	ours, pg *pgconn.PgConn
	block    bool
	took     bool // a key away, in this block
	waits    chan [2]string
	sql      string
}

// begin sends a statement to both.
func (s *session) begin(sql string) {
	s.sql, s.waits = sql, make(chan [2]string, 1)
	out := s.waits
	go func() {
		var both [2]string
		var wg sync.WaitGroup
		wg.Go(func() { both[0] = answer(s.ours, sql) })
		wg.Go(func() { both[1] = answer(s.pg, sql) })
		wg.Wait()
		out <- both
	}()
}

// history is a random one.
type history struct {
	t        *testing.T
	r        *rand.Rand
	sessions []*session
	log      []string
	failed   bool
}

// patience is how long a statement is waited for before the others end their transactions.
const patience = 250 * time.Millisecond

func (h *history) settle(i int, wait bool) bool {
	s := h.sessions[i]
	var out [2]string
	if wait {
		out = <-s.waits
	} else {
		select {
		case out = <-s.waits:
		case <-time.After(patience):
			return false
		}
	}
	s.waits = nil
	h.log = append(h.log, fmt.Sprintf("%d: %s -- %s", i, s.sql, out[0]))
	if out[0] != out[1] {
		h.failed = true
		h.t.Errorf("session %d: %s: %q, PostgreSQL %q", i, s.sql, out[0], out[1])
	}
	return true
}

// step runs a statement of session i, and has the others end what it waits for.
func (h *history) step(i int, sql string) {
	h.sessions[i].begin(sql)
	if h.settle(i, false) {
		return
	}
	for j := range h.sessions {
		if j != i && h.sessions[j].block {
			h.end(j)
		}
	}
	h.settle(i, true)
}

func (h *history) end(i int) {
	s := h.sessions[i]
	s.block, s.took = false, false
	s.begin([]string{"COMMIT", "COMMIT", "ROLLBACK"}[h.r.IntN(3)])
	h.settle(i, true)
}

// statement is a random one. In a block that took keys of p away none comes again: PostgreSQL's other sessions would not find it.
func (h *history) statement(s *session) string {
	id := func() int { return 1 + h.r.IntN(6) }
	fresh := func() int { return 1 + h.r.IntN(40) }
	ref := func() string {
		if h.r.IntN(6) == 0 {
			return "NULL"
		}
		return strconv.Itoa(id())
	}
	switch h.r.IntN(10) {
	case 0, 1:
		if s.took {
			return fmt.Sprintf("UPDATE p SET v = v + 1 WHERE id = %d", id())
		}
		return fmt.Sprintf("INSERT INTO p VALUES (%d, %d)", id(), fresh())
	case 2, 3:
		s.took = true
		return fmt.Sprintf("DELETE FROM p WHERE id = %d", id())
	case 4:
		return fmt.Sprintf("UPDATE c SET pid = %s WHERE id = %d", ref(), fresh())
	case 5:
		return fmt.Sprintf("DELETE FROM c WHERE id = %d", fresh())
	case 6:
		return fmt.Sprintf("INSERT INTO d VALUES (%d, %d)", fresh(), fresh())
	case 7:
		return fmt.Sprintf("INSERT INTO c VALUES (%d, %s) ON CONFLICT (id) DO NOTHING", fresh(), ref())
	}
	return fmt.Sprintf("INSERT INTO c VALUES (%d, %s)", fresh(), ref())
}

func (h *history) run(steps int) {
	for range steps {
		i := h.r.IntN(len(h.sessions))
		s := h.sessions[i]
		switch {
		case !s.block && h.r.IntN(3) > 0:
			s.block = true
			h.step(i, "BEGIN")
		case s.block && h.r.IntN(5) == 0:
			h.end(i)
		default:
			h.step(i, h.statement(s))
			if !s.block {
				s.took = false
			}
		}
		if h.failed {
			return
		}
	}
}

var actions = []string{"", "ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE RESTRICT", "DEFERRABLE INITIALLY DEFERRED"}

// TestHistories runs random ones; TRIBUTARY_TEST_HISTORIES says how many, TRIBUTARY_TEST_SEED with which seed they begin.
func TestHistories(t *testing.T) {
	count, seed := 6, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("TRIBUTARY_TEST_HISTORIES")); err == nil {
		count = n
	}
	if n, err := strconv.Atoi(os.Getenv("TRIBUTARY_TEST_SEED")); err == nil {
		seed = uint64(n)
	}
	dsn, dir := pgoracle.DSN(t), t.TempDir()
	now := harness.Start(t, dir)
	pg := connect(t, dsn)
	ours := connect(t, now.DSN())
	for n := range count {
		r := rand.New(rand.NewPCG(seed+uint64(n), 1))
		both := func(ours_, pg_ string) {
			t.Helper()
			if a := answer(ours, ours_); len(a) == 5 {
				t.Fatalf("%s: %s", ours_, a)
			}
			if a := answer(pg, pg_); len(a) == 5 {
				t.Fatalf("PostgreSQL: %s: %s", pg_, a)
			}
		}
		for _, sql := range []string{
			"DROP TABLE IF EXISTS d, c, p CASCADE", "CREATE TABLE p (id int PRIMARY KEY, v int)",
			"CREATE TABLE c (id int PRIMARY KEY, pid int REFERENCES p " + actions[r.IntN(len(actions))] + ")",
			"CREATE TABLE d (id int PRIMARY KEY, cid int REFERENCES c " + actions[r.IntN(len(actions))] + ")",
			"INSERT INTO p SELECT g, g FROM generate_series(1, 6) g",
		} {
			both(sql, sql)
		}
		if r.IntN(2) == 0 {
			both("CREATE INDEX ON c (pid)", "CREATE INDEX ON c (pid)")
		}
		view := "VIEW v AS SELECT p.id AS pid, count(c.id) AS n, sum(p.v) AS total FROM p LEFT JOIN c ON c.pid = p.id GROUP BY p.id"
		both("CREATE MATERIALIZED "+view, "CREATE "+view)
		h := &history{t: t, r: r}
		for range 3 {
			h.sessions = append(h.sessions, &session{ours: connect(t, now.DSN()), pg: connect(t, dsn)})
		}
		h.run(60)
		kill := n%2 == 1
		if kill {
			now.Kill()
		}
		for _, s := range h.sessions {
			_ = s.ours.Close(t.Context())
			_ = s.pg.Close(t.Context())
		}
		if kill {
			now = harness.Start(t, dir)
			ours = connect(t, now.DSN())
		}
		for _, sql := range append(contents, orphans) {
			a, b := settled(ours, sql), settled(pg, sql)
			if a != b {
				h.failed = true
				t.Errorf("%s:\n%s\nPostgreSQL:\n%s", sql, a, b)
			}
		}
		if h.failed {
			t.Fatalf("seed %d:\n%s", seed+uint64(n), strings.Join(h.log, "\n"))
		}
	}
}

// settled is an answer once the sessions whose clients have gone have ended: two in a row are the same.
func settled(c *pgconn.PgConn, sql string) string {
	was := answer(c, sql)
	for range 20 {
		time.Sleep(20 * time.Millisecond) // the servers hear of closed connections; no time is measured
		now := answer(c, sql)
		if now == was {
			return now
		}
		was = now
	}
	return was
}

// TestNoOrphans has sessions take keys away while others refer to them: no row is left alone. TRIBUTARY_TEST_LONG=1 has it run for 20 s.
func TestNoOrphans(t *testing.T) {
	long := 3 * time.Second
	if os.Getenv("TRIBUTARY_TEST_LONG") != "" {
		long = 20 * time.Second
	}
	dir := t.TempDir()
	now := harness.Start(t, dir)
	now.Exec(t, "CREATE TABLE p (id int PRIMARY KEY, v int)", "CREATE TABLE c (id int PRIMARY KEY, pid int REFERENCES p)",
		"CREATE TABLE d (id int PRIMARY KEY, cid int REFERENCES c ON DELETE CASCADE)", "INSERT INTO p SELECT g, g FROM generate_series(1, 50) g",
		"CREATE MATERIALIZED VIEW v AS SELECT p.id AS pid, count(c.id) AS n, sum(p.v) AS total FROM p LEFT JOIN c ON c.pid = p.id GROUP BY p.id")
	var wg sync.WaitGroup
	var stop atomic.Bool
	var next, inserted, deleted, refused atomic.Int64
	for w := range 6 {
		c, r := connect(t, now.DSN()), rand.New(rand.NewPCG(uint64(w), 7))
		wg.Go(func() {
			for !stop.Load() {
				id, key := next.Add(1), 1+r.IntN(50)
				sql := fmt.Sprintf("INSERT INTO c VALUES (%d, %d)", id, key)
				switch {
				case w%3 == 0 && r.IntN(2) == 0:
					sql = fmt.Sprintf("DELETE FROM p WHERE id = %d", key)
				case w%3 == 0:
					sql = fmt.Sprintf("INSERT INTO p VALUES (%d, 1) ON CONFLICT DO NOTHING", key)
				case w%3 == 1 && r.IntN(2) == 0:
					sql = fmt.Sprintf("BEGIN; INSERT INTO d SELECT %d, id FROM c WHERE pid = %d ORDER BY id DESC LIMIT 1; DELETE FROM c WHERE pid = %d; COMMIT", id, key, key)
				}
				switch a := answer(c, sql); {
				case strings.HasPrefix(a, "INSERT"):
					inserted.Add(1)
				case strings.HasPrefix(a, "DELETE 1"):
					deleted.Add(1)
				case a == "23503":
					refused.Add(1)
				case strings.HasPrefix(a, "no answer"):
					return // killed
				case strings.HasPrefix(a, "BEGIN"), a == "DELETE 0", a == "40P01":
				default:
					t.Errorf("%s: %s", sql, a)
					return
				}
				if w%3 == 1 {
					answer(c, "ROLLBACK")
				}
			}
		})
	}
	check := func() {
		c := connect(t, now.DSN())
		defer func() { _ = c.Close(t.Context()) }()
		if a := answer(c, orphans); a != "SELECT 0" {
			t.Errorf("orphans:\n%s", a)
		}
		a := answer(c, "SELECT pid, n, total FROM v EXCEPT ALL SELECT p.id, count(c.id), sum(p.v) FROM p LEFT JOIN c ON c.pid = p.id GROUP BY p.id")
		if a != "SELECT 0" {
			t.Errorf("the view is not its query:\n%s", a)
		}
	}
	for end := time.Now().Add(long); time.Now().Before(end); {
		check()
		time.Sleep(long / 10)
	}
	now.Kill()
	stop.Store(true)
	wg.Wait()
	now = harness.Start(t, dir)
	check()
	t.Logf("%d inserted, %d deleted, %d refused", inserted.Load(), deleted.Load(), refused.Load())
	if inserted.Load() == 0 || deleted.Load() == 0 || refused.Load() == 0 {
		t.Error("nothing happened of one kind")
	}
}
