package state

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
	how *reading
	err error // of reading a block; the walk has then ended
}

// reading is how blocks are read by those who walk together.
type reading struct {
	keep   bool    // they are likely to be read again
	wanted []bool  // columns that are read, nil = all; others are as they come
	bounds []Bound // of what is wanted: blocks that have none of it are passed by
	// read and skipped are numbers of blocks.
	read, skipped int64
}

// want says which columns are read, nil = all; compared: rows of several runs are.
func (h *reading) want(o *RowOrder, columns []int, compared bool) {
	if columns == nil || compared && o.keys == 0 {
		return
	}
	h.wanted = make([]bool, len(o.types))
	for _, k := range columns {
		h.wanted[k] = true
	}
	for _, s := range o.steps[:o.keys] {
		h.wanted[s.col] = h.wanted[s.col] || compared
	}
}

// newWalk stands on the first row of a span; on none if nothing is wanted of it, or with err.
func newWalk(p part, s span, step int32, how *reading) walk {
	w := walk{part: p, span: s, step: step, chunk: s.lo.chunk, how: how}
	from := s.lo.row
	if step < 0 {
		w.chunk, from = s.hi.chunk, s.hi.row-1
	}
	w.k, _ = p.r.chunks[w.chunk].locate(from)
	if !w.enter() && w.err == nil && !w.nextBlock() {
		w.blk = nil
	}
	return w
}

// enter begins the k-th block of the chunk; false if nothing in it is wanted, or it cannot be read.
func (w *walk) enter() bool {
	c := w.r.chunks[w.chunk]
	if len(w.how.bounds) > 0 {
		if wanted, err := c.mayHave(w.k, w.how.bounds); err != nil || !wanted {
			w.err = err
			w.how.skipped++
			return false
		}
	}
	w.how.read++
	if w.blk, w.err = c.block(w.k, w.how.keep, w.how.wanted); w.err != nil {
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

// nextBlock begins the next block of which something is wanted.
func (w *walk) nextBlock() bool {
	for w.onward() {
		if w.enter() {
			return true
		}
		if w.err != nil {
			break
		}
	}
	return false
}

// onward moves on by one block; false behind the last one.
func (w *walk) onward() bool {
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
	return (w.chunk != w.hi.chunk || c.starts[w.k] < w.hi.row) && (w.chunk != w.lo.chunk || c.starts[w.k+1] > w.lo.row)
}
