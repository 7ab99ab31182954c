package server

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tributary-db/tributary/storage/log"
)

// objectMetrics are the metrics of what users make: dataflows, topics, consumer groups. All is
// read when it is asked for; the log is locked for one partition at a time.
type objectMetrics struct {
	s                                          *Server
	dataflows, states, topics, groups, members family
	standing, over                             *prometheus.Desc
}

const gauge, counter = prometheus.GaugeValue, prometheus.CounterValue

func newObjectMetrics(s *Server) *objectMetrics {
	m := &objectMetrics{
		s:         s,
		dataflows: family{what: "dataflow", names: 1, labels: []string{"relation", "kind"}},
		states:    family{what: "dataflow", names: 1, labels: []string{"relation", "kind", "state"}},
		topics:    family{what: "topic", names: 1, labels: []string{"topic"}},
		groups:    family{what: "group", names: 2, labels: []string{"group", "topic"}},
		members:   family{what: "group", names: 1, labels: []string{"group"}},
		standing:  prometheus.NewDesc("tributary_dataflow_standing", "Dataflows whose state is error, waiting or failed.", nil, nil),
		over:      prometheus.NewDesc("tributary_metrics_folded", "Objects above metrics_max_series, which are summed under the name _other (times: the largest).", []string{"object"}, nil),
	}
	m.states.add("tributary_dataflow_state", "1 for the state that a view, sink or derived stream is in.", gauge, false)

	d := &m.dataflows
	d.add("tributary_dataflow_row_errors", "Rows of a view, sink or derived stream's query that are errors.", gauge, false)
	d.add("tributary_dataflow_lag_commits", "Commits that a view, sink or derived stream has not taken in; 0 = nothing that it is made from has changed since.", gauge, false)
	d.add("tributary_dataflow_lag_bytes", "Bytes of the records that a view, sink or derived stream is made from and has not taken in.", gauge, false)
	d.add("tributary_dataflow_lag_seconds", "Time since the first record that a view, sink or derived stream has not taken in was committed; 0 = there is none.", gauge, true)
	d.add("tributary_dataflow_freshness_seconds", "Time since the commit that a view, sink or derived stream shows the content of.", gauge, true)
	d.add("tributary_dataflow_state_bytes", "Memory of the state of a view, sink or derived stream.", gauge, false)
	d.add("tributary_dataflow_late_rows_total", "Records left out because all their windows were closed.", counter, false)
	d.add("tributary_dataflow_no_time_rows_total", "Records left out of windows that wait because they have no finite event time.", counter, false)
	d.add("tributary_dataflow_ahead_rows_total", "Records further ahead than watermark_max_jump, by each dataflow that read them, since the start.", counter, false)

	t := &m.topics
	t.add("tributary_topic_partitions", "Partitions of a topic.", gauge, false)
	t.add("tributary_topic_records", "Offsets between the log starts of a topic's partitions and their ends.", gauge, false)
	t.add("tributary_topic_bytes", "Bytes of the record batches that a topic keeps.", gauge, false)
	t.add("tributary_topic_freshness_seconds", "Time since a topic's newest record was committed.", gauge, true)

	m.members.add("tributary_group_members", "Members of a consumer group.", gauge, false)
	g := &m.groups
	g.add("tributary_group_lag_records", "Records behind the offsets that a consumer group has committed, by topic.", gauge, false)
	g.add("tributary_group_lag_bytes", "Bytes of the records behind the offsets that a consumer group has committed.", gauge, false)
	g.add("tributary_group_lag_seconds", "Time since the first record behind the offsets of a consumer group was committed to the log; 0 = there is none.", gauge, true)
	return m
}

func (m *objectMetrics) families() []*family {
	return []*family{&m.dataflows, &m.states, &m.topics, &m.groups, &m.members}
}

// Describe implements prometheus.Collector.
func (m *objectMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, f := range m.families() {
		f.describe(to)
	}
	to <- m.standing
	to <- m.over
}

