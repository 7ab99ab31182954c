package pgwire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tlsconf/tlstest"
	"github.com/tributary-db/tributary/test/pgscript"
)

func connect(t *testing.T, addr, extra string) (*pgx.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	dsn := fmt.Sprintf("postgres://tributary@%s/tributary?%s", addr, extra)
	conn, err := pgx.Connect(ctx, dsn)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

func mustConnect(t *testing.T, addr, extra string) *pgx.Conn {
	t.Helper()
	conn, err := connect(t, addr, extra)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func wantCode(t *testing.T, err error, code sqlerr.Code, message string) {
	t.Helper()
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || pe.Code != string(code) || !strings.Contains(pe.Message, message) {
		t.Errorf("got %v, want %s %q", err, code, message)
	}
}

func TestPgxModes(t *testing.T) {
	_, addr := serve(t, nil)
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec} {
		t.Run(mode.String(), func(t *testing.T) {
			conn := mustConnect(t, addr, "sslmode=prefer")
			for i := range 3 { // again, from the caches
				var n int32
				if err := conn.QueryRow(t.Context(), "select $1::int4", mode, 100+i).Scan(&n); err != nil || int(n) != 100+i {
					t.Fatalf("got %d, %v", n, err)
				}
			}
			rows, err := conn.Query(t.Context(), "select generate_series(1, 20000)", mode)
			if err != nil {
				t.Fatal(err)
			}
			all, err := pgx.CollectRows(rows, pgx.RowTo[int32])
			if err != nil || len(all) != 20000 || all[19999] != 20000 {
				t.Fatalf("%d rows, %v", len(all), err)
			}
			_, err = conn.Exec(t.Context(), "select 1/0", mode)
			wantCode(t, err, sqlerr.DivisionByZero, "division by zero")
			_, err = conn.Exec(t.Context(), "inner", mode)
			wantCode(t, err, sqlerr.InternalError, "internal error")
		})
	}
	t.Run("simple", func(t *testing.T) {
		conn := mustConnect(t, addr, "")
		var n int32
		if err := conn.QueryRow(t.Context(), "select 5", pgx.QueryExecModeSimpleProtocol).Scan(&n); err != nil || n != 5 {
			t.Fatalf("got %d, %v", n, err)
		}
	})
}

func TestPgxBatchAndCopy(t *testing.T) {
	_, addr := serve(t, nil)
	conn := mustConnect(t, addr, "")
	batch := &pgx.Batch{}
	for i := range 50 {
		batch.Queue("select $1::int4", i)
	}
	results := conn.SendBatch(t.Context(), batch)
	for i := range 50 {
		var n int
		if err := results.QueryRow().Scan(&n); err != nil || n != i {
			t.Fatalf("%d: got %d, %v", i, n, err)
		}
	}
	if err := results.Close(); err != nil {
		t.Fatal(err)
	}
	data := strings.Repeat("some line of text\n", 50_000)
	tag, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(data), "copy t from stdin")
	if err != nil || tag.RowsAffected() != 50_000 {
		t.Errorf("copied %d, %v", tag.RowsAffected(), err)
	}
}

func TestCancel(t *testing.T) {
	running := make(chan struct{}, 1)
	s, addr := serve(t, func(c *Config) { c.Open = openFake(running, nil) })
	for _, protocol := range []string{"3.0", "3.2"} {
		conn := mustConnect(t, addr, "min_protocol_version=3.0&max_protocol_version="+protocol)
		done := make(chan error, 1)
		go func() {
			<-running
			done <- conn.PgConn().CancelRequest(t.Context())
		}()
		_, err := conn.Exec(t.Context(), "select pg_sleep(100)")
		wantCode(t, err, sqlerr.QueryCanceled, "canceling statement due to user request")
		if err := <-done; err != nil {
			t.Errorf("cancel: %v", err)
		}
		// The connection lives, and a cancel that comes too late hits nothing.
		if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
			t.Error(err)
		}
		var n int
		if err := conn.QueryRow(t.Context(), "select 3").Scan(&n); err != nil || n != 3 {
			t.Errorf("after the cancel: %d, %v", n, err)
		}
	}
	if got := s.Stats().CancelsReceived; got != 4 {
		t.Errorf("%d cancels counted", got)
	}
}

// TestClientLeaves: the statement of a client that is gone ends, though it writes nothing, and
// whatever the client has sent besides; over TLS too.
func TestClientLeaves(t *testing.T) {
	for _, more := range []int{0, 1, 50} {
		for _, secret := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d more, TLS %t", more, secret), func(t *testing.T) { clientLeaves(t, more, secret) })
		}
	}
}

func clientLeaves(t *testing.T, more int, secret bool) {
	if more > 0 && runtime.GOOS != "linux" {
		t.Skip("what is not read hides the end of a socket here")
	}
	running, closed := make(chan struct{}, 1), make(chan struct{}, 1)
	p := newPKI(t, tlstest.NewAuthority(t))
	_, addr := serve(t, func(c *Config) {
		c.Open, c.CheckInterval = openFake(running, func() { closed <- struct{}{} }), 5*time.Millisecond
		c.TLS = p.source
	})
	var nc net.Conn
	if secret {
		conn, err := p.connect(t, addr, "user=tributary sslmode=verify-full")
		if err != nil {
			t.Fatal(err)
		}
		taken, err := conn.PgConn().Hijack()
		if err != nil {
			t.Fatal(err)
		}
		nc = taken.Conn
	} else {
		nc = pgscript.Dial(t, "tcp", addr, "tributary", "tributary")
	}
	pgscript.Send(t, nc, &pgproto3.Query{String: "select pg_sleep(100)"})
	<-running
	for range more {
		pgscript.Send(t, nc, &pgproto3.Query{String: "select 1"})
	}
	_ = nc.Close()
	began := time.Now()
	select {
	case <-closed:
		t.Logf("noticed after %v", time.Since(began))
	case <-time.After(20 * time.Second):
		t.Fatal("the session still waits for nobody")
	}
}

