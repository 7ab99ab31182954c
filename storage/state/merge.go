package state

import "github.com/tributary-db/tributary/internal/delta"

// span is rows of a run still to be read.
type span struct {
	r     *run
	i, hi int32
}

// change is what one version did to one row.
type change struct {
	seq    CommitSeq
	weight int64
}

// merger reads spans of several runs as one sorted sequence of distinct rows.
type merger struct {
	order   *RowOrder
	spans   []span
	changes []change // of the row that next returned, in no particular order
}

func (m *merger) add(r *run, lo, hi int32) {
	if lo < hi {
		m.spans = append(m.spans, span{r, lo, hi})
	}
}

// next finds the least row left and gathers its changes from all spans.
func (m *merger) next() (r *run, row int32, ok bool) {
	if len(m.spans) == 0 {
		return nil, 0, false
	}
	k := 0
	for j := 1; j < len(m.spans); j++ {
		if m.compare(&m.spans[j], m.spans[k].r, m.spans[k].i) < 0 {
			k = j
		}
	}
	r, row = m.spans[k].r, m.spans[k].i
	m.changes = m.changes[:0]
	for j := range m.spans {
		m.absorb(&m.spans[j], r, row, j < k)
	}
	m.dropEmpty()
	return r, row, true
}

func (m *merger) compare(s *span, r *run, row int32) int {
	return m.order.Compare(s.r.cols, s.i, r.cols, row)
}

// absorb takes every entry of the row from s.
func (m *merger) absorb(s *span, r *run, row int32, greater bool) {
	for s.i < s.hi {
		self := s.r == r && s.i == row
		if !self && (greater || s.r == r && r.distinct || m.compare(s, r, row) != 0) {
			return
		}
		m.changes = append(m.changes, change{s.r.seq(s.i), s.r.weight(s.i)})
		s.i++
	}
}

func (m *merger) dropEmpty() {
	kept := m.spans[:0]
	for _, s := range m.spans {
		if s.i < s.hi {
			kept = append(kept, s)
		}
	}
	m.spans = kept
}

// nextAt is next for a reader of version v: rows that exist there, with their weight. The head
// may show negative weights while a tick is under way.
func (m *merger) nextAt(v CommitSeq) (r *run, row int32, weight int64, ok bool) {
	for {
		r, row, ok = m.next()
		if !ok {
			return nil, 0, 0, false
		}
		if weight = sumAt(m.changes, v); weight != 0 {
			return r, row, weight, true
		}
	}
}

func sumAt(changes []change, v CommitSeq) (weight int64) {
	for _, c := range changes {
		if c.seq <= v {
			weight += c.weight
		}
	}
	return weight
}

// lastAt finds the greatest row that exists at v, consuming the spans from their ends.
func (m *merger) lastAt(v CommitSeq) (r *run, row int32, weight int64, ok bool) {
	for len(m.spans) > 0 {
		k := 0
		for j := 1; j < len(m.spans); j++ {
			s := &m.spans[j]
			if m.order.Compare(s.r.cols, s.hi-1, m.spans[k].r.cols, m.spans[k].hi-1) > 0 {
				k = j
			}
		}
		r, row = m.spans[k].r, m.spans[k].hi-1
		weight = 0
		for j := range m.spans {
			s := &m.spans[j]
			for s.i < s.hi && m.order.Compare(s.r.cols, s.hi-1, r.cols, row) == 0 {
				s.hi--
				if s.r.seq(s.hi) <= v {
					weight += s.r.weight(s.hi)
				}
			}
		}
		m.dropEmpty()
		if weight != 0 {
			return r, row, weight, true
		}
	}
	return nil, 0, 0, false
}

// mergeRuns makes one run of several. Changes at or below floor become one.
func mergeRuns(o *RowOrder, runs []*run, floor CommitSeq) *run {
	m := merger{order: o}
	for _, r := range runs {
		m.add(r, 0, int32(r.n))
	}
	b := newRunBuilder(o)
	for {
		r, row, ok := m.next()
		if !ok {
			return b.finish()
		}
		b.collapse(m.changes, floor, r, row)
	}
}

// mergeUpTo is mergeRuns of what lies at or below upTo, for who only writes it out: the run has no
// index.
func mergeUpTo(o *RowOrder, runs []*run, floor, upTo CommitSeq) *run {
	m := merger{order: o}
	for _, r := range runs {
		if r.minSeq <= upTo {
			m.add(r, 0, int32(r.n))
		}
	}
	b := newRunBuilder(o)
	for {
		r, row, ok := m.next()
		if !ok {
			return b.take()
		}
		if kept := m.changesUpTo(upTo); len(kept) > 0 {
			b.collapse(kept, floor, r, row)
		}
	}
}

