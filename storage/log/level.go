package log

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/segment"
)

// levelGroup is runs of one partition that follow each other and become one.
type levelGroup struct {
	partition Partition
	class     string
	runs      []plannedRun
	ended     []span
	replaces  uint32
}

// Level puts small objects together: what lies in objects of a level becomes, partition by partition,
// larger runs in segments of the next one. It does so while one is due, at most with LevelRate.
//
//	index ─► plan: runs below the last stable offset ─► read, check ─► segment of a class ─► swap
//	                                                                    what fits is decided ─┘
//
// A crash leaves an object that nothing names; the objects that were read become garbage once no run
// of them is left.
func (db *DB) Level(ctx context.Context) error {
	for level := uint8(0); level < maxLevel; {
		groups := db.planLevel(level)
		if len(groups) == 0 {
			level++
			continue
		}
		job := db.compactions.begin(db.clock.Now(), compactionOf(level, groups))
		out, err := db.levelUp(ctx, level+1, groups)
		db.compactions.end(job, db.clock.Now(), out, err)
		if db.setAside(err) {
			continue // the others of the level go on without it
		}
		if err != nil {
			return err
		}
		if more, err := db.paceLevels(ctx, job.Bytes); !more {
			return err
		}
	}
	return nil
}

// leastPause is the shortest that is worth a timer.
const leastPause = time.Millisecond

