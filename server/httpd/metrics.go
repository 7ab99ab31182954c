package httpd

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tributary-db/tributary/internal/latency"
)

// Counter is a metric that only grows, read by fn when it is asked for. Labels are name and
// value in turn. fn must not block.
func Counter(name, help string, fn func() float64, labels ...string) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: pairs(labels)}, fn)
}

// Gauge is a metric that goes up and down, read by fn when it is asked for.
func Gauge(name, help string, fn func() float64, labels ...string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: pairs(labels)}, fn)
}

// Histogram is a metric of durations in seconds, read by fn when it is asked for.
func Histogram(name, help string, fn func() latency.Snapshot, labels ...string) prometheus.Collector {
	return &histogram{prometheus.NewDesc(name, help, nil, pairs(labels)), fn}
}

type histogram struct {
	desc *prometheus.Desc
	read func() latency.Snapshot
}

func (h *histogram) Describe(ch chan<- *prometheus.Desc) { ch <- h.desc }

func (h *histogram) Collect(ch chan<- prometheus.Metric) {
	s := h.read()
	ch <- prometheus.MustNewConstHistogram(h.desc, s.Count, s.Seconds, s.Below)
}

func newRegistry(own []prometheus.Collector) (*prometheus.Registry, error) {
	r := prometheus.NewRegistry()
	all := append([]prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}, own...)
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func pairs(labels []string) prometheus.Labels {
	out := prometheus.Labels{}
	for i := 0; i+1 < len(labels); i += 2 {
		out[labels[i]] = labels[i+1]
	}
	return out
}