// Collect implements prometheus.Collector.
func (m *objectMetrics) Collect(to chan<- prometheus.Metric) {
	limit, over := int(m.s.cfg.MetricsMaxSeries), map[string]int{}
	show := func(f *family, rows []row) { over[f.what] = max(over[f.what], f.collect(rows, limit, to)) }
	now := m.s.clock.Now()

	flows := m.s.dataflows()
	// Those that need somebody keep their names.
	slices.SortStableFunc(flows, func(a, b dataflow) int {
		return cmp.Or(boolInt(b.Stands())-boolInt(a.Stands()), cmp.Compare(a.OID, b.OID))
	})
	dataflows, states := make([]row, len(flows)), make([]row, len(flows))
	stands, newest := 0, m.s.log.Stats().Newest
	for i := range flows {
		stands += boolInt(flows[i].Stands())
		dataflows[i], states[i] = m.dataflowRow(&flows[i], newest, now)
	}
	show(&m.dataflows, dataflows)
	show(&m.states, states)
	to <- prometheus.MustNewConstMetric(m.standing, gauge, float64(stands))

	topics := m.s.log.Topics()
	show(&m.topics, m.topicRows(topics, now))
	groups, members := m.groupRows(topics, now)
	show(&m.groups, groups)
	show(&m.members, members)
	for what, n := range over {
		to <- prometheus.MustNewConstMetric(m.over, gauge, float64(n), what)
	}
}

func (m *objectMetrics) dataflowRow(d *dataflow, newest log.CommitSeq, now time.Time) (values, state row) {
	lag := newest - min(d.Frontier, newest)
	var behind log.Behind
	if lag > 0 {
		for _, t := range d.Beneath.Topics {
			behind = behind.Add(m.s.log.BehindCommit(t.Topic, d.Frontier))
		}
	}
	name, kind := d.QualifiedName(), string(d.Kind)
	return row{[]string{name, kind}, []float64{
		float64(d.RowErrors), float64(lag), float64(behind.Bytes), waited(behind, now), since(now, m.s.log.CommitTime(d.Frontier)),
		float64(d.StateBytes), float64(d.Late), float64(d.NoTime), float64(d.Ahead),
	}}, row{[]string{name, kind, d.State}, []float64{1}}
}

func (m *objectMetrics) topicRows(topics []log.Topic, now time.Time) []row {
	out := make([]row, len(topics))
	for i, t := range topics {
		all := m.s.kept(t)
		out[i] = row{[]string{t.Name}, []float64{float64(t.Partitions), float64(all.Records), float64(all.Bytes), since(now, all.Last)}}
	}
	return out
}

// kept is what all partitions of a topic have.
func (s *Server) kept(t log.Topic) (all log.Behind) {
	for p := range t.Partitions {
		if b, ok := s.log.BehindOffset(log.Partition{Topic: t.ID, Index: p}, 0); ok {
			all = all.Add(b)
		}
	}
	return all
}

// topicBytes is what pg_relation_size says of a stream.
func (s *Server) topicBytes(id log.TopicID) int64 {
	t, ok := s.log.TopicByID(id)
	if !ok {
		return 0
	}
	return s.kept(t).Bytes
}

func (m *objectMetrics) groupRows(topics []log.Topic, now time.Time) (groups, members []row) {
	names := make(map[log.TopicID]string, len(topics))
	for _, t := range topics {
		names[t.ID] = t.Name
	}
	for _, g := range m.s.kafka.Groups() {
		members = append(members, row{[]string{g.ID}, []float64{float64(g.Members)}})
		lag := map[string]log.Behind{}
		for tp, o := range g.Offsets {
			b, ok := m.s.log.BehindOffset(log.Partition{Topic: tp.Topic, Index: tp.Index}, o.Offset)
			if ok {
				lag[names[tp.Topic]] = lag[names[tp.Topic]].Add(b)
			}
		}
		for name, b := range lag {
			groups = append(groups, row{[]string{g.ID, name}, []float64{float64(b.Records), float64(b.Bytes), waited(b, now)}})
		}
	}
	slices.SortFunc(groups, func(a, b row) int { return slices.Compare(a.labels, b.labels) })
	return groups, members
}

// waited is how long the first record before a reader has waited.
func waited(b log.Behind, now time.Time) float64 {
	if b.Records == 0 {
		return 0
	}
	return since(now, b.Since)
}

// since is NaN for a time that is not known.
func since(now, then time.Time) float64 {
	if then.IsZero() {
		return math.NaN()
	}
	return max(now.Sub(then).Seconds(), 0)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
