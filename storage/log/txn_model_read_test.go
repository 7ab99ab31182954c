package log_test

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/log"
)

// lastStable is where the first open transaction begins, or the end.
func (x *txnModel) lastStable(p log.Partition) (stable, high int64) {
	if x.stable != nil {
		return x.stable.LastStableOffset, x.stable.HighWatermark
	}
	if list := x.batches[p]; len(list) > 0 {
		high = list[len(list)-1].next
	}
	stable = high
	for _, b := range x.batches[p] {
		if b.txn != nil && !b.txn.ended {
			stable = min(stable, max(b.base, x.starts[p]))
			break
		}
	}
	return stable, high
}

func (b *modelBatch) records(from int64) (out []string) {
	for i, v := range b.values {
		if b.base+int64(i) >= from {
			out = append(out, fmt.Sprintf("%d=%s", b.base+int64(i), v))
		}
	}
	return out
}

// checkFetch reads a partition as consumers of both isolations do.
func (x *txnModel) checkFetch(p log.Partition) {
	stable, high := x.lastStable(p)
	ends, err := x.db.Ends(ctx, []log.Partition{p}, true)
	x.must(err)
	if want := (log.Ends{LogStart: x.starts[p], HighWatermark: high, LastStableOffset: stable}); ends[0] != want {
		x.t.Fatalf("partition %d: ends %+v, want %+v", p.Index, ends[0], want)
	}
	for _, committed := range []bool{false, true} {
		var want []string
		for _, b := range x.batches[p] {
			if committed && (b.next > stable || b.txn != nil && !b.txn.committed) {
				continue
			}
			want = append(want, b.records(x.starts[p])...)
		}
		budget := 1 + x.rng.IntN(1500)
		equal(x.t, fmt.Sprintf("partition %d committed %t", p.Index, committed), x.consume(p, committed, budget), want)
	}
}

// consume reads as Kafka's clients do: who is in the list of aborted transactions is skipped from its
// offset on to its marker.
func (x *txnModel) consume(p log.Partition, committed bool, budget int) (out []string) {
	var res log.FetchResult
	defer func() { res.Release() }()
	stable, high := x.lastStable(p)
	end := high
	if committed {
		end = stable
	}
	for offset := x.starts[p]; ; {
		x.must(x.db.Fetch(ctx, []log.PartitionRead{{Partition: p, Offset: offset, MaxBytes: budget, Committed: committed}}, log.Budget{MaxBytes: budget}, &res))
		d := &res.Partitions[0]
		x.must(d.Err)
		if len(d.RecordBatches) == 0 {
			if offset < end && !(committed && x.inside(p, offset, end)) {
				x.t.Fatalf("nothing at offset %d, the end is %d", offset, end)
			}
			return out
		}
		list, skip := d.Aborted, map[int64]bool{}
		for src := d.RecordBatches; len(src) > 0; {
			h, raw, rest, err := recordbatch.Verify(src)
			x.must(err)
			src = rest
			for len(list) > 0 && list[0].FirstOffset <= h.LastOffset() {
				skip[list[0].ProducerID] = true
				list = list[1:]
			}
			next := h.LastOffset() + 1
			switch {
			case h.Control():
				delete(skip, h.ProducerID)
			case h.Transactional() && skip[h.ProducerID]:
			default:
				for _, r := range x.decode(x.t, raw) {
					var at int64
					if _, err := fmt.Sscanf(r, "%d=", &at); err == nil && at >= offset {
						out = append(out, r)
					}
				}
			}
			offset = next
		}
	}
}

// inside tells whether the rest up to the end is part of a record batch that is not stable as a whole.
func (x *txnModel) inside(p log.Partition, from, end int64) bool {
	for _, b := range x.batches[p] {
		if b.base < end && b.next > end {
			return from >= b.base
		}
	}
	return false
}

// checkChanges compares what became visible in (from, to].
func (x *txnModel) checkChanges(from, to log.CommitSeq) {
	starts := map[log.Partition]int64{}
	if from == 0 && to == newest(x.t, x.db) {
		starts = x.starts
	} else if from == 0 {
		return // log starts of older versions: truncate_test.go
	}
	var want []visibleRecord
	for _, p := range x.parts {
		for _, b := range x.batches[p] {
			if b.visibleAt <= from || b.visibleAt > to || b.marker {
				continue
			}
			// Of a transaction only what was not deleted before its end.
			for _, r := range b.records(max(starts[p], b.first)) {
				want = append(want, visibleRecord{b.visibleAt, p.Index, b.order, b.txn == nil, r})
			}
		}
	}
	slices.SortStableFunc(want, func(a, b visibleRecord) int {
		plain := 0
		if a.plain != b.plain {
			if plain = -1; a.plain {
				plain = 1
			}
		}
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.index, b.index), plain, cmp.Compare(a.order, b.order))
	})
	var wanted, got []string
	for _, w := range want {
		wanted = append(wanted, fmt.Sprintf("%d/%d %s", w.at, w.index, w.record))
	}
	var f log.Filter
	f.Topics = []log.TopicFilter{{Topic: x.topic}}
	r, err := x.db.Changes(ctx, from, to, f)
	x.must(err)
	defer func() { _ = r.Close() }() // never fails
	var res log.ChangeResult
	for more := true; more; {
		more, err = r.Next(ctx, log.Budget{MaxBytes: 1 + x.rng.IntN(900)}, &res)
		x.must(err)
		for _, run := range res.Runs {
			if !run.CommitTime.Equal(x.db.CommitTime(run.VisibleAt)) {
				x.t.Fatalf("commit time %v of commit %d, which was at %v", run.CommitTime, run.VisibleAt, x.db.CommitTime(run.VisibleAt))
			}
			for _, rec := range x.decode(x.t, run.RecordBatch) {
				var at int64
				if _, err := fmt.Sscanf(rec, "%d=", &at); err == nil && at >= run.First {
					got = append(got, fmt.Sprintf("%d/%d %s", run.VisibleAt, run.Partition.Index, rec))
				}
			}
		}
	}
	equal(x.t, fmt.Sprintf("changes (%d, %d]", from, to), got, wanted)
}

func (x *txnModel) checkTimes(p log.Partition) {
	stable, _ := x.lastStable(p)
	ms := 1000 + x.rng.Int64N(60)
	for _, committed := range []bool{false, true} {
		want := int64(-1)
	search:
		for _, b := range x.batches[p] {
			for i := range b.values {
				at := b.base + int64(i)
				if !b.marker && at >= x.starts[p] && b.timestamp+int64(i) >= ms {
					if want = at; committed && at >= stable {
						want = -1
					}
					break search
				}
			}
		}
		got, _, found, err := x.db.OffsetForTime(ctx, p, ms, committed)
		x.must(err)
		if !found {
			got = -1
		}
		if got != want {
			x.t.Fatalf("partition %d, time %d, committed %t: offset %d, want %d", p.Index, ms, committed, got, want)
		}
	}
}
