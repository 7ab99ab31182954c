package op

import (
	"math/bits"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// intSum is sum and avg of integers: a count and a 128-bit sum, exact whatever the order.
type intSum struct {
	cellsOnly
	phys sqltype.Physical
	avg  bool
	wide bool // of int8, whose sum is numeric
}

func (c *intSum) cells() []state.CellType {
	return []state.CellType{state.CellInt64, state.CellInt64, state.CellInt64}
}

func (c *intSum) add(a addition) error {
	switch c.phys {
	case sqltype.PhysInt16:
		addInts(c, a, delta.Values[int16](a.arg))
	case sqltype.PhysInt32:
		addInts(c, a, delta.Values[int32](a.arg))
	default:
		addInts(c, a, delta.Values[int64](a.arg))
	}
	return nil
}

func addInts[T int16 | int32 | int64](c *intSum, a addition, values []T) {
	n, lo, hi := a.cells.Int64(c.first), a.cells.Int64(c.first+1), a.cells.Int64(c.first+2)
	if a.weights == nil && !a.arg.Const {
		for i, row := range a.rows {
			s := a.slots[i]
			n[s]++
			add128(&lo[s], &hi[s], int64(values[row]))
		}
		return
	}
	for i, row := range a.rows {
		s, w := a.slots[i], a.weight(row)
		n[s] += w
		addProduct(&lo[s], &hi[s], int64(values[a.arg.At(row)]), w)
	}
}

// add128 adds v to the 128-bit number hi:lo.
func add128(lo, hi *int64, v int64) {
	sum, carry := bits.Add64(uint64(*lo), uint64(v), 0)
	*lo = int64(sum)
	*hi += v>>63 + int64(carry)
}

// addProduct adds v*w.
func addProduct(lo, hi *int64, v, w int64) {
	h, l := bits.Mul64(uint64(v), uint64(w))
	h -= uint64(v>>63&w) + uint64(w>>63&v) // to a signed product
	sum, carry := bits.Add64(uint64(*lo), l, 0)
	*lo = int64(sum)
	*hi += int64(h + carry)
}

func (c *intSum) result(slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	n, lo, hi := c.groups.Int64(c.first), c.groups.Int64(c.first+1), c.groups.Int64(c.first+2)
	for i, s := range slots {
		if n.At(s) == 0 {
			b.AppendNull()
			continue
		}
		sum := decimal.Dec{Num: decimal.Num{Hi: hi.At(s), Lo: uint64(lo.At(s))}}
		switch {
		case c.avg:
			if err := appendQuotient(b, sum, n.At(s)); err != nil {
				b.AppendNull()
				fail(i, err)
			}
		case c.wide:
			b.AppendNumeric(sum)
		case hi.At(s) != lo.At(s)>>63:
			b.AppendNull()
			fail(i, sqlerr.New(sqlerr.NumericValueOutOfRange, "bigint out of range"))
		default:
			delta.Append(b, lo.At(s))
		}
	}
	return nil
}

func (c *intSum) merge(cells state.Cells, other begunGroups) error {
	addCells(cells, c.first, other.part(0, 1))
	add128s(cells, c.first+1, other.part(1, 3))
	return nil
}
