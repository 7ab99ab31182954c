package log_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

// TestColdFetch reads 200 partitions from objects that have a little of each, as a consumer that
// fell behind does, and counts the requests. Without reading neighbours together it is one for
// each partition of each object.
func TestColdFetch(t *testing.T) {
	const partitions, rounds = 200, 12
	m := newMachine(t, log.Limits{InlineBytes: -1})
	db := m.start()
	id := logtest.CreateTopic(t, db, "a", partitions)
	value := randomValue(rand.New(rand.NewPCG(1, 2)), 4000)
	for round := range rounds {
		e := &log.Entry{}
		for p := range int32(partitions) {
			e.Appends = append(e.Appends, log.Append{Partition: part(id, p), RecordBatches: batchOf(t, fmt.Sprint(round, "/", p, value))})
		}
		logtest.Append(t, db, e)
	}
	db = m.restart()
	offsets := make([]int64, partitions)
	bytes, began := 0, time.Now()
	reads := db.Stats().RangeReads
	var result log.FetchResult
	defer result.Release()
	for left := partitions; left > 0; {
		var req []log.PartitionRead
		for p := range int32(partitions) {
			if offsets[p] < rounds {
				req = append(req, log.PartitionRead{Partition: part(id, p), Offset: offsets[p], MaxBytes: 32 << 10})
			}
		}
		left = len(req)
		if left == 0 {
			break
		}
		if err := db.Fetch(ctx, req, log.Budget{MaxBytes: 2 << 20}, &result); err != nil {
			t.Fatal(err)
		}
		for i, got := range result.Partitions {
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			p := req[i].Partition.Index
			for _, rec := range decode(t, got.RecordBatches) {
				if want := fmt.Sprintf("%d=%d/%d%s", offsets[p], offsets[p], p, value); rec != want {
					t.Fatalf("partition %d: %.20s, want %.20s", p, rec, want)
				}
				offsets[p]++
			}
			bytes += len(got.RecordBatches)
		}
	}
	reads = db.Stats().RangeReads - reads
	perMB := float64(reads) / (float64(bytes) / 1e6)
	t.Logf("%d bytes in %d reads of objects, %.1f a megabyte, %.0f MB/s", bytes, reads, perMB, float64(bytes)/1e6/time.Since(began).Seconds())
	if reads > partitions*rounds/10 { // one for each partition of each object would be ten times that
		t.Errorf("%d reads of objects", reads)
	}
}
