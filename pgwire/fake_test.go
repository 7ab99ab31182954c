package pgwire

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// fakeSession understands a handful of statements, with PostgreSQL's rules of transactions,
// prepared statements and portals: enough that the same protocol scripts give the same
// transcripts here and on PostgreSQL.
type fakeSession struct {
	client   face.Client
	status   face.TxStatus
	stmts    map[string]*fakeStmt
	portals  map[string]*fakePortal
	settings []face.Setting
	running  chan struct{} // receives when a sleep begins
	closed   func()
}

type fakeStmt struct {
	text   string
	params []sqltype.OID
}

type fakePortal struct {
	*fakeStmt
	args   []int64
	format face.Format
	next   int64
	ran    bool
}

var (
	reSelect = regexp.MustCompile(`(?i)^select (-?\d+)$`)
	reParam  = regexp.MustCompile(`(?i)^select \$1::int4$`)
	reSeries = regexp.MustCompile(`(?i)^select generate_series\(1, (\d+)\)$`)
	reSet    = regexp.MustCompile(`(?i)^set application_name = '(.*)'$`)
	reCopyIn = regexp.MustCompile(`(?i)^copy\s+\w+ from stdin$`)
	reOut    = regexp.MustCompile(`(?i)^copy \(select (\d+)\) to stdout$`)
)

func openFake(running chan struct{}, closed func()) OpenFunc {
	return func(ctx context.Context, s face.Startup) (Session, error) {
		f := &fakeSession{client: s.Client, status: face.TxIdle, running: running, closed: closed,
			stmts: map[string]*fakeStmt{}, portals: map[string]*fakePortal{}}
		app := ""
		for _, p := range s.Settings {
			switch p.Name {
			case "application_name":
				app = p.Value
			case "no_such_setting":
				return nil, sqlerr.New(sqlerr.UndefinedObject, "unrecognized configuration parameter \"%s\"", p.Name)
			}
		}
		f.settings = []face.Setting{{Name: "application_name", Value: app}, {Name: "client_encoding", Value: "UTF8"},
			{Name: "server_version", Value: "15.0 (Tributary test)"}, {Name: "standard_conforming_strings", Value: "on"}}
		return f, nil
	}
}

func (f *fakeSession) Parameters() []face.Setting                  { return f.settings }
func (f *fakeSession) IdleTimeout() (time.Duration, *sqlerr.Error) { return 0, nil }

func (f *fakeSession) Status() face.TxStatus { return f.status }

func (f *fakeSession) Deliver()             {}
func (f *fakeSession) Fail(context.Context) { f.fail() }

func (f *fakeSession) Close() error {
	if f.closed != nil {
		f.closed()
	}
	return nil
}

func (f *fakeSession) fail() {
	if f.status == face.TxActive {
		f.status = face.TxFailed
	}
}

func (f *fakeSession) Simple(ctx context.Context, sql string, w face.Writer) error {
	empty := true
	for _, text := range strings.Split(sql, ";") {
		if text = strings.TrimSpace(text); text == "" || text == "-- ping" {
			continue
		}
		empty = false
		if err := f.run(ctx, &fakePortal{fakeStmt: &fakeStmt{text: text}}, 0, w); err != nil {
			f.fail()
			return err
		}
	}
	if empty {
		return w.Empty()
	}
	return nil
}

func (f *fakeSession) Parse(_ context.Context, name, sql string, types []sqltype.OID) (err error) {
	defer f.failOn(&err)
	if _, ok := f.stmts[name]; ok && name != "" {
		return sqlerr.New(sqlerr.DuplicatePreparedStatement, "prepared statement %q already exists", name)
	}
	s := &fakeStmt{text: strings.TrimSpace(strings.TrimPrefix(sql, "-- ping"))}
	if strings.Contains(s.text, "nonsense") {
		e := sqlerr.New(sqlerr.SyntaxError, "syntax error at or near \"nonsense\"")
		e.Position = strings.LastIndex(sql, "nonsense") + 1
		return e
	}
	if reParam.MatchString(s.text) {
		s.params = []sqltype.OID{sqltype.Int4}
	}
	f.stmts[name] = s
	return nil
}

func (f *fakeSession) failOn(err *error) {
	if *err != nil {
		f.fail()
	}
}

