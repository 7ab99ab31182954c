package state

import (
	"sync"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Widening makes wider rows of rows: it puts columns of one value between their columns, whose order stays.
//
// A value that all old rows have changes nothing in the order of their images, so runs, chunks and their indexes stay what
// they are, whatever their number of rows: a chunk in memory gets blocks that share its columns, one on disk is widened
// where it is read.
type Widening struct {
	types []sqltype.OID
	from  []int // by new column: the old one, -1 = a value
	value []delta.Column

	mu     sync.Mutex
	filled map[int32][]delta.Column // by number of rows: the columns of the values
}

// NewWidening takes the types of the new rows, for each of their columns the old one it is, -1 = none, and for those a column
// of one row with the value.
func NewWidening(types []sqltype.OID, from []int, value []delta.Column) *Widening {
	return &Widening{types: types, from: from, value: value, filled: map[int32][]delta.Column{}}
}

// columns are the columns of wider rows, of n old ones; they share what they can.
func (w *Widening) columns(cols []delta.Column, n int32) []delta.Column {
	values := w.values(n)
	out := make([]delta.Column, len(w.from))
	for i, at := range w.from {
		if at >= 0 {
			out[i] = cols[at]
		} else {
			out[i] = values[i]
		}
	}
	return out
}

// maxFilled is how many lengths of blocks have their values kept.
const maxFilled = 64

func (w *Widening) values(n int32) []delta.Column {
	w.mu.Lock()
	defer w.mu.Unlock()
	if have, ok := w.filled[n]; ok {
		return have
	}
	made := make([]delta.Column, len(w.from))
	for i, at := range w.from {
		if at >= 0 {
			continue
		}
		b := delta.NewBuilder(w.types[i])
		for range n {
			b.AppendFrom(&w.value[i], 0)
		}
		made[i] = ownColumn(b)
	}
	if len(w.filled) < maxFilled {
		w.filled[n] = made
	}
	return made
}

// Rows gives wider rows; they share the memory of d's.
func (w *Widening) Rows(d *delta.Batch) delta.Batch {
	out := *d
	if d.Len > 0 {
		out.Cols = w.columns(d.Cols, int32(d.Len))
	} else {
		out.Cols = delta.NewBatchBuilder(w.types).Batch().Cols
	}
	return out
}

func (w *Widening) block(b *block) *block {
	return &block{cols: w.columns(b.cols, b.n), weights: b.weights, n: b.n}
}

// Widen makes an arrangement of what a has, in all its versions, with wider rows. The writer of a calls it, with nothing
// appended that is not published; key is that of a in the columns of the new rows. a stays as it is.
func (a *RunSet) Widen(w *Widening, key []int, options Options) (out *RunSet, err error) {
	defer recovered(&err)
	if _, err := a.healthy(); err != nil {
		return nil, err
	}
	a.mu.Lock()
	old := a.pinLocked()
	a.mu.Unlock()
	defer a.unpin(old)
	out = NewArrangement(w.types, key, options)
	m := widener{w: w, order: out.order, chunks: map[*chunk]*chunk{}}
	v := &version{since: old.since, seq: old.seq, rows: old.rows}
	for _, r := range old.content {
		v.content = append(v.content, m.run(r))
	}
	for _, d := range old.deltas {
		v.deltas = append(v.deltas, published{seq: d.seq, first: d.first, run: m.run(d.run), rows: d.rows})
	}
	for _, c := range m.chunks {
		if err := out.charge(c.size.Load()); err != nil {
			out.Free()
			return nil, err
		}
	}
	out.adopt(v)
	return out, nil
}

// Widen makes wider rows of what is prepared, for an arrangement that was made by the same Widening. p stays as it is.
func (p *Prepared) Widen(w *Widening, of *RunSet) (*Prepared, error) {
	out := &Prepared{set: of}
	if p.run == nil {
		return out, nil
	}
	m := widener{w: w, order: of.order, chunks: map[*chunk]*chunk{}}
	out.run = m.run(p.run)
	return out, out.reserve(out.run.bytes())
}

// widener shares what runs share.
type widener struct {
	w      *Widening
	order  *RowOrder
	chunks map[*chunk]*chunk
}

func (m *widener) run(r *run) *run {
	out := &run{n: r.n, rows: r.rows, negatives: r.negatives}
	for _, c := range r.chunks {
		made := m.chunks[c]
		if made == nil {
			made = m.chunk(c)
			m.chunks[c] = made
		}
		out.chunks = append(out.chunks, made)
	}
	return out
}

func (m *widener) chunk(c *chunk) *chunk {
	out := &chunk{starts: c.starts, rows: c.rows, negatives: c.negatives, data: c.data}
	if h := c.hot.Load(); h != nil {
		wide := &hotChunk{starts: h.starts, groups: h.groups, index: h.index}
		out.data = 0
		for _, b := range h.blocks {
			made := m.w.block(b)
			wide.blocks = append(wide.blocks, made)
			out.data += made.bytes()
		}
		out.hot.Store(wide)
		out.size.Store(out.hotBytes(wide))
		return out
	}
	cold := c.cold.Load()
	wide := &coldChunk{
		tier: cold.tier, order: m.order, blocks: cold.blocks, rest: cold.rest, size: cold.size, indexSize: cold.indexSize,
		of: c, wide: m.w,
	}
	out.cold.Store(wide)
	out.size.Store(wide.size)
	return out
}

// widened are the reads of a cold chunk that is another one with wider rows.

func (c *coldChunk) widenedBlock(k int, keep bool) (*block, error) {
	b, err := c.of.block(k, keep, nil)
	if err != nil {
		return nil, err
	}
	return c.wide.block(b), nil
}

func (c *coldChunk) widenedIndex() (*coldIndex, error) {
	if index := c.index.Load(); index != nil {
		return index, nil
	}
	of, err := readIndex(c.of)
	if err != nil {
		return nil, err
	}
	index := &coldIndex{filter: of.filter, zones: make([]coldZones, len(c.wide.from))}
	if of.fence != nil {
		index.fence = make([]delta.Column, len(c.wide.from))
	}
	for i, at := range c.wide.from {
		if at >= 0 && of.fence != nil {
			index.fence[i] = of.fence[at]
		}
		switch {
		case at >= 0:
			index.zones[i] = of.zones[at]
		case Bounded(c.wide.types[i]):
			index.zones[i] = zonesOfOne(&c.wide.value[i], len(c.blocks))
		}
	}
	c.index.Store(index)
	return index, nil
}

// readIndex is the index of a chunk, which may have come into memory meanwhile.
func readIndex(c *chunk) (*coldIndex, error) {
	return readCold(c, (*coldChunk).lookup)
}
