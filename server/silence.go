package server

import (
	"context"
	"time"

	"github.com/tributary-db/tributary/internal/job"
)

// tellHeldEvery is how often it is looked for lines of the log that were held back and that none has told of since.
const tellHeldEvery = 10 * time.Second

// tellHeld has what the log was silent about told within bounded time.
func (s *Server) tellHeld(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { // ends with cancel
		defer close(done)
		job.Label("held lines")
		for {
			select {
			case <-s.clock.After(tellHeldEvery):
			case <-ctx.Done():
				return
			}
			s.gate.TellHeld()
			s.kafka.TellHeld()
			s.runtime.TellHeld()
		}
	}()
	s.onClose(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
}
