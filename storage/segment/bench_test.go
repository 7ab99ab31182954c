package segment

import (
	"bytes"
	"testing"
)

// benchRuns are 8 MiB: 10 partitions of record batches of about 16 KiB.
func benchRuns(b *testing.B) []Run {
	runs := make([]Run, 10)
	value := string(bytes.Repeat([]byte("0123456789abcdef"), 16))
	raw := batchOf(b, 0, 3500, 1700000000000, value) // compresses to some 16 KiB
	for i := range runs {
		runs[i] = Run{Topic: topicA, Partition: int32(i)}
		for size := 0; size < 8<<20/len(runs); size += len(raw) {
			runs[i].RecordBatches = append(runs[i].RecordBatches, raw)
		}
	}
	return runs
}

func BenchmarkBuild(b *testing.B) {
	runs := benchRuns(b)
	b.ReportAllocs()
	for b.Loop() {
		built, err := Build(Options{}, runs)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(built.Size)
	}
}

func BenchmarkReadRun(b *testing.B) {
	_, object := mustBuild(b, Options{}, benchRuns(b))
	r, err := openBytes(object)
	if err != nil {
		b.Fatal(err)
	}
	run := &r.Runs()[3]
	b.SetBytes(run.Length)
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		if dst, err = r.ReadRun(b.Context(), run, dst[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	_, object := mustBuild(b, Options{}, benchRuns(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := openBytes(object); err != nil {
			b.Fatal(err)
		}
	}
}
