package server

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/kafka"
	"github.com/tributary-db/tributary/kafka/group"
	"github.com/tributary-db/tributary/kafka/quota"
	"github.com/tributary-db/tributary/server/httpd"
	"github.com/tributary-db/tributary/server/rpc"
	"github.com/tributary-db/tributary/storage/log"
)

// broker is the Kafka face, for clients of RPCs.
type broker struct{ *kafka.Local }

var _ rpc.Broker = broker{}

func (b broker) Commit(ctx context.Context, id string, t *log.Topic, offsets map[int32]rpc.Committed) error {
	all := make(map[int32]group.Offset, len(offsets))
	for p, o := range offsets {
		all[p] = group.Offset{Offset: o.Offset, Metadata: o.Metadata}
	}
	return b.Local.Commit(ctx, id, t, all)
}

func (b broker) Committed(ctx context.Context, id string, t *log.Topic) (map[int32]rpc.Committed, error) {
	offsets, err := b.Local.Committed(ctx, id, t)
	all := make(map[int32]rpc.Committed, len(offsets))
	for p, o := range offsets {
		all[p] = rpc.Committed{Offset: o.Offset, Metadata: o.Metadata}
	}
	return all, err
}

func (b broker) Produced(who auth.Principal, n int) time.Duration {
	return b.Charge(who, quota.Produce, n)
}

func (b broker) Fetched(who auth.Principal, n int) time.Duration {
	return b.Charge(who, quota.Fetch, n)
}

func (broker) Explain(err error) rpc.Problem { return rpc.Problem(kafka.Explain(err)) }

func (s *Server) openRPC() (err error) {
	s.rpc, err = rpc.New(rpc.Config{
		Log: s.log, Broker: broker{s.kafka.Local()}, Statements: s.statements, Principal: httpd.PrincipalOf, Ready: s.ready,
		MaxCalls: int(s.cfg.RPCMaxCalls), Memory: s.cfg.RPCMemory, Logger: s.logger,
	})
	return err
}

func (s *Server) handleRPC(web *httpd.Server) {
	for path, h := range s.rpc.Handlers() {
		web.Handle(path, h)
	}
	web.Open(rpc.HealthPath)
}

func (s *Server) rpcMetrics() []prometheus.Collector {
	c := func(name, help string, read func(rpc.Stats) int64) prometheus.Collector {
		return httpd.Counter("tributary_"+name, help, func() float64 { return float64(read(s.rpc.Stats())) })
	}
	out := []prometheus.Collector{
		httpd.Gauge("tributary_rpc_calls", "RPCs under way, streams among them (rpc_max_calls).", func() float64 { return float64(s.rpc.Stats().Calls) }),
		httpd.Gauge("tributary_rpc_bytes", "Bytes of RPC messages that are read, and of answers that wait for their client (rpc_memory).", func() float64 { return float64(s.rpc.Stats().Bytes) }),
		c("rpc_refused_total", "RPCs refused because too many were under way (rpc_max_calls).", func(s rpc.Stats) int64 { return s.Refused }),
		c("rpc_too_slow_total", "RPC streams cut off because their client did not read.", func(s rpc.Stats) int64 { return s.TooSlow }),
		c("rpc_records_in_total", "Records produced by RPC and acknowledged.", func(s rpc.Stats) int64 { return s.RecordsIn }),
		c("rpc_records_out_total", "Records given to consumers by RPC.", func(s rpc.Stats) int64 { return s.RecordsOut }),
		httpd.Counter("tributary_panics_total", "Bugs that ended a connection.", func() float64 { return float64(s.rpc.Stats().Panics) }, "face", "rpc"),
	}
	for _, m := range s.rpc.Methods() {
		service, name, _ := strings.Cut(m.Name, "/")
		out = append(out,
			httpd.Histogram("tributary_rpc_seconds", "Time of RPCs; that of streams is until they end.", m.Latency.Snapshot, "service", service, "method", name),
			httpd.Counter("tributary_rpc_errors_total", "RPCs that ended with an error.", func() float64 { return float64(m.Failed.Load()) }, "service", service, "method", name))
	}
	return out
}
