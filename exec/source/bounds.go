package source

import (
	"math"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// bounds are what a filter above a scan says of columns by comparing them with values that no row decides: blocks
// without a row of that kind are passed by. The filter stays, since of other blocks all rows come.
type bounds struct {
	of    []bound
	nulls bool // rows in which such a column is NULL are wanted, too
	row        // the values
	made  []state.Bound
}

// bound compares a column with the values [from, to) of the row.
type bound struct {
	column   int
	t        sqltype.OID
	op       string // "=" with several values: one of them
	from, to int
}

// find looks for bounds in a condition over the rows of a scan. A row that is left out is not looked at by the
// conditions behind, as it would not be if it had come; but what stands before must not fail for it, either.
func (b *bounds) find(n *plan.Scan, cond plan.Expr) {
	b.nulls = plan.MayFail(cond)
	for _, e := range plan.Conjuncts(cond) {
		if plan.MayFail(e) {
			return
		}
		switch e := e.(type) {
		case *plan.Call:
			if len(e.Args) == 2 {
				_ = b.take(n, e.Op, e.Args[0], e.Args[1]) || b.take(n, turned[e.Op], e.Args[1], e.Args[0])
			}
		case *plan.InList:
			if !e.Not {
				b.take(n, "=", e.Arg, e.List...)
			}
		}
	}
}

// turned is what an operator is with its sides changed.
var turned = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}

// take takes note of column op values, if it is that.
func (b *bounds) take(n *plan.Scan, op string, column plan.Expr, values ...plan.Expr) bool {
	c, ok := column.(*plan.Column)
	if !ok || turned[op] == "" || n.Columns[c.Index] < 0 || !state.Bounded(c.T.OID) {
		return false
	}
	for _, v := range values {
		if plan.HasColumns(v) || plan.Volatile(v) || plan.MayFail(v) || !converts(v.Type().OID, c.T.OID) {
			return false
		}
	}
	from := len(b.exprs)
	b.exprs = append(b.exprs, values...)
	b.of = append(b.of, bound{n.Columns[c.Index], c.T.OID, op, from, len(b.exprs)})
	return true
}

// eval gives the bounds with the values that they have now.
func (b *bounds) eval() ([]state.Bound, error) {
	if len(b.of) == 0 {
		return nil, nil
	}
	values, failed, err := b.row.eval()
	if failed != nil || err != nil {
		return nil, err // what fails is told by the filter
	}
	b.made = b.made[:0]
	for _, x := range b.of {
		any, nulls := delta.NewBuilder(x.t), false
		for i := x.from; i < x.to; i++ {
			if nulls = nulls || values[i].Null(0); !nulls {
				appendConverted(any, &values[i])
			}
		}
		if nulls {
			continue // such a condition is true for no row, but that is nothing to care for
		}
		value, out := any.Column(), state.Bound{Column: x.column, Nulls: b.nulls}
		switch {
		case value.Len > 1:
			out.Any = &value
		case x.op == "=":
			out.Low, out.High = &value, &value
		case x.op[0] == '<':
			out.High = &value
		default:
			out.Low = &value
		}
		b.made = append(b.made, out)
	}
	return b.made, nil
}

// converts: a value of one type says as much as one of another, with which a block's values are compared. It may
// be a little less, since bounds are taken to belong to what is wanted.
func converts(from, to sqltype.OID) bool {
	if from == to {
		return true
	}
	return isInt(from) && isInt(to) || from == sqltype.Timestamp && to == sqltype.Date
}

func isInt(t sqltype.OID) bool { return t == sqltype.Int2 || t == sqltype.Int4 || t == sqltype.Int8 }

// appendConverted appends the value of v, as the type of b has it: the nearest one.
func appendConverted(b *delta.Builder, v *delta.Column) {
	if v.Type == b.Type() {
		b.AppendFrom(v, 0)
		return
	}
	n := intOf(v)
	if v.Type == sqltype.Timestamp {
		n = dayOf(n)
	}
	switch b.Type().Phys() {
	case sqltype.PhysInt16:
		delta.Append(b, int16(min(max(n, math.MinInt16), math.MaxInt16)))
	case sqltype.PhysInt32:
		delta.Append(b, int32(min(max(n, math.MinInt32), math.MaxInt32)))
	default:
		delta.Append(b, n)
	}
}

func intOf(v *delta.Column) int64 {
	switch v.Phys {
	case sqltype.PhysInt16:
		return int64(delta.Values[int16](v)[0])
	case sqltype.PhysInt32:
		return int64(delta.Values[int32](v)[0])
	}
	return delta.Values[int64](v)[0]
}

const microsPerDay = 24 * 60 * 60 * 1_000_000

// dayOf is the day of a timestamp; the infinities are those of dates.
func dayOf(micros int64) int64 {
	if micros == math.MaxInt64 || micros == math.MinInt64 {
		return micros
	}
	day := micros / microsPerDay
	if micros%microsPerDay < 0 {
		day--
	}
	return day
}

var _ exec.Narrower = (*contents)(nil)

// Narrow implements exec.Narrower.
func (c *contents) Narrow(cond plan.Expr) {
	if !c.errors && !c.node.Keyed() {
		c.bounds.find(c.node, cond)
	}
}

// Blocks implements exec.BlockReader.
func (c *contents) Blocks() (read, skipped int64) { return c.read, c.skipped }

// count notes what a cursor has read.
func (c *contents) count(cur state.Cursor) {
	if b, ok := cur.(state.BlockCounter); ok {
		read, skipped := b.Blocks()
		c.read, c.skipped = c.read+read, c.skipped+skipped
	}
}
