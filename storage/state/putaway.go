package state

import "slices"

// putAway makes chunks of a cold until so many bytes are freed: all that there are, or only those that
// nobody read since the last time.
func (a *RunSet) putAway(t *Tier, want int64, any bool) (freed int64) {
	chunks := a.beginPutAway()
	if chunks == nil {
		return 0
	}
	defer a.merges.Done()
	for _, c := range chunks {
		if freed >= want {
			break
		}
		hot := c.hot.Load()
		if hot == nil || c.size.Load() < minCold || hot.used.Swap(false) && !any {
			continue
		}
		cold, err := t.write(a.order, c)
		if err != nil {
			break // the disk is full, or broken: memory is what there is
		}
		if cold == nil {
			continue
		}
		n := a.makeCold(c, cold)
		a.giveBack(n)
		freed += n
	}
	return freed
}

// beginPutAway gives all chunks that a version has, oldest first, and keeps Close waiting until
// a.merges.Done; nil if a is closed.
func (a *RunSet) beginPutAway() []*chunk {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.closed {
		return nil
	}
	a.merges.Add(1)
	chunks := []*chunk{}
	for _, r := range a.mu.version.content {
		chunks = append(chunks, r.chunks...)
	}
	for _, d := range a.mu.version.deltas {
		chunks = append(chunks, d.run.chunks...)
	}
	for _, r := range a.mu.retired {
		chunks = append(chunks, r.chunk)
	}
	return chunks
}

// makeCold switches a chunk over, and tells how much of what is charged for it can be given back.
func (a *RunSet) makeCold(c *chunk, cold *coldChunk) (freed int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	freed = c.become(cold)
	if c.uses > 0 {
		return freed
	}
	if slices.ContainsFunc(a.mu.retired, func(r retired) bool { return r.chunk == c }) {
		a.mu.held -= freed
		return freed
	}
	return 0 // it was dropped meanwhile, and all of it given back
}

// coolHead puts away what the head has sealed, when memory is short: one tick may append more than fits.
func (a *RunSet) coolHead() {
	t := a.tier()
	if !t.isShort() {
		return
	}
	for _, r := range a.head.ready() {
		for _, c := range r.chunks {
			if c.hot.Load() == nil || c.size.Load() < minCold {
				continue
			}
			cold, err := t.write(a.order, c)
			if err != nil {
				return // the account has the last word
			}
			if cold != nil {
				c.become(cold)
			}
		}
	}
}
