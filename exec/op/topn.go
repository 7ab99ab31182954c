package op

import (
	"context"
	"math"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// newTopN makes the operator of LIMIT and OFFSET: in a view it keeps all rows in order and
// emits how the window over them changed; a one-shot run keeps what can still be in it, and
// without an order just counts.
func newTopN(n *plan.TopN) (exec.Operator, error) {
	in := newSortedInput(n.Input.Props(), n.Keys)
	return &topN{
		ports: newPorts(1), in: in, bounds: bounds{count: n.Count, offset: n.Offset, partial: n.Partial},
		once: topOnce{rows: newRowBuffer(in), ordered: len(n.Keys) > 0}, view: topView{in: in},
	}, nil
}

type topN struct {
	ports
	env    exec.Env
	in     *sortedInput
	bounds bounds
	once   topOnce
	view   topView
}

// Spills implements exec.Spiller.
func (t *topN) Spills() bool { return t.once.ordered }

// bounds are LIMIT and OFFSET of a run.
type bounds struct {
	count, offset plan.Expr
	partial       bool  // the rows that are skipped are wanted too
	skip, take    int64 // take is MaxInt64 without a limit
}

// end is the number of rows up to the window's end.
func (b *bounds) end() int64 {
	if b.take > math.MaxInt64-b.skip {
		return math.MaxInt64
	}
	return b.skip + b.take
}

func (b *bounds) open(env exec.Env) error {
	var err error
	b.skip, err = bound(env, b.offset, 0, sqlerr.InvalidRowCountInOffsetClause, "OFFSET")
	if err == nil {
		b.take, err = bound(env, b.count, math.MaxInt64, sqlerr.InvalidRowCountInLimitClause, "LIMIT")
	}
	if b.partial {
		b.skip, b.take = 0, b.end()
	}
	return err
}

func bound(env exec.Env, e plan.Expr, none int64, code sqlerr.Code, word string) (int64, error) {
	if e == nil {
		return none, nil
	}
	s := newScalar(e)
	if err := s.open(env); err != nil {
		return 0, err
	}
	c, err := s.one()
	if err != nil || c.Null(0) {
		return none, err
	}
	n := delta.Values[int64](&c)[0]
	if n < 0 {
		return 0, sqlerr.New(code, "%s must not be negative", word)
	}
	return n, nil
}

func (t *topN) Open(env exec.Env) error {
	t.env = env
	if err := t.bounds.open(env); err != nil {
		return err
	}
	if err := t.in.open(env); err != nil {
		return err
	}
	if env.Once() {
		return t.once.open(env)
	}
	return t.view.open(env)
}

func (t *topN) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	rows, errs, err := t.in.extend(in)
	if err != nil {
		return err
	}
	if t.env.Once() && !t.once.ordered {
		return t.once.pass(&t.bounds, &rows, errs, out)
	}
	if err := t.in.passErrors(in, errs, out); err != nil {
		return err
	}
	if t.env.Once() {
		return t.once.push(&t.bounds, &rows)
	}
	return t.view.rows.Append(&rows)
}

func (t *topN) EndTick(ctx context.Context, tick exec.Tick, out exec.Out) (exec.Next, error) {
	next := exec.Next{Out: t.least()}
	if t.env.Once() {
		return next, t.once.end(ctx, &t.bounds, out)
	}
	return next, t.view.end(ctx, tick, &t.bounds, out)
}

func (t *topN) Close() error { return t.once.rows.clear(t.env) }