// changesUpTo keeps the changes at or below v.
func (m *merger) changesUpTo(v CommitSeq) []change {
	kept := m.changes[:0]
	for _, c := range m.changes {
		if c.seq <= v {
			kept = append(kept, c)
		}
	}
	return kept
}

// runBuilder collects sorted entries.
type runBuilder struct {
	order   *RowOrder
	cols    []*delta.Builder
	rows    []int32 // not yet copied
	froms   []*run  // where each of them is
	seqs    []CommitSeq
	weights []int64
	repeats bool // some image came twice
}

func newRunBuilder(o *RowOrder) *runBuilder {
	b := &runBuilder{order: o}
	for _, t := range o.types {
		b.cols = append(b.cols, delta.NewBuilder(t))
	}
	return b
}

// collapse adds the changes of one row, forgetting versions at or below floor.
func (b *runBuilder) collapse(changes []change, floor CommitSeq, r *run, row int32) {
	if len(changes) == 1 {
		b.add(changes[0], r, row)
		return
	}
	sortChanges(changes)
	var old change
	rest := changes
	for len(rest) > 0 && rest[0].seq <= floor {
		old = change{rest[0].seq, old.weight + rest[0].weight}
		rest = rest[1:]
	}
	added := 0
	if old.weight != 0 {
		b.add(old, r, row)
		added++
	}
	for len(rest) > 0 {
		c := rest[0]
		for rest = rest[1:]; len(rest) > 0 && rest[0].seq == c.seq; rest = rest[1:] {
			c.weight += rest[0].weight
		}
		if c.weight != 0 {
			b.add(c, r, row)
			added++
		}
	}
	b.repeats = b.repeats || added > 1
}

// sortChanges by version; there are few.
func sortChanges(c []change) {
	for i := 1; i < len(c); i++ {
		for j := i; j > 0 && c[j].seq < c[j-1].seq; j-- {
			c[j], c[j-1] = c[j-1], c[j]
		}
	}
}

func (b *runBuilder) add(c change, r *run, row int32) {
	if len(b.rows) >= 4096 {
		b.flush()
	}
	b.rows = append(b.rows, row)
	b.froms = append(b.froms, r)
	b.seqs = append(b.seqs, c.seq)
	b.weights = append(b.weights, c.weight)
}

// flush copies the rows added, a column at a time.
func (b *runBuilder) flush() {
	if len(b.rows) == 0 {
		return
	}
	for i, c := range b.cols {
		b.copyColumn(c, i)
	}
	b.rows, b.froms = b.rows[:0], b.froms[:0]
}

func (b *runBuilder) copyColumn(to *delta.Builder, i int) {
	at := to.Len()
	switch to.Type().Phys().Size() {
	case 8:
		to.Extend(len(b.rows))
		copyFixed(delta.Filled[int64](to)[at:], b.froms, b.rows, i)
	case 4:
		to.Extend(len(b.rows))
		copyFixed(delta.Filled[int32](to)[at:], b.froms, b.rows, i)
	default:
		for k, row := range b.rows {
			to.AppendFrom(&b.froms[k].cols[i], row)
		}
		return
	}
	for k, row := range b.rows {
		if b.froms[k].cols[i].Null(row) {
			to.SetNull(int32(at + k))
		}
	}
}

func copyFixed[T int32 | int64](dst []T, froms []*run, rows []int32, col int) {
	for k, row := range rows {
		c := &froms[k].cols[col]
		dst[k] = delta.Values[T](c)[c.At(row)]
	}
}

// finish gives the run; the builder is used up.
func (b *runBuilder) finish() *run {
	r := b.take()
	r.settle(b.order)
	return r
}

// take is finish without what settle derives.
func (b *runBuilder) take() *run {
	b.flush()
	cols := make([]delta.Column, len(b.cols))
	for i, c := range b.cols {
		cols[i] = c.Take()
	}
	return &run{cols: cols, n: len(b.seqs), seqs: b.seqs, weights: b.weights, distinct: !b.repeats}
}

// settle derives everything from cols, seqs and weights.
func (r *run) settle(o *RowOrder) {
	r.minSeq, r.maxSeq = unpublished, 0
	plain := true
	for i := range r.n {
		r.minSeq, r.maxSeq = min(r.minSeq, r.seqs[i]), max(r.maxSeq, r.seqs[i])
		plain = plain && r.weights[i] == 1
	}
	if r.minSeq == r.maxSeq || r.n == 0 {
		r.seqs = nil
	}
	if plain {
		r.weights = nil
	}
	r.makeIndex(o)
	r.size = r.bytes()
}
