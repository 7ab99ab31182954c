package state

import "context"

// merger reads spans of several runs as one sequence of distinct rows with the sum of their
// weights, ascending, or descending when it walks backwards.
type merger struct {
	order *RowOrder
	walks []walk
	line  []standing // walks that have rows left, in the order of the rows that they stand on
	how   *reading
	err   error // of reading a block; nothing comes then
	// broken is why rows could not be compared: it becomes err with the next step.
	broken error
	ctx    context.Context
	steps  uint
	// behind is where in the line, without the first walk, that one will stand at least when it passes what ahead gave.
	behind int
}

// standing is a walk's place in the line.
type standing struct {
	walk int32
	tied bool // with the next one: both stand on one row
}

func (m *merger) add(p part, s span, step int32) {
	if s.empty() || m.err != nil {
		return
	}
	w := newWalk(p, s, step, m.how)
	if w.err != nil {
		m.fail(w.err)
		return
	}
	if w.blk == nil {
		return
	}
	m.walks = append(m.walks, w)
	m.stand(int32(len(m.walks)-1), 0)
}

// stand puts a walk into the line, at place from or behind.
func (m *merger) stand(walk int32, from int) {
	w, tied := &m.walks[walk], false
	at := from
	for ; at < len(m.line); at++ {
		s := &m.walks[m.line[at].walk]
		if c := m.compare(w, w.i, s); c <= 0 {
			tied = c == 0
			break
		}
	}
	m.line = append(m.line, standing{})
	copy(m.line[at+1:], m.line[at:])
	m.line[at] = standing{walk, tied}
}

// compare orders row i of w's block against the row that s stands on, the way they walk. Of blocks of which not all
// columns were read, the others are when the keys are equal.
func (m *merger) compare(w *walk, i int32, s *walk) int {
	if w.blk.coded == nil && s.blk.coded == nil {
		return m.order.Compare(w.blk.cols, i, s.blk.cols, s.i) * int(w.step)
	}
	for k := range m.order.steps[:m.order.keys] {
		if c := m.order.steps[k].compare(w.blk.cols, i, s.blk.cols, s.i); c != 0 {
			return c * int(w.step)
		}
	}
	for _, of := range []*walk{w, s} {
		whole, err := of.blk.complete(m.order.types)
		if err != nil {
			m.broken = err
			return 0
		}
		of.blk = whole
	}
	return m.order.Compare(w.blk.cols, i, s.blk.cols, s.i) * int(w.step)
}

// leave takes place at out of the line.
func (m *merger) leave(at int) (walk int32) {
	walk = m.line[at].walk
	m.line = append(m.line[:at], m.line[at+1:]...)
	return walk
}

// again puts a walk that left place from back, which has moved on; more is false if it has no rows.
func (m *merger) again(walk int32, from int, more bool) {
	if more {
		m.stand(walk, from)
		return
	}
	w := &m.walks[walk]
	w.blk = nil
	if w.err != nil {
		m.fail(w.err)
	}
}

// first is the walk with the least row.
func (m *merger) first() *walk { return &m.walks[m.line[0].walk] }

// ended: no rows are left.
func (m *merger) ended() bool { return len(m.line) == 0 }

// reset ends all walks.
func (m *merger) reset() { m.walks, m.line = m.walks[:0], m.line[:0] }

// fail ends everything.
func (m *merger) fail(err error) {
	m.err = err
	clear(m.walks)
	m.reset()
}

// mergeBreath is how many steps are taken between two looks at whether to go on: rows that are taken
// back come out nowhere, and there may be any number of them.
const mergeBreath = 4096

// next gives the next row whose weights do not sum to zero; not ok at the end, or with err.
func (m *merger) next() (b *block, row int32, weight int64, ok bool) {
	for !m.ended() && m.goesOn() {
		b, row, weight = m.take()
		if weight != 0 {
			return b, row, weight, true
		}
	}
	return nil, 0, 0, false
}

// goesOn counts a step, and looks at times whether somebody ended the reading.
func (m *merger) goesOn() bool {
	if m.broken != nil {
		m.fail(m.broken)
		return false
	}
	if m.steps++; m.steps%mergeBreath == 0 && m.ctx != nil && m.ctx.Err() != nil {
		m.fail(context.Cause(m.ctx))
		return false
	}
	return true
}

