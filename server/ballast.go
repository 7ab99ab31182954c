package server

import (
	"path/filepath"

	"github.com/tributary-db/tributary/internal/ballast"
)

func (s *Server) openBallast() (err error) {
	s.ballast, err = ballast.Open(ballast.Config{
		Path: filepath.Join(s.cfg.DataDir, "ballast"), Size: s.cfg.DiskBallast, Keep: s.cfg.DiskReserve,
		Free: func() (int64, error) { return freeSpace(s.cfg.DataDir) },
	})
	if err == nil {
		s.restoreBallast()
	}
	return err
}

// releaseBallast gives its room to what met the full disk.
func (s *Server) releaseBallast() bool {
	released := s.ballast.Release()
	if released {
		s.logger.Warn("the disk is full: the ballast file is removed", "bytes", s.cfg.DiskBallast)
	}
	return released
}

// restoreBallast makes the file again once there is room.
func (s *Server) restoreBallast() {
	if err := s.ballast.Restore(); err != nil {
		s.logger.Warn("no ballast file could be made", "error", err)
	}
}
