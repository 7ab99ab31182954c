package server

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/tributary-db/tributary/internal/cores"
	"github.com/tributary-db/tributary/storage/state"
	"github.com/tributary-db/tributary/storage/temprun"
)

// stateFiles is how many files of state on disk stay open at rest.
const stateFiles = 256

// hasRoom: the disk has room for so many bytes of what can be done without.
func (s *Server) hasRoom(bytes int64) bool {
	free, err := freeSpace(s.cfg.DataDir)
	return err != nil || free-bytes > s.cfg.DiskReserve
}

// openTemp makes room for what statements have no memory for, and removes what an earlier process left.
func (s *Server) openTemp() error {
	var err error
	if s.temp, err = temprun.Open(filepath.Join(s.cfg.DataDir, "temp"), s.hasRoom); err != nil {
		return fmt.Errorf("directory of temporary files: %w", err)
	}
	return nil
}

// startMerges begins to merge what tables and dataflows keep, beside those who write it, and to put on
// the local disk what memory has no room for.
func (s *Server) startMerges() error {
	var err error
	s.tier, err = state.NewTier(state.TierConfig{
		Dir: filepath.Join(s.cfg.DataDir, "state"), Limit: s.memory.state.Limit(), Used: s.memory.state.Used,
		Charge: func(bytes int64) { _ = s.memory.state.Force(bytes) }, OpenFiles: stateFiles,
		Room: s.hasRoom,
	})
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	s.merges = state.NewPool(s.tier)
	workers := int(s.cfg.MergeWorkers)
	if workers == 0 {
		workers = max(1, cores.Count()/2)
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
		s.tier.Close()
		return nil
	})
	return nil
}
