package session

import (
	"context"
	"slices"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// portal is a statement with its parameters, ready to run.
type portal struct {
	name     string
	prepared *prepared
	plan     *planned
	args     []delta.Column
	fields   []face.Field // with the formats bound
	run      *pull        // of a query under a row limit, between Executes
	kept     *keptRows    // of SHOW and its like
	inner    *portal      // of EXECUTE: what it runs
	tag      string       // without its count, of a statement that has run and whose RETURNING gives rows
	done     bool
	// Of a cursor: its rows where it has them all, how many were given where it has not, and what DECLARE said. stays: it is held, and its
	// transaction has committed.
	cur                         *scrolled
	given                       int64
	hold, scroll, binary, stays bool
	turns                       bool // it may turn around
	back                        *backlog
	declared                    time.Time
}

// maxNamed bounds the prepared statements of a session, and its portals.
const maxNamed = 10_000

// Parse prepares a statement.
func (s *Session) Parse(ctx context.Context, name, sql string, types []sqltype.OID) (err error) {
	began := s.beginStatement(sql)
	defer func() {
		err = s.finish(err, sql)
		s.logSlow(began, "parse", sql, err)
	}()
	if name != "" && s.prepared[name] != nil {
		return s.failed(sqlerr.New(sqlerr.DuplicatePreparedStatement, "prepared statement %q already exists", name))
	}
	if len(s.prepared) >= maxNamed {
		return s.failed(sqlerr.New(sqlerr.ProgramLimitExceeded, "too many prepared statements"))
	}
	ctx, done := s.exchangeTimeout(ctx)
	defer done()
	p, err := s.prepare(ctx, sql, types)
	if err != nil {
		return s.failed(err)
	}
	s.forget(name)
	p.since = s.db.Clock.Now()
	s.prepared[name] = p
	return nil
}

// forget drops a prepared statement, if there is one.
func (s *Session) forget(name string) {
	if p := s.prepared[name]; p != nil && p.statement != nil {
		p.statement.memory.release()
	}
	delete(s.prepared, name)
}

func (s *Session) dropPrepared() {
	for name := range s.prepared {
		s.forget(name)
	}
}

func (s *Session) failed(err error) error {
	s.fail()
	return err
}

func (s *Session) prepare(ctx context.Context, sql string, types []sqltype.OID) (_ *prepared, err error) {
	stmts, memory, err := s.parseText(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			memory.release()
		}
	}()
	if len(stmts) > 1 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "cannot insert multiple commands into a prepared statement")
	}
	p := &prepared{given: types}
	if len(stmts) == 0 {
		memory.release()
		return p, nil
	}
	p.statement = &stmts[0]
	if err := s.tx.allow(p.statement.Body); err != nil {
		return nil, err
	}
	_, err = s.planOf(ctx, p)
	return p, err
}

func (s *Session) statementNamed(name string) (*prepared, error) {
	p, ok := s.prepared[name]
	if !ok {
		if name == "" {
			return nil, sqlerr.New(sqlerr.InvalidSQLStatementName, "unnamed prepared statement does not exist")
		}
		return nil, sqlerr.New(sqlerr.InvalidSQLStatementName, "prepared statement %q does not exist", name)
	}
	return p, nil
}

// Bind makes a portal.
func (s *Session) Bind(ctx context.Context, b *face.Bind) (err error) {
	sql := ""
	defer func() { err = s.finish(err, sql) }()
	p, err := s.statementNamed(b.Statement)
	if err == nil {
		err = s.inTime()
	}
	if err != nil {
		return s.failed(err)
	}
	if p.statement != nil {
		sql = p.statement.sql
		if err := s.tx.allow(p.statement.Body); err != nil {
			return s.failed(err)
		}
	}
	if b.Portal != "" && s.portals[b.Portal] != nil {
		return s.failed(sqlerr.New(sqlerr.DuplicateCursor, "cursor %q already exists", b.Portal))
	}
	if len(s.portals) >= maxNamed {
		return s.failed(sqlerr.New(sqlerr.ProgramLimitExceeded, "too many portals"))
	}
	made, err := s.makePortal(ctx, p, b)
	if err != nil {
		return s.failed(err)
	}
	s.dropPortal(b.Portal)
	s.keepPortal(made)
	return nil
}

// makePortal plans the statement anew if it must, and reads the parameters.
func (s *Session) makePortal(ctx context.Context, p *prepared, b *face.Bind) (*portal, error) {
	made := &portal{name: b.Portal, prepared: p}
	if p.statement == nil {
		return made, nil
	}
	var err error
	if made.plan, err = s.planOf(ctx, p); err != nil {
		return nil, err
	}
	if made.args, err = s.arguments(made.plan.params, b); err != nil {
		return nil, err
	}
	n := len(made.plan.fields)
	if len(b.ResultFormats) > 1 && len(b.ResultFormats) != n {
		return nil, sqlerr.New(sqlerr.ProtocolViolation, "bind message has %d result formats but query has %d columns", len(b.ResultFormats), n)
	}
	made.fields = made.plan.fieldsIn(b, s)
	return made, nil
}

