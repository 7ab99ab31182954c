package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// result is one line of the table; what is zero is not shown.
type result struct {
	what    string
	count   int64
	bytes   int64
	wall    time.Duration
	cpu     time.Duration // of the server
	samples []time.Duration
}

// add puts another turn of the same measurement to r.
func (r *result) add(more result) {
	r.count, r.bytes, r.wall, r.cpu = r.count+more.count, r.bytes+more.bytes, r.wall+more.wall, r.cpu+more.cpu
	r.samples = append(r.samples, more.samples...)
}

// table prints results as they come.
type table struct{ w io.Writer }

const lineFormat = "%-62s %12s %9s %9s %9s %14s\n"

func newTable(w io.Writer) *table {
	fmt.Fprintf(w, lineFormat, "", "per second", "MB/s", "p50", "p99", "server CPU")
	return &table{w}
}

func (t *table) add(r result) {
	var rate, mb, p50, p99, cpu string
	if r.wall > 0 && r.count > 0 {
		rate = fmt.Sprintf("%.0f", float64(r.count)/r.wall.Seconds())
		cpu = perUnit(r.cpu, r.count)
		if r.bytes > 0 {
			mb = fmt.Sprintf("%.1f", float64(r.bytes)/r.wall.Seconds()/1e6)
		}
	}
	if len(r.samples) > 0 {
		slices.Sort(r.samples)
		p50, p99 = short(r.samples[len(r.samples)/2]), short(r.samples[len(r.samples)*99/100])
	}
	fmt.Fprintf(t.w, lineFormat, r.what, rate, mb, p50, p99, cpu)
}

// ratio prints ours over a peer's: of the rates, and of the server CPU for one.
func (t *table) ratio(what string, ours, peer result) {
	if ours.wall <= 0 || peer.wall <= 0 || ours.count == 0 || peer.count == 0 || peer.cpu <= 0 {
		return
	}
	rate := float64(ours.count) / ours.wall.Seconds() / (float64(peer.count) / peer.wall.Seconds())
	cpu := float64(ours.cpu) / float64(ours.count) / (float64(peer.cpu) / float64(peer.count))
	fmt.Fprintf(t.w, lineFormat, what, fmt.Sprintf("x%.2f", rate), "", "", "", fmt.Sprintf("x%.2f", cpu))
}

func (t *table) skip(what, why string) { fmt.Fprintf(t.w, "%-62s skipped: %s\n", what, why) }

func perUnit(d time.Duration, n int64) string {
	if d <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f us each", float64(d.Nanoseconds())/float64(n)/1000)
}

func short(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }

// machine says what the numbers were made on.
func machine() string {
	model := "unknown processor"
	info, _ := os.ReadFile("/proc/cpuinfo") // absent elsewhere: the line says so
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	before, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%s, %d cores, %s/%s, %s, load before %s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), before)
}
