package pgwire

import (
	"context"
	"sync"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// statement is the context that calls of the session run under. One context serves many
// statements: it is replaced only after it was cancelled.
type statement struct {
	parent context.Context
	mu     struct {
		sync.Mutex
		ctx     context.Context
		end     context.CancelCauseFunc
		running bool
		// last is why no call runs to its end any more.
		last *sqlerr.Error
	}
}

// begin returns the context of the call to come.
func (s *statement) begin() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.ctx == nil || s.mu.ctx.Err() != nil {
		s.mu.ctx, s.mu.end = context.WithCancelCause(s.parent)
	}
	s.mu.running = true
	if s.mu.last != nil {
		s.mu.end(s.mu.last)
	}
	return s.mu.ctx
}

// endAll ends the running call and all to come.
func (s *statement) endAll(why *sqlerr.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.last = why
	if s.mu.running {
		s.mu.end(why)
	}
}

// ended is what endAll was told, nil = nothing.
func (s *statement) ended() *sqlerr.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.last
}

// done ends the call: what cancels from now on finds nothing to cancel.
func (s *statement) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.running = false
}

// cancel ends the running call, if there is one.
func (s *statement) cancel(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.running {
		s.mu.end(cause)
	}
}

func (s *statement) isRunning() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.running
}

// ifIdle calls fn while no call runs and none can start.
func (s *statement) ifIdle(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.mu.running {
		fn()
	}
}

// close releases the context.
func (s *statement) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.end != nil {
		s.mu.end(errGone)
	}
	s.mu.running = false
}
