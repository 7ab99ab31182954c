package state

import (
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// picked is rows that were chosen one by one, from any blocks, and are copied together, a column at a time.
type picked struct {
	rows    []int32
	from    []*block
	weights []int64
	bytes   int   // variable bytes of these rows
	vars    []int // columns that are read, of values without a fixed length
}

// reads says that column k will be copied.
func (p *picked) reads(types []sqltype.OID, k int) {
	if phys := types[k].Phys(); phys == sqltype.PhysBytes || phys == sqltype.PhysNumeric {
		p.vars = append(p.vars, k)
	}
}

func (p *picked) len() int { return len(p.rows) }

// full: enough rows, or bytes, for one batch.
func (p *picked) full() bool { return len(p.rows) >= blockRows || p.bytes >= maxBatch }

// clear empties p, and letGo lets also go of the blocks that it had.
func (p *picked) clear() {
	p.rows, p.from, p.weights, p.bytes = p.rows[:0], p.from[:0], p.weights[:0], 0
}

func (p *picked) letGo() {
	clear(p.from[:cap(p.from)])
	p.clear()
}

// bytesOf is the variable bytes of a row.
func (p *picked) bytesOf(b *block, row int32) (bytes int) {
	for _, i := range p.vars {
		bytes += varBytes(&b.cols[i], row)
	}
	return bytes
}

// add picks a row of so many variable bytes.
func (p *picked) add(b *block, row int32, weight int64, bytes int) {
	p.rows = append(p.rows, row)
	p.from = append(p.from, b)
	p.weights = append(p.weights, weight)
	p.bytes += bytes
}

// varBytes is the length of a value without a fixed length.
func varBytes(c *delta.Column, row int32) int {
	if c.Phys == sqltype.PhysBytes {
		off := delta.Offsets(c)
		return int(off[row+1] - off[row])
	}
	if len(c.Var) == 0 || c.Null(row) {
		return 0
	}
	return len(c.Numeric(row).Big)
}

func allOne(weights []int64) bool {
	for _, w := range weights {
		if w != 1 {
			return false
		}
	}
	return true
}

// copy appends column i of the rows.
func (p *picked) copy(to *delta.Builder, i int) {
	if whole := p.wholeSource(); whole != nil {
		to.Gather(&whole.cols[i], p.rows)
		return
	}
	switch phys := to.Type().Phys(); {
	case phys == sqltype.PhysNumeric && !p.haveVar(i):
		copyFixed[decimal.Num](to, p, i)
	case phys == sqltype.PhysBytes || phys == sqltype.PhysNumeric:
		for k, row := range p.rows {
			to.AppendFrom(&p.from[k].cols[i], row)
		}
		return
	case phys.Size() == 1:
		copyFixed[uint8](to, p, i)
	case phys.Size() == 2:
		copyFixed[int16](to, p, i)
	case phys.Size() == 4:
		copyFixed[int32](to, p, i)
	case phys.Size() == 8:
		copyFixed[int64](to, p, i)
	default:
		copyFixed[[16]byte](to, p, i)
	}
	for k, row := range p.rows {
		if c := &p.from[k].cols[i]; c.Valid != nil && c.Null(row) {
			to.SetNull(int32(k))
		}
	}
}

// haveVar: values of column i have bytes elsewhere.
func (p *picked) haveVar(i int) bool {
	for _, b := range p.from {
		if len(b.cols[i].Var) > 0 {
			return true
		}
	}
	return false
}

// wholeSource is the block that all rows come from, if it is one.
func (p *picked) wholeSource() *block {
	for _, f := range p.from {
		if f != p.from[0] {
			return nil
		}
	}
	return p.from[0]
}

func copyFixed[T delta.Fixed](to *delta.Builder, p *picked, col int) {
	to.Extend(len(p.rows))
	dst := delta.Filled[T](to)
	for k, row := range p.rows {
		dst[k] = delta.Values[T](&p.from[k].cols[col])[row]
	}
}
