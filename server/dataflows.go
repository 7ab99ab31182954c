package server

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/lane"
)

// dataflow is a derived relation with its status.
type dataflow struct {
	*catalog.Relation
	lane.Status
}

func (s *Server) dataflows() (out []dataflow) {
	snap := s.catalog.Now()
	for _, kind := range []catalog.Kind{catalog.KindView, catalog.KindSink, catalog.KindStream} {
		for _, rel := range snap.Relations(kind) {
			if st, ok := s.runtime.Status(rel.OID); ok {
				out = append(out, dataflow{rel, st})
			}
		}
	}
	return out
}

// standing lists the dataflows that need somebody's attention, for the readiness page: the server
// is ready all the same.
func (s *Server) standing() (out []string) {
	for _, d := range s.dataflows() {
		if d.Stands() {
			out = append(out, fmt.Sprintf("%s %s: %s: %s", d.Kind, d.QualifiedName(), d.State, d.Reason.Message))
		}
	}
	return out
}

// maxLabelled bounds the dataflows that have metrics of their own, views first; all are counted.
const maxLabelled = 1000

// dataflowMetrics are gauges by dataflow.
type dataflowMetrics struct {
	s                        *Server
	state, rowErrors, stands *prometheus.Desc
}

func newDataflowMetrics(s *Server) *dataflowMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tributary_dataflow_"+name, help, labels, nil)
	}
	return &dataflowMetrics{
		s:         s,
		state:     desc("state", "1 for the state that a view, sink or derived stream is in.", "relation", "kind", "state"),
		rowErrors: desc("row_errors", "Rows of its query that are errors.", "relation", "kind"),
		stands:    desc("standing", "Dataflows whose state is error, waiting or failed."),
	}
}

// Describe implements prometheus.Collector.
func (m *dataflowMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- m.state
	to <- m.rowErrors
	to <- m.stands
}

// Collect implements prometheus.Collector.
func (m *dataflowMetrics) Collect(to chan<- prometheus.Metric) {
	stands := 0
	for i, d := range m.s.dataflows() {
		if d.Stands() {
			stands++
		}
		if i >= maxLabelled {
			continue
		}
		name, kind := d.QualifiedName(), string(d.Kind)
		to <- prometheus.MustNewConstMetric(m.state, prometheus.GaugeValue, 1, name, kind, d.State)
		to <- prometheus.MustNewConstMetric(m.rowErrors, prometheus.GaugeValue, float64(d.RowErrors), name, kind)
	}
	to <- prometheus.MustNewConstMetric(m.stands, prometheus.GaugeValue, float64(stands))
}