// fieldsIn are the result columns in the formats of a Bind. Statements are bound in the same formats
// again and again, so the last are kept, for all sessions: the settings that texts depend on are the
// plan's. Nobody writes into them.
func (p *planned) fieldsIn(b *face.Bind, s *Session) []face.Field {
	if last := p.bound.Load(); last != nil && slices.Equal(last.formats, b.ResultFormats) {
		return last.fields
	}
	fields := make([]face.Field, len(p.fields))
	env := s.codecEnv()
	for i, f := range p.fields {
		f.Format = b.ResultFormat(i)
		f.Encode = face.EncodeIn(f.Type.OID, f.Format, env)
		fields[i] = f
	}
	p.bound.Store(&boundFields{formats: slices.Clone(b.ResultFormats), fields: fields})
	return fields
}

// DescribeStatement gives parameter types and result columns; with an error of the columns the
// types all the same, as PostgreSQL does.
func (s *Session) DescribeStatement(ctx context.Context, name string) ([]sqltype.OID, []face.Field, error) {
	p, err := s.statementNamed(name)
	if err == nil {
		err = s.inTime()
	}
	if err != nil {
		return nil, nil, s.finish(s.failed(err), "")
	}
	if p.statement == nil {
		return nil, nil, nil
	}
	made, err := s.planOf(ctx, p)
	if err != nil {
		return typesOf(p.params), nil, s.finish(s.failed(err), p.statement.sql)
	}
	return typesOf(made.params), made.fields, nil
}

func typesOf(params []sqltype.Type) []sqltype.OID {
	types := make([]sqltype.OID, len(params))
	for i, t := range params {
		types[i] = t.OID
	}
	return types
}

func (s *Session) portalNamed(name string) (*portal, error) {
	p, ok := s.portals[name]
	if !ok {
		return nil, sqlerr.New(sqlerr.InvalidCursorName, "portal %q does not exist", name)
	}
	return p, nil
}

// DescribePortal gives the result columns with the formats bound.
func (s *Session) DescribePortal(_ context.Context, name string) ([]face.Field, error) {
	p, err := s.portalNamed(name)
	if err == nil {
		err = s.inTime()
	}
	if err != nil {
		return nil, s.finish(s.failed(err), "")
	}
	if p.plan == nil || p.plan.fields == nil {
		return nil, nil
	}
	return p.fields, nil
}

// Execute runs a portal, or goes on with it.
func (s *Session) Execute(ctx context.Context, name string, maxRows int, w face.Writer) error {
	p, err := s.portalNamed(name)
	if err != nil {
		return s.finish(s.failed(err), "")
	}
	if p.prepared.statement == nil {
		return w.Empty()
	}
	ctx, done := s.exchangeTimeout(ctx)
	defer done()
	defer func() { s.exchangeEnds = time.Time{} }()
	began := s.beginStatement(p.prepared.statement.sql)
	if err = s.tx.allow(p.prepared.statement.Body); err == nil {
		err = s.runPlanned(ctx, p, maxRows, w, true)
	}
	if err != nil {
		s.fail()
	}
	err = s.finish(err, p.prepared.statement.sql)
	s.logSlow(began, "execute", p.prepared.statement.sql, err)
	return err
}

// CloseStatement forgets a prepared statement.
func (s *Session) CloseStatement(_ context.Context, name string) error {
	s.forget(name)
	return nil
}

// ClosePortal forgets a portal.
func (s *Session) ClosePortal(_ context.Context, name string) error {
	s.dropPortal(name)
	return nil
}

// keepPortal puts a portal under its name, which is free.
func (s *Session) keepPortal(p *portal) {
	if p.prepared.statement != nil {
		p.prepared.statement.memory.hold()
	}
	s.portals[p.name] = p
}

// dropPortal closes and forgets a portal, if there is one.
func (s *Session) dropPortal(name string) {
	p, ok := s.portals[name]
	if !ok {
		return
	}
	p.close()
	if p.prepared.statement != nil {
		p.prepared.statement.memory.release()
	}
	delete(s.portals, name)
}

func (s *Session) dropPortals() {
	for name := range s.portals {
		s.dropPortal(name)
	}
}

// dropUnheld drops what does not outlive the transaction.
func (s *Session) dropUnheld() {
	for name, p := range s.portals {
		if !p.hold {
			s.dropPortal(name)
		}
	}
}

// settleHeld keeps the cursors WITH HOLD of a transaction that has committed, and drops those of another.
func (s *Session) settleHeld(rolledBack bool) {
	for name, p := range s.portals {
		switch {
		case !p.hold || p.stays:
		case rolledBack:
			s.dropPortal(name)
		default:
			p.stays = true
		}
	}
}

func (p *portal) close() {
	if p.cur != nil {
		p.cur.rows.drop()
		p.cur = nil
	}
	if p.back != nil {
		p.back.drop()
		p.back = nil
	}
	if p.inner != nil {
		p.inner.close()
	}
	if p.run != nil {
		p.run.stop()
		p.run = nil
	}
}