// take takes the least row of all walks.
func (m *merger) take() (b *block, row int32, weight int64) {
	w := m.first()
	b, row = w.blk, w.i
	same := 1
	for m.line[same-1].tied {
		same++
	}
	for k := range same {
		s := &m.walks[m.line[k].walk]
		weight += s.sign * s.blk.weight(s.i)
	}
	// From the last one on: those before it stand before whatever moves on.
	for k := same - 1; k >= 0 && m.err == nil; k-- {
		walk := m.leave(k)
		m.again(walk, k, m.walks[walk].next())
	}
	return b, row, weight
}

// ahead is how many rows of the first walk's block, from the one that it stands on, come before the rows of
// all other walks; 0 if another one stands there too.
func (m *merger) ahead() int32 {
	w := m.first()
	left := (w.stop - w.i) * w.step
	if m.behind = 0; len(m.line) == 1 {
		return left
	}
	if m.line[0].tied {
		return 0
	}
	s := &m.walks[m.line[1].walk]
	// Twice as far each time, as most often they are few or all, then between the last two.
	from, to, c := int32(0), int32(1), 0
	for ; to < left; from, to = to, 2*to {
		if c = m.compare(w, w.i+to*w.step, s); c >= 0 {
			break
		}
	}
	if to >= left {
		to, c = left, 0
	}
	for from+1 < to {
		mid := (from + to) / 2
		if d := m.compare(w, w.i+mid*w.step, s); d < 0 {
			from = mid
		} else {
			to, c = mid, d
		}
	}
	if c > 0 {
		m.behind = 1
	}
	return to
}

// pass moves on by so many rows of those that ahead gave.
func (m *merger) pass(n, ahead int32) {
	if n < ahead {
		m.first().i += n * m.first().step // it stays the first
		return
	}
	walk := m.leave(0)
	w := &m.walks[walk]
	w.i += (n - 1) * w.step
	m.again(walk, m.behind, w.next())
}

// whole is the chunk that the first walk is about to begin, if all its rows come before
// those of the other walks: it can be taken over as it is.
func (m *merger) whole() *chunk {
	w := m.first()
	if w.i != 0 || w.k != 0 || w.sign != 1 || m.line[0].tied {
		return nil
	}
	c := w.r.chunks[w.chunk]
	if len(m.line) == 1 {
		return c
	}
	cols, last, err := c.edgeRow(c.blockCount())
	if err != nil {
		m.fail(err)
		return nil
	}
	if s := &m.walks[m.line[1].walk]; m.order.Compare(s.blk.cols, s.i, cols, last) <= 0 {
		return nil
	}
	return c
}

// skip passes the chunk that the first walk begins.
func (m *merger) skip() {
	walk := m.leave(0)
	w := &m.walks[walk]
	w.k = w.r.chunks[w.chunk].blockCount() - 1
	m.again(walk, 0, w.nextBlock())
}

// mergeRuns makes one run of parts, block by block. breathe, if not nil, is called after each
// block; its error ends the merge.
func mergeRuns(o *RowOrder, tier *Tier, parts []part, breathe func() error) (*run, error) {
	return newRunBuilder(o, tier).merge(parts, breathe)
}

func (b *runBuilder) merge(parts []part, breathe func() error) (*run, error) {
	if breathe == nil {
		breathe = func() error { return nil }
	}
	m := merger{order: b.order, how: &reading{}}
	for _, p := range parts {
		m.add(p, p.r.all(), 1)
	}
	for !m.ended() {
		if c := m.whole(); c != nil && c.isLarge() {
			b.takeOver(c)
			m.skip()
			continue
		}
		if m.err != nil {
			break
		}
		if m.steps++; b.next(&m) || m.steps%mergeBreath == 0 { // what is taken back closes no block
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

// next adds the next row, or those that stand together before the rows of all other runs. It reports whether a
// block was ended.
func (b *runBuilder) next(m *merger) (ended bool) {
	n := m.ahead()
	if n < 2 {
		blk, row, weight := m.take()
		return weight != 0 && b.add(blk, row, weight)
	}
	w := m.first()
	for i := w.i; i < w.i+n; i++ {
		ended = b.add(w.blk, i, w.sign*w.blk.weight(i)) || ended
	}
	m.pass(n, n)
	return ended
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
