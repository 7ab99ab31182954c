package expr

import (
	"bytes"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// elementRows is how many elements an expression over elements is given at once, elementBytes of how many bytes, or one.
const (
	elementRows  = 4096
	elementBytes = 1 << 20
)

// inner is a program over rows of its own: elements of the outer one's arrays.
type inner struct {
	run   run
	batch delta.Batch
}

// begin makes the rows those of cols; nil where nothing but held columns is read.
func (n *inner) begin(x *run, rows int, cols []delta.Column) []int32 {
	n.run.env = x.env
	n.batch = delta.Batch{Len: rows, Cols: cols}
	n.run.begin(&n.batch)
	return n.run.all(rows)
}

// anyAllNode is left op ANY (array), or ALL: the operator runs over pairs of a row's left side and an element,
// those of many rows at once. An element past the one that decides a row is as if it were not evaluated.
type anyAllNode struct {
	left, array node
	elem        sqltype.OID
	decides     uint8 // 1: ANY
	held        [2]heldNode
	op          *callNode
	inner       inner
	out         kernel.Out

	set      *elementSet // = ANY of a constant array; nil where it is not that
	rows     []int32     // of the pairs
	lefts    *delta.Builder
	elements *delta.Builder
	cols     [2]delta.Column
	decided  []bool
}

func (c *compiler) anyAll(e *plan.AnyAll) (node, error) {
	args, err := c.exprs([]plan.Expr{e.Left, e.Array})
	if err != nil {
		return nil, err
	}
	elem := e.Array.Type().OID.Elem()
	d := &anyAllNode{left: args[0], array: args[1], elem: elem, decides: 1,
		lefts: delta.NewBuilder(e.Left.Type().OID), elements: delta.NewBuilder(elem)}
	if e.All {
		d.decides = 0
	}
	if eq, ok := builtin.EqualityOf(elem); ok && eq == uint32(e.Func) && !e.All && e.Left.Type().OID == elem {
		d.set = &elementSet{ops: sqltype.OpsOf(elem)}
	}
	d.op, err = c.equality(e.Func, &d.held[0], &d.held[1])
	return d, err
}

func (d *anyAllNode) eval(x *run, sel []int32) *delta.Column {
	left := d.left.eval(x, sel)
	sel = x.live(nil, sel)
	array := d.array.eval(x, sel)
	sel = x.live(nil, sel)
	d.out.Reset(sqltype.Bool, x.n, false)
	out := d.out.Bools()
	if len(d.decided) < x.n {
		d.decided = make([]bool, x.n)
	}
	ops := sqltype.OpsOf(d.elem)
	if d.set != nil && array.Const && !array.Null(0) && d.set.holds(array) {
		d.set.eval(left, sel, &d.out)
		return d.out.Column()
	}
	for _, row := range sel {
		out[row], d.decided[row] = 1-d.decides, false
		if array.Null(row) {
			d.out.SetNull(row)
			continue
		}
		elements := array.Array(row, ops).Elems
		for from := int32(0); from < int32(elements.Len) && !d.decided[row]; {
			to := min(int32(elements.Len), from+elementRows-int32(len(d.rows)))
			if elements.Phys == sqltype.PhysBytes {
				for offs := sqltype.Offsets(&elements); to > from+1 && offs[to]-offs[from] > elementBytes; {
					to = from + (to-from)/2
				}
			}
			d.add(row, from, to, &elements)
			if from = to; len(d.rows) == elementRows || d.elements.VarLen() >= elementBytes {
				d.flush(x, left, out)
			}
		}
	}
	d.flush(x, left, out)
	return d.out.Column()
}

// add makes pairs of a row with elements.
func (d *anyAllNode) add(row, from, to int32, elements *sqltype.Vec) {
	c := delta.Column{Type: d.elem, Vec: *elements}
	sel := make([]int32, 0, to-from)
	for k := from; k < to; k++ {
		d.rows, sel = append(d.rows, row), append(sel, k)
	}
	d.elements.Gather(&c, sel)
}

func (d *anyAllNode) flush(x *run, left *delta.Column, out []uint8) {
	n := len(d.rows)
	if n == 0 || x.env.Meter.Breathe() != nil {
		d.rows = d.rows[:0]
		d.elements.Clear()
		return
	}
	if d.cols[0] = *left; left.Const {
		d.cols[0].Len = n
	} else {
		d.lefts.Clear()
		d.lefts.Gather(left, d.rows)
		d.cols[0] = d.lefts.Column()
	}
	d.cols[0].Type = left.Type
	d.cols[1] = d.elements.Column()
	d.held[0].col, d.held[1].col = &d.cols[0], &d.cols[1]
	all := d.inner.begin(x, n, nil)
	answers := d.op.eval(&d.inner.run, all)
	failed := d.inner.run.takeErrors()
	for i, row := range d.rows {
		var err *delta.RowError
		if len(failed) > 0 && failed[0].Row == int32(i) {
			err, failed = &failed[0], failed[1:]
		}
		switch {
		case d.decided[row]:
		case err != nil:
			d.decided[row] = true
			x.fail(delta.RowError{Row: row, Err: err.Err})
		case answers.Null(int32(i)):
			d.out.SetNull(row)
		case answers.Data[answers.At(int32(i))] == d.decides:
			d.decided[row] = true
			if out[row] = d.decides; d.out.HasValids() {
				delta.SetBit(d.out.Valids(), row)
			}
		}
	}
	d.rows = d.rows[:0]
	d.elements.Clear()
}

// minArraySet is from how many elements on a set is faster than comparing with each.
const minArraySet = 9

// elementSet finds values among the elements of an array, by their hash.
type elementSet struct {
	ops    *sqltype.Ops
	array  []byte // a copy of the value
	elems  sqltype.Vec
	byHash map[uint64][]int32
	hashes []uint64
}

// holds makes the set that of a constant array; false where it is too short for one.
func (s *elementSet) holds(array *delta.Column) bool {
	if v := array.Bytes(0); s.byHash == nil || !bytes.Equal(v, s.array) {
		s.array = bytes.Clone(v)
		a := sqltype.OpenArray(s.ops.Phys, s.array)
		s.elems, s.byHash = a.Elems, nil
		if a.Elems.Len < minArraySet {
			return false
		}
		hashes := make([]uint64, a.Elems.Len)
		s.ops.Hash(&s.elems, nil, hashes)
		s.byHash = make(map[uint64][]int32, len(hashes))
		for k, h := range hashes {
			if !s.elems.Null(int32(k)) {
				s.byHash[h] = append(s.byHash[h], int32(k))
			}
		}
	}
	return true
}

func (s *elementSet) eval(left *delta.Column, sel []int32, dst *kernel.Out) {
	out := dst.Bools()
	rows := sel
	if left.Const {
		rows = firstRow[:min(1, len(sel))]
	}
	s.hashes = append(s.hashes[:0], make([]uint64, len(rows))...)
	s.ops.Hash(&left.Vec, rows, s.hashes)
	for i, row := range sel {
		if left.Const {
			i = 0
		}
		if left.Null(row) {
			dst.SetNull(row)
			continue
		}
		found := false
		for _, k := range s.byHash[s.hashes[i]] {
			found = found || s.ops.Compare(&left.Vec, row, &s.elems, k) == 0
		}
		if out[row] = b2u(found); !found && s.elems.Valid != nil {
			dst.SetNull(row)
		}
	}
}

// arrayCoerceNode casts arrays by their elements, those of a row at once; dimensions stay.
type arrayCoerceNode struct {
	arg      node
	from, to sqltype.OID // of the elements
	cast     node
	inner    inner
	out      kernel.Out
	elements *delta.Builder
	col      [1]delta.Column
}

func (c *compiler) arrayCoerce(e *plan.ArrayCoerce) (node, error) {
	arg, err := c.expr(e.Arg)
	if err != nil {
		return nil, err
	}
	d := &arrayCoerceNode{arg: arg, from: e.Arg.Type().OID.Elem(), to: e.T.OID.Elem(),
		out: kernel.NewOut(c.env.Meter), elements: delta.NewBuilder(e.T.OID.Elem())}
	over := compiler{env: c.env}
	if d.cast, err = over.expr(e.Elem); err != nil {
		return nil, err
	}
	c.bound = append(append(c.bound, d), over.bound...)
	return d, nil
}

func (d *arrayCoerceNode) rebind(env *Env) error {
	d.out.Rebind(env.Meter)
	return nil
}

func (d *arrayCoerceNode) eval(x *run, sel []int32) *delta.Column {
	c := d.arg.eval(x, sel)
	sel = x.live(nil, sel)
	rows := sel
	if c.Const {
		rows = firstRow[:min(1, len(sel))]
	}
	d.out.Reset(d.to.Array(), x.n, c.Const)
	ops := sqltype.OpsOf(d.from)
	for _, row := range rows {
		if x.env.Meter.Breathe() != nil {
			break
		}
		if c.Null(row) {
			d.out.SetNull(row)
			continue
		}
		a := c.Array(row, ops)
		d.col[0] = delta.Column{Type: d.from, Vec: a.Elems}
		all := d.inner.begin(x, a.Elems.Len, d.col[:])
		cast := d.cast.eval(&d.inner.run, all)
		if failed := d.inner.run.takeErrors(); len(failed) > 0 {
			d.fail(x, failed[0].Err, row, c.Const, sel)
			continue
		}
		d.elements.Clear()
		d.elements.Gather(cast, all)
		elems := d.elements.Column()
		err := d.out.End(sqltype.AppendArray(d.out.Start(row), a.Dims(), &elems.Vec))
		if err != nil && err != kernel.ErrStopped {
			d.fail(x, err, row, c.Const, sel)
		}
	}
	return d.out.Column()
}

// fail: what fails for a constant fails for all rows.
func (d *arrayCoerceNode) fail(x *run, err kernel.Err, row int32, constant bool, sel []int32) {
	if !constant {
		x.fail(delta.RowError{Row: row, Err: err})
		return
	}
	for _, row := range sel {
		own := *err
		x.fail(delta.RowError{Row: row, Err: &own})
	}
}
