package flow

import (
	"fmt"

	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// States is all state of one flow, by name. It outlives the flow's ticks; the runtime
// checkpoints it. Used by the flow's goroutine.
type States struct {
	charge       func(int64) error
	used         int64
	flats        map[string]state.Flat
	arrangements map[string]state.Arrangement
}

// NewStates makes an empty set whose memory is charged to charge (nil = not at all).
func NewStates(charge func(bytes int64) error) *States {
	return &States{charge: charge, flats: map[string]state.Flat{}, arrangements: map[string]state.Arrangement{}}
}

// account charges the shared account and remembers what this flow holds of it.
func (s *States) account(bytes int64) error {
	if s.charge != nil {
		if err := s.charge(bytes); err != nil {
			return err
		}
	}
	s.used += bytes
	return nil
}

// Drop gives the memory back. The flow must not run any more.
func (s *States) Drop() {
	if s.charge != nil && s.used != 0 {
		_ = s.charge(-s.used) // giving back never fails
	}
	s.used = 0
	clear(s.flats)
	clear(s.arrangements)
}

func (s *States) flat(name string, key []sqltype.OID, cells []state.CellType) (state.Flat, error) {
	if _, ok := s.arrangements[name]; ok {
		return nil, fmt.Errorf("state %q is an arrangement", name)
	}
	if f, ok := s.flats[name]; ok {
		return f, nil
	}
	f := state.NewFlat(key, cells, state.Options{Account: s.account})
	s.flats[name] = f
	return f, nil
}

func (s *States) arrangement(name string, row []sqltype.OID, key []int, order []state.Order) (state.Arrangement, error) {
	if _, ok := s.flats[name]; ok {
		return nil, fmt.Errorf("state %q is flat", name)
	}
	if a, ok := s.arrangements[name]; ok {
		return a, nil
	}
	a := state.NewArrangement(row, key, state.Options{Account: s.account, Order: order})
	s.arrangements[name] = a
	return a, nil
}
