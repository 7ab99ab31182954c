package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// projectSet repeats each row once a row of its calls. A row is gone through while its batch is there, so that
// however many rows it gives, no more than a batch of them is held.
type projectSet struct {
	ports
	env        exec.Env
	calls      []*setCall
	width      int // of the input
	ordinality bool
	keep       bool

	all    []int32
	sel    [2][]int32
	rows   []int32 // of the input, for which set columns stand in made
	made   *delta.BatchBuilder
	held   int64  // charged for made
	number uint64 // of arguments, over all calls
}

// setCall is one call, or an expression (set is nil).
type setCall struct {
	node *plan.Call
	args []*scalar
	vals []delta.Column
	set  *expr.SetCall
	out  []*delta.Builder

	rows expr.Rows // of the input row under way; nil = ended
	got  int       // in the chunk under way
}

// setBytes is about how much a batch may hold before it is emitted.
const setBytes = 1 << 20

func newProjectSet(n *plan.ProjectSet) (exec.Operator, error) {
	p := &projectSet{
		ports: newPorts(1), width: len(n.Input.Props().Fields), ordinality: n.Ordinality, keep: n.Keep,
		made: delta.NewBatchBuilder(fieldTypes(&n.P)),
	}
	at := p.width
	for i := range n.Calls {
		c := &n.Calls[i]
		s := &setCall{node: c.Set(), out: p.made.Cols[at : at+len(c.Fields)]}
		if s.node != nil {
			s.args = newScalars(s.node.Args)
		} else {
			s.args = newScalars([]plan.Expr{c.Expr})
		}
		s.vals = make([]delta.Column, len(s.args))
		p.calls = append(p.calls, s)
		at += len(c.Fields)
	}
	return p, nil
}

func (p *projectSet) Open(env exec.Env) error {
	p.env, p.held = env, 0
	x := exprEnv(env)
	for _, c := range p.calls {
		if err := openAll(c.args, env); err != nil {
			return err
		}
		if c.node == nil {
			continue
		}
		var err error
		if c.set, err = expr.CompileSet(c.node, &x); err != nil {
			return err
		}
	}
	return nil
}

func (p *projectSet) Push(ctx context.Context, _ int, in *delta.Batch, out exec.Out) error {
	sel, errs, err := p.arguments(in)
	if err != nil {
		return err
	}
	p.made.Clear()
	p.rows = p.rows[:0]
	for _, e := range errs {
		p.made.AppendError(e, in.Weight(e.Row))
	}
	for _, row := range sel {
		if err := p.expand(ctx, row, in, out); err != nil {
			return err
		}
	}
	return p.flush(ctx, in, out)
}

// arguments computes those of all calls; a row that fails has no rows.
func (p *projectSet) arguments(in *delta.Batch) ([]int32, delta.RowErrors, error) {
	sel, errs := liveRows(in, &p.all), in.Errs
	for _, c := range p.calls {
		for i, a := range c.args {
			col, failed, err := a.eval(in, sel)
			if err != nil {
				return nil, nil, err
			}
			c.vals[i] = col
			if len(failed) > 0 {
				errs = joinErrors(errs, failed)
				p.number++
				at := &p.sel[p.number&1]
				*at = without(*at, sel, failed)
				sel = *at
			}
		}
	}
	return sel, errs, nil
}

// expand gives the rows of one row.
func (p *projectSet) expand(ctx context.Context, row int32, in *delta.Batch, out exec.Out) error {
	for _, c := range p.calls {
		var err *sqlerr.Error
		if c.rows, err = c.begin(row); err != nil {
			return p.fail(ctx, err, row, in, out)
		}
	}
	given := int64(0)
	for {
		limit := outRows - len(p.rows)
		n, ended, failed := p.chunk(limit)
		if n == 0 && ended && failed == nil && given == 0 && p.keep {
			n = 1
		} else if p.ordinality {
			for i := range n {
				delta.Append(p.made.Cols[len(p.made.Cols)-1], given+int64(i)+1)
			}
		}
		p.pad(n)
		given += int64(n)
		for range n {
			p.rows = append(p.rows, row)
		}
		if failed != nil {
			return p.fail(ctx, failed, row, in, out)
		}
		if len(p.rows) >= outRows || p.made.Size() > setBytes {
			if err := p.flush(ctx, in, out); err != nil {
				return err
			}
		}
		if err := p.env.Meter().Breathe(); err != nil || ended {
			return err
		}
	}
}

// begin starts the rows for one row; an expression has one.
func (c *setCall) begin(row int32) (expr.Rows, *sqlerr.Error) {
	if c.set != nil {
		return c.set.Begin(c.vals, row)
	}
	done := false
	return func(out []*delta.Builder, limit int) (int, *sqlerr.Error) {
		if done || limit == 0 {
			return 0, nil
		}
		done = true
		out[0].AppendFrom(&c.vals[0], row)
		return 1, nil
	}, nil
}

// chunk takes up to limit rows of each call: n of the longest, or as many as there are before the first error.
func (p *projectSet) chunk(limit int) (n int, ended bool, failed *sqlerr.Error) {
	ended = true
	for _, c := range p.calls {
		c.got = 0
		if c.rows == nil {
			continue
		}
		got, err := c.rows(c.out, limit)
		c.got = got
		if err != nil && (failed == nil || got < limit) {
			limit, failed = got, err // the others go as far
		}
		if got < limit {
			c.rows = nil
		}
		ended = ended && c.rows == nil
		n = max(n, c.got)
	}
	return min(n, limit), ended, failed
}

// pad fills the columns of what has fewer than n rows in the chunk, and cuts what has more.
func (p *projectSet) pad(n int) {
	want := p.made.Len() + len(p.rows) + n
	for _, col := range p.made.Cols[p.width:] {
		if more := want - col.Len(); more >= 0 {
			col.AppendNulls(more)
		} else {
			col.Truncate(want)
		}
	}
}

// fail makes an error of a row behind those that it gave.
func (p *projectSet) fail(ctx context.Context, err *sqlerr.Error, row int32, in *delta.Batch, out exec.Out) error {
	if err == expr.ErrStopped {
		return p.env.Meter().Err()
	}
	if len(p.rows) > 0 {
		if err := p.flush(ctx, in, out); err != nil {
			return err
		}
	}
	e := delta.RowErrors{{Row: row, Err: err}}
	nameOrigins(in, e)
	p.made.AppendError(e[0], in.Weight(row))
	return nil
}

// flush emits what was expanded. Rows that are errors are in front: behind others nothing fails.
func (p *projectSet) flush(ctx context.Context, in *delta.Batch, out exec.Out) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	for i := range in.Cols {
		if len(p.rows) > 0 { // nil would gather every row
			p.made.Cols[i].Gather(&in.Cols[i], p.rows)
		}
	}
	skip := p.made.Len()
	for _, row := range p.rows {
		p.made.End(in.Weight(row))
	}
	if more := int64(p.made.Size()) - p.held; more > 0 {
		if err := p.env.Account(more); err != nil {
			return err
		}
		p.held += more
	}
	d := p.made.Batch()
	if in.From != nil {
		d.From = expanded{of: in.From, skip: int32(skip), rows: p.rows}
	}
	p.rows = p.rows[:0]
	if d.Len == 0 {
		return nil
	}
	err := out.Emit(&d)
	p.made.Clear()
	return err
}
