package op

import (
	"context"
	"math/bits"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/storage/state"
)

// tagOf is what of a hash stands in the table beside a row; the place in the table is made of the other bits.
func tagOf(hash uint64) uint64 { return hash >> 32 }

// index puts rows that are not in the table yet into it.
func (p *builtPart) index(m *meter.Meter) error {
	if p.indexed == p.n {
		return nil
	}
	if need := max(16, p.n*2); len(p.table) < need {
		p.table = make([]uint64, 1<<bits.Len(uint(need-1)))
		p.next, p.indexed = nil, 0
	}
	p.widen()
	p.next = grown(p.next, p.n)
	mask := uint64(len(p.table) - 1)
	for row := p.indexed; row < p.n; row++ {
		if row%indexRows == 0 {
			if err := m.Breathe(); err != nil {
				return err
			}
		}
		h := p.hashes[row]
		at := h & mask
		for ; ; at = (at + 1) & mask {
			e := p.table[at]
			if e == 0 {
				p.next[row] = 0
				break
			}
			if first := uint32(e); e>>32 == tagOf(h) && p.hashes[first-1] == h {
				p.next[row] = int32(first)
				break
			}
		}
		p.table[at] = tagOf(h)<<32 | uint64(row+1)
	}
	p.indexed = p.n
	return nil
}

// indexRows is how many rows are put into the table between two looks at whether to go on.
const indexRows = 64 << 10

// first is the first row of a hash, less than 0 when there is none.
func (p *builtPart) first(h uint64) int32 {
	if p.n == 0 {
		return -1
	}
	mask := uint64(len(p.table) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		e := p.table[at]
		if e == 0 {
			return -1
		}
		if e>>32 == tagOf(h) {
			if row := int32(uint32(e)) - 1; p.hashes[row] == h {
				return row
			}
		}
	}
}

// Probe implements state.View.
func (b *built) Probe(_ context.Context, keys []delta.Column, sel []int32) (state.Cursor, error) {
	return b.probe(keys, sel, false)
}

// Edge implements state.View for who asks whether there is a row: it gives no columns.
func (b *built) Edge(_ context.Context, keys []delta.Column, sel []int32, _ bool) (state.Cursor, error) {
	return b.probe(keys, sel, true)
}

func (b *built) probe(keys []delta.Column, sel []int32, exists bool) (state.Cursor, error) {
	c := &b.cursor
	c.of, c.keys, c.exists, c.part = b, keys, exists, 0
	n := 0
	if len(keys) > 0 {
		n = keys[0].Len
	}
	if sel == nil {
		sel = upTo32(n)
	}
	c.sel = sel
	if cap(c.hashes) < len(sel) {
		c.hashes = make([]uint64, len(sel))
	}
	c.hashes = c.hashes[:len(sel)]
	delta.HashKeys(keys, n, sel, c.hashes)
	for _, p := range b.parts {
		if err := p.index(b.env.Meter()); err != nil {
			return nil, err
		}
	}
	c.begin()
	return c, b.charge()
}

// builtCursor gives the rows that some keys have; a join has one at a time.
type builtCursor struct {
	of     *built
	keys   []delta.Column
	sel    []int32
	hashes []uint64
	exists bool

	part int
	at   int   // place in sel
	row  int32 // the next row of its hash; less than 0: none is left

	rows, match []int32
	equal       []bool
	made        []*delta.Builder
	cols        []delta.Column
	weights     []int64
}

func (c *builtCursor) Close() {}

// begin turns to the first key in a part.
func (c *builtCursor) begin() {
	c.at, c.row = 0, -1
	if c.part < len(c.of.parts) && len(c.sel) > 0 {
		c.row = c.of.parts[c.part].first(c.hashes[0])
	}
}

// Next implements state.Cursor.
func (c *builtCursor) Next(_ context.Context, dst *delta.Batch) ([]int32, bool, error) {
	*dst = delta.Batch{}
	if c.part >= len(c.of.parts) {
		return nil, false, nil
	}
	p := c.of.parts[c.part]
	c.candidates(p)
	c.compare(p)
	if c.at == len(c.sel) {
		c.part++
		c.begin()
	}
	dst.Len = len(c.rows)
	if !c.exists {
		c.gather(p, dst)
	}
	return c.match, c.part < len(c.of.parts), nil
}

// candidates lists rows of p whose hash is that of a key, no more than are well copied at once; where one row is enough the first one only.
func (c *builtCursor) candidates(p *builtPart) {
	rows, match := c.rows[:0], c.match[:0]
	weigh, bytes := p.weighs(c.exists), int64(0)
	for c.at < len(c.sel) && len(rows) < outRows && bytes < outBytes {
		for c.row >= 0 && len(rows) < outRows && bytes < outBytes {
			rows, match = append(rows, c.row), append(match, c.sel[c.at])
			if weigh != nil {
				bytes += varBytes(weigh, c.row)
			}
			if c.row = p.next[c.row] - 1; c.exists {
				c.row = -1
			}
		}
		if c.row >= 0 {
			break
		}
		if c.at++; c.at < len(c.sel) {
			c.row = p.first(c.hashes[c.at])
		}
	}
	c.rows, c.match = rows, match
}

// weighs is the part's rows if as many of its longest as are given at once would hold too much, so that the bytes of those
// that are found are to be counted: a long row may be found by many keys.
func (p *builtPart) weighs(exists bool) *delta.Batch {
	if exists || p.widest*outRows <= outBytes {
		return nil
	}
	return &delta.Batch{Len: p.n, Cols: p.row()}
}

// widen looks how long the texts and the like of the rows are that are not in the table yet.
func (p *builtPart) widen() {
	rows := &delta.Batch{Len: p.n, Cols: p.row()}
	for row := p.indexed; row < p.n; row++ {
		p.widest = max(p.widest, varBytes(rows, int32(row)))
	}
}

// compare drops the candidates whose keys differ.
func (c *builtCursor) compare(p *builtPart) {
	c.equal = grown(c.equal, len(c.rows))
	keys := pickColumns(p.row(), c.of.keys)
	delta.EqualKeys(c.keys, c.match, keys, c.rows, c.equal)
	kept := 0
	for i, same := range c.equal {
		if !same && (!c.exists || !c.further(p, keys, i)) {
			continue
		}
		c.rows[kept], c.match[kept] = c.rows[i], c.match[i]
		kept++
	}
	c.rows, c.match = c.rows[:kept], c.match[:kept]
}

// further looks behind the first row of a hash, which has another key: that is rare.
func (c *builtCursor) further(p *builtPart, keys []delta.Column, i int) bool {
	for row := p.next[c.rows[i]] - 1; row >= 0; row = p.next[row] - 1 {
		same := true
		for k := range keys {
			same = same && delta.EqualKey(&c.keys[k], c.match[i], &keys[k], row)
		}
		if same {
			return true
		}
	}
	return false
}

// gather copies the rows that were found.
func (c *builtCursor) gather(p *builtPart, dst *delta.Batch) {
	cols := p.row()
	if c.made == nil {
		for _, t := range c.of.types {
			c.made = append(c.made, delta.NewBuilder(t))
		}
		c.cols = make([]delta.Column, len(cols))
	}
	for i := range cols {
		c.made[i].Clear()
		c.made[i].Gather(&cols[i], c.rows)
		c.cols[i] = c.made[i].Column()
	}
	dst.Cols = c.cols
	if p.weights == nil {
		return
	}
	c.weights = c.weights[:0]
	for _, row := range c.rows {
		c.weights = append(c.weights, p.weights[row])
	}
	dst.Weights = c.weights
}
