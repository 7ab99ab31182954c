package group

import (
	"time"

	"github.com/tributary-db/tributary/storage/meta"
)

// Machine holds all groups and moves them by events. It is not safe for concurrent use, does no
// I/O and never blocks; replies are called from inside its methods or Stored's.
type Machine struct {
	limits Limits
	// newID gives a suffix that no member id ever had.
	newID  func() string
	groups map[string]*group
	timers timers
	// configs of groups that were set, shareSessions of all groups.
	configs       map[string]map[string]string
	shareSessions int
	stores        []Store
	bytes         int64 // of members and offsets, see Limits.MaxBytes
	// commits counts plain commits as they are queued and those of transactions as they come.
	commits uint64
	journal journal
}

// Store is metadata that has to become durable. Stores are to be written in order; Done is to
// be called in that order too, with what came of it.
type Store struct {
	Writes []meta.Write
	Done   func(now time.Time, err error)
}

// NewMachine has no groups.
func NewMachine(limits Limits, newID func() string) *Machine {
	return &Machine{limits: limits, newID: newID, groups: map[string]*group{}, configs: map[string]map[string]string{}}
}

// ShareStats are what share groups hold.
type ShareStats struct{ Sessions, Acquired int64 }

// ShareStats of all groups.
func (m *Machine) ShareStats() (st ShareStats) {
	st.Sessions = int64(m.shareSessions)
	for _, g := range m.groups {
		if g.shares == nil {
			continue
		}
		for _, p := range g.shares.parts {
			for i := range p.runs {
				if r := &p.runs[i]; r.state == shareAcquired {
					st.Acquired += r.last - r.first + 1
				}
			}
		}
	}
	return st
}

// TakeStores hands over what is to be stored; the caller owns it.
func (m *Machine) TakeStores() []Store {
	s := m.stores
	m.stores = nil
	return s
}

// NextTimer is when Tick has something to do.
func (m *Machine) NextTimer() (time.Time, bool) {
	if len(m.timers) == 0 {
		return time.Time{}, false
	}
	return m.timers[0].at, true
}

// Tick fires the timers that are due.
func (m *Machine) Tick(now time.Time) {
	for {
		t := m.timers.due(now)
		if t == nil {
			return
		}
		t.fire(now)
	}
}

func (m *Machine) store(done func(now time.Time, err error), writes ...meta.Write) {
	m.stores = append(m.stores, Store{Writes: writes, Done: done})
}

// create makes an empty group, or ErrGroupFull past the limit.
func (m *Machine) create(id string) (*group, error) {
	if len(m.groups) >= m.limits.MaxGroups {
		return nil, ErrGroupFull
	}
	return m.add(id), nil
}

func (m *Machine) add(id string) *group {
	g := m.blank(id)
	m.groups[id] = g
	return g
}

// blank is a group that the machine does not have.
func (m *Machine) blank(id string) *group {
	return &group{
		m: m, id: id, state: stateEmpty, part: JournalPartition(id),
		members: map[string]*member{}, static: map[string]*member{}, pending: map[string]*timer{},
		offsets: map[TopicPartition]Offset{},
	}
}

// forgetIfBlank drops a group that holds nothing and was never stored, so that names which
// somebody only tried do not pile up.
func (m *Machine) forgetIfBlank(g *group) {
	if g.empty() && !g.stored && g.storing == 0 && len(g.pending) == 0 && len(g.offsets) == 0 && (g.shares == nil || len(g.shares.parts) == 0) {
		delete(m.groups, g.id)
	}
}