func TestCancelInCopy(t *testing.T) {
	_, addr := serve(t, nil)
	conn := mustConnect(t, addr, "")
	reading := &slowReader{asked: make(chan struct{}), give: make(chan struct{})}
	go func() {
		<-reading.asked // the copy has begun and waits for data
		_ = conn.PgConn().CancelRequest(context.Background())
		time.AfterFunc(50*time.Millisecond, func() { close(reading.give) })
	}()
	_, err := conn.PgConn().CopyFrom(t.Context(), reading, "copy t from stdin")
	if err != nil { // it may also have ended before the cancel arrived
		wantCode(t, err, sqlerr.QueryCanceled, "canceling statement due to user request")
	}
	var n int
	if err := conn.QueryRow(t.Context(), "select 3").Scan(&n); err != nil || n != 3 {
		t.Errorf("after the cancel: %d, %v", n, err)
	}
}

type slowReader struct {
	asked, give chan struct{}
	calls       int
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.calls++; r.calls == 1 {
		close(r.asked)
		<-r.give
		return copy(p, "x\n"), nil
	}
	return 0, io.EOF
}

func TestSCRAM(t *testing.T) {
	_, addr := serve(t, func(c *Config) { c.Auth = asking(t, "secret") })
	if conn, err := connect(t, addr, "password=secret"); err != nil {
		t.Error(err)
	} else if err := conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	_, err := connect(t, addr, "password=wrong")
	wantCode(t, err, sqlerr.InvalidPassword, `password authentication failed for user "tributary"`)
	_, err = pgx.Connect(t.Context(), "postgres://nobody:secret@"+addr+"/tributary")
	wantCode(t, err, sqlerr.InvalidPassword, `password authentication failed for user "nobody"`)
}

func TestTrustRefusesUnknownRole(t *testing.T) {
	_, addr := serve(t, nil)
	_, err := pgx.Connect(t.Context(), "postgres://nobody@"+addr+"/tributary")
	wantCode(t, err, sqlerr.InvalidAuthorizationSpecification, `role "nobody" does not exist`)
	_, err = pgx.Connect(t.Context(), "postgres://tributary@"+addr+"/other")
	wantCode(t, err, sqlerr.InvalidCatalogName, `database "other" does not exist`)
	_, err = connect(t, addr, "no_such_setting=1")
	wantCode(t, err, sqlerr.UndefinedObject, "unrecognized configuration parameter")
}

func TestTooManyConnections(t *testing.T) {
	_, addr := serve(t, func(c *Config) { c.MaxConnections = 2 })
	mustConnect(t, addr, "")
	second := mustConnect(t, addr, "")
	_, err := connect(t, addr, "sslmode=disable")
	wantCode(t, err, sqlerr.TooManyConnections, "sorry, too many clients already")
	_ = second.Close(t.Context())
	deadline := time.Now().Add(10 * time.Second)
	for {
		if _, err := connect(t, addr, "sslmode=disable"); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the place of a closed connection was not given back: %v", err)
		}
	}
}

func TestPanicEndsOneConnection(t *testing.T) {
	var closed atomic.Int32
	s, addr := serve(t, func(c *Config) { c.Open = openFake(nil, func() { closed.Add(1) }) })
	conn, other := mustConnect(t, addr, ""), mustConnect(t, addr, "")
	_, err := conn.Exec(t.Context(), "panic", pgx.QueryExecModeSimpleProtocol)
	wantCode(t, err, sqlerr.InternalError, "internal error")
	if err := other.Ping(t.Context()); err != nil {
		t.Errorf("another connection: %v", err)
	}
	if s.Stats().Panics != 1 {
		t.Errorf("panics = %d", s.Stats().Panics)
	}
}

func TestShutdown(t *testing.T) {
	running := make(chan struct{}, 1)
	s, addr := serve(t, func(c *Config) { c.Open = openFake(running, nil) })
	idle, busy := mustConnect(t, addr, ""), mustConnect(t, addr, "")
	result := make(chan error, 1)
	go func() {
		_, err := busy.Exec(context.Background(), "select pg_sleep(100)", pgx.QueryExecModeSimpleProtocol)
		result <- err
	}()
	<-running
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("shutdown with a busy statement: %v", err)
	}
	_, err := idle.Exec(t.Context(), "select 1", pgx.QueryExecModeSimpleProtocol)
	wantCode(t, err, sqlerr.AdminShutdown, "terminating connection due to administrator command")
	wantCode(t, <-result, sqlerr.AdminShutdown, "terminating connection due to administrator command")
	if n := s.Stats().Connections; n != 0 {
		t.Errorf("%d connections after the shutdown", n)
	}
}

func TestPsql(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed")
	}
	_, addr := serve(t, nil)
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.Command(psql, "-X", "-h", host, "-p", port, "-U", "tributary", "-d", "postgres", "-At")
	// psql sends the line of the end marker too: the fake counts it.
	cmd.Stdin = strings.NewReader("select 7;\nselect nonsense;\nbegin;\nselect 1/0;\nselect 1;\nrollback;\n\\copy t from stdin\na\nb\n\\.\nselect 9;\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"7\n", "BEGIN\n", "ERROR:  division by zero", "ERROR:  current transaction is aborted", "ROLLBACK\n", "COPY 3\n", "9\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("psql printed no %q:\n%s", want, out)
		}
	}
}
