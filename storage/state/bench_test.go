package state

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

var benchTypes = []sqltype.OID{sqltype.Int8, sqltype.Int8, sqltype.Text}

// benchRows are n rows with keys spread by a step that visits every key once.
func benchRows(b *delta.BatchBuilder, from, n int) delta.Batch {
	b.Clear()
	for i := from; i < from+n; i++ {
		benchRow(b, int64(i))
	}
	return b.Batch()
}

func benchRow(b *delta.BatchBuilder, i int64) {
	delta.Append(b.Cols[0], i*2654435761%(1<<40))
	delta.Append(b.Cols[1], i)
	b.Cols[2].AppendString("some text of a row")
	b.End(1)
}

func filled(b *testing.B, rows, perVersion int) *RunSet {
	a := NewArrangement(benchTypes, []int{0}, Options{})
	made := delta.NewBatchBuilder(benchTypes)
	for at, v := 0, CommitSeq(1); at < rows; at, v = at+perVersion, v+1 {
		d := benchRows(made, at, perVersion)
		if err := a.Append(&d); err != nil {
			b.Fatal(err)
		}
		if err := a.Publish(v); err != nil {
			b.Fatal(err)
		}
	}
	return a
}

// BenchmarkPublish is 10,000 rows a version into an arrangement that grows to a million and
// starts again: merging included.
func BenchmarkPublish(b *testing.B) {
	made := delta.NewBatchBuilder(benchTypes)
	a, at, v := NewArrangement(benchTypes, []int{0}, Options{}), 0, CommitSeq(0)
	for b.Loop() {
		if at += 10_000; at > 1_000_000 {
			a, at, v = NewArrangement(benchTypes, []int{0}, Options{}), 0, 0
		}
		d := benchRows(made, at, 10_000)
		if err := a.Append(&d); err != nil {
			b.Fatal(err)
		}
		v++
		if err := a.Publish(v); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkPointProbe is At, Probe of one key, Release: what a point SELECT does.
func BenchmarkPointProbe(b *testing.B) {
	a := filled(b, 300_000, 7_000)
	key := delta.NewColumn(sqltype.Int8, 1)
	i := 0
	for b.Loop() {
		i = (i + 7919) % 300_000
		delta.Values[int64](&key)[0] = int64(i) * 2654435761 % (1 << 40)
		w, err := a.At(^CommitSeq(0))
		if err != nil {
			b.Fatal(err)
		}
		c, _ := w.Probe(context.Background(), []delta.Column{key}, nil)
		var d delta.Batch
		if _, _, err := c.Next(context.Background(), &d); err != nil || d.Len != 1 {
			b.Fatalf("%d rows, %v", d.Len, err)
		}
		c.Close()
		w.Release()
	}
	b.ReportMetric(float64(len(a.current().content)), "runs")
}

// BenchmarkProbe is keys in batches of 1024, as a join probes.
func BenchmarkProbe(b *testing.B) {
	a := filled(b, 300_000, 7_000)
	keys := delta.NewColumn(sqltype.Int8, 1024)
	i := 0
	for b.Loop() {
		for k := range delta.Values[int64](&keys) {
			i = (i + 7919) % 300_000
			delta.Values[int64](&keys)[k] = int64(i) * 2654435761 % (1 << 40)
		}
		c, _ := a.Head().Probe(context.Background(), []delta.Column{keys}, nil)
		for more := true; more; {
			var d delta.Batch
			_, more, _ = c.Next(context.Background(), &d)
		}
		c.Close()
	}
	b.ReportMetric(float64(b.N)*1024/b.Elapsed().Seconds(), "keys/s")
}

func BenchmarkScan(b *testing.B) {
	for _, c := range []struct {
		name string
		rows int
	}{{"one run", 300_000}, {"several runs", 7_000}} {
		b.Run(c.name, func(b *testing.B) {
			a := filled(b, 300_000, c.rows)
			rows := 0
			for b.Loop() {
				s, _ := a.Head().Scan(context.Background(), Range{})
				for more := true; more; {
					var d delta.Batch
					_, more, _ = s.Next(context.Background(), &d)
					rows += d.Rows()
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkPublishLongest is 1,000 rows a version into an arrangement that grows: the metric is the
// longest single Publish, which waits for merges or does not.
func BenchmarkPublishLongest(b *testing.B) {
	for _, pooled := range []bool{false, true} {
		b.Run(fmt.Sprintf("pool=%v", pooled), func(b *testing.B) {
			var pool *Pool
			if pooled {
				pool = NewPool(nil)
				ctx, cancel := context.WithCancel(b.Context())
				done := make(chan struct{})
				go func() { defer close(done); pool.Run(ctx, 1) }()
				defer func() { cancel(); <-done }()
			}
			made := delta.NewBatchBuilder(benchTypes)
			a := NewArrangement(benchTypes, []int{0}, Options{Merges: pool})
			longest, at := time.Duration(0), 0
			for b.Loop() {
				d := benchRows(made, at, 1000)
				at += 1000
				if err := a.Append(&d); err != nil {
					b.Fatal(err)
				}
				begin := time.Now()
				if err := a.Publish(CommitSeq(at)); err != nil {
					b.Fatal(err)
				}
				longest = max(longest, time.Since(begin))
			}
			a.Close()
			b.ReportMetric(float64(longest.Microseconds()), "longest-us")
			b.ReportMetric(float64(len(a.current().content)), "runs")
		})
	}
}
