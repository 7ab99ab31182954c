package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/server/httpd"
	"github.com/tributary-db/tributary/storage/state"
)

// stateMetrics are those of merges and of the disk below memory.
func (s *Server) stateMetrics() []prometheus.Collector {
	merges := func(name, help string, read func(state.PoolStats) uint64) prometheus.Collector {
		return httpd.Counter("tributary_state_"+name, help, func() float64 { return float64(read(s.merges.Stats())) })
	}
	disk := func(name, help string, read func(state.TierStats) uint64) prometheus.Collector {
		return httpd.Counter("tributary_state_"+name, help, func() float64 { return float64(read(s.tier.Stats())) })
	}
	gauge := func(name, help string, read func(state.TierStats) int64) prometheus.Collector {
		return httpd.Gauge("tributary_state_"+name, help, func() float64 { return float64(read(s.tier.Stats())) })
	}
	groups := func(name, help string, read func(state.GroupStats) uint64) prometheus.Collector {
		return httpd.Counter("tributary_state_groups_"+name, help, func() float64 { return float64(read(s.merges.Groups().Stats())) })
	}
	return []prometheus.Collector{
		httpd.Gauge("tributary_state_groups_bytes", "Memory of the groups of GROUP BY and DISTINCT in views and sinks, part of state_memory. From a quarter of it on they go to disk.", func() float64 { return float64(s.merges.Groups().Stats().Bytes) }),
		groups("moved_total", "Times that all groups of a GROUP BY or DISTINCT were put where they can go to disk.", func(g state.GroupStats) uint64 { return g.Moved }),
		groups("fetched_total", "Groups that came back from there, because rows came for them.", func(g state.GroupStats) uint64 { return g.Fetched }),
		groups("written_total", "Groups written there; one that changes is written twice, as it was and as it is.", func(g state.GroupStats) uint64 { return g.Settled }),
		groups("parts_total", "Parts of ticks that ended on the way, because one commit touched more groups than memory holds.", func(g state.GroupStats) uint64 { return g.Parts }),
		httpd.Gauge("tributary_tables_rebuilding", "Tables that are made anew from their changelogs; reads of them wait or are refused.", func() float64 { return float64(s.tables.Stats().Rebuilding) }),
		httpd.Gauge("tributary_tables_failed", "Tables that nobody can use until ALTER TABLE … REBUILD.", func() float64 { return float64(s.tables.Stats().Failed) }),
		httpd.Counter("tributary_foreign_key_lock_escalations_total", "Transactions that locked all keys of a table, as they needed more than max_foreign_key_locks of them.", func() float64 { return float64(s.tables.KeyEscalations()) }),
		httpd.Counter("tributary_table_rebuilds_total", "Tables that were made anew while the server ran, because of damage or on request.", func() float64 { return float64(s.tables.Stats().Rebuilds) }),
		httpd.Gauge("tributary_state_merges_waiting", "Tables and states that ask for a merge.", func() float64 { return float64(s.merges.Stats().Waiting) }),
		merges("merges_total", "Merges of state done.", func(m state.PoolStats) uint64 { return m.Merges }),
		merges("merged_rows_total", "Rows that merges read.", func(m state.PoolStats) uint64 { return m.Rows }),
		merges("merges_helped_total", "Merges that a writer did itself, because the pool was behind.", func(m state.PoolStats) uint64 { return m.Helped }),
		merges("merges_failed_total", "Merges given up for want of memory, or because the state ended.", func(m state.PoolStats) uint64 { return m.Failed }),
		disk("chunks_to_disk_total", "Chunks of rows put on the local disk because memory was short (state_memory).", func(t state.TierStats) uint64 { return t.Chunks }),
		disk("disk_written_bytes_total", "Bytes of these.", func(t state.TierStats) uint64 { return t.Written }),
		disk("chunks_in_checkpoint_total", "Chunks of rows that left memory without being written, because the local disk has them already: in a checkpoint, or from before they came back.", func(t state.TierStats) uint64 { return t.Linked }),
		disk("chunks_warmed_total", "Chunks of rows of a checkpoint that came into memory while there was plenty.", func(t state.TierStats) uint64 { return t.Warmed }),
		disk("chunks_fetched_total", "Chunks of rows of a checkpoint that were copied from a distant store to the local disk.", func(t state.TierStats) uint64 { return t.Fetched }),
		disk("disk_reads_total", "Blocks of rows read from the local disk, or from a checkpoint.", func(t state.TierStats) uint64 { return t.Reads }),
		disk("disk_read_bytes_total", "Bytes of these.", func(t state.TierStats) uint64 { return t.ReadBytes }),
		disk("disk_failed_total", "Reads and writes of state on the local disk that failed.", func(t state.TierStats) uint64 { return t.Failed }),
		disk("chunks_reread_total", "Chunks of rows that could not be read from the local disk and are read from a checkpoint since.", func(t state.TierStats) uint64 { return t.Reread }),
		disk("cache_hits_total", "Blocks on disk that were still in memory when read.", func(t state.TierStats) uint64 { return t.Hits }),
		disk("cache_evictions_total", "Blocks that left memory again.", func(t state.TierStats) uint64 { return t.Evictions }),
		gauge("cache_bytes", "Memory of blocks that are also on disk, part of state_memory.", func(t state.TierStats) int64 { return t.CachedBytes }),
		gauge("disk_bytes", "Size of the files of state on the local disk.", func(t state.TierStats) int64 { return t.Disk.Bytes }),
		gauge("disk_alive_bytes", "Bytes in them that are in use; the rest is rewritten or removed.", func(t state.TierStats) int64 { return t.Disk.Alive }),
	}
}
