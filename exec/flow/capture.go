package flow

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/tributary-db/tributary/storage/state"
)

// Capture is the state of a flow between two ticks. It is immutable, so that it can be written
// out in any goroutine while the flow goes on. Release it.
type Capture struct {
	flats map[string]*state.FlatSet
	views map[string]state.View
}

// Capture takes the state as it is. Arrangements are pinned; flat state is copied, which takes
// time in proportion to it. REQUIRES: the flow's goroutine, between ticks.
func (s *States) Capture() (*Capture, error) {
	s.mu.Lock()
	flats, arrangements := maps.Clone(s.flats), maps.Clone(s.arrangements)
	s.mu.Unlock()
	c := &Capture{flats: map[string]*state.FlatSet{}, views: map[string]state.View{}}
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

// Each gives every state, by name, with what writes its section.
func (c *Capture) Each(visit func(name string, save func(w io.Writer) error) error) error {
	for _, name := range slices.Sorted(maps.Keys(c.flats)) {
		if err := visit(name, c.flats[name].Save); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.views)) {
		save := func(w io.Writer) error {
			v := c.views[name]
			return state.SaveView(w, v, v.Version())
		}
		if err := visit(name, save); err != nil {
			return err
		}
	}
	return nil
}

// Release lets the arrangements' versions go.
func (c *Capture) Release() {
	for _, v := range c.views {
		v.Release()
	}
}
