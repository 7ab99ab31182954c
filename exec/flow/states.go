package flow

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// ErrNotSaved: a checkpoint lacks a state that the flow opens, or has one that it does not.
var ErrNotSaved = errors.New("checkpoint is of another dataflow")

// States is all state of one flow, by name. It outlives the flow's ticks; the runtime
// checkpoints it. Used by the flow's goroutine, except that anyone may Drop it.
type States struct {
	charge func(int64) error
	merges *state.Pool
	saved  *saved // while the flow is opened from a checkpoint

	mu           sync.Mutex
	used         int64
	flats        map[string]state.Flat
	arrangements map[string]*state.RunSet
	grouped      map[string]*state.Groups // made of both
}

// saved is where a checkpoint has the states.
type saved struct {
	from  piece.Reader
	lists map[string][]byte // that no state has taken
}

// NewStates makes an empty set whose memory is charged to charge (nil = not at all), and whose
// arrangements are merged in a pool (nil = by who writes them).
func NewStates(charge func(bytes int64) error, merges *state.Pool) *States {
	return &States{
		charge: charge, merges: merges,
		flats: map[string]state.Flat{}, arrangements: map[string]*state.RunSet{}, grouped: map[string]*state.Groups{},
	}
}

// account charges the shared account and remembers what this flow holds of it.
func (s *States) account(bytes int64) error {
	if s.charge != nil {
		if err := s.charge(bytes); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.used += bytes
	s.mu.Unlock()
	return nil
}

// Used is the memory that the states take now; anyone may ask.
func (s *States) Used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// Drop gives the memory back. The flow must not run any more.
func (s *States) Drop() {
	s.mu.Lock()
	arrangements := maps.Clone(s.arrangements)
	s.mu.Unlock()
	for _, a := range arrangements {
		a.Close() // not under the mutex: its merges charge
	}
	s.mu.Lock()
	used := s.used
	s.used = 0
	for _, g := range s.grouped {
		g.Free()
	}
	clear(s.flats)
	clear(s.arrangements)
	clear(s.grouped)
	s.mu.Unlock()
	if s.charge != nil && used != 0 {
		_ = s.charge(-used) // giving back never fails
	}
}

// RestoreFrom makes every state that is opened from here on begin as a checkpoint lists it. Call
// Restored once the flow is open.
func (s *States) RestoreFrom(from piece.Reader, lists map[string][]byte) {
	s.saved = &saved{from, maps.Clone(lists)}
}

// Restored checks that every list was taken; states opened later begin empty.
func (s *States) Restored() error {
	left := len(s.saved.lists)
	s.saved = nil
	if left != 0 {
		return fmt.Errorf("%w: %d states are not opened", ErrNotSaved, left)
	}
	return nil
}

// load fills a fresh state.
func (s *States) load(name string, into interface {
	Load(r piece.Reader, list []byte) error
}) error {
	if s.saved == nil {
		return nil
	}
	list, ok := s.saved.lists[name]
	if !ok {
		return fmt.Errorf("%w: no state %q", ErrNotSaved, name)
	}
	delete(s.saved.lists, name)
	if err := into.Load(s.saved.from, list); err != nil {
		return fmt.Errorf("state %q: %w", name, err)
	}
	return nil
}

// accountOf is account for a state whose operator is told what it holds; held is nil where it is not.
func (s *States) accountOf(held *atomic.Int64) func(int64) error {
	if held == nil {
		return s.account
	}
	return func(bytes int64) error {
		err := s.account(bytes)
		if err == nil {
			held.Add(bytes)
		}
		return err
	}
}

func (s *States) flat(name string, key []sqltype.OID, cells []state.CellType, options state.Options, held *atomic.Int64) (state.Flat, error) {
	if _, ok := s.arrangements[name]; ok {
		return nil, fmt.Errorf("state %q is an arrangement", name)
	}
	if f, ok := s.flats[name]; ok {
		return f, nil
	}
	options.Account, options.Merges = s.accountOf(held), s.merges
	f := state.NewFlat(key, cells, options)
	if err := s.load(name, f); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flats[name] = f
	return f, nil
}

func (s *States) arrangement(name string, row []sqltype.OID, key []int, options state.Options, held *atomic.Int64) (state.Arrangement, error) {
	if _, ok := s.flats[name]; ok {
		return nil, fmt.Errorf("state %q is flat", name)
	}
	if a, ok := s.arrangements[name]; ok {
		return a, nil
	}
	options.Account, options.Merges = s.accountOf(held), s.merges
	a := state.NewArrangement(row, key, options)
	if err := s.load(name, a); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrangements[name] = a
	return a, nil
}

// scratch is Groups of a one-shot run.
func (s *States) scratch(name string, key []sqltype.OID, cells []state.CellType, options state.Options, held *atomic.Int64) (*state.Groups, error) {
	mem, err := s.flat(name, key, cells, options, held)
	if err != nil {
		return nil, err
	}
	return state.NewGroups(mem.(*state.FlatSet), nil, 0, nil), nil
}

// behind is what the name of an arrangement behind groups has more than theirs.
const behind = " behind"

func (s *States) groups(name string, key []sqltype.OID, cells []state.CellType, lead int, options state.Options) (*state.Groups, error) {
	if g, ok := s.grouped[name]; ok {
		return g, nil
	}
	flat, err := s.flat(name, key, cells, options, nil)
	if err != nil {
		return nil, err
	}
	mem := flat.(*state.FlatSet)
	if s.saved != nil && mem.Len() > 0 {
		// The checkpoint was made while they were in memory, or moving: then they have begun to be behind.
		delete(s.saved.lists, name+behind)
		saved := s.saved
		s.saved = nil
		defer func() { s.saved = saved }()
	}
	row, by := state.GroupRows(key, lead)
	rows, err := s.arrangement(name+behind, row, by, options, nil)
	if err != nil {
		return nil, err
	}
	g := state.NewGroups(mem, rows.(*state.RunSet), lead, s.merges.Groups())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grouped[name] = g
	return g, nil
}
