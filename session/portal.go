package session

import (
	"context"
	"errors"
	"strconv"

	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
)

// portal is a statement with its parameters, ready to run.
type portal struct {
	prepared *prepared
	plan     *planned
	args     []delta.Column
	fields   []face.Field // with the formats bound
	run      *pull        // of a query under a row limit, between Executes
	done     bool
}

// maxNamed bounds the prepared statements of a session, and its portals.
const maxNamed = 10_000

// Parse prepares a statement.
func (s *Session) Parse(ctx context.Context, name, sql string, types []sqltype.OID) (err error) {
	defer func() { err = s.finish(err, sql) }()
	if name != "" && s.prepared[name] != nil {
		return s.failed(sqlerr.New(sqlerr.DuplicatePreparedStatement, "prepared statement %q already exists", name))
	}
	if len(s.prepared) >= maxNamed {
		return s.failed(sqlerr.New(sqlerr.ProgramLimitExceeded, "too many prepared statements"))
	}
	ctx, done := s.statementTimeout(ctx)
	defer done()
	p, err := s.prepare(ctx, sql, types)
	if err != nil {
		return s.failed(err)
	}
	s.prepared[name] = p
	return nil
}

func (s *Session) failed(err error) error {
	s.tx.fail()
	return err
}

func (s *Session) prepare(ctx context.Context, sql string, types []sqltype.OID) (*prepared, error) {
	stmts, err := parse.Parse(sql)
	if err != nil {
		return nil, err
	}
	if len(stmts) > 1 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "cannot insert multiple commands into a prepared statement")
	}
	p := &prepared{given: types}
	if len(stmts) == 0 {
		return p, nil
	}
	p.statement = &statement{Statement: stmts[0], sql: sql, cacheable: true}
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
	defer func() { err = s.finish(err, "") }()
	p, err := s.statementNamed(b.Statement)
	if err != nil {
		return s.failed(err)
	}
	if p.statement != nil {
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
	if old := s.portals[b.Portal]; old != nil {
		old.close()
	}
	s.portals[b.Portal] = made
	return nil
}

// makePortal plans the statement anew if it must, and reads the parameters.
func (s *Session) makePortal(ctx context.Context, p *prepared, b *face.Bind) (*portal, error) {
	made := &portal{prepared: p}
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
	made.fields = make([]face.Field, n)
	env := s.codecEnv()
	for i, f := range made.plan.fields {
		f.Format = b.ResultFormat(i)
		f.Encode = face.EncodeIn(f.Format, env)
		made.fields[i] = f
	}
	return made, nil
}

// DescribeStatement gives parameter types and result columns.
func (s *Session) DescribeStatement(ctx context.Context, name string) ([]sqltype.OID, []face.Field, error) {
	p, err := s.statementNamed(name)
	if err != nil {
		return nil, nil, s.finish(s.failed(err), "")
	}
	if p.statement == nil {
		return nil, nil, nil
	}
	made, err := s.planOf(ctx, p)
	if err != nil {
		return nil, nil, s.finish(s.failed(err), p.statement.sql)
	}
	types := make([]sqltype.OID, len(made.params))
	for i, t := range made.params {
		types[i] = t.OID
	}
	return types, made.fields, nil
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
	ctx, done := s.statementTimeout(ctx)
	defer done()
	if err = s.tx.allow(p.prepared.statement.Body); err == nil {
		err = s.runPortal(ctx, p, maxRows, w)
	}
	if err != nil {
		s.tx.fail()
	}
	return s.finish(err, p.prepared.statement.sql)
}

// CloseStatement forgets a prepared statement.
func (s *Session) CloseStatement(_ context.Context, name string) error {
	delete(s.prepared, name)
	return nil
}

// ClosePortal forgets a portal.
func (s *Session) ClosePortal(_ context.Context, name string) error {
	if p, ok := s.portals[name]; ok {
		p.close()
		delete(s.portals, name)
	}
	return nil
}

func (s *Session) dropPortals() {
	for name, p := range s.portals {
		p.close()
		delete(s.portals, name)
	}
}

