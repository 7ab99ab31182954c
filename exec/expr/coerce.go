package expr

import (
	"errors"

	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/plan"
)

// coerceNode casts through text: the source's output function, then the target's input
// function without a modifier, as PostgreSQL's CoerceViaIO.
type coerceNode struct {
	arg     node
	source  sqltype.OID
	target  sqltype.OID
	env     *codec.Env
	out     kernel.Out     // for text targets
	builder *delta.Builder // for the others
	col     delta.Column
	scratch []byte
	meter   *meter.Meter
	charged int64 // of builder and scratch
}

// settle charges what parsing holds now.
func (d *coerceNode) settle() error {
	held := int64(d.builder.Size() + cap(d.scratch))
	if held == d.charged {
		return nil
	}
	if err := d.meter.Charge(held - d.charged); err != nil {
		return d.meter.Stop(err)
	}
	d.charged = held
	return nil
}

func (c *compiler) coerceIO(e *plan.CoerceIO) (node, error) {
	arg, err := c.expr(e.Arg)
	if err != nil {
		return nil, err
	}
	source := e.Arg.Type().OID
	if source.Phys() == sqltype.PhysNone || e.T.OID.Phys() == sqltype.PhysNone {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cast from %s to %s is not supported yet",
			typeName(source), typeName(e.T.OID)).At(e.Pos)
	}
	d := &coerceNode{arg: arg, source: source, target: e.T.OID, env: c.env.Codec(),
		out: kernel.NewOut(c.env.Meter), builder: delta.NewBuilder(e.T.OID), meter: c.env.Meter}
	c.bound = append(c.bound, d)
	return d, nil
}

func (d *coerceNode) rebind(env *Env) error {
	d.env, d.meter, d.charged = env.Codec(), env.Meter, 0
	d.out.Rebind(env.Meter)
	return nil
}

func isText(t sqltype.OID) bool {
	return t == sqltype.Text || t == sqltype.Varchar || t == sqltype.BPChar || t == sqltype.Unknown
}

func (d *coerceNode) eval(x *run, sel []int32) *delta.Column {
	c := d.arg.eval(x, sel)
	if x.failures > 0 {
		sel = x.live(nil, sel)
	}
	rows := sel
	if c.Const {
		rows = firstRow[:min(1, len(sel))]
	}
	if isText(d.target) {
		return d.toText(x, c, rows)
	}
	return d.parse(x, c, rows, sel)
}

func (d *coerceNode) toText(x *run, c *delta.Column, rows []int32) *delta.Column {
	d.out.Reset(d.target, x.n, c.Const)
	for _, row := range rows {
		if d.meter.Breathe() != nil {
			break
		}
		if c.Null(row) {
			d.out.SetNull(row)
			continue
		}
		if err := d.out.End(codec.FormatText(d.out.Start(row), c, row, d.env)); err != nil && err != kernel.ErrStopped {
			x.fail(delta.RowError{Row: row, Err: err})
		}
	}
	return d.out.Column()
}

// parse reads each row's text; sel are the rows that a constant's error belongs to.
func (d *coerceNode) parse(x *run, c *delta.Column, rows, sel []int32) *delta.Column {
	b := d.builder
	b.Clear()
	for _, row := range rows {
		if d.meter.Breathe() != nil || d.settle() != nil {
			break // the meter keeps why
		}
		if gap := int(row) - b.Len(); gap > 0 {
			b.AppendNulls(gap)
		}
		if c.Null(row) {
			b.AppendNull()
			continue
		}
		if err := codec.AppendText(b, sqltype.Of(d.target), d.text(c, row), d.env); err != nil {
			b.AppendNull()
			d.fail(x, err, row, c.Const, sel)
		}
	}
	stored := x.n
	if c.Const {
		stored = 1
	}
	if gap := stored - b.Len(); gap > 0 {
		b.AppendNulls(gap)
	}
	d.col = b.Column()
	d.col.Const, d.col.Len = c.Const, x.n
	return &d.col
}

// text is the source's text, borrowed.
func (d *coerceNode) text(c *delta.Column, row int32) []byte {
	if isText(d.source) || d.source == sqltype.Name {
		return c.Bytes(row)
	}
	d.scratch = codec.FormatText(d.scratch[:0], c, row, d.env)
	return d.scratch
}

func (d *coerceNode) fail(x *run, err error, row int32, constant bool, sel []int32) {
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		e = &sqlerr.Error{Code: sqlerr.InternalError, Message: err.Error(), Cause: err}
	}
	if !constant {
		x.fail(delta.RowError{Row: row, Err: e})
		return
	}
	for _, row := range sel {
		own := *e
		x.fail(delta.RowError{Row: row, Err: &own})
	}
}
