// Package latency counts durations into fixed buckets.
//
//	hot path ─► Histogram.Observe (three atomic adds) ─► Snapshot ─► server/httpd: a Prometheus histogram
//
// The bounds are the same everywhere, so that a dashboard can lay one thing over another. Nothing
// is allocated and no lock is taken.
package latency