func (p *portal) close() {
	if p.run != nil {
		p.run.stop()
		p.run = nil
	}
}

// runPortal runs a portal's statement; queries under a row limit stand still in between.
func (s *Session) runPortal(ctx context.Context, p *portal, maxRows int, w face.Writer) error {
	q := p.plan.query
	if _, isSelect := p.prepared.statement.Body.(*parse.Select); q == nil || !isSelect {
		return s.runStatement(ctx, p, w)
	}
	if err := w.Fields(p.fields); err != nil {
		return err
	}
	if maxRows == 0 && p.run == nil {
		if p.done {
			return w.Complete("SELECT 0")
		}
		p.done = true
		rows, err := s.rowsTo(ctx, q, p.args, w)
		if err != nil {
			return err
		}
		return w.Complete("SELECT " + strconv.FormatInt(rows, 10))
	}
	return s.runLimited(ctx, p, maxRows, w)
}

// pull is a query that runs in a goroutine and stands still while nobody takes its rows.
type pull struct {
	rows   chan *delta.Batch // borrowed until taken is sent to
	taken  chan struct{}
	err    error // valid once rows is closed
	cancel context.CancelFunc
	now    *delta.Batch // batch at hand
	sel    []int32      // its rows, as often as their weights say
	next   int          // of sel, what was taken
}

func (s *Session) runLimited(ctx context.Context, p *portal, maxRows int, w face.Writer) error {
	if p.run == nil {
		if p.done {
			return w.Complete("SELECT 0")
		}
		p.done = true
		p.run = s.startPull(ctx, p)
	}
	sent := 0
	for {
		part, err := p.run.take(ctx, maxRows-sent)
		if err != nil {
			p.close()
			return err
		}
		if part == nil {
			err := p.run.err
			p.close()
			if err != nil {
				return err
			}
			return w.Complete("SELECT " + strconv.Itoa(sent))
		}
		if err := w.Rows(part); err != nil {
			return err
		}
		sent += part.Rows()
		if maxRows > 0 && sent >= maxRows {
			return w.Suspended()
		}
	}
}

var errPortalClosed = errors.New("portal closed")

func (s *Session) startPull(ctx context.Context, p *portal) *pull {
	// The run outlives this Execute; closing the portal ends it.
	run := &pull{rows: make(chan *delta.Batch), taken: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	run.cancel = func() { cancel(errPortalClosed) }
	go func() {
		defer close(run.rows)
		run.err = s.runQuery(ctx, p.plan.query, p.args, flow.OutFunc(func(d *delta.Batch) error {
			select {
			case run.rows <- d:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			select {
			case <-run.taken:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}))
	}()
	return run
}

// take gives up to limit rows (0 = all at hand), nil at the end. ctx is this Execute's: when it
// ends the run is of no more use.
func (r *pull) take(ctx context.Context, limit int) (*delta.Batch, error) {
	if r.now != nil && r.next >= len(r.sel) {
		r.now = nil
		r.taken <- struct{}{}
	}
	if r.now == nil {
		select {
		case d, ok := <-r.rows:
			if !ok {
				return nil, nil
			}
			r.now, r.next = d, 0
			r.sel = eachRow(r.sel[:0], d)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	n := len(r.sel) - r.next
	if limit > 0 && n > limit {
		n = limit
	}
	part := *r.now
	part.Sel, part.Weights = r.sel[r.next:r.next+n:r.next+n], nil
	r.next += n
	return &part, nil
}

// eachRow appends the live rows of d, each as often as its weight says. It is never nil.
func eachRow(sel []int32, d *delta.Batch) []int32 {
	if sel == nil {
		sel = []int32{}
	}
	add := func(row int32) {
		for range d.Weight(row) {
			sel = append(sel, row)
		}
	}
	if d.Sel != nil {
		for _, row := range d.Sel {
			add(row)
		}
		return sel
	}
	for row := range int32(d.Len) {
		add(row)
	}
	return sel
}

// stop ends the run and waits for it.
func (r *pull) stop() {
	r.cancel()
	for range r.rows { // until it has ended
	}
}
