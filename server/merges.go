package server

import (
	"context"
	"runtime"

	"github.com/tributary-db/tributary/storage/state"
)

// startMerges begins to merge what tables and dataflows keep, beside those who write it.
func (s *Server) startMerges() {
	s.merges = state.NewPool()
	workers := int(s.cfg.MergeWorkers)
	if workers == 0 {
		workers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.merges.Run(ctx, workers)
	}()
	s.onClose(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
}
