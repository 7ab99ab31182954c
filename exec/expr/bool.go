package expr

import (
	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// junctionNode is AND (decides = 0) or OR (decides = 1): the first argument with the deciding
// value decides a row, and later arguments are not evaluated for it.
type junctionNode struct {
	args    []node
	decides uint8
	out     kernel.Out
	rest    []int32
}

func (c *compiler) junction(list []plan.Expr, decides uint8) (node, error) {
	args, err := c.exprs(list)
	return &junctionNode{args: args, decides: decides}, err
}

func (d *junctionNode) eval(x *run, sel []int32) *delta.Column {
	d.out.Reset(sqltype.Bool, x.n, false)
	out := d.out.Bools()
	for _, row := range sel {
		out[row] = 1 - d.decides
	}
	rest := append(d.rest[:0], sel...)
	for i, a := range d.args {
		if len(rest) == 0 {
			break
		}
		c := a.eval(x, rest)
		if x.failures > 0 {
			rest = x.live(rest[:0], rest)
		}
		rest = d.settle(c, rest, out, i == len(d.args)-1)
	}
	d.rest = rest
	return d.out.Column()
}

// settle takes the rows that c decides out of rest, and marks its NULLs.
func (d *junctionNode) settle(c *delta.Column, rest []int32, out []uint8, last bool) []int32 {
	kept := rest[:0]
	for _, row := range rest {
		switch {
		case c.Null(row):
			d.out.SetNull(row)
		case c.Data[c.At(row)] == d.decides:
			out[row] = d.decides
			if d.out.HasValids() {
				delta.SetBit(d.out.Valids(), row)
			}
			continue
		}
		if !last {
			kept = append(kept, row)
		}
	}
	return kept
}

type notNode struct {
	arg node
	out kernel.Out
}

func (d *notNode) eval(x *run, sel []int32) *delta.Column {
	c := d.arg.eval(x, sel)
	d.out.Reset(sqltype.Bool, x.n, c.Const)
	out := d.out.Bools()
	for i, v := range c.Data[:len(out)] {
		out[i] = v ^ 1
	}
	d.out.ShareValid(c)
	return d.out.Column()
}

type isNullNode struct {
	arg node
	not bool
	out kernel.Out
}

func (d *isNullNode) eval(x *run, sel []int32) *delta.Column {
	c := d.arg.eval(x, sel)
	d.out.Reset(sqltype.Bool, x.n, c.Const || c.Valid == nil)
	out := d.out.Bools()
	if c.Const || c.Valid == nil {
		out[0] = b2u(c.Null(0) != d.not)
		return d.out.Column()
	}
	for _, row := range sel {
		out[row] = b2u(c.Null(row) != d.not)
	}
	return d.out.Column()
}

type isBoolNode struct {
	arg  node
	want byte
	not  bool
	out  kernel.Out
}

func (d *isBoolNode) eval(x *run, sel []int32) *delta.Column {
	c := d.arg.eval(x, sel)
	d.out.Reset(sqltype.Bool, x.n, c.Const)
	if c.Const {
		sel = firstRow
	}
	out := d.out.Bools()
	for _, row := range sel {
		is := byte('u')
		if !c.Null(row) {
			is = 'f'
			if c.Data[c.At(row)] != 0 {
				is = 't'
			}
		}
		out[row] = b2u((is == d.want) != d.not)
	}
	return d.out.Column()
}

func b2u(v bool) uint8 {
	if v {
		return 1
	}
	return 0
}
