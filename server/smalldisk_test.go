package server

import (
	"log/slog"
	"testing"

	"github.com/tributary-db/tributary/internal/config"
)

// TestFitDisk: defaults fit a small disk, what was set stays.
func TestFitDisk(t *testing.T) {
	const mib = 1 << 20
	for _, tc := range []struct {
		total            int64
		reserve, ballast int64 // 0 = not set
		want             [2]int64
	}{
		{1 << 40, 0, 0, [2]int64{256 * mib, 64 * mib}},
		{8 << 30, 0, 0, [2]int64{256 * mib, 64 * mib}},
		{1 << 30, 0, 0, [2]int64{32 * mib, 8 * mib}},
		{300 * mib, 0, 0, [2]int64{300 * mib / 32, 300 * mib / 128}},
		{1 << 30, 700 * mib, 90 * mib, [2]int64{700 * mib, 90 * mib}},
	} {
		cfg := config.Default()
		if tc.reserve != 0 {
			cfg.DiskReserve, cfg.DiskBallast = tc.reserve, tc.ballast
		}
		s := &Server{cfg: cfg, logger: slog.New(slog.DiscardHandler)}
		s.fitTo(tc.total, tc.total)
		if got := [2]int64{s.cfg.DiskReserve, s.cfg.DiskBallast}; got != tc.want {
			t.Errorf("a disk of %d: %v, want %v", tc.total, got, tc.want)
		}
	}
}
