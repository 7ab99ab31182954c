package log

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tributary-db/tributary/storage/objstore"
)

// fetchBuffers keeps buffers of fetch results between uses.
var fetchBuffers = sync.Pool{New: func() any { return new([]byte) }}

const (
	// maxPooledBuffer: larger ones are left to the garbage collector. What one Fetch reads of objects fits.
	maxPooledBuffer = 32 << 20
	// leastCold: with a tiny cache one partition that cannot be read must not keep the next from its turn.
	leastCold = 64 << 10
)

// fetchPlan is what one PartitionRead will be answered from. One that has nothing to give has none: of many
// partitions few do.
type fetchPlan struct {
	at        int // the place of the read, and of its answer
	partition Partition
	runs      []plannedRun
	offset    int64
	stop      int64 // nothing at or behind it is given: high watermark or last stable offset
	limit     int   // bytes; 0 = nothing
	load      int   // of them, what is worth reading now: less than limit where others read as well
	first     bool  // one record batch may exceed limit
	cold      bool  // it begins in an object
	// committed: aborted transactions are told of, those of ended among them.
	committed bool
	ended     []span
	// Filled by load.
	parts      []stretchOf
	settled    []span // of the segments that were read
	next       int64  // offset behind what copyTo gave
	err        error
	start, end int // in the buffer
}

type plannedRun struct {
	run
	memory []byte
}

type stretchOf struct {
	stretch
	placed bool
}

// Fetch answers all partitions in one plan: the first one with records gives at least one
// record batch, later ones what the budget leaves, in the order asked.
func (db *DB) Fetch(ctx context.Context, req []PartitionRead, b Budget, dst *FetchResult) error {
	dst.Release()
	dst.Partitions = append(dst.Partitions[:0], make([]PartitionData, len(req))...)
	room := db.limits.coldBytes()
	var plans []fetchPlan
	plans, dst.AsOf, dst.Cut = db.plan(req, b, room, dst.Partitions)
	if db.load(ctx, plans) {
		// why: a swap may have replaced an object between plan and read; once more, from the
		// newest index.
		clear(dst.Partitions)
		plans, dst.AsOf, dst.Cut = db.plan(req, b, room, dst.Partitions)
		db.load(ctx, plans)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	assemble(plans, b, dst)
	db.stats.bytesOut.Add(int64(dst.Bytes))
	db.ahead.read(db, req, plans, dst.Bytes)
	return nil
}

// coldBytes is what one Fetch reads of objects, about: what it reads must fit into the cache beside what others
// read, and the next one is read ahead while this one is sent.
func (l *Limits) coldBytes() int { return int(max(l.ReadCache/8, leastCold)) }

// assemble copies what was loaded into one buffer, in the order asked.
func assemble(plans []fetchPlan, b Budget, dst *FetchResult) {
	buffer := fetchBuffers.Get().(*[]byte)
	out := slices.Grow((*buffer)[:0], loaded(plans, b.MaxBytes))
	left := b.MaxBytes
	for i := range plans {
		p := &plans[i]
		p.first = len(out) == 0
		p.limit = min(p.limit, left)
		p.start = len(out)
		if p.err == nil {
			out, p.err = p.copyTo(out)
		}
		if p.err != nil {
			dst.Partitions[p.at].Err = p.err
			out = out[:p.start]
		}
		p.end = len(out)
		left -= p.end - p.start
	}
	for i := range plans {
		p := &plans[i]
		dst.Partitions[p.at].RecordBatches = out[p.start:p.end:p.end]
		dst.Partitions[p.at].Aborted = p.aborted()
	}
	dst.Bytes = len(out)
	dst.release = func() {
		if cap(out) <= maxPooledBuffer {
			*buffer = out[:0]
			fetchBuffers.Put(buffer)
		}
	}
}

// loaded is about how much of what was loaded a budget has room for.
func loaded(plans []fetchPlan, budget int) (bytes int) {
	for i := range plans {
		of := 0
		for k := range plans[i].parts {
			of += len(plans[i].parts[k].data)
		}
		bytes += min(of, plans[i].limit)
	}
	return min(bytes, budget)
}

// plan chooses runs under the lock and notes what each partition is. Those that begin in objects share
// room, so that all of them move on together: neighbours in an object are then read at once. cut tells that
// for want of room there is less than was asked for.
func (db *DB) plan(req []PartitionRead, b Budget, room int, out []PartitionData) (plans []fetchPlan, asOf CommitSeq, cut bool) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	cold := 0
	for i := range req {
		var plan fetchPlan
		var something bool
		if something, out[i].Err = db.planPartition(&req[i], &plan, &out[i]); !something {
			continue
		}
		plan.at = i
		plans = append(plans, plan)
		if plan.cold {
			cold++
		}
	}
	// why twice the room: a run or a range is taken whole, and who got less than the others would read from other
	// objects than they from then on.
	planned, share, left := 0, room/max(cold, 1), 2*room
	for i := range plans {
		plan := &plans[i]
		want := min(req[plan.at].MaxBytes, b.MaxBytes-planned)
		if planned > 0 && want <= 0 {
			plan.limit = 0
			continue
		}
		plan.load = plan.limit
		if plan.cold {
			if left <= 0 {
				plan.limit, cut = 0, true
				continue
			}
			if share < want {
				want, plan.load, cut = share, share, true
			}
		}
		p := db.mu.fold.partition(plan.partition)
		bytes := plan.choose(p, want)
		if plan.cold {
			left -= min(bytes, max(want, rangeSize))
		}
		planned += min(bytes, max(want, 1))
	}
	if cold > 1 && db.align(plans, 2*room) {
		cut = true
	}
	return plans, CommitSeq(db.published.Load()), cut
}

