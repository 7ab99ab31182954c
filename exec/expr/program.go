package expr

import (
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// Env is what expressions depend on besides their row.
type Env = kernel.Env

// Program is a compiled expression. It is used by one goroutine at a time.
type Program struct {
	root  node
	typ   sqltype.Type
	cols  []columnUse
	bound []binding
	run   run
}

// columnUse is a column that the program reads, checked against each batch.
type columnUse struct {
	index int
	phys  sqltype.Physical
}

// Compile prepares e. It keeps env and the constants of e, and answers 0A000 for a function
// that has no kernel, with its position.
func Compile(e plan.Expr, env *Env) (*Program, error) {
	env.Prepare()
	c := compiler{env: env}
	root, err := c.expr(e)
	if err != nil {
		return nil, err
	}
	return &Program{root: root, typ: e.Type(), cols: c.cols, bound: c.bound, run: run{env: env}}, nil
}

// Rebind makes p what Compile of the same expression with env would be, and keeps what it has
// resolved and its buffers. Nothing else may share the Env that p was compiled with.
func (p *Program) Rebind(env Env) error {
	env.PrepareAs(p.run.env)
	*p.run.env = env
	for _, b := range p.bound {
		if err := b.rebind(p.run.env); err != nil {
			return err
		}
	}
	return nil
}

// Type is the type of the result.
func (p *Program) Type() sqltype.Type { return p.typ }

// Eval computes the expression for the live rows of in. dst becomes the result column of
// in.Len rows (maybe constant), borrowed from in and p until p's next Eval. Rows that fail are
// appended to errs in order; their values in dst are undefined. The error is for a broken plan or
// for work that has to end (see Env.Meter), never for data.
func (p *Program) Eval(in *delta.Batch, dst *delta.Column, errs *delta.RowErrors) error {
	sel, err := p.begin(in)
	if err != nil {
		return err
	}
	*dst = *p.root.eval(&p.run, sel)
	if err := p.run.env.Meter.Err(); err != nil {
		return err
	}
	dst.Type = p.typ.OID
	*errs = append(*errs, p.run.takeErrors()...)
	return nil
}

// Filter appends to sel the live rows of in for which the expression is true; rows that fail
// are appended to errs. sel may not be in.Sel itself unless it is empty.
func (p *Program) Filter(in *delta.Batch, sel []int32, errs *delta.RowErrors) ([]int32, error) {
	live, err := p.begin(in)
	if err != nil {
		return sel, err
	}
	c := p.root.eval(&p.run, live)
	if err := p.run.env.Meter.Err(); err != nil {
		return sel, err
	}
	if p.run.failures > 0 {
		live = p.run.live(nil, live)
	}
	sel = selectTrue(sel, live, c)
	*errs = append(*errs, p.run.takeErrors()...)
	return sel, nil
}

// begin checks the batch against the plan and returns its live rows.
func (p *Program) begin(in *delta.Batch) ([]int32, error) {
	for _, u := range p.cols {
		if u.index < 0 || u.index >= len(in.Cols) {
			return nil, fmt.Errorf("expression reads column %d of a batch with %d columns", u.index, len(in.Cols))
		}
		if c := &in.Cols[u.index]; c.Phys != u.phys || c.Len < in.Len {
			return nil, fmt.Errorf("expression reads column %d of type %d with %d rows, the batch has %d", u.index, c.Type, c.Len, in.Len)
		}
	}
	p.run.begin(in)
	if in.Sel != nil {
		return in.Sel, nil
	}
	return p.run.all(in.Len), nil
}

// selectTrue appends the rows of live that are true in c.
func selectTrue(sel, live []int32, c *delta.Column) []int32 {
	if c.Const {
		if len(live) > 0 && !c.Null(0) && c.Data[0] != 0 {
			sel = append(sel, live...)
		}
		return sel
	}
	at := len(sel)
	sel = slices.Grow(sel, len(live))[:at+len(live)]
	data := c.Data
	if c.Valid == nil {
		for _, i := range live {
			sel[at] = i
			at += int(data[i])
		}
		return sel[:at]
	}
	for _, i := range live {
		sel[at] = i
		at += int(data[i] & uint8(c.Valid[i>>6]>>(uint(i)&63)&1))
	}
	return sel[:at]
}
