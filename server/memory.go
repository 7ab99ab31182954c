package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/server/httpd"
)

// accounts are where the memory of rows is charged.
type accounts struct{ total, state, statements *memory.Account }

func (s *Server) openAccounts() {
	limit := s.cfg.TotalMemory
	if limit == 0 {
		limit = memory.Machine() / 4 * 3
	}
	s.memory.total = memory.New("total_memory", limit)
	s.memory.state = s.memory.total.Child("state_memory", s.cfg.StateMemory)
	s.memory.statements = s.memory.total.Child("", 0)
}

func (s *Server) memoryMetrics() []prometheus.Collector {
	var out []prometheus.Collector
	for name, a := range map[string]*memory.Account{"total": s.memory.total, "state": s.memory.state, "statements": s.memory.statements} {
		out = append(out, httpd.Gauge("tributary_memory_bytes", "Memory that rows take, by account.", func() float64 { return float64(a.Used()) }, "account", name))
		if a.Limit() > 0 {
			out = append(out, httpd.Gauge("tributary_memory_limit_bytes", "Limit of that memory.", func() float64 { return float64(a.Limit()) }, "account", name))
		}
	}
	return append(out, httpd.Gauge("tributary_parses_left_behind", "Parses of long texts whose statement was cancelled and which still run; at most half the processors work on long texts.", func() float64 { return float64(s.db.ParsesLeftBehind()) }))
}
