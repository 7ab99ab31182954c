package state

import "context"

// part is a span of a run that counts with a sign: deltas after a version are taken back.
type part struct {
	r    *run
	sign int64
}

// walk reads a span row by row, from its beginning or from its end.
type walk struct {
	blk     *block
	i, stop int32 // rows of blk from i on are left; stop is the first that is not
	step    int32 // 1 forwards, -1 backwards
	k       int   // blk is the k-th of its chunk
	chunk   int   // which is this one of the run
	part
	span
	keep bool  // blocks that it reads are likely to be read again
	err  error // of reading a block; the walk has then ended
}

func newWalk(p part, s span, step int32, keep bool) walk {
	w := walk{part: p, span: s, step: step, chunk: s.lo.chunk, keep: keep}
	from := s.lo.row
	if step < 0 {
		w.chunk, from = s.hi.chunk, s.hi.row-1
	}
	w.k, _ = p.r.chunks[w.chunk].locate(from)
	w.enter()
	return w
}

// enter begins the k-th block of the chunk; false if it cannot be read.
func (w *walk) enter() bool {
	c := w.r.chunks[w.chunk]
	if w.blk, w.err = c.block(w.k, w.keep); w.err != nil {
		return false
	}
	from, to := int32(0), w.blk.n
	if w.chunk == w.lo.chunk {
		from = max(0, w.lo.row-c.starts[w.k])
	}
	if w.chunk == w.hi.chunk {
		to = min(to, w.hi.row-c.starts[w.k])
	}
	w.i, w.stop = from, to
	if w.step < 0 {
		w.i, w.stop = to-1, from-1
	}
	return true
}

// next moves on by one row; false at the end, or with err.
func (w *walk) next() bool {
	w.i += w.step
	return w.i != w.stop || w.nextBlock()
}

func (w *walk) nextBlock() bool {
	w.k += int(w.step)
	c := w.r.chunks[w.chunk]
	if w.k < 0 || w.k == c.blockCount() {
		w.chunk += int(w.step)
		if w.chunk < w.lo.chunk || w.chunk > w.hi.chunk {
			return false
		}
		c = w.r.chunks[w.chunk]
		if w.k = 0; w.step < 0 {
			w.k = c.blockCount() - 1
		}
	}
	if w.chunk == w.hi.chunk && c.starts[w.k] >= w.hi.row || w.chunk == w.lo.chunk && c.starts[w.k+1] <= w.lo.row {
		return false
	}
	return w.enter()
}

// merger reads spans of several runs as one sequence of distinct rows with the sum of their
// weights, ascending, or descending when it walks backwards.
type merger struct {
	order *RowOrder
	walks []walk
	same  []int32 // walks that stand on the least row
	keep  bool    // blocks that it reads are likely to be read again
	err   error   // of reading a block; nothing comes then
	ctx   context.Context
	steps uint
}

func (m *merger) add(p part, s span, step int32) {
	if s.empty() || m.err != nil {
		return
	}
	w := newWalk(p, s, step, m.keep)
	if w.err != nil {
		m.fail(w.err)
		return
	}
	m.walks = append(m.walks, w)
}

// fail ends everything.
func (m *merger) fail(err error) {
	m.err = err
	clear(m.walks)
	m.walks = m.walks[:0]
}

// mergeBreath is how many steps are taken between two looks at whether to go on: rows that are taken
// back come out nowhere, and there may be any number of them.
const mergeBreath = 4096

// next gives the next row whose weights do not sum to zero; not ok at the end, or with err.
func (m *merger) next() (b *block, row int32, weight int64, ok bool) {
	for len(m.walks) > 0 {
		if m.steps++; m.steps%mergeBreath == 0 && m.ctx != nil && m.ctx.Err() != nil {
			m.fail(context.Cause(m.ctx))
			break
		}
		b, row, weight = m.step()
		if weight != 0 {
			return b, row, weight, true
		}
	}
	return nil, 0, 0, false
}

// step takes the least row of all walks.
func (m *merger) step() (b *block, row int32, weight int64) { return m.take(m.least()) }

