package log

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tributary-db/tributary/storage/objstore"
)

// changeReader merges the partitions of a filter in (visible-at, partition, offset) order.
type changeReader struct {
	db      *DB
	to      CommitSeq
	cursors cursorHeap // done ones are removed
	seated  bool       // the heap is in order
	buffer  []byte     // patched record batches of the last Next
	closed  bool
	epoch   uint64 // see DB.mu.readers
	ahead   changesAhead
}

var _ ChangeReader = (*changeReader)(nil)

// Changes opens what became visible in (from, to]. ErrUnknownTopic if a topic is not there,
// ErrUnavailable if to is not published yet, ErrTruncated if records of the range are gone for
// good. From 0 on a partition begins at its log start as of to; else all that became visible in
// the range is given, also what lies before a log start that moved meanwhile. What the reader may
// come to read stays where it is until Close, whatever is truncated, rolled or deleted meanwhile.
func (db *DB) Changes(_ context.Context, from, to CommitSeq, f Filter) (ChangeReader, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if newest := CommitSeq(db.published.Load()); to > newest {
		return nil, fmt.Errorf("%w: changes up to commit %d asked, the newest is %d", ErrUnavailable, to, newest)
	}
	r := &changeReader{db: db, to: to, epoch: db.mu.epoch}
	for i := range f.Topics {
		t := db.mu.fold.topics[f.Topics[i].Topic]
		if t == nil {
			return nil, ErrUnknownTopic
		}
		of := waited(f.Topics[i].Partitions)
		for _, p := range t.partitions {
			if !of.has(p.id.Index) {
				continue
			}
			x := p.asOf(to)
			c, err := x.cursor(from, to)
			if err != nil {
				return nil, fmt.Errorf("%w: topic %q, partition %d", err, t.Name, p.id.Index)
			}
			c.reader = r
			r.cursors = append(r.cursors, c)
			if w := x.lateWalk(from, to); w != nil {
				late := *c
				late.late = w
				r.cursors = append(r.cursors, &late)
			}
		}
	}
	slices.SortStableFunc(r.cursors, func(a, b *changeCursor) int {
		return cmp.Or(comparePartitions(a.partition.id, b.partition.id), -cmp.Compare(a.kind(), b.kind()))
	})
	r.cursors = slices.CompactFunc(r.cursors, func(a, b *changeCursor) bool { return a.partition == b.partition && a.kind() == b.kind() })
	if db.mu.readers == nil {
		db.mu.readers = map[*changeReader]struct{}{}
	}
	db.mu.readers[r] = struct{}{}
	return r, nil
}

// cursor begins to read what became visible in (from, to].
func (x partitionAsOf) cursor(from, to CommitSeq) (*changeCursor, error) {
	p := x.partition
	c := &changeCursor{partition: p, after: from, runs: x.runs}
	if from > 0 {
		if x.lost > from {
			return nil, ErrTruncated
		}
		return c, nil
	}
	start, ok := p.startAt(to)
	if !ok {
		return nil, ErrTruncated
	}
	c.least = start
	return c, nil
}

