package session

import (
	"context"
	"strconv"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// subscribes: the portal's query goes on for ever.
func (p *portal) subscribes() bool {
	_, ok := p.prepared.statement.Body.(*parse.Subscribe)
	return ok
}

// givesRows: the portal is a query, which can be run in pieces.
func (p *portal) givesRows() bool {
	_, isSelect := p.prepared.statement.Body.(*parse.Select)
	return isSelect && (p.plan == nil || p.plan.dml == nil) || p.subscribes()
}

// runPortal runs a portal's statement. Queries under a row limit stand still in between; what
// gives no rows runs once.
func (s *Session) runPortal(ctx context.Context, p *portal, maxRows int, w face.Writer) error {
	switch {
	case p.executes():
		return s.execute(ctx, p, maxRows, w)
	case p.givesRows():
		s.tx.queried = true
		return s.runRows(ctx, p, maxRows, w)
	case p.plan.dml != nil && p.plan.fields != nil:
		return s.runReturning(ctx, p, maxRows, w)
	case p.plan.fields != nil:
		return s.runKept(ctx, p, maxRows, w)
	case p.done:
		return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "portal %q cannot be run", p.name)
	}
	p.done = true
	return s.runStatement(ctx, p, w)
}

func (s *Session) runRows(ctx context.Context, p *portal, maxRows int, w face.Writer) error {
	s.endless = p.subscribes()
	if maxRows > 0 || p.run != nil {
		return s.runLimited(ctx, p, maxRows, w)
	}
	if p.done || p.subscribes() {
		if err := w.Fields(p.fields); err != nil {
			return err
		}
	}
	if p.done {
		return w.Complete("SELECT 0")
	}
	p.done = true
	if p.subscribes() {
		return s.subscribe(ctx, p, w)
	}
	rows, err := s.rowsTo(ctx, p.plan.query, p.args, p.fields, w)
	if err != nil {
		return err
	}
	return w.Complete("SELECT " + strconv.FormatInt(rows, 10))
}

func (s *Session) runLimited(ctx context.Context, p *portal, maxRows int, w face.Writer) error {
	if err := s.startPortal(ctx, p); err != nil {
		return err
	}
	if err := w.Fields(p.fields); err != nil {
		return err
	}
	sent, ended, err := s.pullRows(ctx, p, maxRows, w)
	switch {
	case err != nil:
		return err
	case ended:
		return w.Complete("SELECT " + strconv.Itoa(sent))
	}
	return w.Suspended()
}

// startPortal begins a portal's query, unless it has been begun.
func (s *Session) startPortal(ctx context.Context, p *portal) (err error) {
	if p.run != nil || p.done {
		return nil
	}
	p.done = true
	p.run, err = s.startPull(ctx, p)
	return err
}

// pullRows gives the next rows of a portal, up to a limit (0 = none). ended: there are no more.
func (s *Session) pullRows(ctx context.Context, p *portal, maxRows int, w face.Writer) (sent int, ended bool, err error) {
	if err := s.startPortal(ctx, p); err != nil {
		return 0, false, err
	}
	if p.run == nil {
		return 0, true, nil
	}
	for maxRows == 0 || sent < maxRows {
		if p.subscribes() && p.run.idle() {
			if err := w.Flush(); err != nil { // the next rows may be long in coming
				return sent, false, err
			}
		}
		part, err := p.run.take(ctx, max(maxRows-sent, 0))
		if err == nil && part == nil {
			err, ended = p.run.err, true
		}
		if err != nil || ended {
			p.close()
			return sent, ended, err
		}
		if err := w.Rows(part); err != nil {
			return sent, false, err
		}
		sent += part.Rows()
	}
	return sent, false, nil
}

// keptRows takes the rows of SHOW, EXPLAIN and their like, to be given in pieces.
type keptRows struct {
	face.Writer
	rows *delta.BatchBuilder
	tag  string
	next int
}

func (k *keptRows) Fields([]face.Field) error { return nil }

func (k *keptRows) Rows(d *delta.Batch) error {
	if k.rows == nil {
		k.rows = delta.NewBatchBuilder(columnTypes(d))
	}
	k.rows.AppendBatch(d)
	return nil
}

func (k *keptRows) Complete(tag string) error {
	k.tag = tag
	return nil
}

// piece is the next rows, all for the limit 0; nil when there are none.
func (k *keptRows) piece(limit int) *delta.Batch {
	if k.rows == nil || k.next >= k.rows.Len() {
		return nil
	}
	all := k.rows.Batch()
	end := k.rows.Len()
	if limit > 0 && limit < end-k.next {
		end = k.next + limit
	}
	all.Sel = []int32{}
	for ; k.next < end; k.next++ {
		all.Sel = append(all.Sel, int32(k.next))
	}
	return &all
}

// runKept runs a statement that gives a few rows once, and its rows as often as it takes.
func (s *Session) runKept(ctx context.Context, p *portal, maxRows int, w face.Writer) error {
	if maxRows == 0 && p.kept == nil {
		if p.done {
			return w.Complete(p.prepared.statement.Tag)
		}
		p.done = true
		return s.runStatement(ctx, p, w)
	}
	if p.kept == nil {
		kept := &keptRows{Writer: w}
		if err := s.runStatement(ctx, p, kept); err != nil {
			return err
		}
		p.kept = kept
	}
	if err := w.Fields(p.fields); err != nil {
		return err
	}
	part := p.kept.piece(maxRows)
	if part != nil {
		if err := w.Rows(part); err != nil {
			return err
		}
		if maxRows > 0 && part.Rows() >= maxRows {
			return w.Suspended()
		}
	}
	return w.Complete(p.kept.tag)
}