// take takes the row of walk k, which least found.
func (m *merger) take(k int) (b *block, row int32, weight int64) {
	w := &m.walks[k]
	b, row, weight = w.blk, w.i, w.sign*w.blk.weight(w.i)
	ended := !w.next()
	if ended {
		w.blk = nil
	}
	for _, j := range m.same {
		s := &m.walks[j]
		weight += s.sign * s.blk.weight(s.i)
		if !s.next() {
			s.blk, ended = nil, true
		}
	}
	if ended {
		m.dropEnded()
	}
	return b, row, weight
}

// least finds the walk with the least row, and into same the others that have it too.
func (m *merger) least() (k int) {
	m.same = m.same[:0]
	for j := 1; j < len(m.walks); j++ {
		w, best := &m.walks[j], &m.walks[k]
		switch c := m.order.Compare(w.blk.cols, w.i, best.blk.cols, best.i) * int(w.step); {
		case c < 0:
			k = j
			m.same = m.same[:0]
		case c == 0:
			m.same = append(m.same, int32(j))
		}
	}
	return k
}

func (m *merger) dropEnded() {
	kept := m.walks[:0]
	var failed error
	for _, w := range m.walks {
		if w.err != nil {
			failed = w.err
		}
		if w.blk != nil {
			kept = append(kept, w)
		}
	}
	m.walks = kept
	if failed != nil {
		m.fail(failed)
	}
}

// whole is the chunk that walk k, which least found, is about to begin, if all its rows come before
// those of the other walks: it can be taken over as it is.
func (m *merger) whole(k int) *chunk {
	w := &m.walks[k]
	if w.i != 0 || w.k != 0 || w.sign != 1 || len(m.same) > 0 {
		return nil
	}
	c := w.r.chunks[w.chunk]
	if len(m.walks) == 1 {
		return c
	}
	cols, last, err := c.edgeRow(c.blockCount())
	if err != nil {
		m.fail(err)
		return nil
	}
	for j := range m.walks {
		if s := &m.walks[j]; j != k && m.order.Compare(s.blk.cols, s.i, cols, last) <= 0 {
			return nil
		}
	}
	return c
}

// skip passes the chunk that walk k begins.
func (m *merger) skip(k int) {
	w := &m.walks[k]
	w.k = w.r.chunks[w.chunk].blockCount() - 1
	if !w.nextBlock() {
		w.blk = nil
		m.dropEnded()
	}
}

// mergeRuns makes one run of parts, block by block. breathe, if not nil, is called after each
// block; its error ends the merge.
func mergeRuns(o *RowOrder, tier *Tier, parts []part, breathe func() error) (*run, error) {
	return newRunBuilder(o, tier).merge(parts, breathe)
}

func (b *runBuilder) merge(parts []part, breathe func() error) (*run, error) {
	m := merger{order: b.order}
	for _, p := range parts {
		m.add(p, p.r.all(), 1)
	}
	for len(m.walks) > 0 {
		k := m.least()
		if c := m.whole(k); c != nil && c.isLarge() {
			b.takeOver(c)
			m.skip(k)
			continue
		}
		if m.err != nil {
			break
		}
		blk, row, weight := m.take(k)
		m.steps++ // what is taken back closes no block
		if pause := weight != 0 && b.add(blk, row, weight) || m.steps%mergeBreath == 0; pause && breathe != nil {
			if err := breathe(); err != nil {
				b.abandon()
				return nil, err
			}
		}
	}
	if m.err != nil {
		b.abandon()
		return nil, m.err
	}
	return b.finish(), nil
}

// mergeWide is mergeRuns of any number of runs: sixteen at a time.
func mergeWide(o *RowOrder, tier *Tier, runs []*run, breathe func() error) (*run, error) {
	const width = 16
	for len(runs) > 1 {
		var next []*run
		for len(runs) > 0 {
			group := runs[:min(width, len(runs))]
			runs = runs[len(group):]
			made, err := mergeRuns(o, tier, asParts(group), breathe)
			if err != nil {
				return nil, err
			}
			next = append(next, made)
		}
		runs = next
	}
	if len(runs) == 0 {
		return makeRun(nil), nil
	}
	return runs[0], nil
}

// asParts counts runs as they are.
func asParts(runs []*run) []part {
	parts := make([]part, len(runs))
	for i, r := range runs {
		parts[i] = part{r, 1}
	}
	return parts
}
