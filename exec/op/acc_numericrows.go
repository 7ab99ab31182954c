package op

import (
	"encoding/binary"
	"math/big"
	"math/bits"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/state"
)

// runningSums are sums of small numbers of one scale by group, within one batch: they go to their cells together.
// A group has the place of its slot's low bits; one that comes to a place taken by another sends that one to its cell.
type runningSums struct {
	sums [runningPlaces]runningSum
	used []uint16
}

const runningPlaces = 256

type runningSum struct {
	slot   state.Slot
	scale  uint16
	count  int64 // 0: the place is free
	hi, lo uint64
}

// addRows adds the rows of a batch whose weights are 1.
func (c *numericSum) addRows(a addition) error {
	if c.running == nil {
		c.running = new(runningSums)
	}
	r, nums := c.running, delta.Values[decimal.Num](a.arg)
	for i, row := range a.rows {
		n := &nums[a.arg.At(row)]
		if n.Flag != decimal.Finite || n.Hi != int64(n.Lo)>>63 {
			if err := c.addOne(a.cells, a.slots[i], a.arg.Numeric(row), 1); err != nil {
				return err
			}
			continue
		}
		s := &r.sums[a.slots[i]%runningPlaces]
		if s.count != 0 && (s.slot != a.slots[i] || s.scale != n.Scale) {
			if err := c.addSum(a.cells, s); err != nil {
				return err
			}
			s.count = 0
		} else if s.count == 0 {
			r.used = append(r.used, uint16(a.slots[i]%runningPlaces))
		}
		if s.count == 0 {
			*s = runningSum{slot: a.slots[i], scale: n.Scale}
		}
		var carry uint64
		s.lo, carry = bits.Add64(s.lo, n.Lo, 0)
		s.hi += uint64(n.Hi) + carry
		s.count++
	}
	return c.flushSums(a.cells)
}

// flushSums sends all sums to their cells.
func (c *numericSum) flushSums(cells state.Cells) error {
	for _, place := range c.running.used {
		s := &c.running.sums[place]
		if err := c.addSum(cells, s); err != nil {
			return err
		}
		s.count = 0
	}
	c.running.used = c.running.used[:0]
	return nil
}

// addSum adds a sum to its cell.
func (c *numericSum) addSum(cells state.Cells, s *runningSum) error {
	cell := cells.Var(c.first, s.slot)
	at := findEntry(cell, s.scale)
	if at >= 0 && entryWords(cell[at:]) >= 3 {
		e := cell[at:]
		bumpCount(e, s.count)
		c.value = append(c.value[:0], s.lo, s.hi)
		if addWords(e[entryHead:entryHead+8*entryWords(e)], c.value, false) {
			return nil
		}
		return c.widen(s.slot, at)
	}
	return c.addSlow(s.slot, at, twoWords(s.hi, s.lo), s.scale, s.count)
}

// twoWords is a number in two's complement.
func twoWords(hi, lo uint64) *big.Int {
	var body [16]byte
	binary.LittleEndian.PutUint64(body[:], lo)
	binary.LittleEndian.PutUint64(body[8:], hi)
	return bigOf(body[:])
}
