package state

import (
	"github.com/tributary-db/tributary/internal/delta"
)

// run is chunks whose rows ascend and are all different. Runs are immutable; several may hold one
// chunk. Weights may be below 0 over an older run.
type run struct {
	chunks    []*chunk
	n         int64 // rows
	rows      int64 // sum of the weights
	negatives int64 // rows with a weight below 0

	// Under the mutex of its arrangement:
	merging bool // somebody is merging the run
	// instead is what a checkpoint may name in the place of the run, and from what will be that once a
	// checkpoint under way has it; nil = nothing. See instead.go.
	instead, from []*run
}

func makeRun(chunks []*chunk) *run {
	r := &run{chunks: chunks}
	for _, c := range chunks {
		r.n += int64(c.n())
		r.rows += c.rows
		r.negatives += int64(c.negatives)
	}
	return r
}

// place is a row of a run.
type place struct {
	chunk int
	row   int32
}

// span is the rows [lo, hi) of a run; hi lies in the chunk of the last row, behind it.
type span struct{ lo, hi place }

func (s span) empty() bool { return s.hi.row == 0 }

// all rows of r.
func (r *run) all() span {
	if len(r.chunks) == 0 {
		return span{}
	}
	last := len(r.chunks) - 1
	return span{hi: place{last, r.chunks[last].n()}}
}

// find gives the rows whose key equals row j of keys, whose hash is h. near is a chunk that the key may be in or just
// behind, or -1, and becomes the one where it would be: who asks for keys in order looks at few chunks.
func (r *run) find(o *RowOrder, keys []delta.Column, j int32, h uint64, near *int) (span, error) {
	at := 0
	if len(r.chunks) > 1 {
		var err error
		if at, err = r.reachNear(o, keys, j, *near); at == len(r.chunks) || err != nil {
			return span{}, err
		}
		*near = at
	}
	lo, hi, err := r.chunks[at].find(o, keys, j, h)
	if lo == hi || err != nil {
		return span{}, err
	}
	s := span{lo: place{at, lo}, hi: place{at, hi}}
	for hi == r.chunks[at].n() && at+1 < len(r.chunks) {
		// The key was the last of the chunk and may go on in the next.
		at++
		if lo, hi, err = r.chunks[at].find(o, keys, j, h); lo == hi || err != nil {
			break
		}
		s.hi = place{at, hi}
	}
	return s, err
}

// findPrefix gives the rows whose first key columns are row j of eq; near is as for find.
func (r *run) findPrefix(o *RowOrder, eq []delta.Column, j int32, near *int) (span, error) {
	if len(r.chunks) == 0 {
		return span{}, nil
	}
	at := 0
	if len(r.chunks) > 1 {
		var err error
		if at, err = r.reachNear(o, eq, j, *near); at == len(r.chunks) || err != nil {
			return span{}, err
		}
		*near = at
	}
	lo, hi, err := r.chunks[at].findPrefix(o, eq, j)
	if lo == hi || err != nil {
		return span{}, err
	}
	s := span{lo: place{at, lo}, hi: place{at, hi}}
	for hi == r.chunks[at].n() && at+1 < len(r.chunks) {
		at++
		if lo, hi, err = r.chunks[at].findPrefix(o, eq, j); lo == hi || lo > 0 || err != nil {
			break
		}
		s.hi = place{at, hi}
	}
	return s, err
}

// reachNear is reach, which looks first at a chunk and the one behind it; -1: at none.
func (r *run) reachNear(o *RowOrder, keys []delta.Column, j int32, near int) (int, error) {
	if near < 0 {
		return r.reach(o, keys, j, false)
	}
	if near > 0 {
		if before, err := r.endsBefore(near-1, o, keys, j); err != nil || !before {
			near = len(r.chunks)
		}
	}
	for at := near; at < min(near+2, len(r.chunks)); at++ {
		if before, err := r.endsBefore(at, o, keys, j); err != nil || !before {
			return at, err
		}
	}
	return r.reach(o, keys, j, false)
}

// endsBefore: the last row of chunk k comes before the key in row j.
func (r *run) endsBefore(k int, o *RowOrder, keys []delta.Column, j int32) (bool, error) {
	c := r.chunks[k]
	cols, i, err := c.edge(c.blockCount())
	return err == nil && o.comparePrefix(cols, i, keys, j) < 0, err
}

// reach is the first chunk whose last row has its first columns at or behind row j of eq (after:
// behind it), the number of chunks if there is none.
func (r *run) reach(o *RowOrder, eq []delta.Column, j int32, after bool) (int, error) {
	return search(len(r.chunks), func(k int) (bool, error) {
		c := r.chunks[k]
		cols, i, err := c.edge(c.blockCount())
		if err != nil {
			return false, err
		}
		order := o.comparePrefix(cols, i, eq, j)
		return order > 0 || order == 0 && !after, nil
	})
}

// seek gives the rows of a range.
func (r *run) seek(o *RowOrder, rng Range) (span, error) {
	from, before, behind, through := rng.From, rng.Before, rng.Behind, rng.Through
	if len(rng.Equal) > 0 {
		from, before, behind, through = rng.Equal, rng.Equal, false, true
	}
	if from == nil && before == nil {
		return r.all(), nil
	}
	lo, hi := place{}, place{chunk: len(r.chunks)}
	var err error
	if from != nil {
		if lo, err = r.bound(o, from, behind); err != nil {
			return span{}, err
		}
	}
	if before != nil {
		if hi, err = r.bound(o, before, through); err != nil {
			return span{}, err
		}
	}
	if !lo.before(hi) {
		return span{}, nil
	}
	if hi.row == 0 {
		hi.chunk--
		hi.row = r.chunks[hi.chunk].n()
	}
	return span{lo, hi}, nil
}

func (p place) before(q place) bool { return p.chunk < q.chunk || p.chunk == q.chunk && p.row < q.row }

// bound is the first row at or behind eq (after: behind it), one behind the last chunk if there is none.
func (r *run) bound(o *RowOrder, eq []delta.Column, after bool) (place, error) {
	at, err := r.reach(o, eq, 0, after)
	if at == len(r.chunks) || err != nil {
		return place{chunk: at}, err
	}
	row, err := r.chunks[at].bound(o, eq, 0, after)
	return place{at, row}, err
}

// weightOf is the weight of row j of cols in r, 0 if it has none; keys are its key columns, h
// their hash; near as for find.
func (r *run) weightOf(o *RowOrder, cols []delta.Column, j int32, keys []delta.Column, h uint64, near *int) (int64, error) {
	s, err := r.find(o, keys, j, h, near)
	if s.empty() || err != nil {
		return 0, err
	}
	// The first chunk that ends at or behind the row.
	k, err := search(s.hi.chunk-s.lo.chunk, func(k int) (bool, error) {
		c := r.chunks[s.lo.chunk+k]
		last, i, err := c.edgeRow(c.blockCount())
		return err == nil && o.Compare(last, i, cols, j) >= 0, err
	})
	if err != nil {
		return 0, err
	}
	at := s.lo.chunk + k
	lo, hi := int32(0), r.chunks[at].n()
	if at == s.lo.chunk {
		lo = s.lo.row
	}
	if at == s.hi.chunk {
		hi = s.hi.row
	}
	return r.chunks[at].weightIn(o, lo, hi, cols, j)
}

func (o *RowOrder) keyColumns(cols []delta.Column) []delta.Column {
	keys := make([]delta.Column, o.keys)
	for k := range keys {
		keys[k] = cols[o.steps[k].col]
	}
	return keys
}
