package session

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// runLifted runs a text that differs from one run before in values that it compares with, sets or inserts: the
// literals are the parameters of one plan. Not done: nothing was run, and the text is to be taken
// as it is; that also gives whatever is wrong with it its error and its place.
func (s *Session) runLifted(ctx context.Context, sql string, w face.Writer) (done bool, err error) {
	if !s.sharesPlans() {
		return false, nil
	}
	l, ok := parse.Lift(sql)
	if !ok {
		return false, nil
	}
	key := s.cacheKey(l.Text, l.Types)
	st := s.liftedStatement(ctx, key, l.Text)
	if st == nil {
		return false, nil
	}
	if err := s.tx.allow(st.Body); err != nil {
		return false, nil
	}
	pr := &prepared{statement: st, given: l.Types}
	if _, err := s.planOf(ctx, pr); err != nil {
		if ctx.Err() == nil {
			s.db.plans.put(&cached{key: string(s.cacheKey(l.Text, l.Types)), plan: &planned{at: s.catalog().Version()}})
		}
		return false, nil
	}
	p, err := s.makePortal(ctx, pr, &face.Bind{Params: l.Values})
	if err != nil {
		return false, nil // a value that its column's type does not have
	}
	err = s.runPortal(ctx, p, 0, w)
	p.close()
	if errors.Is(err, lane.ErrMoved) {
		return false, nil
	}
	if err != nil {
		s.fail()
	}
	return true, placeLifted(err, &l)
}

// liftedStatement is the parsed text with parameters; nil when it has no plan.
func (s *Session) liftedStatement(ctx context.Context, key []byte, text string) *statement {
	if c, ok := s.db.plans.get(key); ok {
		if c.stmt != nil || c.plan.at == s.catalog().Version() {
			return c.stmt
		}
	}
	stmts, memory, err := s.parseText(ctx, text)
	if err != nil {
		return nil
	}
	defer memory.release()
	if len(stmts) != 1 {
		return nil
	}
	switch stmts[0].Body.(type) {
	case *parse.Select, *parse.Insert, *parse.Update, *parse.Delete:
		st := stmts[0]
		return &st
	}
	return nil
}

// placeLifted brings the place of an error from the text with parameters to the client's.
func placeLifted(err error, l *parse.Lifted) error {
	e, ok := err.(*sqlerr.Error)
	if !ok || e.Location <= 0 || e.Position != 0 {
		return err
	}
	placed := *e
	placed.Location = l.Original(e.Location-1) + 1
	return &placed
}
