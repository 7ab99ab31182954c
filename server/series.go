package server

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// folded is the name under which objects above the limit are summed.
const folded = "_other"

// column is one metric of a family of objects.
type column struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	// largest: of several objects it shows the largest value, not the sum.
	largest bool
}

// family is a set of metrics that each object of a kind has, one value each: the metrics of topics,
// say. Labels begin with names of the object.
type family struct {
	what    string // objects, for tributary_metrics_folded
	names   int    // the labels in front that name the object; the others stay when it is folded
	labels  []string
	columns []column
}

func (f *family) add(name, help string, kind prometheus.ValueType, largest bool) {
	f.columns = append(f.columns, column{prometheus.NewDesc(name, help, f.labels, nil), kind, largest})
}

func (f *family) describe(to chan<- *prometheus.Desc) {
	for _, c := range f.columns {
		to <- c.desc
	}
}

// row is one object: its labels, and a value for each column, NaN where it has none.
type row struct {
	labels []string
	values []float64
}

// collect shows the first limit rows by name and the others summed; it returns how many those are.
func (f *family) collect(rows []row, limit int, to chan<- prometheus.Metric) (over int) {
	shown := rows[:min(limit, len(rows))]
	for _, r := range append(slices.Clone(shown), f.fold(rows[len(shown):])...) {
		for i, c := range f.columns {
			if v := r.values[i]; !math.IsNaN(v) {
				to <- prometheus.MustNewConstMetric(c.desc, c.kind, v, r.labels...)
			}
		}
	}
	return len(rows) - len(shown)
}

// fold makes one row of those that have the labels behind their names in common.
func (f *family) fold(rows []row) (out []row) {
	at := map[string]int{}
	for _, r := range rows {
		rest := r.labels[f.names:]
		key := strings.Join(rest, "\x00")
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			labels := append(slices.Repeat([]string{folded}, f.names), rest...)
			out = append(out, row{labels, slices.Repeat([]float64{math.NaN()}, len(f.columns))})
		}
		for k, c := range f.columns {
			out[i].values[k] = c.join(out[i].values[k], r.values[k])
		}
	}
	return out
}

func (c *column) join(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	case c.largest:
		return max(a, b)
	}
	return a + b
}

func (r row) String() string { return fmt.Sprint(r.labels, r.values) }
