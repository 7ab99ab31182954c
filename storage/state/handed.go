package state

import "github.com/tributary-db/tributary/internal/delta"

// Beside is who works for an arrangement beside its writer, where a processor is free.
type Beside interface {
	// Rows is how many rows are worth a start; 0 = as many as a chunk has. It is always the same.
	Rows() int
	// Start has work done in another goroutine once it has a processor, or not at all, where the writer has no time to
	// wait for that any more; false: nobody will. work calls breathe as it would Options.Breathe.
	Start(work func(breathe func() error)) bool
	// Wait runs wait while the writer's processor is another's.
	Wait(wait func())
}

// handed are rows of a head that somebody beside its writer sorts, unless the writer comes before. All but rows and
// size are guarded by the head's mutex.
type handed struct {
	rows  *delta.BatchBuilder
	size  int64
	taken bool // somebody works on it
	done  bool
	run   *run
	err   error
}

// maxHanded is how many of them there may be without the writer taking part.
const maxHanded = 3

// handOver gives the open rows to who is beside, if there is anybody.
func (h *head) handOver() bool {
	if h.beside == nil {
		return false
	}
	s := &handed{rows: h.open, size: int64(h.open.Size())}
	if !h.tier.hasRoom(4 * s.size) { // for these rows, their blocks, and the next ones that fill meanwhile
		return false
	}
	h.mu.Lock()
	h.handed = append(h.handed, s)
	h.mu.Unlock()
	if h.beside.Start(func(breathe func() error) { h.work(s, breathe) }) {
		h.open = h.another()
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.handed = h.handed[:len(h.handed)-1] // nobody else adds, and it is not done
	return false
}

// another is a builder without rows.
func (h *head) another() *delta.BatchBuilder {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.spare); n > 0 {
		b := h.spare[n-1]
		h.spare = h.spare[:n-1]
		return b
	}
	return delta.NewBatchBuilder(h.order.types)
}

// work makes a run of what was handed over, and puts those that are done to what is sealed. Any goroutine.
func (h *head) work(s *handed, breathe func() error) {
	h.mu.Lock()
	taken := s.taken
	s.taken = true
	h.mu.Unlock()
	if taken {
		return
	}
	r, err := h.sortSafely(s.rows, breathe)
	s.rows.Clear()
	h.mu.Lock()
	s.run, s.err, s.done = r, err, true
	if s.size <= maxPooled && len(h.spare) < maxHanded {
		h.spare = append(h.spare, s.rows)
	}
	h.mu.Unlock()
	for h.joinNext(breathe) {
	}
}

func (h *head) sortSafely(rows *delta.BatchBuilder, breathe func() error) (r *run, err error) {
	defer recovered(&err)
	return h.sort(rows, breathe)
}

func (h *head) joinSafely(sealed []*run, r *run, breathe func() error) (_ []*run, err error) {
	defer recovered(&err)
	return h.join(sealed, r, breathe)
}

// joinNext puts the first of what was handed over to what is sealed, if it is done and nobody else is at that. Runs so
// come to lie as if the writer had made them.
func (h *head) joinNext(breathe func() error) bool {
	h.mu.Lock()
	if h.joining || len(h.handed) == 0 || !h.handed[0].done {
		h.mu.Unlock()
		return false
	}
	s, sealed, err := h.handed[0], h.sealed, h.failed
	h.joining = true
	h.mu.Unlock()
	if err == nil {
		err = s.err
	}
	if err == nil {
		sealed, err = h.joinSafely(sealed, s.run, breathe)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed = err; err == nil {
		h.sealed = sealed
	}
	h.handed = h.handed[1:]
	h.joining = false
	h.moved.Broadcast()
	return true
}

// await has the writer take part until at most so many that were handed over are not sealed yet.
func (h *head) await(most int) error {
	for {
		h.mu.Lock()
		if len(h.handed) <= most {
			defer h.mu.Unlock()
			return h.failed
		}
		var mine *handed
		for _, s := range h.handed {
			if !s.taken {
				mine = s
				break
			}
		}
		h.mu.Unlock()
		if mine != nil {
			h.work(mine, h.breathe)
			continue
		}
		h.beside.Wait(func() { h.waitFor(most) })
	}
}

// waitFor waits until at most so many are left. All have been taken.
func (h *head) waitFor(most int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.handed) > most {
		h.moved.Wait()
	}
}

// drop forgets what was handed over, once nobody works on it.
func (h *head) drop() {
	h.mu.Lock()
	for _, s := range h.handed {
		if !s.taken {
			s.taken, s.done, s.run = true, true, &run{}
		}
	}
	left := len(h.handed) > 0
	h.mu.Unlock()
	if left {
		for h.joinNext(nil) {
		}
		h.beside.Wait(func() { h.waitFor(0) })
	}
	h.failed = nil
}
