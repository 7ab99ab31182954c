package server

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/server/httpd"
)

// accounts are where the memory of rows is charged.
type accounts struct {
	total, state, dataflows, statements *memory.Account
	decoded                             *decoded.Cache
}

func (s *Server) openAccounts() {
	limit := s.cfg.TotalMemory
	if limit == 0 {
		limit = memory.Machine() / 4 * 3
	}
	s.memory.total = memory.New("total_memory", limit)
	state := stateMemory(s.cfg, limit)
	s.memory.state = s.memory.total.Child("state_memory", state)
	// Tables keep little in memory, and writes to them must not wait for a view that wants everything.
	s.memory.dataflows = s.memory.state.Child("state_memory less an eighth for tables", state-state/8)
	s.memory.statements = s.memory.total.Child("", 0)
	s.memory.decoded = decoded.NewCache(s.cfg.DecodeCache, s.memory.total.Child("", 0))
	s.collect(limit)
	if os.Getenv("GOMEMLIMIT") == "" {
		before := debug.SetMemoryLimit(heapLimit(limit))
		s.onClose(func(context.Context) error {
			debug.SetMemoryLimit(before)
			return nil
		})
	}
}

// collect has the heap grow before it is collected, unless whoever runs the server says how.
func (s *Server) collect(total int64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	c := startCollector(min(collectorRoom, total/16))
	s.onClose(func(context.Context) error {
		c.stop()
		return nil
	})
}

// stateMemory is what state may take of total. The rest is for statements; and rows go to the local disk for want of
// state_memory, not of total_memory, so that one must come first.
func stateMemory(cfg *config.Settings, total int64) int64 { return min(cfg.StateMemory, total/4*3) }

// historyBytes is what one relation may keep of changes: they are part of state_memory, and where that is small
// those that a failing view holds must not be all of it.
func historyBytes(cfg *config.Settings, state int64) int64 { return min(cfg.HistoryBytes, state/16) }

// heapLimit is the heap from which on the collector works harder. What rows take is total at most; without
// a limit of its own the heap may be twice that before it is collected.
func heapLimit(total int64) int64 { return max(1<<30, total+total/4+256<<20) }

func (s *Server) memoryMetrics() []prometheus.Collector {
	var out []prometheus.Collector
	for name, a := range map[string]*memory.Account{"total": s.memory.total, "state": s.memory.state, "dataflows": s.memory.dataflows, "statements": s.memory.statements} {
		out = append(out, httpd.Gauge("tributary_memory_bytes", "Memory that rows take, by account.", func() float64 { return float64(a.Used()) }, "account", name))
		if a.Limit() > 0 {
			out = append(out, httpd.Gauge("tributary_memory_limit_bytes", "Limit of that memory.", func() float64 { return float64(a.Limit()) }, "account", name))
		}
	}
	return append(out, httpd.Gauge("tributary_parses_left_behind", "Parses of long texts whose statement was cancelled and which still run; at most half the processors work on long texts.", func() float64 { return float64(s.db.ParsesLeftBehind()) }))
}
