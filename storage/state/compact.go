package state

// compact merges the newest runs until each is at least twice as long as the next.
func (a *RunSet) compact() {
	content := a.current().content
	at := len(content) - 1
	size := content[at].n
	for at > 0 && content[at-1].n < 2*size {
		at--
		size += content[at].n
	}
	if at < len(content)-1 {
		_ = a.mergeFrom(content[at:]) // without room there are more runs, which is only slower
	}
}

// mergeFrom replaces runs that stand next to each other by one of the same sum.
func (a *RunSet) mergeFrom(runs []*run) error {
	m, err := mergeRuns(a.order, asParts(runs), nil)
	if err != nil {
		return err
	}
	return a.replace(runs, m)
}

// replace installs the merge m of runs. It is charged before the old runs are given back.
func (a *RunSet) replace(runs []*run, m *run) error {
	added := a.freshBytes(m)
	if err := a.charge(added); err != nil {
		return err
	}
	a.mu.Lock()
	freed := a.replaceLocked(runs, m)
	a.mu.Unlock()
	a.giveBack(freed)
	return nil
}

// freshBytes are those of the chunks that m does not share.
func (a *RunSet) freshBytes(m *run) (bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range m.chunks {
		if c.born == 0 {
			bytes += c.size
		}
	}
	return bytes
}

func (a *RunSet) replaceLocked(runs []*run, m *run) (freed int64) {
	next := a.nextLocked()
	old := next.content
	at := 0
	for old[at] != runs[0] {
		at++
	}
	next.content = append(make([]*run, 0, len(old)), old[:at]...)
	if m.n > 0 {
		next.content = append(next.content, m)
		a.holdLocked(m, next.nth)
	}
	next.content = append(next.content, old[at+len(runs):]...)
	for _, r := range runs {
		freed += a.dropLocked(r, next.nth)
	}
	a.mu.version = next
	return freed
}

// Compact merges the whole content into one run.
func (a *RunSet) Compact() (err error) {
	defer recovered(&err)
	if runs := a.current().content; len(runs) > 1 {
		return a.mergeFrom(runs)
	}
	return nil
}
