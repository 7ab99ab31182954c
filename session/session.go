package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"time"

	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/session/activity"
	"github.com/tributary-db/tributary/session/advisory"
	"github.com/tributary-db/tributary/session/notify"
)

// Session is one client's conversation. It is what pgwire.Session asks for.
type Session struct {
	db   *Database
	user string // who came in, for the log
	who  identity
	// loginName is what who came in was called then.
	loginName string
	opened    bool
	database  string
	pid       int32
	client    face.Client
	set       *settings
	// with is the statement under way whose WITH changes data; nil = there is none.
	with     *withRun
	tx       txState
	prepared map[string]*prepared
	portals  map[string]*portal
	held     *heldTag     // of the simple query that runs
	planning *meter.Meter // of the statement that is being planned, nil = none
	changed  bool         // the DDL that runs has changed something
	endless  bool         // what runs is a subscription
	allRows  bool         // what runs is the server's own, and sees rows that policies hide from the session
	reads    string       // what it is called as the owner of a pin
	trace    *lane.Trace  // of EXPLAIN ANALYZE, until a query takes it
	version  string       // version()
	run      rowsRun
	key      []byte // memory of cacheKey
	// temp are its temporary tables.
	temp *table.Temp
	// sequences are those that the session has asked, and what it got.
	sequences sequences
	// seen is the catalog as introspection sees it, of the last statement.
	seen *introspection
	// locks are the advisory locks that it holds.
	locks *advisory.Owner
	// exchangeEnds is when statement_timeout ends the statement of the extended exchange under way; zero = there is none.
	exchangeEnds time.Time
	// doing is what others see of it.
	doing *activity.Entry
	ends  plan.Ends
	// listener is what it hears of NOTIFY, nil = it never listened.
	listener *notify.Listener
}

func endOf(a net.Addr) (end netip.AddrPort) {
	if t, ok := a.(*net.TCPAddr); ok {
		end = t.AddrPort()
	}
	return end
}

// Open starts a session.
func (db *Database) Open(_ context.Context, st face.Startup) (*Session, error) {
	s := &Session{
		db: db, user: st.Principal.Name, database: st.Database, pid: st.PID, client: st.Client,
		ends:     plan.Ends{Client: endOf(st.Remote), Server: endOf(st.Local)},
		set:      newSettings(db.ServerVersion(), st.Principal.Name),
		prepared: map[string]*prepared{}, portals: map[string]*portal{},
		reads:   fmt.Sprintf("session %d", st.PID),
		version: "PostgreSQL " + db.ServerVersion() + " on " + runtime.GOARCH + "-" + runtime.GOOS,
	}
	s.temp = db.Tables.NewTemp(strconv.Itoa(int(st.PID)), func() int64 { return s.set.limits.tempTableMemory })
	if err := s.newIdentity(st.Principal.Name); err != nil {
		return nil, err
	}
	for name, d := range map[string]time.Duration{
		"statement_timeout": db.StatementTimeout, "lock_timeout": db.LockTimeout, "log_min_duration_statement": db.LogMinDuration,
	} {
		s.set.values[settingIndex[name]] = strconv.FormatInt(d.Milliseconds(), 10)
		if d < 0 {
			s.set.values[settingIndex[name]] = "-1"
		}
	}
	for name, n := range map[string]int64{
		"statement_memory": db.StatementMemory, "work_memory": db.WorkMemory, "temp_file_limit": db.TempFileLimit, "temp_table_memory": db.TempTableMemory,
		"shards": db.Shards, "min_shard_rows": db.MinShardRows,
	} {
		s.set.values[settingIndex[name]] = strconv.FormatInt(n, 10)
	}
	s.set.derive()
	s.beginWithSettings()
	for _, v := range st.Settings {
		if _, err := s.set.set(v.Name, v.Value); err != nil {
			s.db.sessions.leave(s.who.login)
			return nil, err
		}
	}
	s.sequences.s, s.locks = s, db.locks.Owner(st.PID)
	s.set.newTransaction()
	s.set.defaults = append([]string(nil), s.set.values...)
	s.doing = db.activity.Open(activity.Info{
		PID: st.PID, User: s.user, Database: s.database, Remote: st.Remote, Since: db.Clock.Now(), Cancel: st.Cancel, Terminate: st.Terminate,
	})
	s.doing.Name(s.set.get("application_name"))
	s.opened = true
	return s, nil
}

// Parameters are the settings that clients follow.
func (s *Session) Parameters() []face.Setting { return s.set.reported() }

