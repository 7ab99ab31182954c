package log

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/tributary-db/tributary/internal/recordbatch"
)

// lateWalk finds the committed transactions of one partition in the order in which they ended: those
// that the fold knows, and those that the indexes of segments tell of.
type lateWalk struct {
	spans  []span // of the fold; the first is next
	placed []run  // whose segments tell of some, by lateFirst; read when their time comes
	lists  [][]span
	// current is the transaction being read; open tells that there is one.
	current span
	open    bool
}

// lateWalk is nil if no transaction was committed in (from, to].
// REQUIRES: DB.mu held.
func (x partitionAsOf) lateWalk(from, to CommitSeq) *lateWalk {
	w := &lateWalk{}
	at := sort.Search(len(x.ended), func(i int) bool { return x.ended[i].visibleAt > from })
	for _, s := range x.ended[at:] {
		if s.visibleAt > to {
			break
		}
		if s.committed {
			w.spans = append(w.spans, s)
		}
	}
	if x.partition.lateNewest > from {
		for i := range x.runs {
			if r := &x.runs[i]; r.lateLast > from && r.lateFirst > 0 && r.lateFirst <= to {
				w.placed = append(w.placed, *r)
			}
		}
		slices.SortStableFunc(w.placed, func(a, b run) int { return cmp.Compare(a.lateFirst, b.lateFirst) })
	}
	if len(w.spans) == 0 && len(w.placed) == 0 {
		return nil
	}
	return w
}

// kind orders cursors of one partition.
func (c *changeCursor) kind() int {
	if c.late != nil {
		return 1
	}
	return 0
}

// first is the offset before which records are deleted. Of a transaction those were never visible that
// were deleted while it was open.
func (c *changeCursor) first() int64 {
	if c.late != nil {
		return max(c.least, c.late.current.first)
	}
	return c.least
}

// next opens the transaction that ended next; false when there is none.
func (w *lateWalk) next(ctx context.Context, db *DB, c *changeCursor, to CommitSeq) (bool, error) {
	for len(w.placed) > 0 {
		if first, ok := w.head(); ok && first.visibleAt < w.placed[0].lateFirst {
			break
		}
		spans, err := db.settledSpans(ctx, c.partition.id, &w.placed[0])
		if err != nil {
			return false, err
		}
		spans = slices.DeleteFunc(spans, func(s span) bool { return !s.committed || s.visibleAt <= c.after || s.visibleAt > to })
		if len(spans) > 0 {
			w.lists = append(w.lists, spans)
		}
		w.placed = w.placed[1:]
	}
	s, ok := w.head()
	if !ok {
		return false, nil
	}
	w.pop()
	w.current, w.open = s, true
	return true, nil
}

func before(a, b span) bool {
	return cmp.Or(cmp.Compare(a.visibleAt, b.visibleAt), cmp.Compare(a.marker, b.marker)) < 0
}

// head is the first of what was read so far.
func (w *lateWalk) head() (s span, ok bool) {
	if len(w.spans) > 0 {
		s, ok = w.spans[0], true
	}
	for _, list := range w.lists {
		if !ok || before(list[0], s) {
			s, ok = list[0], true
		}
	}
	return s, ok
}

// pop removes what head returned.
func (w *lateWalk) pop() {
	s, _ := w.head()
	if len(w.spans) > 0 && w.spans[0] == s {
		w.spans = w.spans[1:]
		return
	}
	for i, list := range w.lists {
		if list[0] == s {
			if w.lists[i] = list[1:]; len(w.lists[i]) == 0 {
				w.lists = slices.Delete(w.lists, i, i+1)
			}
			return
		}
	}
}

// seatLate goes to the next record batch of a transaction.
func (c *changeCursor) seatLate(ctx context.Context, db *DB, to CommitSeq) error {
	w := c.late
	if !w.open {
		ok, err := w.next(ctx, db, c, to)
		if err != nil {
			return err
		}
		if c.done = !ok; c.done {
			return nil
		}
		c.offset, c.inRun, c.loaded = max(w.current.first, c.least), false, false
	}
	for c.offset < w.current.marker {
		if !c.inRun && !c.enterLate(db) {
			break // the rest of it was cleaned away
		}
		if !c.run.transactional {
			c.offset, c.inRun = c.run.next(), false
			continue
		}
		if err := c.load(ctx, db); err != nil {
			return err
		}
		if c.offset >= w.current.marker {
			break // what is left of it ends before a gap
		}
		yes, control := recordbatch.OfTransaction(c.stretch.data)
		if yes && !control && recordbatch.ProducerOf(c.stretch.data) == w.current.producer {
			c.visibleAt, c.millis, c.seated = w.current.visibleAt, w.current.millis, true
			return nil
		}
		c.step()
	}
	w.open = false
	return nil
}

// enterLate takes the run at the cursor's offset, or the first one behind it: what lies before was
// deleted.
func (c *changeCursor) enterLate(db *DB) bool {
	db.mu.RLock()
	defer db.mu.RUnlock()
	i := runAt(c.runs, c.offset)
	if i == len(c.runs) {
		return false
	}
	c.run = c.runs[i]
	c.memory = c.run.data()
	c.offset = max(c.offset, c.run.base)
	c.inRun, c.loaded, c.info = true, false, nil
	return true
}
