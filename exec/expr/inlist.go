package expr

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// inListNode is arg [NOT] IN (list): a row leaves at its first equal element.
type inListNode struct {
	arg  node
	list []node
	held [2]heldNode
	eq   *callNode
	not  bool
	out  kernel.Out
	rest []int32
}

// minSetSize is where probing a set of constants beats comparing them one by one.
const minSetSize = 5

func (c *compiler) inList(e *plan.InList) (node, error) {
	arg, err := c.expr(e.Arg)
	if err != nil {
		return nil, err
	}
	if s := newSetNode(e, arg); s != nil {
		return s, nil
	}
	d := &inListNode{arg: arg, not: e.Not}
	if d.list, err = c.exprs(e.List); err != nil {
		return nil, err
	}
	d.eq, err = c.equality(e.Eq, &d.held[0], &d.held[1])
	return d, err
}

func (d *inListNode) eval(x *run, sel []int32) *delta.Column {
	d.held[0].col = d.arg.eval(x, sel)
	rest := append(d.rest[:0], sel...)
	rest = x.live(rest[:0], rest)
	d.out.Reset(sqltype.Bool, x.n, false)
	out := d.out.Bools()
	for _, row := range rest {
		out[row] = b2u(d.not)
	}
	for _, element := range d.list {
		if len(rest) == 0 {
			break
		}
		d.held[1].col = element.eval(x, rest)
		rest = x.live(rest[:0], rest)
		equal := d.eq.eval(x, rest)
		rest = x.live(rest[:0], rest)
		kept := rest[:0]
		for _, row := range rest {
			switch {
			case equal.Null(row):
				d.out.SetNull(row)
			case equal.Data[equal.At(row)] != 0:
				out[row] = b2u(!d.not)
				if d.out.HasValids() {
					delta.SetBit(d.out.Valids(), row)
				}
				continue
			}
			kept = append(kept, row)
		}
		rest = kept
	}
	d.rest = rest
	return d.out.Column()
}

// setNode is IN over constants whose equality is the equality of their bits or bytes.
type setNode struct {
	arg     node
	ints    map[int64]struct{}
	strings map[string]struct{}
	load    func(c *delta.Column, row int32) int64
	hasNull bool
	not     bool
	out     kernel.Out
}

// newSetNode returns nil where the list is short, not constant or not so comparable.
func newSetNode(e *plan.InList, arg node) *setNode {
	f := builtin.FuncByOID(uint32(e.Eq))
	if len(e.List) < minSetSize || f == nil || len(f.Args) != 2 || f.Args[0] != f.Args[1] {
		return nil
	}
	d := &setNode{arg: arg, not: e.Not}
	switch f.Symbol {
	case "int2eq":
		d.load = loadInt[int16]
	case "int4eq", "date_eq", "oideq":
		d.load = loadInt[int32]
	case "int8eq", "timestamp_eq", "time_eq":
		d.load = loadInt[int64]
	case "texteq", "byteaeq":
	default:
		return nil
	}
	d.ints, d.strings = map[int64]struct{}{}, map[string]struct{}{}
	for _, element := range e.List {
		k, ok := element.(*plan.Const)
		if !ok {
			return nil
		}
		switch {
		case k.Value.Null(0):
			d.hasNull = true
		case d.load != nil:
			d.ints[d.load(&k.Value, 0)] = struct{}{}
		default:
			d.strings[string(k.Value.Bytes(0))] = struct{}{}
		}
	}
	return d
}

func loadInt[T int16 | int32 | int64](c *delta.Column, row int32) int64 {
	return int64(delta.Values[T](c)[c.At(row)])
}

func (d *setNode) eval(x *run, sel []int32) *delta.Column {
	c := d.arg.eval(x, sel)
	d.out.Reset(sqltype.Bool, x.n, false)
	out := d.out.Bools()
	for _, row := range sel {
		if x.failures > 0 && delta.Bit(x.failed, row) {
			continue
		}
		if c.Null(row) {
			d.out.SetNull(row)
			continue
		}
		var found bool
		if d.load != nil {
			_, found = d.ints[d.load(c, row)]
		} else {
			_, found = d.strings[string(c.Bytes(row))]
		}
		if !found && d.hasNull {
			d.out.SetNull(row)
			continue
		}
		out[row] = b2u(found != d.not)
	}
	return d.out.Column()
}
