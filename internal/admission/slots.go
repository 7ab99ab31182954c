package admission

import (
	"container/list"
	"sync"
)

// Slots are the places that a listener has for connections. When all are taken, a newcomer gets
// the place of a connection nobody would miss: the oldest that never asked for anything, else
// the one that has rested longest. Make it with NewSlots; safe for concurrent use.
type Slots struct {
	max int

	mu struct {
		sync.Mutex
		taken    int
		resting  [asked + 1]list.List // of *Slot: those that never asked, and the others
		evicted  int64
		rejected int64
	}
}

const (
	silent = iota // has never asked for anything
	asked
)

// Slot is one connection's place. Its methods may be called from any goroutine, also after the
// place was lost.
type Slot struct {
	slots *Slots
	close func()
	kind  int
	busy  int           // things being done
	rests *list.Element // nil while busy
	gone  bool
}

// NewSlots makes max places.
func NewSlots(max int) *Slots { return &Slots{max: max} }

// SlotStats of a listener.
type SlotStats struct {
	Taken    int   // places taken now
	Silent   int   // of them, by connections that never asked for anything
	Evicted  int64 // connections that lost their place to a newcomer, since the start
	Rejected int64 // newcomers that found all others busy
}

// Stats may be called at any time.
func (s *Slots) Stats() SlotStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SlotStats{Taken: s.mu.taken, Silent: s.mu.resting[silent].Len(), Evicted: s.mu.evicted, Rejected: s.mu.rejected}
}

// Take gives a newcomer a place, or nil when all others are busy. Another one's close is called
// when it loses its place for it; that must not block.
func (s *Slots) Take(close func()) *Slot {
	p := &Slot{slots: s, close: close}
	victim, ok := s.take(p)
	if victim != nil {
		victim.close()
	}
	if !ok {
		return nil
	}
	return p
}

func (s *Slots) take(p *Slot) (victim *Slot, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.taken >= s.max {
		oldest := s.mu.resting[silent].Front()
		if oldest == nil {
			oldest = s.mu.resting[asked].Front()
		}
		if oldest == nil {
			s.mu.rejected++
			return nil, false
		}
		victim = oldest.Value.(*Slot)
		victim.leaveLocked()
		s.mu.evicted++
	}
	s.mu.taken++
	p.rests = s.mu.resting[silent].PushBack(p)
	return victim, true
}

// Asked counts a resting connection among those that asked for something, without more to do.
func (p *Slot) Asked() {
	p.slots.mu.Lock()
	defer p.slots.mu.Unlock()
	if p.rests != nil && p.kind == silent {
		p.slots.mu.resting[silent].Remove(p.rests)
		p.kind = asked
		p.rests = p.slots.mu.resting[asked].PushBack(p)
	}
}

// Busy keeps the place while something asked for is being done, until as many calls of Rest.
func (p *Slot) Busy() {
	p.slots.mu.Lock()
	defer p.slots.mu.Unlock()
	p.busy++
	if p.rests != nil {
		p.slots.mu.resting[p.kind].Remove(p.rests)
		p.rests, p.kind = nil, asked
	}
}

// Rest says that one thing asked for is done.
func (p *Slot) Rest() {
	p.slots.mu.Lock()
	defer p.slots.mu.Unlock()
	if p.busy--; p.busy == 0 && !p.gone {
		p.rests = p.slots.mu.resting[p.kind].PushBack(p)
	}
}

// Leave gives the place up; false if it was lost before.
func (p *Slot) Leave() bool {
	p.slots.mu.Lock()
	defer p.slots.mu.Unlock()
	had := !p.gone
	p.leaveLocked()
	return had
}

// REQUIRES: slots.mu held.
func (p *Slot) leaveLocked() {
	if p.gone {
		return
	}
	p.gone = true
	p.slots.mu.taken--
	if p.rests != nil {
		p.slots.mu.resting[p.kind].Remove(p.rests)
		p.rests = nil
	}
}
