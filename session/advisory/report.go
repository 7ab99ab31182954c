package advisory

// Blocking are the sessions that hold what one waits for, or stand in line before it.
func (l *Locks) Blocking(pid int32) (out []int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.mu.keys {
		for i, w := range k.line {
			if w.owner.pid != pid {
				continue
			}
			for other, h := range k.holders {
				if other != w.owner && (!w.mode.Shared || h.exclusive()) {
					out = append(out, other.pid)
				}
			}
			for _, ahead := range k.line[:i] {
				out = append(out, ahead.owner.pid)
			}
		}
	}
	return out
}

// Held is a lock that a session holds, or waits for.
type Held struct {
	PID     int32
	Key     Key
	Shared  bool
	Granted bool
}

// All are the locks of now.
func (l *Locks) All() (out []Held) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, k := range l.mu.keys {
		for owner, h := range k.holders {
			if h.exclusive() {
				out = append(out, Held{owner.pid, key, false, true})
			}
			if (*h)[Mode{Shared: true}]+(*h)[Mode{Shared: true, Tx: true}] > 0 {
				out = append(out, Held{owner.pid, key, true, true})
			}
		}
		for _, w := range k.line {
			out = append(out, Held{w.owner.pid, key, w.mode.Shared, false})
		}
	}
	return out
}
