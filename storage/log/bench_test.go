package log_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
)

// BenchmarkAppend: acknowledged 1 KB records into one partition of a log in a directory, with
// fsync before the ack. inflight record batches of 50 records per producer.
func BenchmarkAppend(b *testing.B) {
	for _, producers := range []int{1, 8} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) { benchAppend(b, producers, 50, 5) })
	}
	b.Run("single-record", func(b *testing.B) { benchAppend(b, 1, 1, 1) })
}

func openDirectory(b *testing.B) *log.DB {
	objects, err := objstore.OpenDir(b.TempDir() + "/objects")
	if err != nil {
		b.Fatal(err)
	}
	m, err := meta.OpenPebble(b.TempDir()+"/meta", meta.PebbleOptions{})
	if err != nil {
		b.Fatal(err)
	}
	db, err := log.Open(ctx, log.Config{Objects: objects, Meta: m, Rand: logtest.Rand(1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		for _, err := range []error{db.Close(ctx), m.Close(), objects.Close()} {
			if err != nil {
				b.Error(err)
			}
		}
	})
	return db
}

func benchAppend(b *testing.B, producers, records, inFlight int) {
	db := openDirectory(b)
	id := logtest.CreateTopic(b, db, "t", 1)
	builder := recordbatch.NewBuilder(0)
	value := []byte(strings.Repeat("0123456789abcdef", 64))
	for i := range records {
		value[i] ^= byte(i)
		if err := builder.Add(nil, value, nil, 1); err != nil {
			b.Fatal(err)
		}
	}
	batch := incompressible(b, builder.AppendTo(nil), records*1024)
	b.SetBytes(int64(records * 1024))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			window := make(chan log.Pending, inFlight)
			var done sync.WaitGroup
			done.Go(func() {
				for r := range window {
					<-r.Done()
					if _, err := r.Result(); err != nil {
						b.Error(err)
					}
				}
			})
			for i := p; i < b.N; i += producers {
				window <- db.Append(&log.Entry{Appends: []log.Append{{Partition: part(id, 0), RecordBatches: append([]byte{}, batch...)}}})
			}
			close(window)
			done.Wait()
		})
	}
	wg.Wait()
	b.StopTimer()
	s := db.Stats()
	b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(s.Commits)/b.Elapsed().Seconds(), "commits/s")
}

// incompressible pads a record batch to about size bytes, as if its records did not compress.
// The log looks at headers alone.
func incompressible(b *testing.B, batch []byte, size int) []byte {
	h, err := recordbatch.ParseHeader(batch)
	if err != nil {
		b.Fatal(err)
	}
	if pad := size - h.Size(); pad > 0 {
		batch = append(batch, make([]byte, pad)...)
		n := uint32(len(batch) - 12)
		batch[8], batch[9], batch[10], batch[11] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	}
	return batch
}