// planPartition notes the ends of a partition, and in plan how it is read if there is something to give.
func (db *DB) planPartition(req *PartitionRead, plan *fetchPlan, out *PartitionData) (something bool, err error) {
	p := db.mu.fold.partition(req.Partition)
	if p == nil {
		return false, ErrUnknownTopic
	}
	out.Ends = p.ends()
	if req.Offset < p.logStart || req.Offset > p.highWatermark {
		return false, ErrOffsetOutOfRange
	}
	if req.Offset == p.highWatermark {
		return false, nil
	}
	plan.partition, plan.offset, plan.limit = req.Partition, req.Offset, max(req.MaxBytes, 0)
	plan.stop = p.highWatermark
	if req.Committed {
		plan.stop, plan.committed, plan.ended = p.lastStable(), true, p.ended
	}
	i := p.runAt(plan.offset)
	if i >= len(p.runs) || p.runs[i].base >= plan.stop {
		return false, nil
	}
	plan.cold = p.runs[i].data() == nil
	return true, nil
}

// choose takes runs from the offset on until they hold want bytes, at least one.
func (plan *fetchPlan) choose(p *partition, want int) (bytes int) {
	for i := p.runAt(plan.offset); i < len(p.runs) && p.runs[i].base < plan.stop; i++ {
		r := &p.runs[i]
		plan.runs = append(plan.runs, plannedRun{*r, r.data()})
		if bytes += int(r.length); bytes >= want && i > p.runAt(plan.offset) || bytes >= 2*want {
			break
		}
	}
	return bytes
}

// load brings the runs' bytes together, reading objects side by side. gone tells that an
// object was not there any more.
func (db *DB) load(ctx context.Context, plans []fetchPlan) (gone bool) {
	db.gather(ctx, plans)
	var group errgroup.Group
	group.SetLimit(db.limits.readsAtOnce())
	for i := range plans {
		plan := &plans[i]
		inMemory := true
		for k := range plan.runs {
			inMemory = inMemory && plan.runs[k].memory != nil
		}
		if inMemory {
			plan.err = db.loadPlan(ctx, plan)
			continue
		}
		group.Go(func() error {
			plan.err = db.loadPlan(ctx, plan)
			return nil
		})
	}
	_ = group.Wait() // errors are per partition
	for i := range plans {
		gone = gone || errors.Is(plans[i].err, objstore.ErrNotFound)
	}
	return gone
}

func (db *DB) loadPlan(ctx context.Context, plan *fetchPlan) error {
	id, offset, bytes := plan.partition, plan.offset, 0
	for i := range plan.runs {
		r := &plan.runs[i]
		for offset < r.next() && (bytes == 0 || bytes < plan.load) {
			s, err := db.readRun(ctx, id, &r.run, r.memory, offset)
			if err != nil {
				return err
			}
			end := r.next()
			if r.memory == nil {
				if end, err = s.end(r.block.placed); err != nil {
					return err
				}
			}
			plan.parts = append(plan.parts, stretchOf{s, r.block.placed})
			if plan.committed && r.aborts {
				if err := plan.settle(ctx, db, id, &r.run); err != nil {
					return err
				}
			}
			bytes += len(s.data)
			offset = end
		}
	}
	return nil
}

// end is the offset behind the stretch.
func (s *stretch) end(placed bool) (int64, error) {
	at := *s
	for len(at.data) > 0 {
		raw, next, err := step(at.data, at.base, placed)
		if err != nil {
			return 0, err
		}
		at.data, at.base = at.data[len(raw):], next
	}
	return at.base, nil
}

// copyTo appends whole record batches within the limit, offsets patched in.
func (plan *fetchPlan) copyTo(out []byte) ([]byte, error) {
	for _, part := range plan.parts {
		s := part.stretch
		for len(s.data) > 0 {
			raw, next, err := step(s.data, s.base, part.placed)
			if err != nil {
				return out, err
			}
			if next > plan.stop {
				return out, nil
			}
			if len(out)-plan.start+len(raw) > plan.limit && !(plan.first && len(out) == 0) {
				return out, nil
			}
			at := len(out)
			out = append(out, raw...)
			if !part.placed {
				binary.BigEndian.PutUint64(out[at:], uint64(s.base))
			}
			binary.BigEndian.PutUint32(out[at+12:], 0) // leader epoch
			s.data, s.base = s.data[len(raw):], next
			plan.next = next
		}
	}
	return out, nil
}
