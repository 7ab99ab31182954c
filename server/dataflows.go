package server

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/lane"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// dataflowRelation is tributary.dataflows: every view, sink and derived stream, and what it does.
func dataflowRelation() *catalog.Relation {
	column := func(name string, t sqltype.OID) catalog.Column {
		return catalog.Column{Name: name, Type: sqltype.Of(t)}
	}
	return &catalog.Relation{
		OID: dataflowsOID, Schema: "tributary", Name: "dataflows", Kind: catalog.KindSystem, TimestampColumn: -1,
		Columns: []catalog.Column{
			column("schema", sqltype.Text), column("name", sqltype.Text), column("kind", sqltype.Text),
			column("state", sqltype.Text), column("since", sqltype.Timestamptz), column("frontier", sqltype.Int8),
			column("sqlstate", sqltype.Text), column("reason", sqltype.Text), column("row_errors", sqltype.Int8),
			column("topic", sqltype.Text), column("_partition", sqltype.Int4), column("_offset", sqltype.Int8),
		},
	}
}

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

func (s *Server) dataflowRows(_ context.Context, emit func(*delta.Batch) error) error {
	types := make([]sqltype.OID, 0, 12)
	for _, c := range dataflowRelation().Columns {
		types = append(types, c.Type.OID)
	}
	b := delta.NewBatchBuilder(types)
	for _, d := range s.dataflows() {
		for i, v := range []string{d.Schema, d.Name, string(d.Kind), d.State} {
			b.Cols[i].AppendString(v)
		}
		delta.Append(b.Cols[4], d.Since.UnixMicro()-record.UnixToPostgresMillis*1000)
		delta.Append(b.Cols[5], int64(d.Frontier))
		if d.Reason == nil {
			b.Cols[6].AppendNull()
			b.Cols[7].AppendNull()
		} else {
			b.Cols[6].AppendString(string(d.Reason.Code))
			b.Cols[7].AppendString(d.Reason.Message)
		}
		delta.Append(b.Cols[8], d.RowErrors)
		if d.Record == nil {
			for _, c := range b.Cols[9:] {
				c.AppendNull()
			}
		} else {
			b.Cols[9].AppendString(d.Record.Topic)
			delta.Append(b.Cols[10], d.Record.Partition)
			delta.Append(b.Cols[11], d.Record.Offset)
		}
		b.End(1)
	}
	rows := b.Batch()
	return emit(&rows)
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
