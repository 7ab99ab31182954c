package server

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/tributary-db/tributary/exec/checkpoint"
)

// openCheckpoints finds the checkpoint that the engine starts from, nil = none, and removes what a
// crash left of others.
func (s *Server) openCheckpoints(ctx context.Context) (*checkpoint.Store, *checkpoint.Loaded, error) {
	pieces, end := context.WithCancel(context.WithoutCancel(ctx))
	s.onClose(func(context.Context) error { end(); return nil })
	store := checkpoint.NewStore(pieces, checkpoint.Config{
		Objects: s.guarded, Local: strings.HasPrefix(s.cfg.ObjectStore, "file://"), Meta: s.meta, Timelines: s.identity.timelines,
		Rand: rand.Reader, Logger: s.logger,
	})
	if err := store.Sweep(ctx); err != nil {
		s.logger.Warn("old checkpoints not removed", "error", err)
	}
	at, err := s.log.Newest(ctx, true)
	if err != nil {
		return nil, nil, err
	}
	newest, err := store.Newest(ctx, at)
	return store, newest, err
}

// closeRuntime writes a last checkpoint, so that the next start replays nothing, and stops the
// dataflows.
func (s *Server) closeRuntime(ctx context.Context) error {
	if err := s.runtime.Checkpoint(ctx); err != nil {
		s.logger.Warn("no checkpoint at the end, the next start replays the log", "error", err)
	}
	return s.runtime.Close()
}