// Status of the transaction block.
func (s *Session) Status() face.TxStatus { return s.tx.status() }

var (
	errIdle              = sqlerr.New(sqlerr.IdleSessionTimeout, "terminating connection due to idle-session timeout")
	errIdleInTransaction = sqlerr.New(sqlerr.IdleInTransactionSessionTimeout, "terminating connection due to idle-in-transaction timeout")
)

// IdleTimeout is how long the client may be silent now, and what it is told after that.
func (s *Session) IdleTimeout() (time.Duration, *sqlerr.Error) {
	if s.tx.status() == face.TxIdle {
		return s.set.limits.idleSession, errIdle
	}
	return s.set.limits.idleInTransaction, errIdleInTransaction
}

// tell sends a notice, behind the tag of the statement before.
func (s *Session) tell(n face.Notice) {
	if !s.set.wants(n.Severity) {
		return
	}
	if s.held != nil {
		_ = s.held.release() // a client that is gone is found by the next write
	}
	s.client.Notice(n)
}

// Close rolls back and forgets everything.
func (s *Session) Close() error {
	s.dropPortals()
	s.dropPrepared()
	s.rollback()
	s.dropTemporary()
	s.run.close()
	s.locks.Close()
	s.unlistenAll()
	s.doing.Close()
	s.db.sessions.leave(s.who.login)
	return nil
}

// Fail treats the transaction as if the session had returned an error.
func (s *Session) Fail(context.Context) { s.fail() }

// Simple runs the statements of a text, outside a block in one implicit transaction.
func (s *Session) Simple(ctx context.Context, sql string, w face.Writer) (err error) {
	unlimited := ctx
	s.exchangeEnds = time.Time{}
	ctx, done := s.statementTimeout(ctx)
	defer done()
	began := s.beginStatement(sql)
	defer func() {
		err = s.finish(err, sql)
		s.logSlow(began, "query", sql, err)
		s.rest()
	}()
	held := &heldTag{Writer: w}
	s.held = held
	defer func() { s.held = nil }()
	if err := s.simple(ctx, unlimited, sql, held); err != nil {
		if !s.tx.block {
			s.rollback()
		}
		// What ran before the statement that failed has its tag.
		return errors.Join(held.release(), err)
	}
	if err := s.endImplicit(ctx); err != nil {
		return err
	}
	return held.release()
}

// simple runs the statements of a text. ctx has the time of the first; each of the others has its own.
func (s *Session) simple(ctx, unlimited context.Context, sql string, w face.Writer) error {
	if done, err := s.runLifted(ctx, sql, w); done {
		return err
	}
	if st, ok := s.cachedStatement(sql); ok {
		return s.runOne(ctx, st, w)
	}
	stmts, memory, err := s.parseText(ctx, sql)
	if err != nil {
		s.fail()
		return err
	}
	defer memory.release()
	if len(stmts) == 0 {
		return w.Empty()
	}
	for i := range stmts {
		done := func() {}
		if i > 0 {
			ctx, done = s.statementTimeout(unlimited)
		}
		err := s.runOne(ctx, &stmts[i], w)
		done()
		if err != nil {
			return err
		}
	}
	return nil
}

// runOne runs a statement without parameters and writes text results.
func (s *Session) runOne(ctx context.Context, st *statement, w face.Writer) error {
	if err := s.tx.allow(st.Body); err != nil {
		return err
	}
	pr := &prepared{statement: st}
	made, err := s.planOf(ctx, pr)
	if err == nil && len(made.params) > 0 {
		err = s.noParameters(st)
	}
	var p *portal
	if err == nil {
		p, err = s.makePortal(ctx, pr, &face.Bind{})
	}
	if err == nil {
		err = s.runPlanned(ctx, p, 0, w, false)
		p.close()
	}
	if err != nil {
		s.fail()
	}
	return err
}

// Sync ends the implicit transaction of an extended exchange.
func (s *Session) Sync(ctx context.Context) error {
	s.exchangeEnds = time.Time{}
	if !s.tx.block {
		s.dropUnheld() // before the snapshot that they read
	}
	err := s.endImplicit(ctx)
	s.rest()
	return s.finish(err, "")
}

// finish turns an error into the user's and places it in the text.
func (s *Session) finish(err error, sql string) error {
	if err == nil {
		return nil
	}
	err = userError(err, s.db.Logger)
	if e, ok := err.(*sqlerr.Error); ok && e.Location > 0 && e.Position == 0 && sql != "" {
		placed := *e
		placed.Position = parse.Position(sql, e.Location-1)
		return &placed
	}
	return err
}