// Next fills dst with at least one record batch if there is one. The bytes are valid until
// the next call.
func (r *changeReader) Next(ctx context.Context, b Budget, dst *ChangeResult) (more bool, err error) {
	dst.Runs = dst.Runs[:0]
	r.buffer = r.buffer[:0]
	if r.closed {
		return false, ErrClosed
	}
	for bytes := 0; ; {
		c, err := r.least(ctx)
		if err != nil && len(dst.Runs) > 0 {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if c == nil {
			return false, nil
		}
		n, full, err := r.take(ctx, c, b.MaxBytes-bytes, len(dst.Runs) == 0, dst)
		if err != nil {
			// The cursor may have moved: order the heap anew. What was gathered before the error
			// is given out; the next call meets the error again, if it lasts.
			r.seated = false
			if len(dst.Runs) > 0 {
				return true, nil
			}
			return false, err
		}
		heap.Fix(&r.cursors, 0)
		if bytes += n; full {
			r.db.stats.bytesOut.Add(int64(bytes))
			return true, nil
		}
	}
}

// least is the cursor that stands at the least (visible-at, partition); nil if all have ended.
func (r *changeReader) least(ctx context.Context) (*changeCursor, error) {
	if !r.seated {
		for _, c := range r.cursors {
			if err := r.seat(ctx, c); err != nil {
				return nil, err
			}
		}
		r.cursors = slices.DeleteFunc(r.cursors, func(c *changeCursor) bool { return c.done })
		heap.Init(&r.cursors)
		r.seated = true
	}
	for len(r.cursors) > 0 {
		c := r.cursors[0]
		if err := r.seat(ctx, c); err != nil {
			return nil, err
		}
		if !c.done {
			return c, nil
		}
		heap.Pop(&r.cursors)
	}
	return nil, nil
}

// cursorHeap orders seated cursors by (visible-at, partition, transactions before plain records).
type cursorHeap []*changeCursor

func (h cursorHeap) Len() int { return len(h) }

func (h cursorHeap) Less(i, k int) bool {
	if h[i].visibleAt != h[k].visibleAt {
		return h[i].visibleAt < h[k].visibleAt
	}
	if order := comparePartitions(h[i].partition.id, h[k].partition.id); order != 0 {
		return order < 0
	}
	return h[i].kind() > h[k].kind() // transactions first: their offsets are lower
}

func (h cursorHeap) Swap(i, k int) { h[i], h[k] = h[k], h[i] }

// Push is never called: cursors only leave.
func (h *cursorHeap) Push(x any) { *h = append(*h, x.(*changeCursor)) }

// Pop removes the last, as container/heap asks.
func (h *cursorHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// seat finds out where the cursor's next record batch is, once more if a swap took the object
// away meanwhile.
func (r *changeReader) seat(ctx context.Context, c *changeCursor) error {
	err := c.seat(ctx, r.db, r.to)
	if errors.Is(err, objstore.ErrNotFound) {
		c.leave()
		err = c.seat(ctx, r.db, r.to)
	}
	return err
}

// take gives out the record batches of c that became visible at its present commit.
func (r *changeReader) take(ctx context.Context, c *changeCursor, maxBytes int, force bool, dst *ChangeResult) (bytes int, full bool, err error) {
	for visibleAt := c.visibleAt; !c.done && c.visibleAt == visibleAt; {
		raw, err := c.peek(ctx, r.db)
		if err != nil {
			return bytes, false, err
		}
		if bytes+len(raw) > maxBytes && !force {
			return bytes, true, nil
		}
		force = false
		dst.Runs = append(dst.Runs, ChangeRun{
			Partition: c.partition.id, VisibleAt: c.visibleAt, CommitTime: time.UnixMilli(c.millis),
			RecordBatch: r.patched(c, raw), First: c.first(),
		})
		bytes += len(raw)
		c.advance()
		if err := r.seat(ctx, c); err != nil {
			return bytes, false, err
		}
	}
	return bytes, false, nil
}

// patched is raw with its offset. Placed segments have it in the bytes.
func (r *changeReader) patched(c *changeCursor, raw []byte) []byte {
	if c.run.block.placed {
		return raw
	}
	// why: growing moves the buffer, but slices given out before keep the old one.
	at := len(r.buffer)
	r.buffer = append(r.buffer, raw...)
	out := r.buffer[at:len(r.buffer):len(r.buffer)]
	patchOffset(out, c.stretch.base)
	return out
}

// Close unpins; a second Close is harmless.
func (r *changeReader) Close() error {
	r.db.mu.Lock()
	delete(r.db.mu.readers, r)
	r.db.mu.Unlock()
	r.closed, r.cursors, r.buffer = true, nil, nil
	return nil
}