func (f *fakeSession) Bind(_ context.Context, b *face.Bind) (err error) {
	defer f.failOn(&err)
	s, err := f.stmt(b.Statement)
	if err != nil {
		return err
	}
	if len(b.Params) != len(s.params) {
		return sqlerr.New(sqlerr.ProtocolViolation, "bind message supplies %d parameters, but prepared statement %q requires %d",
			len(b.Params), b.Statement, len(s.params))
	}
	if _, ok := f.portals[b.Portal]; ok && b.Portal != "" {
		return sqlerr.New(sqlerr.DuplicateCursor, "cursor %q already exists", b.Portal)
	}
	p := &fakePortal{fakeStmt: s, format: b.ResultFormat(0)}
	for i, v := range b.Params {
		var n int64
		if b.ParamFormat(i) == face.Binary {
			n = int64(int32(binary.BigEndian.Uint32(v)))
		} else if n, err = strconv.ParseInt(string(v), 10, 32); err != nil {
			return sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type integer: %q", v)
		}
		p.args = append(p.args, n)
	}
	f.portals[b.Portal] = p
	return nil
}

func (f *fakeSession) stmt(name string) (*fakeStmt, error) {
	if s, ok := f.stmts[name]; ok {
		return s, nil
	}
	if name == "" {
		return nil, sqlerr.New(sqlerr.InvalidSQLStatementName, "unnamed prepared statement does not exist")
	}
	return nil, sqlerr.New(sqlerr.InvalidSQLStatementName, "prepared statement %q does not exist", name)
}

func (f *fakeSession) portal(name string) (*fakePortal, error) {
	if p, ok := f.portals[name]; ok {
		return p, nil
	}
	return nil, sqlerr.New(sqlerr.InvalidCursorName, "portal %q does not exist", name)
}

func (s *fakeStmt) fields(format face.Format) []face.Field {
	name := "?column?"
	switch {
	case reParam.MatchString(s.text):
		name = "int4"
	case reSeries.MatchString(s.text):
		name = "generate_series"
	case !reSelect.MatchString(s.text):
		return nil
	}
	enc := func(dst []byte, c *delta.Column, row int32) []byte {
		return strconv.AppendInt(dst, int64(delta.Values[int32](c)[c.At(row)]), 10)
	}
	if format == face.Binary {
		enc = func(dst []byte, c *delta.Column, row int32) []byte {
			return binary.BigEndian.AppendUint32(dst, uint32(delta.Values[int32](c)[c.At(row)]))
		}
	}
	return []face.Field{{Name: name, Type: sqltype.Of(sqltype.Int4), Format: format, Encode: enc}}
}

func (f *fakeSession) DescribeStatement(_ context.Context, name string) (params []sqltype.OID, fields []face.Field, err error) {
	defer f.failOn(&err)
	s, err := f.stmt(name)
	if err != nil {
		return nil, nil, err
	}
	return s.params, s.fields(face.Text), nil
}

func (f *fakeSession) DescribePortal(_ context.Context, name string) (fields []face.Field, err error) {
	defer f.failOn(&err)
	p, err := f.portal(name)
	if err != nil {
		return nil, err
	}
	return p.fields(p.format), nil
}

func (f *fakeSession) Execute(ctx context.Context, name string, limit int, w face.Writer) (err error) {
	defer f.failOn(&err)
	p, err := f.portal(name)
	if err != nil {
		return err
	}
	return f.run(ctx, p, limit, w)
}

func (f *fakeSession) CloseStatement(_ context.Context, name string) error {
	delete(f.stmts, name)
	return nil
}

func (f *fakeSession) ClosePortal(_ context.Context, name string) error {
	delete(f.portals, name)
	return nil
}

func (f *fakeSession) Sync(context.Context) error {
	if f.status == face.TxIdle {
		clear(f.portals)
	}
	return nil
}

