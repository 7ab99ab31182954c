package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"
)

// wayStages are what a record waits for from its Produce until it is in a view, in order, by the histograms of it.
var wayStages = []struct{ name, metric string }{
	{"Produce, to its ack", `tributary_kafka_request_seconds`},
	{"  commit, to durable", `tributary_log_commit_seconds`},
	{"    sync of the log", `tributary_meta_sync_seconds`},
	{"visible, to a tick's begin", `tributary_dataflow_wait_seconds`},
	{"tick, to its result", `tributary_dataflow_tick_seconds`},
	{"visible, to the result", `tributary_dataflow_behind_seconds`},
}

// buckets is a histogram: how many durations were at most as long as each bound, in seconds.
type buckets struct {
	bounds []float64
	counts []float64
	sum    float64
}

// histograms reads those of wayStages, all series of one added up.
func (s *server) histograms(ctx context.Context) (map[string]*buckets, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.http+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	out := map[string]*buckets{}
	for _, st := range wayStages {
		out[st.metric] = &buckets{}
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), "{")
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if rest == "" {
			name, rest, _ = strings.Cut(lines.Text(), " ")
			value, err = strconv.ParseFloat(rest, 64)
		}
		if err != nil || strings.Contains(rest, `api="`) && !strings.Contains(rest, `api="produce"`) {
			continue // a comment, or another kind of request
		}
		if h := out[strings.TrimSuffix(name, "_sum")]; h != nil {
			h.sum += value
		}
		if h := out[strings.TrimSuffix(name, "_bucket")]; h != nil {
			_, le, _ := strings.Cut(rest, `le="`)
			le, _, _ = strings.Cut(le, `"`)
			if bound, err := strconv.ParseFloat(le, 64); err == nil {
				h.add(bound, value)
			}
		}
	}
	return out, lines.Err()
}

func (h *buckets) add(bound, count float64) {
	i := sort.SearchFloat64s(h.bounds, bound)
	if i == len(h.bounds) {
		h.bounds, h.counts = append(h.bounds, bound), append(h.counts, 0)
	}
	h.counts[i] += count
}

// since takes away what was there before.
func (h *buckets) since(before *buckets) {
	h.sum -= before.sum
	for i := range before.counts {
		h.counts[i] -= before.counts[i]
	}
}

// at is a percentile, as if durations lay evenly between two bounds.
func (h *buckets) at(percent float64) time.Duration {
	want, below, from := h.count()*percent/100, 0.0, 0.0
	for i, n := range h.counts {
		if n >= want && n > below {
			to := h.bounds[i]
			if i == len(h.counts)-1 {
				to = from // no upper bound
			}
			return time.Duration((from + (to-from)*(want-below)/(n-below)) * float64(time.Second))
		}
		below, from = n, h.bounds[i]
	}
	return 0
}

func (h *buckets) count() float64 {
	if len(h.counts) == 0 {
		return 0
	}
	return h.counts[len(h.counts)-1]
}

// printWay prints where the time went since before.
func (s *server) printWay(ctx context.Context, before map[string]*buckets) error {
	now, err := s.histograms(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%-30s %9s %9s %9s %9s\n", "the way of a record", "count", "mean", "p50", "p99")
	for _, st := range wayStages {
		h := now[st.metric]
		h.since(before[st.metric])
		if n := h.count(); n > 0 {
			mean := time.Duration(h.sum / n * float64(time.Second))
			fmt.Printf("%-30s %9.0f %9s %9s %9s\n", st.name, n, short(mean), short(h.at(50)), short(h.at(99)))
		}
	}
	return nil
}