// paceLevels waits until the rate allows for more; false when the log closes.
func (db *DB) paceLevels(ctx context.Context, bytes int64) (more bool, err error) {
	pause := rateTime(bytes, db.limits.LevelRate)
	if pause < leastPause {
		return true, nil
	}
	select {
	case <-db.clock.After(pause):
		return true, nil
	case <-db.upkeep.stopping:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// unreadableError names an object that cannot be put together with others.
type unreadableError struct {
	key string
	err error
}

func (e *unreadableError) Error() string { return e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// setAside leaves a damaged object where it is until the next start: what is damaged in it its readers
// are told, and all else is put together without it. One that nothing names any more was deleted after it had
// been chosen, by retention for instance: that is no damage.
func (db *DB) setAside(err error) bool {
	var e *unreadableError
	if !errors.As(err, &e) {
		return false
	}
	db.mu.Lock()
	named := db.mu.fold.hasObject(e.key)
	if named {
		if db.mu.aside == nil {
			db.mu.aside = map[string]bool{}
		}
		db.mu.aside[e.key] = true
	}
	db.mu.Unlock()
	if named {
		db.cfg.Logger.Warn("an object cannot be put together with others and stays as it is", "object", e.key, "error", e.err)
	}
	return true
}

// levelUp writes the groups as segments, one a class, and swaps them in.
func (db *DB) levelUp(ctx context.Context, level uint8, groups []levelGroup) (bytes int64, err error) {
	swap := swapPayload{Level: true}
	abandon := func() {
		for i := range swap.In {
			db.abandonObject(swap.In[i].Key)
		}
	}
	for len(groups) > 0 {
		n := 1
		for n < len(groups) && groups[n].class == groups[0].class {
			n++
		}
		object, err := db.writeLevel(ctx, level, groups[:n])
		if err != nil {
			abandon()
			return bytes, err
		}
		bytes += object.Size
		swap.In = append(swap.In, *object)
		groups = groups[n:]
	}
	_, err = db.commitOwn(ctx, Change{Kind: KindSwap, Payload: swap.appendTo(nil)})
	if errors.Is(err, ErrCondition) { // all of it was truncated or dropped meanwhile
		abandon()
		return bytes, nil
	}
	if err == nil {
		db.stats.levels.Add(1)
		db.stats.levelBytes.Add(bytes)
	}
	return bytes, err
}

func (db *DB) writeLevel(ctx context.Context, level uint8, groups []levelGroup) (*swapObject, error) {
	runs := make([]*rollRun, len(groups))
	newest := CommitSeq(0)
	for i := range groups {
		g := &groups[i]
		first := &g.runs[0].run
		runs[i] = &rollRun{swapRun: swapRun{
			runPayload: runPayload{Partition: g.partition, Base: first.base, MinTime: -1, MaxTime: -1},
			First:      first.first, FirstMillis: first.firstMillis, Replaces: g.replaces,
		}, ended: g.ended}
		for k := range g.runs {
			if err := db.copyRun(ctx, runs[i], &g.runs[k]); err != nil {
				return nil, err
			}
		}
		newest = max(newest, runs[i].Last)
	}
	return db.writePlaced(ctx, level, groups[0].class, newest, runs)
}

// copyRun reads a run whole and adds it to what is put together.
func (db *DB) copyRun(ctx context.Context, to *rollRun, r *plannedRun) error {
	part := make([]byte, 0, r.length)
	var seen []segment.Visibility
	err := db.eachBatch(ctx, to.Partition, r, func(b *batchOfRun) error {
		if n := len(seen); n > 0 && seen[n-1].VisibleAt == uint64(b.visibleAt) && seen[n-1].CommitMillis == b.millis {
			seen[n-1].Count++
		} else {
			seen = append(seen, segment.Visibility{Count: 1, VisibleAt: uint64(b.visibleAt), CommitMillis: b.millis})
		}
		at := len(part)
		part = append(part, b.raw...)
		if !r.block.placed {
			recordbatch.Patch(part[at:], b.base, 0)
		}
		return nil
	})
	if err == nil && r.block.placed && r.transactional {
		var info *segment.RunInfo
		if _, info, err = db.runInfo(ctx, to.Partition, &r.run); err == nil {
			to.listed = append(to.listed, info.Transactions...)
		}
	}
	if err != nil {
		return r.unreadable(err)
	}
	to.take(&r.run, part, seen)
	return nil
}

// batchOfRun is a record batch as eachBatch gives it.
type batchOfRun struct {
	raw        []byte // as it lies there: its offset is in it only if the segment is placed
	header     recordbatch.Header
	base, next int64
	visibleAt  CommitSeq // of one of a transaction, when it was appended
	millis     int64
}

// eachBatch reads a run whole, past the cache of ranges, and visits its record batches.
func (db *DB) eachBatch(ctx context.Context, id Partition, r *plannedRun, visit func(*batchOfRun) error) error {
	s := stretch{data: r.memory, base: r.base}
	var visible visibleCursor
	if r.memory == nil {
		index, info, err := db.runInfo(ctx, id, &r.run)
		if err != nil {
			return err
		}
		from, until := r.chunks(info)
		data, err := index.ReadChunks(ctx, info, from, until, nil)
		if err != nil {
			return readError(err)
		}
		if s, err = r.cut(info, from, data); err != nil {
			return err
		}
		visible.entries = info.Visible
	}
	for len(s.data) > 0 {
		b := batchOfRun{base: s.offset(r.block.placed), visibleAt: r.first, millis: r.firstMillis}
		var err error
		if b.raw, b.next, err = step(s.data, s.base, r.block.placed); err != nil {
			return err
		}
		if b.header, err = recordbatch.ParseHeader(b.raw); err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		if r.block.placed {
			at, ok := visible.at(s.first)
			if !ok {
				return fmt.Errorf("%w: segment %s does not say when offset %d became visible", ErrCorrupt, r.block.key, b.base)
			}
			b.visibleAt, b.millis = CommitSeq(at.VisibleAt), at.CommitMillis
		}
		if err := visit(&b); err != nil {
			return err
		}
		s.data, s.base, s.first = s.data[len(b.raw):], b.next, s.first+1
	}
	if s.base != r.next() {
		return fmt.Errorf("%w: run of %s ends at offset %d, the index says %d", ErrCorrupt, r.block.key, s.base, r.next())
	}
	return nil
}

// unreadable names the object if it is damaged; what may pass is tried again.
func (r *run) unreadable(err error) error {
	if errors.Is(err, ErrCorrupt) {
		return &unreadableError{r.block.key, err}
	}
	return err
}

// chunks are those that hold the run.
func (r *run) chunks(info *segment.RunInfo) (from, to int) {
	from = max(info.ChunkOf(r.relative), 0)
	to = from + 1
	for to < len(info.Chunks) && info.Position+info.Chunks[to].Position < r.position+r.length {
		to++
	}
	return from, to
}