func (f *fakeSession) run(ctx context.Context, p *fakePortal, limit int, w face.Writer) error {
	text := strings.ToLower(p.text)
	if f.status == face.TxFailed && text != "rollback" && text != "commit" {
		return sqlerr.New(sqlerr.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
	}
	switch {
	case text == "":
		return w.Empty()
	case text == "begin":
		f.status = face.TxActive
		return w.Complete("BEGIN")
	case text == "commit" || text == "rollback":
		return f.end(text, w)
	case text == "select 1/0":
		return sqlerr.New(sqlerr.DivisionByZero, "division by zero")
	case text == "select pg_sleep(100)":
		if f.running != nil {
			f.running <- struct{}{}
		}
		<-ctx.Done()
		return fmt.Errorf("sleep: %w", ctx.Err())
	case text == "panic":
		panic("asked for")
	case text == "inner":
		return errors.New("disk /secret/path failed")
	case reSet.MatchString(p.text):
		f.client.Parameter("application_name", reSet.FindStringSubmatch(p.text)[1])
		return w.Complete("SET")
	case reCopyIn.MatchString(p.text):
		return copyRows(ctx, w)
	case reOut.MatchString(p.text):
		if err := errors.Join(w.CopyOut(1, face.Text), w.CopyData([]byte(reOut.FindStringSubmatch(p.text)[1]+"\n")), w.CopyDone()); err != nil {
			return err
		}
		return w.Complete("COPY 1")
	}
	return p.rows(limit, w)
}

func (f *fakeSession) end(text string, w face.Writer) error {
	tag := strings.ToUpper(text)
	if f.status == face.TxIdle {
		f.client.Notice(face.Notice{Severity: "WARNING", Code: string(sqlerr.NoActiveSQLTransaction), Message: "there is no transaction in progress"})
	}
	if f.status == face.TxFailed {
		tag = "ROLLBACK"
	}
	f.status = face.TxIdle
	clear(f.portals)
	return w.Complete(tag)
}

func copyRows(ctx context.Context, w face.Writer) error {
	in, err := w.CopyIn(1, face.Text)
	if err != nil {
		return err
	}
	rows := 0
	for {
		chunk, err := in.Next(ctx)
		if err == io.EOF {
			return w.Complete(fmt.Sprintf("COPY %d", rows))
		}
		if err != nil {
			return err
		}
		rows += strings.Count(string(chunk), "\n")
	}
}

// rows writes the integers of a query, in batches of three.
func (p *fakePortal) rows(limit int, w face.Writer) error {
	fields := p.fields(p.format)
	if fields == nil {
		return sqlerr.New(sqlerr.SyntaxError, "syntax error at or near %q", p.text)
	}
	if err := w.Fields(fields); err != nil {
		return err
	}
	first, last := int64(1), int64(1)
	if m := reSelect.FindStringSubmatch(p.text); m != nil {
		first, _ = strconv.ParseInt(m[1], 10, 64)
		last = first
	} else if m := reSeries.FindStringSubmatch(p.text); m != nil {
		last, _ = strconv.ParseInt(m[1], 10, 64)
	} else {
		first, last = p.args[0], p.args[0]
	}
	if !p.ran {
		p.next, p.ran = first, true
	}
	written := 0
	for p.next <= last {
		if limit > 0 && written == limit {
			return w.Suspended()
		}
		if err := w.Rows(intBatch(int32(p.next))); err != nil {
			return err
		}
		written++
		p.next++
	}
	if limit > 0 && written == limit {
		return w.Suspended()
	}
	return w.Complete(fmt.Sprintf("SELECT %d", written))
}

// intBatch is one int4 column with the given rows.
func intBatch(rows ...int32) *delta.Batch {
	c := delta.NewColumn(sqltype.Int4, len(rows))
	copy(delta.Values[int32](&c), rows)
	return &delta.Batch{Len: len(rows), Cols: []delta.Column{c}}
}

// directory knows tributary and what its password is verified by.
type directory struct{ verifiers auth.Verifiers }

func (d directory) Account(_ context.Context, name string) (auth.Account, error) {
	if name != "tributary" {
		return auth.Account{}, nil
	}
	return auth.Account{Role: 10, Exists: true, Verifiers: d.verifiers}, nil
}

func newGate(t testing.TB, cfg auth.Config) *auth.Gate {
	t.Helper()
	g, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// trusting believes whoever says tributary.
func trusting(t testing.TB) *auth.Gate {
	return newGate(t, auth.Config{Directory: directory{}, Trusting: true})
}

// asking wants a password for tributary.
func asking(t testing.TB, password string) *auth.Gate {
	t.Helper()
	vs, err := auth.NewVerifiers(password, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newGate(t, auth.Config{Directory: directory{vs}})
}

// serve starts a server on a loopback port and returns its address. It ends with the test.
func serve(t testing.TB, change func(*Config)) (*Server, string) {
	t.Helper()
	cfg := Config{Open: openFake(nil, nil), Auth: trusting(t), Databases: []string{"tributary", "postgres"},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(context.Background(), ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // no patience
		_ = s.Shutdown(ctx)
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return s, ln.Addr().String()
}
