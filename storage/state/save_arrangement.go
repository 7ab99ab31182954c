package state

import (
	"cmp"
	"io"
	"slices"
)

// Changed reports whether something was published since the last Save or Load.
func (a *RunSet) Changed() bool { return a.dirty }

// Save writes the published version as a checkpoint section, with the versions from `from` on:
// a restored arrangement answers At and Changes as this one does for them. (A table's dependents
// replay from their checkpoint; operators need no history and pass the newest version.) What is
// not published is not saved.
func (a *RunSet) Save(w io.Writer, from CommitSeq) error {
	v, err := a.At(^CommitSeq(0))
	if err != nil {
		return err
	}
	defer v.Release()
	if err := SaveView(w, v, from); err != nil {
		return err
	}
	a.dirty = false
	return nil
}

// Since is the oldest version that the arrangement of v could still open when v was opened.
func Since(v View) CommitSeq { return v.(*view).since }

// SaveView is Save of the version that v, a view of a RunSet's At, holds. The arrangement may be
// written meanwhile: v is immutable, so this runs in any goroutine.
func SaveView(w io.Writer, v View, from CommitSeq) error {
	view := v.(*view)
	order := view.set.order
	since := min(max(from, view.since), view.seq)
	all := mergeUpTo(order, view.runs, since, view.upTo)
	f := newFrameWriter(w)
	f.writeHeader(kindArrangement, order.types)
	order.writeShape(f)
	f.u64(uint64(since))
	f.u64(uint64(view.seq))
	f.u64(uint64(all.n))
	for i := range all.cols {
		if err := f.writeColumn(&all.cols[i]); err != nil {
			return err
		}
	}
	for i := range int32(all.n) {
		f.u64(uint64(all.seq(i)))
		f.u64(uint64(all.weight(i)))
	}
	return f.close()
}

// writeShape writes what the order of rows depends on.
func (o *RowOrder) writeShape(f *frameWriter) {
	f.u32(uint32(o.keys))
	f.u32(uint32(len(o.steps)))
	for _, s := range o.steps {
		f.u32(s.shape())
	}
}

func (s *step) shape() uint32 {
	code := uint32(s.col) << 2
	if s.desc {
		code |= 1
	}
	if s.nullsFirst {
		code |= 2
	}
	return code
}

// Load replaces the content by a section that Save wrote for the same types, key and order.
func (a *RunSet) Load(r io.Reader) error {
	f := &frameReader{r: r}
	f.readHeader(kindArrangement, a.order.types)
	f.expect(uint32(a.order.keys), "number of keys")
	f.expect(uint32(len(a.order.steps)), "order")
	for i := range a.order.steps {
		f.expect(a.order.steps[i].shape(), "order")
	}
	since, upper := CommitSeq(f.u64()), CommitSeq(f.u64())
	run := &run{n: f.rows()}
	for _, t := range a.order.types {
		run.cols = append(run.cols, f.readColumn(t, run.n))
	}
	entries := sliceOf[[2]uint64](f.bytes(16 * uint64(run.n)))
	if err := f.close(); err != nil {
		return err
	}
	for _, e := range entries {
		run.seqs = append(run.seqs, CommitSeq(e[0]))
		run.weights = append(run.weights, int64(e[1]))
	}
	if err := run.verify(a.order, since, upper); err != nil {
		return err
	}
	run.settle(a.order)
	return a.adopt(run, since, upper)
}

// verify checks the invariants of a run that was read.
func (r *run) verify(o *RowOrder, since, upper CommitSeq) error {
	if since > upper {
		return corrupt("versions %d to %d", since, upper)
	}
	r.distinct = true
	for i := range int32(r.n) {
		if r.weights[i] == 0 || r.seqs[i] > upper {
			return corrupt("entry of weight %d at %d", r.weights[i], r.seqs[i])
		}
		if i == 0 {
			continue
		}
		switch c := o.Compare(r.cols, i-1, r.cols, i); {
		case c > 0 || c == 0 && r.seqs[i-1] >= r.seqs[i]:
			return corrupt("rows out of order")
		case c == 0:
			r.distinct = false
		}
	}
	return nil
}

// adopt makes r all there is.
func (a *RunSet) adopt(r *run, since, upper CommitSeq) error {
	totals, err := countRows(r, since)
	if err != nil {
		return err
	}
	if err := a.charge(r.size); err != nil {
		return err
	}
	a.Discard()
	runs := []*run{r}
	if r.n == 0 {
		_ = a.charge(-r.size)
		runs = nil
	}
	a.swap(runs, upper, totals[len(totals)-1].rows)
	a.mu.Lock()
	a.mu.since, a.mu.keep, a.mu.totals = since, since, totals
	a.mu.Unlock()
	a.dirty = false
	return nil
}

// countRows gives the number of rows after each version from since on.
func countRows(r *run, since CommitSeq) ([]total, error) {
	changes := make([]total, 0, r.n+1)
	for i := range int32(r.n) {
		changes = append(changes, total{max(r.seq(i), since), r.weight(i)})
	}
	slices.SortFunc(changes, func(a, b total) int { return cmp.Compare(a.seq, b.seq) })
	out := []total{{seq: since}}
	for _, c := range changes {
		last := &out[len(out)-1]
		if c.seq != last.seq {
			out = append(out, total{c.seq, last.rows})
			last = &out[len(out)-1]
		}
		last.rows += c.rows
	}
	for _, t := range out {
		if t.rows < 0 {
			return nil, corrupt("%d rows at version %d", t.rows, t.seq)
		}
	}
	return out, nil
}
