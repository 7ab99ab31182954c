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

	"github.com/tributary-db/tributary/test/pgoracle"
)

// TestSessions runs what several sessions do to each other here and on PostgreSQL: the transcripts are to be the same.
//
//	a: SQL    session a runs it
//	a& SQL    it runs while the next lines do: "waits" if it waits for a lock or for time
//	a.        what came of that
//	a+        a connects anew
//	a?        what was told to a without its asking
//	          $a in a text is the process ID of a; lines of # are comments
func TestSessions(t *testing.T) {
	files, err := filepath.Glob("testdata/sessions/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	s := local(t)
	dsn := pgoracle.DSN(t)
	here := fmt.Sprintf("postgres://tributary@%s/tributary?sslmode=disable", s.PGAddr)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, want := runSessions(t, here, string(text)), runSessions(t, dsn, string(text))
			for i := range max(len(got), len(want)) {
				var g, w string
				if i < len(got) {
					g = got[i]
				}
				if i < len(want) {
					w = want[i]
				}
				if g != w {
					t.Errorf("%s\nhere     %s\npostgres %s", file, strings.ReplaceAll(g, "\n", "\n         "), strings.ReplaceAll(w, "\n", "\n         "))
				}
			}
		})
	}
}

// actor is one session of a script.
type actor struct {
	conn    *pgconn.PgConn
	told    []string // notices since the last statement
	heard   []string // notifications not yet shown
	pending chan string
}

type stage struct {
	t      *testing.T
	ctx    context.Context
	dsn    string
	actors map[byte]*actor
	out    []string
}

func runSessions(t *testing.T, dsn, text string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	st := &stage{t: t, ctx: ctx, dsn: dsn, actors: map[byte]*actor{}}
	defer func() {
		for _, a := range st.actors {
			closing, done := context.WithTimeout(context.Background(), time.Second)
			_ = a.conn.Close(closing) // it may have been terminated
			done()
		}
	}()
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		st.step(line)
	}
	return st.out
}

func (st *stage) step(line string) {
	name, how, sql := line[0], line[1], strings.TrimSpace(line[2:])
	for pid := range st.actors {
		sql = strings.ReplaceAll(sql, "$"+string(pid), fmt.Sprint(st.actors[pid].conn.PID()))
	}
	a := st.actors[name]
	if a == nil || how == '+' {
		a = st.connect()
		st.actors[name] = a
	}
	said := ""
	switch how {
	case ':':
		said = a.run(st.ctx, sql)
	case '&':
		a.pending = make(chan string, 1)
		pending := a.pending
		go func() { pending <- a.run(st.ctx, sql) }()
		said = st.settled(a)
	case '.':
		said = <-a.pending
		a.pending = nil
	case '?':
		said = a.hears(st.ctx)
	case '+':
	default:
		st.t.Fatalf("what is %q?", line)
	}
	st.out = append(st.out, line+"\n"+said)
}

func (st *stage) connect() *actor {
	st.t.Helper()
	cfg, err := pgconn.ParseConfig(st.dsn)
	if err != nil {
		st.t.Fatal(err)
	}
	a := &actor{}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		a.told = append(a.told, n.Severity+" "+n.Code+": "+n.Message)
	}
	cfg.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		a.heard = append(a.heard, fmt.Sprintf("%s %q", n.Channel, n.Payload))
	}
	if a.conn, err = pgconn.ConnectConfig(st.ctx, cfg); err != nil {
		st.t.Fatal(err)
	}
	return a
}

// settled waits until what a runs is over, or waits for something.
func (st *stage) settled(a *actor) string {
	look := st.actors['?']
	if look == nil {
		look = st.connect()
		st.actors['?'] = look
	}
	sql := fmt.Sprintf("SELECT wait_event_type IN ('Lock', 'Timeout') FROM pg_stat_activity WHERE pid = %d AND state = 'active'", a.conn.PID())
	for {
		select {
		case said := <-a.pending:
			a.pending <- said
			return "goes on"
		default:
		}
		if strings.HasPrefix(look.run(st.ctx, sql), "t\n") {
			return "waits"
		}
		if st.ctx.Err() != nil {
			st.t.Fatal("a statement neither ends nor waits")
		}
	}
}

// run is what a text gives: rows, tags, errors, notices.
func (a *actor) run(ctx context.Context, sql string) string {
	var out strings.Builder
	a.told = nil
	results := a.conn.Exec(ctx, sql)
	for results.NextResult() {
		r := results.ResultReader()
		for r.NextRow() {
			for i, v := range r.Values() {
				if i > 0 {
					out.WriteByte('|')
				}
				out.Write(v)
			}
			out.WriteByte('\n')
		}
		if tag, err := r.Close(); err == nil {
			fmt.Fprintln(&out, tag)
		}
	}
	if err := results.Close(); err != nil {
		var e *pgconn.PgError
		if errors.As(err, &e) {
			fmt.Fprintf(&out, "%s %s: %s\n", e.Severity, e.Code, e.Message)
		} else {
			fmt.Fprintln(&out, "connection lost")
		}
	}
	for _, n := range a.told {
		fmt.Fprintln(&out, n)
	}
	return out.String() + a.shown()
}

func (a *actor) shown() string {
	said := ""
	for _, n := range a.heard {
		said += "heard " + n + "\n"
	}
	a.heard = nil
	return said
}

// hears waits for a notification that comes by itself.
func (a *actor) hears(ctx context.Context) string {
	if len(a.heard) == 0 {
		if err := a.conn.WaitForNotification(ctx); err != nil {
			return "connection ended\n"
		}
	}
	return a.shown()
}
