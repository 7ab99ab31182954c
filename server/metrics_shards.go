package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/server/httpd"
)

// shardMetrics are those of statements that several processors share.
func (s *Server) shardMetrics() []prometheus.Collector {
	return []prometheus.Collector{
		httpd.Gauge("tributary_shards_busy", "Shards that statements use now beyond one each (shards).", func() float64 { return float64(s.runtime.ShardStats().Busy) }),
		httpd.Counter("tributary_shard_statements_total", "Statements that were divided among several shards.", func() float64 { return float64(s.runtime.ShardStats().Statements) }),
		httpd.Counter("tributary_shard_refused_total", "Statements that ran on one shard because all others were busy.", func() float64 { return float64(s.runtime.ShardStats().Refused) }),
	}
}
