package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/server/httpd"
)

// shardMetrics are those of work that several processors share.
func (s *Server) shardMetrics() []prometheus.Collector {
	return []prometheus.Collector{
		httpd.Gauge("tributary_shards_busy", "Shards that statements, views and sinks use now beyond one each (shards).", func() float64 { return float64(s.runtime.ShardStats().Busy) }),
		httpd.Counter("tributary_shard_statements_total", "Statements that were divided among several shards.", func() float64 { return float64(s.runtime.ShardStats().Statements) }),
		httpd.Counter("tributary_shard_refused_total", "Statements that ran on one shard because all others were busy.", func() float64 { return float64(s.runtime.ShardStats().Refused) }),
		httpd.Counter("tributary_shard_ticks_total", "Large steps of views and sinks of which shards that were free took a part (min_shard_tick_rows).", func() float64 { return float64(s.runtime.ShardStats().Ticks) }),
		httpd.Counter("tributary_shard_sorts_total", "Parts of what views and sinks keep that another processor sorted beside them.", func() float64 { return float64(s.runtime.ShardStats().Sorts) }),
	}
}
