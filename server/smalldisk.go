package server

import (
	"context"

	"github.com/tributary-db/tributary/internal/config"
)

// A disk has at most these shares set aside by default: on one of 2 GB the whole reserve would refuse everything long before it is full.
const (
	reserveShare = 32
	ballastShare = 128
)

// fitDisk makes defaults of what is set aside fit a small disk. What somebody has set stays as it is.
func (s *Server) fitDisk(context.Context) error {
	total, free, err := diskSpace(s.cfg.DataDir)
	if err != nil || total <= 0 {
		return nil // why: who cannot tell does not stop the start; the disk itself will
	}
	s.fitTo(total, free)
	return nil
}

func (s *Server) fitTo(total, free int64) {
	def := config.Default()
	cfg := *s.cfg
	if !cfg.Given("disk_reserve") && cfg.DiskReserve == def.DiskReserve {
		cfg.DiskReserve = min(cfg.DiskReserve, total/reserveShare)
	}
	if !cfg.Given("disk_ballast") && cfg.DiskBallast == def.DiskBallast {
		cfg.DiskBallast = min(cfg.DiskBallast, total/ballastShare)
	}
	if cfg.DiskReserve != s.cfg.DiskReserve || cfg.DiskBallast != s.cfg.DiskBallast {
		s.logger.Info("the disk is small: less of it is set aside", "size", total, "free", free, "disk_reserve", cfg.DiskReserve, "disk_ballast", cfg.DiskBallast)
	}
	if free < cfg.DiskReserve {
		s.logger.Warn("the disk is nearly full: records are refused until there is room", "size", total, "free", free, "disk_reserve", cfg.DiskReserve)
	}
	s.cfg = &cfg
}
