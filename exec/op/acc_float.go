package op

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/storage/state"
)

// floatSum is sum and avg of floats, exact and so independent of order: a number in limbs of 32
// bits, of which a cell holds those that values have touched. It is rounded once, on output.
//
// The cell:
//
//	count i64 | NaNs i64 | +Infinities i64 | -Infinities i64 | lowest limb i32 | limbs u32 | limbs x i64
//
// Limb k counts units of 2^(32k - 1088). A limb is signed and may go past 32 bits: carries are
// settled when one nears 2^61.
type floatSum struct {
	cellsOnly
	single  bool // of float4
	avg     bool
	scratch []byte
}

const (
	floatHead = 40
	floatBase = 1088
	maxLimbs  = (floatBase + 1024 + 128) / 32
)

func (c *floatSum) cells() []state.CellType { return []state.CellType{state.CellVar} }

func (c *floatSum) add(a addition) error {
	for i, row := range a.rows {
		var v float64
		if c.single {
			v = float64(delta.Values[float32](a.arg)[a.arg.At(row)])
		} else {
			v = delta.Values[float64](a.arg)[a.arg.At(row)]
		}
		if err := c.addOne(a.cells, a.slots[i], v, a.weight(row)); err != nil {
			return err
		}
	}
	return nil
}

func bump(cell []byte, at int, w int64) {
	binary.LittleEndian.PutUint64(cell[at:], binary.LittleEndian.Uint64(cell[at:])+uint64(w))
}

func (c *floatSum) addOne(cells state.Cells, s state.Slot, v float64, w int64) error {
	cell := cells.Var(c.first, s)
	if len(cell) == 0 {
		c.scratch = append(c.scratch[:0], make([]byte, floatHead)...)
		if err := c.groups.SetVar(c.first, s, c.scratch); err != nil {
			return err
		}
		cell = cells.Var(c.first, s)
	}
	bump(cell, 0, w)
	switch {
	case v != v:
		bump(cell, 8, w)
		return nil
	case math.IsInf(v, 1):
		bump(cell, 16, w)
		return nil
	case math.IsInf(v, -1):
		bump(cell, 24, w)
		return nil
	case v == 0:
		return nil
	}
	mantissa, at := split(v)
	first := at / 32
	var err error
	if cell, err = c.cover(cells, s, cell, first, first+4); err != nil {
		return err
	}
	lowest := int(int32(binary.LittleEndian.Uint32(cell[32:])))
	limbs := cell[floatHead+8*(first-lowest):]
	hi, lo := bits.Mul64(mantissa, 1<<(uint(at)%32))
	parts := [3]int64{int64(lo & 0xffffffff), int64(lo >> 32), int64(hi)}
	for w != 0 {
		step := max(min(w, 1<<28), -1<<28)
		w -= step
		signed := step
		if v < 0 {
			signed = -step
		}
		near := false
		for k, p := range parts {
			sum := int64(binary.LittleEndian.Uint64(limbs[8*k:])) + p*signed
			binary.LittleEndian.PutUint64(limbs[8*k:], uint64(sum))
			near = near || sum > 1<<61 || sum < -1<<61
		}
		if near {
			carry(cell[floatHead:])
		}
	}
	return nil
}

// split is |v| as mantissa times 2^(at-1088).
func split(v float64) (mantissa uint64, at int) {
	b := math.Float64bits(v)
	mantissa, exponent := b&(1<<52-1), int(b>>52&0x7ff)
	if exponent == 0 {
		return mantissa, 1 - 1075 + floatBase
	}
	return mantissa | 1<<52, exponent - 1075 + floatBase
}

// cover makes the cell hold limbs [from, to).
func (c *floatSum) cover(cells state.Cells, s state.Slot, cell []byte, from, to int) ([]byte, error) {
	lowest := int(int32(binary.LittleEndian.Uint32(cell[32:])))
	n := int(binary.LittleEndian.Uint32(cell[36:]))
	if n > 0 && from >= lowest && to <= lowest+n {
		return cell, nil
	}
	newLow, newEnd := from, to
	if n > 0 {
		newLow, newEnd = min(from, lowest), max(to, lowest+n)
	}
	c.scratch = append(c.scratch[:0], cell[:floatHead]...)
	c.scratch = append(c.scratch, make([]byte, 8*(newEnd-newLow))...)
	if n > 0 {
		copy(c.scratch[floatHead+8*(lowest-newLow):], cell[floatHead:])
	}
	binary.LittleEndian.PutUint32(c.scratch[32:], uint32(int32(newLow)))
	binary.LittleEndian.PutUint32(c.scratch[36:], uint32(newEnd-newLow))
	if err := c.groups.SetVar(c.first, s, c.scratch); err != nil {
		return nil, err
	}
	return cells.Var(c.first, s), nil
}

