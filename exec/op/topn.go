package op

import (
	"context"
	"math"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// newTopN makes the operator of LIMIT and OFFSET, of all rows or of each group: in a view it keeps
// all rows in order and emits how the window over them changed; a one-shot run keeps what can still
// be in it, and without an order just counts.
func newTopN(n *plan.TopN) (exec.Operator, error) {
	in := newSortedInput(n.Input.Props(), n.Keys)
	b := bounds{count: n.Count, offset: n.Offset, partial: n.Partial}
	if n.Ties {
		b.ties = state.NewRowOrder(in.types, columnsOf(in.order), nil)
	}
	if n.Sorted > 0 {
		b.sorted = state.NewRowOrder(in.types, columnsOf(in.order)[:n.Sorted], nil)
	}
	if len(n.Groups) > 0 {
		b.groups = state.NewRowOrder(in.types, n.Groups, nil)
	}
	return &topN{
		ports: newPorts(1), in: in, bounds: b,
		once: topOnce{rows: newRowBuffer(in, n.Groups...), ordered: len(n.Keys)+len(n.Groups) > 0},
		view: topView{in: in, groups: n.Groups},
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
	// ties and groups compare rows by the keys of the order and by the columns of groups; nil = there
	// is no WITH TIES, all rows are one group.
	ties, groups *state.RowOrder
	// sorted compares rows by the keys in whose order they come; nil = in any.
	sorted *state.RowOrder
}

// end is the number of rows up to the window's end.
func (b *bounds) end() int64 {
	if b.take > math.MaxInt64-b.skip {
		return math.MaxInt64
	}
	return b.skip + b.take
}

func columnsOf(order []state.Order) []int {
	cols := make([]int, len(order))
	for i, o := range order {
		cols[i] = o.Column
	}
	return cols
}

// whole is the window with the rows before it.
func (b *bounds) whole() *bounds {
	w := *b
	w.skip, w.take = 0, b.end()
	return &w
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
	if t.bounds.take == 0 { // no row is asked for, and none is an error
		if t.env.Once() {
			return exec.ErrStop
		}
		return nil
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
	return t.view.push(&rows)
}

func (t *topN) EndTick(ctx context.Context, tick exec.Tick, out exec.Out) (exec.Next, error) {
	next := exec.Next{Out: t.least()}
	if t.env.Once() {
		return next, t.once.end(ctx, &t.bounds, out)
	}
	return next, t.view.end(ctx, tick, &t.bounds, out)
}

func (t *topN) Close() error { return t.once.rows.clear(t.env) }
