package op

import (
	"encoding/binary"
	"math/bits"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// bitAcc is bit_and, bit_or and bit_xor: how many values there are, and how many have each bit.
//
// The cell: count i64 | one i64 a bit, lowest first.
type bitAcc struct {
	cellsOnly
	kind bitKind
	phys sqltype.Physical
	none []byte
}

type bitKind uint8

const (
	bitAnd bitKind = iota
	bitOr
	bitXor
)

func (c *bitAcc) cells() []state.CellType { return []state.CellType{state.CellVar} }

// width is the number of bits.
func (c *bitAcc) width() int {
	switch c.phys {
	case sqltype.PhysInt16:
		return 16
	case sqltype.PhysInt32:
		return 32
	}
	return 64
}

func (c *bitAcc) add(a addition) error {
	for i, row := range a.rows {
		var v uint64
		switch at := a.arg.At(row); c.phys {
		case sqltype.PhysInt16:
			v = uint64(uint16(delta.Values[int16](a.arg)[at]))
		case sqltype.PhysInt32:
			v = uint64(uint32(delta.Values[int32](a.arg)[at]))
		default:
			v = uint64(delta.Values[int64](a.arg)[at])
		}
		s, w := a.slots[i], a.weight(row)
		cell, err := c.cell(a.cells, s)
		if err != nil {
			return err
		}
		for bump(cell, 0, w); v != 0; v &= v - 1 {
			bump(cell, 8+8*bits.TrailingZeros64(v), w)
		}
	}
	return nil
}

// cell is that of a slot, made if it is not there.
func (c *bitAcc) cell(cells state.Cells, s state.Slot) ([]byte, error) {
	cell := cells.Var(c.first, s)
	if len(cell) > 0 {
		return cell, nil
	}
	if c.none == nil {
		c.none = make([]byte, 8+8*c.width())
	}
	err := c.groups.SetVar(c.first, s, c.none)
	return cells.Var(c.first, s), err
}

func (c *bitAcc) result(slots []state.Slot, b *delta.Builder, _ func(int, *sqlerr.Error)) error {
	for _, s := range slots {
		cell := c.groups.Var(c.first, s)
		if len(cell) == 0 || binary.LittleEndian.Uint64(cell) == 0 {
			b.AppendNull()
			continue
		}
		n, v := binary.LittleEndian.Uint64(cell), uint64(0)
		for k := range c.width() {
			have := binary.LittleEndian.Uint64(cell[8+8*k:])
			if c.kind == bitAnd && have == n || c.kind == bitOr && have > 0 || c.kind == bitXor && have&1 == 1 {
				v |= 1 << k
			}
		}
		switch c.phys {
		case sqltype.PhysInt16:
			delta.Append(b, int16(v))
		case sqltype.PhysInt32:
			delta.Append(b, int32(v))
		default:
			delta.Append(b, int64(v))
		}
	}
	return nil
}

func (c *bitAcc) merge(cells state.Cells, other begunGroups) error {
	for i, s := range other.slots {
		from := other.cols[0].Bytes(other.rows[i])
		if len(from) == 0 {
			continue
		}
		cell, err := c.cell(cells, s)
		if err != nil {
			return err
		}
		for at := 0; at < len(from); at += 8 {
			bump(cell, at, int64(binary.LittleEndian.Uint64(from[at:])))
		}
	}
	return nil
}
