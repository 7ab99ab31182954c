package flow

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/state/piece"
)

// Capture is the state of a flow between two ticks. It is immutable, so that it can be written
// out in any goroutine while the flow goes on. Release it.
type Capture struct {
	flats map[string]*state.Frozen
	views map[string]state.View
}

// Capture takes the state as it is and copies nothing. Arrangements are pinned; of flat state who writes
// puts away what is not saved yet. REQUIRES: the flow's goroutine, between ticks.
func (s *States) Capture() (*Capture, error) {
	s.mu.Lock()
	flats, arrangements := maps.Clone(s.flats), maps.Clone(s.arrangements)
	s.mu.Unlock()
	c := &Capture{flats: map[string]*state.Frozen{}, views: map[string]state.View{}}
	for name, a := range arrangements {
		v, err := a.At(^state.CommitSeq(0))
		if err != nil {
			c.Release()
			return nil, fmt.Errorf("state %q: %w", name, err)
		}
		c.views[name] = v
	}
	for name, f := range flats {
		c.flats[name] = f.(*state.FlatSet).Freeze()
	}
	return c, nil
}

// Ready loads what a checkpoint has of the states and was not asked for yet. REQUIRES: the flow's goroutine,
// between ticks.
func (s *States) Ready() error {
	s.mu.Lock()
	flats, grouped := maps.Clone(s.flats), maps.Clone(s.grouped)
	s.mu.Unlock()
	for name, g := range grouped {
		if err := g.Ready(); err != nil {
			return fmt.Errorf("state %q: %w", name, err)
		}
	}
	for name, f := range flats {
		if err := f.(*state.FlatSet).Ready(); err != nil {
			return fmt.Errorf("state %q: %w", name, err)
		}
	}
	return nil
}

// Save makes every state durable, and gives the lists that each can be loaded from, by name.
func (c *Capture) Save(w piece.Writer) (map[string][]byte, error) {
	lists := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(c.flats)) {
		list, err := c.flats[name].Save(w)
		if err != nil {
			return nil, fmt.Errorf("state %q: %w", name, err)
		}
		lists[name] = list
	}
	for _, name := range slices.Sorted(maps.Keys(c.views)) {
		v := c.views[name]
		list, err := state.SaveView(w, v, v.Version())
		if err != nil {
			return nil, fmt.Errorf("state %q: %w", name, err)
		}
		lists[name] = list
	}
	return lists, nil
}

// Durable tells that the checkpoint is that Save wrote for: what it has need not be written again.
func (c *Capture) Durable() {
	for _, f := range c.flats {
		f.Durable()
	}
}

// Release lets the state go.
func (c *Capture) Release() {
	for _, f := range c.flats {
		f.Release()
	}
	for _, v := range c.views {
		v.Release()
	}
}
