package state

import "sort"

// Condense puts deltas together that nobody tells apart: from now on only those versions up to `to` can
// be opened that are in read, which ascends; versions behind it all can. So what is kept for a reader that
// stands is the difference of two versions of the relation, however often that changed between them.
// breathe, if not nil, ends the work with its error; what was put together by then stays so. Several
// at once do no more than one.
func (a *RunSet) Condense(read []CommitSeq, to CommitSeq, breathe func() error) (err error) {
	defer recovered(&err)
	deltas, ok := a.beginCondense()
	if !ok {
		return nil
	}
	defer a.endCondense()
	deltas = deltas[:sort.Search(len(deltas), func(i int) bool { return deltas[i].seq > to })]
	for len(deltas) > 0 {
		// Those up to the first version that is read.
		n := len(deltas)
		if i := sort.Search(len(read), func(i int) bool { return read[i] >= deltas[0].seq }); i < len(read) {
			n = sort.Search(n, func(k int) bool { return deltas[k].seq > read[i] })
		}
		if n > 1 {
			if err := a.join(deltas[:n], breathe); err != nil {
				return err
			}
		}
		deltas = deltas[n:]
	}
	return nil
}

func (a *RunSet) beginCondense() ([]published, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.closed || a.mu.condensing {
		return nil, false
	}
	a.mu.condensing = true
	a.merges.Add(1)
	return a.mu.version.deltas, true
}

func (a *RunSet) endCondense() {
	a.mu.Lock()
	a.mu.condensing = false
	a.mu.Unlock()
	a.merges.Done()
}

// join makes consecutive deltas one.
func (a *RunSet) join(deltas []published, breathe func() error) error {
	runs := make([]*run, len(deltas))
	for i, d := range deltas {
		runs[i] = d.run
	}
	made, err := mergeWide(a.order, a.tier(), runs, breathe)
	if err != nil {
		return err
	}
	fresh := a.freshBytes(made)
	if err := a.charge(fresh); err != nil {
		return err
	}
	last := deltas[len(deltas)-1]
	one := published{seq: last.seq, first: deltas[0].first, run: made, rows: last.rows}
	a.mu.Lock()
	freed, joined := a.joinLocked(deltas, one)
	a.mu.Unlock()
	if !joined {
		freed = fresh
	}
	a.giveBack(freed)
	return nil
}

// joinLocked puts one in the place of deltas, unless they are not kept any more; it gives the bytes that
// nobody holds now. REQUIRES: a.mu held.
func (a *RunSet) joinLocked(deltas []published, one published) (freed int64, joined bool) {
	all := a.mu.version.deltas
	at := sort.Search(len(all), func(i int) bool { return all[i].seq >= deltas[0].seq })
	if a.mu.closed || at == len(all) || all[at].run != deltas[0].run {
		return 0, false
	}
	next := a.nextLocked()
	next.deltas = append(append(append(make([]published, 0, len(all)), all[:at]...), one), all[at+len(deltas):]...)
	a.mu.trimmed = 0
	a.holdLocked(one.run, next.nth)
	a.mu.history += one.run.data()
	for _, d := range deltas {
		a.mu.history -= d.run.data()
		freed += a.dropLocked(d.run, next.nth)
	}
	a.mu.version = next
	return freed, true
}

// Kept is the size of all changes that are kept, in memory or on disk.
func (a *RunSet) Kept() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.mu.history
}

// Bytes is the size of the rows of the newest version, in memory or on disk, without what finds them.
func (a *RunSet) Bytes() (size int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.mu.version.content {
		size += r.data()
	}
	for _, d := range a.mu.version.deltas {
		size += d.run.data()
	}
	return size
}

// data is the bytes of the blocks of a run.
func (r *run) data() (size int64) {
	for _, c := range r.chunks {
		size += c.data
	}
	return size
}

// within: v is a version that a delta of several passes over, so that it cannot be opened.
func (s *version) within(v CommitSeq) bool {
	later := s.after(v)
	return len(later) > 0 && later[0].first <= v
}
