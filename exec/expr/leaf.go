package expr

import (
	"fmt"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// columnNode is an input column, borrowed.
type columnNode struct{ index int }

func (d *columnNode) eval(x *run, _ []int32) *delta.Column { return &x.in.Cols[d.index] }

// constNode is a constant of the plan.
type constNode struct{ col delta.Column }

// newConst gives a NULL some bytes for its value, so that no reader needs to ask first.
func newConst(c delta.Column) *constNode {
	if c.Null(0) {
		c = delta.NullColumn(c.Type, 1)
	}
	return &constNode{col: c}
}

func (d *constNode) eval(x *run, _ []int32) *delta.Column {
	d.col.Len = x.n
	return &d.col
}

// paramNode is a parameter: a constant of each binding.
type paramNode struct {
	constNode
	index int
	typ   sqltype.OID
}

func (d *paramNode) rebind(env *Env) error {
	if d.index < 1 || d.index > len(env.Params) {
		return sqlerr.New(sqlerr.UndefinedParameter, "there is no parameter $%d", d.index)
	}
	col := env.Params[d.index-1]
	if !col.Const || col.Phys != d.typ.Phys() {
		return fmt.Errorf("parameter $%d has type %d, the plan says %d", d.index, col.Type, d.typ)
	}
	col.Type = d.typ
	d.constNode = *newConst(col)
	return nil
}

// heldNode stands for a column that its parent has computed already.
type heldNode struct{ col *delta.Column }

func (d *heldNode) eval(*run, []int32) *delta.Column { return d.col }

// relabelNode changes the type and not the value.
type relabelNode struct {
	arg node
	typ sqltype.OID
	col delta.Column
}

func (d *relabelNode) eval(x *run, sel []int32) *delta.Column {
	d.col = *d.arg.eval(x, sel)
	d.col.Type = d.typ
	return &d.col
}
