package log_test

import (
	"context"
	"sync"

	"github.com/tributary-db/tributary/storage/meta"
)

// gate holds AppendLog calls back, and can make their outcome unknown.
type gate struct {
	mu      sync.Mutex
	closed  chan struct{} // nil = open
	arrived chan struct{}
	// outcome is asked for each call; nil = as it is.
	outcome func(n int) outcome
	calls   int
}

// outcome of an AppendLog call.
type outcome int

const (
	asIs        outcome = iota
	lostAfter           // it happens, the caller hears ErrUnknown
	lostBefore          // it does not happen, the caller hears ErrUnknown
	unavailable         // it does not happen, and that is known
)

func newGate() *gate { return &gate{arrived: make(chan struct{}, 100)} }

func (g *gate) wrap(s meta.Store) meta.Store { return &gatedStore{s, g} }

func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = make(chan struct{})
}

func (g *gate) waitHeld() { <-g.arrived }

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.closed)
	g.closed = nil
}

func (g *gate) next() (wait chan struct{}, o outcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	if g.outcome != nil {
		o = g.outcome(g.calls)
	}
	return g.closed, o
}

type gatedStore struct {
	meta.Store
	gate *gate
}

func (s *gatedStore) AppendLog(ctx context.Context, seen meta.CommitSeq, decide func(meta.CommitSeq, []meta.Record) ([]byte, []meta.Write, error)) (meta.CommitSeq, error) {
	wait, o := s.gate.next()
	if wait != nil {
		s.gate.arrived <- struct{}{}
		<-wait
	}
	switch o {
	case lostBefore:
		return 0, meta.ErrUnknown
	case unavailable:
		return 0, context.DeadlineExceeded
	}
	seq, err := s.Store.AppendLog(ctx, seen, decide)
	if err == nil && o == lostAfter {
		return 0, meta.ErrUnknown
	}
	return seq, err
}
