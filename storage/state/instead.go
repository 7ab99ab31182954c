package state

// A run that was merged of runs which checkpoints have is not written again: a checkpoint names those in its
// place, as they sum up to it. So what a checkpoint writes is what changed, and not what merges made of it.
// See docs/decisions/0032-checkpoints-name-what-was-merged.md.

// maxInstead is how many runs stand in the place of one: a start has to put them together again.
const maxInstead = 8

// standsFor notes what may be named in the place of m, which was merged of runs. A checkpoint that is being
// written holds the runs that it has not written yet: what m is of them is known when it ends.
// REQUIRES: a.mu held.
func (a *RunSet) standsForLocked(m *run, runs []*run) {
	var of []*run
	open := false
	for _, r := range runs {
		switch {
		case r.isSaved():
			of = append(of, r.stub())
		case r.instead != nil:
			of = append(of, r.instead...)
		case r.from != nil:
			of, open = append(of, r.from...), true
		case a.mu.saving[r] > 0:
			of, open = append(of, r), true
		default:
			return
		}
	}
	rows := int64(0)
	for _, r := range of {
		rows += r.n
	}
	switch {
	case len(of) > maxInstead || rows > m.n+m.n/4:
	case open:
		m.from = of
		a.mu.open = append(a.mu.open, m)
	default:
		m.instead = of
	}
}

// beginSaving notes that a checkpoint writes runs.
func (a *RunSet) beginSaving(parts []part) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.saving == nil {
		a.mu.saving = map[*run]int{}
	}
	for _, p := range parts {
		a.mu.saving[p.r]++
	}
}

// endSaving finds out what it has written.
func (a *RunSet) endSaving(parts []part) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range parts {
		if a.mu.saving[p.r]--; a.mu.saving[p.r] == 0 {
			delete(a.mu.saving, p.r)
		}
	}
	if len(a.mu.saving) > 0 {
		return // of another checkpoint
	}
	for _, m := range a.mu.open {
		from := m.from
		if m.from = nil; !m.isSaved() {
			a.standsForLocked(m, from)
		}
	}
	a.mu.open = nil
}

// isSaved: a checkpoint has had all chunks of r.
func (r *run) isSaved() bool {
	for _, c := range r.chunks {
		if c.saved.Load() == nil {
			return false
		}
	}
	return true
}

// stub is a saved run without its rows: enough to name it again.
func (r *run) stub() *run {
	out := &run{n: r.n, rows: r.rows, negatives: r.negatives}
	for _, c := range r.chunks {
		s := &chunk{starts: c.starts, rows: c.rows, negatives: c.negatives, data: c.data}
		s.saved.Store(c.saved.Load())
		out.chunks = append(out.chunks, s)
	}
	return out
}

// instead names what stands in the place of a run; nil if nothing does, or not all of it may be named any more.
func (s *saving) instead(a *RunSet, p part) (named []part) {
	a.mu.Lock()
	instead := p.r.instead
	a.mu.Unlock()
	if p.sign != 1 || len(instead) == 0 || p.r.isSaved() {
		return nil
	}
	before := len(s.made)
	for _, r := range instead {
		for _, c := range r.chunks {
			saved := c.saved.Load()
			if !s.w.Keep(saved.place) {
				for _, key := range s.of[before:] {
					delete(s.numbers, key)
				}
				s.of, s.made = s.of[:before], s.made[:before]
				return nil
			}
			key := signedChunk{c, 1}
			s.numbers[key] = uint64(len(s.made))
			s.of, s.made = append(s.of, key), append(s.made, saved)
		}
		named = append(named, part{r, 1})
	}
	return named
}
