package op

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// spread is what the aggregates of variance differ in.
type spread struct {
	sample bool // of a sample: by one less than there are
	root   bool // the standard deviation
}

// divisor is what the sum of squares is divided by, times the number of values; false: there is no result.
func (s spread) divisor(n int64) (int64, bool) {
	if s.sample {
		return n - 1, n > 1
	}
	return n, n > 0
}

// numericVariance is variance and standard deviation of numeric and of integers: an exact sum of values
// and one of their squares. A square that is no numeric counts as infinite.
type numericVariance struct {
	cellsOnly
	spread
	phys         sqltype.Physical // of integers
	sum, squares numericSum
}

func (c *numericVariance) cells() []state.CellType {
	return []state.CellType{state.CellVar, state.CellVar}
}

func (c *numericVariance) open(env exec.Env, g *grouping, first int) error {
	return errsFirst(c.cellsOnly.open(env, g, first), errsFirst(c.sum.open(env, g, first), c.squares.open(env, g, first+1)))
}

func (c *numericVariance) add(a addition) error {
	for i, row := range a.rows {
		v := c.value(a.arg, row)
		square, err := decimal.Mul(v, v)
		if err != nil {
			square = decimal.Infinity
		}
		s, w := a.slots[i], a.weight(row)
		if err := errsFirst(c.sum.addOne(a.cells, s, v, w), c.squares.addOne(a.cells, s, square, w)); err != nil {
			return err
		}
	}
	return nil
}

func (c *numericVariance) value(arg *delta.Column, row int32) decimal.Dec {
	switch c.phys {
	case sqltype.PhysInt16:
		return decimal.FromInt64(int64(delta.Values[int16](arg)[arg.At(row)]))
	case sqltype.PhysInt32:
		return decimal.FromInt64(int64(delta.Values[int32](arg)[arg.At(row)]))
	case sqltype.PhysInt64:
		return decimal.FromInt64(delta.Values[int64](arg)[arg.At(row)])
	}
	return arg.Numeric(row)
}

func (c *numericVariance) result(slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	for i, s := range slots {
		sum, n := sumEntries(c.groups.Var(c.first, s))
		squares, _ := sumEntries(c.groups.Var(c.first+1, s))
		by, some := c.divisor(n)
		if !some {
			b.AppendNull()
			continue
		}
		v, err := c.of(sum, squares, n, by)
		if err != nil {
			b.AppendNull()
			fail(i, userError(err))
			continue
		}
		b.AppendNumeric(v)
	}
	return nil
}

// of is (n squares - sum²) / (n by), and its root (numeric_stddev_internal).
func (c *numericVariance) of(sum, squares decimal.Dec, n, by int64) (decimal.Dec, error) {
	switch {
	case !sum.IsFinite():
		return decimal.NotANumber, nil
	case n == 1:
		return decimal.Zero, nil
	case !squares.IsFinite():
		return decimal.Dec{}, sqlerr.New(sqlerr.NumericValueOutOfRange, "value overflows numeric format")
	}
	square, err := decimal.Mul(sum, sum)
	if err != nil {
		return square, err
	}
	all, err := decimal.Mul(decimal.FromInt64(n), squares)
	if err == nil {
		all, err = decimal.Sub(all, square)
	}
	if err != nil || all.Sign() <= 0 {
		return decimal.FromInt64(0), err
	}
	divisor, err := decimal.Mul(decimal.FromInt64(n), decimal.FromInt64(by))
	if err != nil {
		return divisor, err
	}
	v, err := decimal.Div(all, divisor)
	if err == nil && c.root {
		v, err = decimal.SqrtAt(v, int(v.Scale))
	}
	return v, err
}

func (c *numericVariance) merge(cells state.Cells, other begunGroups) error {
	return errsFirst(c.sum.merge(cells, other.part(0, 1)), c.squares.merge(cells, other.part(1, 2)))
}

// floatVariance is variance and standard deviation of floats. The squares are summed exactly too, each as
// itself and what rounding left of it, so that the result is rounded once and independent of order. Values
// whose squares are past the range are out of range, also where they are all equal.
type floatVariance struct {
	cellsOnly
	spread
	single       bool // of float4
	sum, squares floatSum
}

func (c *floatVariance) cells() []state.CellType {
	return []state.CellType{state.CellVar, state.CellVar}
}

func (c *floatVariance) open(env exec.Env, g *grouping, first int) error {
	return errsFirst(c.cellsOnly.open(env, g, first), errsFirst(c.sum.open(env, g, first), c.squares.open(env, g, first+1)))
}

func (c *floatVariance) add(a addition) error {
	for i, row := range a.rows {
		var v float64
		if c.single {
			v = float64(delta.Values[float32](a.arg)[a.arg.At(row)])
		} else {
			v = delta.Values[float64](a.arg)[a.arg.At(row)]
		}
		s, w := a.slots[i], a.weight(row)
		if err := c.sum.addOne(a.cells, s, v, w); err != nil {
			return err
		}
		if err := c.squares.addProduct(a.cells, s, v, v, w); err != nil {
			return err
		}
	}
	return nil
}

func (c *floatVariance) result(slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	for i, s := range slots {
		cell, squares := c.groups.Var(c.first, s), c.groups.Var(c.first+1, s)
		n := int64(0)
		if len(cell) > 0 {
			n = int64(binary.LittleEndian.Uint64(cell))
		}
		by, some := c.divisor(n)
		if !some {
			b.AppendNull()
			continue
		}
		sum, at, finite := cellTotal(cell)
		total, totalAt, fits := cellTotal(squares)
		switch {
		case !finite:
			delta.Append(b, math.NaN())
		case n == 1:
			delta.Append(b, 0.0)
		case !fits:
			b.AppendNull()
			fail(i, sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow"))
		default:
			delta.Append(b, c.of(sum, at, total, totalAt, n, by))
		}
	}
	return nil
}

// cellTotal is the sum in a floatSum's cell, as a number of units of 2^at; false: not all values are finite.
func cellTotal(cell []byte) (z *big.Int, at int, finite bool) {
	for k := 8; k < 32; k += 8 {
		if binary.LittleEndian.Uint64(cell[k:]) != 0 {
			return nil, 0, false
		}
	}
	limbs := append([]byte(nil), cell[floatHead:]...)
	carry(limbs)
	return limbsInt(limbs), 32*int(int32(binary.LittleEndian.Uint32(cell[32:]))) - floatBase, true
}

// of is (n total - sum²) / (n by), and its root, rounded once.
func (c *floatVariance) of(sum *big.Int, at int, total *big.Int, totalAt int, n, by int64) float64 {
	square, all := new(big.Int).Mul(sum, sum), new(big.Int).Mul(total, big.NewInt(n))
	unit := min(2*at, totalAt)
	square.Lsh(square, uint(2*at-unit))
	all.Lsh(all, uint(totalAt-unit))
	if all.Sub(all, square); all.Sign() <= 0 {
		return 0
	}
	const digits = 256
	v := new(big.Float).SetPrec(digits).SetInt(all)
	v.SetMantExp(v, unit)
	v.Quo(v, new(big.Float).SetPrec(digits).SetInt(new(big.Int).Mul(big.NewInt(n), big.NewInt(by))))
	if c.root {
		v.Sqrt(v)
	}
	out, _ := v.Float64()
	return out
}

func (c *floatVariance) merge(cells state.Cells, other begunGroups) error {
	return errsFirst(c.sum.merge(cells, other.part(0, 1)), c.squares.merge(cells, other.part(1, 2)))
}
