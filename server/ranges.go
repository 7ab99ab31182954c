package server

import (
	"context"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/server/httpd"
	"github.com/tributary-db/tributary/storage/rangecache"
)

// openRanges opens the cache of what is read from a remote object store; one that is not wanted any more is
// removed. It is never the only copy: if it cannot be opened the server goes on without it.
func (s *Server) openRanges(ctx context.Context) {
	dir := filepath.Join(s.cfg.DataDir, "cache")
	if s.onDirectory() || s.cfg.DiskCacheBytes == 0 {
		if err := os.RemoveAll(dir); err != nil {
			s.logger.Warn("the cache of ranges is not wanted any more and cannot be removed", "directory", dir, "error", err)
		}
		return
	}
	ranges, err := rangecache.Open(rangecache.Config{
		Dir: dir, Limit: s.cfg.DiskCacheBytes, Logger: s.logger, Clock: s.clock,
		Free: func() (int64, error) { return freeSpace(s.cfg.DataDir) }, Reserve: s.cfg.DiskReserve,
	})
	if err != nil {
		s.logger.Warn("there is no cache of ranges: older records are read from the object store", "directory", dir, "error", err)
		return
	}
	s.ranges = ranges
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- ranges.Run(running) }()
	s.onClose(func(context.Context) error {
		stop()
		return <-ended
	})
}

// rangeMetrics are of the cache; all zero where there is none.
func (s *Server) rangeMetrics() []prometheus.Collector {
	read := func(of func(rangecache.Stats) int64) func() float64 {
		return func() float64 {
			if s.ranges == nil {
				return 0
			}
			return float64(of(s.ranges.Stats()))
		}
	}
	g := func(name, help string, of func(rangecache.Stats) int64) prometheus.Collector {
		return httpd.Gauge("tributary_disk_cache_"+name, help, read(of))
	}
	c := func(name, help string, of func(rangecache.Stats) int64) prometheus.Collector {
		return httpd.Counter("tributary_disk_cache_"+name, help, read(of))
	}
	return []prometheus.Collector{
		g("bytes", "Disk that older records read from a remote object store take (disk_cache_bytes).", func(st rangecache.Stats) int64 { return st.Bytes }),
		g("entries", "Ranges of objects on that disk.", func(st rangecache.Stats) int64 { return st.Entries }),
		c("hits_total", "Ranges that were read from the disk and not from the object store.", func(st rangecache.Stats) int64 { return st.Hits }),
		c("misses_total", "Ranges that the disk did not have.", func(st rangecache.Stats) int64 { return st.Misses }),
		c("written_bytes_total", "Bytes written to the disk.", func(st rangecache.Stats) int64 { return st.Written }),
		c("damaged_total", "Ranges on disk whose checksum was wrong: they were read from the object store.", func(st rangecache.Stats) int64 { return st.Damaged }),
		c("dropped_total", "Ranges that were not written because the disk did not keep up, failed or had no room, or because they are longer than half of disk_cache_bytes.", func(st rangecache.Stats) int64 { return st.Dropped }),
		c("failures_total", "Writes to the disk that failed.", func(st rangecache.Stats) int64 { return st.Failures }),
	}
}
