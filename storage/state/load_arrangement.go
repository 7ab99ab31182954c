package state

import "io"

// Load replaces the content by a section that Save wrote for the same types, key and order.
func (a *RunSet) Load(r io.Reader) (err error) {
	defer recovered(&err)
	l := loading{f: &frameReader{r: r}, order: a.order, tier: a.tier()}
	l.f.readHeader(kindArrangement, a.order.types)
	l.readShape()
	defer func() {
		if err != nil {
			a.giveBack(l.charged)
		}
	}()
	if err := l.pieces(a.charge); err != nil {
		return err
	}
	v, err := l.version()
	if err != nil {
		return err
	}
	a.adopt(v)
	return nil
}

// loading reads an arrangement's section.
type loading struct {
	f       *frameReader
	order   *RowOrder
	tier    *Tier
	chunks  []*chunk
	used    []bool // by a run
	charged int64
}

func (l *loading) readShape() {
	l.f.expect(uint32(l.order.keys), "number of keys")
	l.f.expect(uint32(len(l.order.steps)), "order")
	for i := range l.order.steps {
		l.f.expect(l.order.steps[i].shape(), "order")
	}
}

// pieces reads the chunks; each is charged before the next is read.
func (l *loading) pieces(charge func(int64) error) error {
	for {
		blocks := l.f.u32()
		if l.f.err != nil {
			return l.f.err
		}
		if blocks == 0 {
			return nil
		}
		var made []*block
		rows := 0
		for range blocks {
			b := l.block(l.f.bytes(l.f.u64()))
			if l.f.err != nil {
				return l.f.err
			}
			if rows += int(b.n); rows > chunkRows {
				return corrupt("chunk of %d rows", rows)
			}
			made = append(made, b)
		}
		if err := verify(l.order, made); err != nil {
			return err
		}
		c := newChunk(l.order, made)
		l.tier.settled(l.tier.built(l.order, c))
		if err := charge(c.size.Load()); err != nil {
			return err
		}
		l.charged += c.size.Load()
		l.chunks, l.used = append(l.chunks, c), append(l.used, false)
	}
}

func (l *loading) block(src []byte) *block {
	if l.f.err == nil {
		l.f.err = checkBlock(src)
	}
	if l.f.err != nil {
		return nil
	}
	b, err := decodeBlock(src, l.order.types)
	if err != nil {
		l.f.err = err
		return nil
	}
	for _, w := range b.weights {
		if w == 0 {
			l.f.err = corrupt("row of weight 0")
		}
	}
	return b
}

// verify checks the invariants of a chunk that was read.
func verify(o *RowOrder, blocks []*block) error {
	var before *block
	for _, b := range blocks {
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
	v := &version{since: CommitSeq(l.f.u64()), seq: CommitSeq(l.f.u64())}
	if l.f.err == nil && v.since > v.seq {
		return nil, corrupt("versions %d to %d", v.since, v.seq)
	}
	for n := l.f.u32(); n > 0 && l.f.err == nil; n-- {
		r := l.run()
		v.rows += r.rows
		if r.n > 0 {
			v.content = append(v.content, r)
		}
	}
	last := v.since
	for n := l.f.u32(); n > 0 && l.f.err == nil; n-- {
		d := published{seq: CommitSeq(l.f.u64()), run: l.run()}
		if l.f.err == nil && (d.seq < last || d.seq <= v.since || d.seq > v.seq || d.run.n == 0) {
			return nil, corrupt("delta of version %d", d.seq)
		}
		last = d.seq
		v.deltas = append(v.deltas, d)
	}
	if err := l.f.close(); err != nil {
		return nil, err
	}
	for _, used := range l.used {
		if !used {
			return nil, corrupt("chunk that no run has")
		}
	}
	return v, v.count()
}

// run reads one, and checks that its chunks ascend.
func (l *loading) run() *run {
	var chunks []*chunk
	for n := l.f.u32(); n > 0 && l.f.err == nil; n-- {
		i := l.f.u32()
		if uint64(i) >= uint64(len(l.chunks)) {
			l.f.err = corrupt("chunk %d of %d", i, len(l.chunks))
			break
		}
		c := l.chunks[i]
		l.used[i] = true
		if len(chunks) > 0 {
			if l.f.err = l.ascend(chunks[len(chunks)-1], c); l.f.err != nil {
				break
			}
		}
		chunks = append(chunks, c)
	}
	return makeRun(chunks)
}

// ascend checks that a chunk is behind another.
func (l *loading) ascend(before, c *chunk) error {
	last, i, err := before.edgeRow(before.blockCount())
	if err != nil {
		return err
	}
	first, j, err := c.edgeRow(0)
	if err != nil {
		return err
	}
	if l.order.Compare(last, i, first, j) >= 0 {
		return corrupt("chunks out of order")
	}
	return nil
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
	a.mu.version, a.mu.keep = v, v.since
	a.mu.Unlock()
	a.giveBack(freed)
}
