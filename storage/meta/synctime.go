package meta

import (
	"github.com/cockroachdb/pebble/vfs"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/latency"
)

// SyncLatency is the time of each sync of the write-ahead log, which every commit waits for.
func (s *PebbleStore) SyncLatency() latency.Snapshot { return s.syncs.Snapshot() }

// timedFile is a WAL whose syncs are timed.
type timedFile struct {
	vfs.File
	syncs *latency.Histogram
}

func (f *timedFile) timed(sync func() error) error {
	began := clock.Real{}.Now()
	err := sync()
	f.syncs.Observe(clock.Real{}.Now().Sub(began))
	return err
}

func (f *timedFile) Sync() error     { return f.timed(f.File.Sync) }
func (f *timedFile) SyncData() error { return f.timed(f.File.SyncData) }