// carry moves what exceeds 32 bits up; only the last limb may stay past them, signed.
// The fourth limb that cover adds leaves it room for 2^61 additions.
func carry(limbs []byte) {
	var c int64
	n := len(limbs) / 8
	for k := range n {
		v := int64(binary.LittleEndian.Uint64(limbs[8*k:])) + c
		c = v >> 32
		if k < n-1 {
			v &= 0xffffffff
		}
		binary.LittleEndian.PutUint64(limbs[8*k:], uint64(v))
	}
}

func (c *floatSum) result(slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	for i, s := range slots {
		cell := c.groups.Var(c.first, s)
		n := int64(0)
		if len(cell) > 0 {
			n = int64(binary.LittleEndian.Uint64(cell))
		}
		if n == 0 {
			b.AppendNull()
			continue
		}
		sum, finite := c.total(cell)
		if c.avg {
			sum /= float64(n)
		}
		if finite && math.IsInf(sum, 0) {
			b.AppendNull()
			fail(i, sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow"))
			continue
		}
		if c.single && !c.avg {
			delta.Append(b, float32(sum))
		} else {
			delta.Append(b, sum)
		}
	}
	return nil
}

// total rounds the sum of a cell; finite says that no infinity and no NaN is in it.
func (c *floatSum) total(cell []byte) (sum float64, finite bool) {
	count := func(at int) bool { return binary.LittleEndian.Uint64(cell[at:]) != 0 }
	nan, pos, neg := count(8), count(16), count(24)
	switch {
	case nan || pos && neg:
		return math.NaN(), false
	case pos:
		return math.Inf(1), false
	case neg:
		return math.Inf(-1), false
	}
	lowest := int(int32(binary.LittleEndian.Uint32(cell[32:])))
	limbs := append(c.scratch[:0], cell[floatHead:]...)
	c.scratch = limbs
	carry(limbs)
	return roundLimbs(limbs, lowest, c.single && !c.avg), true
}

// roundLimbs rounds carried limbs to the nearest float64, or float32, ties to even.
func roundLimbs(limbs []byte, lowest int, single bool) float64 {
	z := limbsInt(limbs)
	if z.Sign() == 0 {
		return 0
	}
	f := new(big.Float).SetPrec(uint(max(z.BitLen(), 64))).SetInt(z)
	f.SetMantExp(f, 32*lowest-floatBase)
	if single {
		v, _ := f.Float32()
		return float64(v)
	}
	v, _ := f.Float64()
	return v
}

// limbsInt is carried limbs as a number of units of the lowest.
func limbsInt(limbs []byte) *big.Int {
	n := len(limbs) / 8
	if n == 0 {
		return new(big.Int)
	}
	z := big.NewInt(int64(binary.LittleEndian.Uint64(limbs[8*(n-1):])))
	for k := n - 2; k >= 0; k-- {
		z.Lsh(z, 32)
		z.Or(z, new(big.Int).SetUint64(binary.LittleEndian.Uint64(limbs[8*k:])))
	}
	return z
}

func (c *floatSum) merge(cells state.Cells, other begunGroups) error {
	for i, s := range other.slots {
		from := other.cols[0].Bytes(other.rows[i])
		if len(from) == 0 {
			continue
		}
		cell := cells.Var(c.first, s)
		if len(cell) == 0 {
			if err := c.groups.SetVar(c.first, s, from); err != nil {
				return err
			}
			continue
		}
		for at := 0; at < 32; at += 8 {
			bump(cell, at, int64(binary.LittleEndian.Uint64(from[at:])))
		}
		lowest, n := int(int32(binary.LittleEndian.Uint32(from[32:]))), int(binary.LittleEndian.Uint32(from[36:]))
		if n == 0 {
			continue
		}
		cell, err := c.cover(cells, s, cell, lowest, lowest+n)
		if err != nil {
			return err
		}
		limbs := cell[floatHead+8*(lowest-int(int32(binary.LittleEndian.Uint32(cell[32:])))):]
		for k := range n {
			// Neither is past 2^61, and the sum is settled at once.
			bump(limbs, 8*k, int64(binary.LittleEndian.Uint64(from[floatHead+8*k:])))
		}
		carry(cell[floatHead:])
	}
	return nil
}
