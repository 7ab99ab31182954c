package log

import (
	"context"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/internal/job"
)

const (
	// aheadReaders are those that are remembered, and aheadPositions the partitions that all of them read.
	aheadReaders   = 256
	aheadPositions = 200_000
	// aheadAtOnce bounds the readers that it is read ahead for at one moment.
	aheadAtOnce = 2
)

// readAhead knows who reads old records in order, by where each is about to go on, and reads on for them while
// what they have is sent and worked on.
//
//	Fetch from objects ─► where it ends ─► the next one begins there: a sequential reader
//	                                        └─► its window doubles up to ReadAhead; once half of it is
//	                                            used the rest is gathered into the cache of ranges
type readAhead struct {
	ctx     context.Context // ends with the log
	cancel  context.CancelFunc
	mu      sync.Mutex
	at      map[partitionAt]*aheadReader
	readers []*aheadReader // oldest first
	running int
}

// partitionAt is a place in a partition.
type partitionAt struct {
	Partition Partition
	Offset    int64
}

// aheadReader is one consumer, or several that are at the same place.
type aheadReader struct {
	positions []partitionAt
	window    int // bytes that may be read ahead of it
	ahead     int // of them, read and not yet asked for
	busy      bool
}

func (a *readAhead) init(ctx context.Context) {
	a.ctx, a.cancel = context.WithCancel(ctx)
	a.at = map[partitionAt]*aheadReader{}
}

// close ends what is under way; none begins afterwards.
func (a *readAhead) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cancel()
}

// read notes a Fetch that gave bytes, and reads on behind it if it went on where one before had ended.
func (a *readAhead) read(db *DB, req []PartitionRead, plans []fetchPlan, bytes int) {
	if bytes == 0 || db.limits.ReadAhead <= 0 || !slices.ContainsFunc(plans, func(p fetchPlan) bool { return p.cold }) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.find(plans)
	sequential := r != nil
	if !sequential {
		r = a.add()
	}
	a.move(r, plans)
	r.window = min(max(2*r.window, bytes), int(db.limits.ReadAhead), db.limits.coldBytes())
	r.ahead = max(r.ahead-bytes, 0)
	if !sequential || r.busy || r.ahead > r.window/2 {
		return
	}
	next, window := nextReads(req, plans), r.window
	if a.startLocked(db, func(ctx context.Context) {
		db.gatherAhead(ctx, next, window)
		a.mu.Lock()
		defer a.mu.Unlock()
		r.busy = false
	}) {
		r.busy, r.ahead = true, r.window
	}
}

// start runs f beside its caller, unless too much is read ahead already or the log is closing.
func (a *readAhead) start(db *DB, f func(ctx context.Context)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.startLocked(db, f)
}

func (a *readAhead) startLocked(db *DB, f func(ctx context.Context)) bool {
	if a.running == aheadAtOnce || a.ctx.Err() != nil {
		return false
	}
	a.running++
	db.stats.aheadReads.Add(1)
	db.goroutines.Go(func() {
		job.Label("read ahead")
		f(a.ctx)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.running--
	})
	return true
}

// find is the reader that had stood where one of the plans begins.
func (a *readAhead) find(plans []fetchPlan) *aheadReader {
	for i := range plans {
		if p := &plans[i]; p.cold {
			if r := a.at[partitionAt{p.partition, p.offset}]; r != nil {
				return r
			}
		}
	}
	return nil
}

// add makes a reader, and forgets the oldest when there are too many.
func (a *readAhead) add() *aheadReader {
	for len(a.readers) >= aheadReaders || len(a.at) > aheadPositions && len(a.readers) > 0 {
		a.leave(a.readers[0])
		a.readers = slices.Delete(a.readers, 0, 1)
	}
	r := &aheadReader{}
	a.readers = append(a.readers, r)
	return r
}

func (a *readAhead) leave(r *aheadReader) {
	for _, at := range r.positions {
		if a.at[at] == r {
			delete(a.at, at)
		}
	}
	r.positions = r.positions[:0]
}

// move notes where the reader is about to go on.
func (a *readAhead) move(r *aheadReader, plans []fetchPlan) {
	a.leave(r)
	for i := range plans {
		p := &plans[i]
		if !p.cold {
			continue
		}
		at := partitionAt{p.partition, max(p.next, p.offset)}
		r.positions = append(r.positions, at)
		a.at[at] = r
	}
}

// nextReads is what the reader asks for next.
func nextReads(req []PartitionRead, plans []fetchPlan) []PartitionRead {
	next := make([]PartitionRead, 0, len(req))
	for i := range plans {
		if !plans[i].cold {
			continue
		}
		r := req[plans[i].at]
		r.Offset = max(plans[i].next, r.Offset)
		next = append(next, r)
	}
	return next
}

// gatherAhead reads about so many bytes from where a reader is about to go on.
func (db *DB) gatherAhead(ctx context.Context, next []PartitionRead, bytes int) {
	for i := range next {
		next[i].MaxBytes = bytes // what a client takes at once is its own matter
	}
	plans, _, _ := db.plan(next, Budget{MaxBytes: bytes}, bytes, make([]PartitionData, len(next)))
	db.gather(ctx, plans)
}
