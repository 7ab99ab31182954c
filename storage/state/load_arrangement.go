package state

import (
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/storage/state/piece"
)

// Load replaces the content by what Save listed for the same types, key and order. With a tier, large
// chunks are only opened: their blocks are read when they are asked for.
func (a *RunSet) Load(r piece.Reader, list []byte) (err error) {
	defer recovered(&err)
	l := loading{d: piece.NewDecoder(list), from: r, order: a.order, tier: a.tier()}
	readHeader(l.d, kindArrangement, a.order.types)
	a.order.readShape(l.d)
	defer func() {
		if errors.Is(err, piece.ErrCorrupt) {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if err != nil {
			a.giveBack(l.charged)
		}
	}()
	for range l.d.Count(8) {
		if err := l.chunk(a.charge); err != nil {
			return err
		}
	}
	v, err := l.version()
	if err != nil {
		return err
	}
	a.adopt(v)
	if l.cold {
		l.tier.warm(a)
		a.options.Merges.rouse()
	}
	return nil
}

// loading reads an arrangement's list.
type loading struct {
	d       *piece.Decoder
	from    piece.Reader
	order   *RowOrder
	tier    *Tier
	chunks  []*chunk
	used    []bool // by a run
	cold    bool   // some chunks are
	charged int64
}

// chunk opens one; it is charged before the next is opened.
func (l *loading) chunk(charge func(int64) error) error {
	saved, c := decodeSaved(l.d, l.from)
	if err := l.d.Err(); err != nil {
		return err
	}
	from, err := l.from.Open(saved.place)
	if err != nil {
		return unreadable(err)
	}
	if l.tier != nil && saved.indexSize > 0 {
		cold := saved.cold(l.tier, l.order, c, from)
		c.cold.Store(cold)
		c.size.Store(cold.size)
		l.cold = true
	} else {
		c, err = saved.whole(l.order, c, from)
		from.Release()
		if err != nil {
			return err
		}
		l.tier.settled(l.tier.built(l.order, c))
	}
	c.saved.Store(saved)
	if err := charge(c.size.Load()); err != nil {
		return err
	}
	l.charged += c.size.Load()
	l.chunks, l.used = append(l.chunks, c), append(l.used, false)
	return nil
}

// whole reads a chunk into memory; listed is what the list says of it.
func (s *savedChunk) whole(o *RowOrder, listed *chunk, from source) (*chunk, error) {
	blocks, err := s.blocks(o, from)
	if err != nil {
		return nil, err
	}
	for k, b := range blocks {
		if b.n != listed.starts[k+1]-listed.starts[k] {
			return nil, corrupt("block of %d rows", b.n)
		}
	}
	if err := verify(o, blocks); err != nil {
		return nil, err
	}
	c := newChunk(o, blocks)
	if c.rows != listed.rows || c.negatives != listed.negatives {
		return nil, corrupt("chunk of %d rows", c.rows)
	}
	return c, nil
}

// blocks reads all blocks of a piece.
func (s *savedChunk) blocks(o *RowOrder, from source) ([]*block, error) {
	bytes := alignedBytes(int(s.place.Size - s.indexSize))
	if err := from.ReadAt(bytes, 0); err != nil {
		return nil, unreadable(err)
	}
	var out []*block
	for _, size := range s.sizes {
		src := alignedBytes(int(size)) // blocks live apart, so that one does not keep the others
		copy(src, bytes)
		bytes = bytes[size:]
		if err := checkBlock(src); err != nil {
			return nil, err
		}
		b, err := decodeBlock(src, o.types, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// verify checks the invariants of a chunk that was read.
func verify(o *RowOrder, blocks []*block) error {
	var before *block
	for _, b := range blocks {
		for _, w := range b.weights {
			if w == 0 {
				return corrupt("row of weight 0")
			}
		}
		for i := range b.n {
			if i > 0 && o.Compare(b.cols, i-1, b.cols, i) >= 0 ||
				i == 0 && before != nil && o.Compare(before.cols, before.n-1, b.cols, 0) >= 0 {
				return corrupt("rows out of order")
			}
		}
		before = b
	}
	return nil
}

// version reads what is made of the chunks.
func (l *loading) version() (*version, error) {
	v := &version{since: CommitSeq(l.d.Uint()), seq: CommitSeq(l.d.Uint())}
	if v.since > v.seq {
		return nil, corrupt("versions %d to %d", v.since, v.seq)
	}
	for range l.d.Count(1) {
		r := l.run()
		v.rows += r.rows
		if r.n > 0 {
			v.content = append(v.content, r)
		}
	}
	last := v.since
	for range l.d.Count(3) {
		d := published{seq: CommitSeq(l.d.Uint())}
		d.first = d.seq - CommitSeq(l.d.Uint())
		d.run = l.run()
		if l.d.Err() == nil && (d.first < last || d.first > d.seq || d.seq <= v.since || d.seq > v.seq || d.run.n == 0 && d.first == d.seq) {
			return nil, corrupt("delta of version %d", d.seq)
		}
		last = d.seq
		v.deltas = append(v.deltas, d)
	}
	if err := l.d.Close(); err != nil {
		return nil, err
	}
	for _, used := range l.used {
		if !used {
			return nil, corrupt("chunk that no run has")
		}
	}
	return v, v.count()
}

// run reads one, and checks that its chunks ascend as far as they are in memory.
func (l *loading) run() *run {
	var chunks []*chunk
	for range l.d.Count(1) {
		i := l.d.Uint()
		if i >= uint64(len(l.chunks)) {
			l.d.Fail("chunk %d of %d", i, len(l.chunks))
			break
		}
		c := l.chunks[i]
		l.used[i] = true
		if len(chunks) > 0 && !l.ascend(chunks[len(chunks)-1], c) {
			l.d.Fail("chunks out of order")
		}
		chunks = append(chunks, c)
	}
	return makeRun(chunks)
}

// ascend checks that a chunk is behind another.
func (l *loading) ascend(before, c *chunk) bool {
	if before.hot.Load() == nil || c.hot.Load() == nil {
		return before != c
	}
	last, i, _ := before.edgeRow(before.blockCount()) // hot: no error
	first, j, _ := c.edgeRow(0)
	return l.order.Compare(last, i, first, j) < 0
}

// count gives every delta the number of rows after it.
func (v *version) count() error {
	rows := v.rows
	for i := len(v.deltas) - 1; i >= 0 && rows >= 0; i-- {
		v.deltas[i].rows = rows
		rows -= v.deltas[i].run.rows
	}
	if rows < 0 {
		return corrupt("%d rows", rows)
	}
	return nil
}

// adopt makes v all there is.
func (a *RunSet) adopt(v *version) {
	a.Discard()
	a.mu.Lock()
	old := a.mu.version
	v.nth = old.nth + 1
	for _, r := range v.content {
		a.holdLocked(r, v.nth)
	}
	for _, d := range v.deltas {
		a.holdLocked(d.run, v.nth)
	}
	freed := a.dropAllLocked(old, v.nth)
	a.mu.version, a.mu.keep, a.mu.history = v, v.since, 0
	for _, d := range v.deltas {
		a.mu.history += d.run.data()
	}
	a.mu.Unlock()
	a.giveBack(freed)
}
