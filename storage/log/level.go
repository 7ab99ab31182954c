package log

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/topicconfig"
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
		if err != nil {
			return err
		}
		if more, err := db.paceLevels(ctx, job.Bytes); !more {
			return err
		}
	}
	return nil
}

// paceLevels waits until the rate allows for more; false when the log closes.
func (db *DB) paceLevels(ctx context.Context, bytes int64) (more bool, err error) {
	select {
	case <-db.clock.After(rateTime(bytes, db.limits.LevelRate)):
		return true, nil
	case <-db.upkeep.stopping:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// planLevel chooses runs of a level, none if there is not enough of it.
func (db *DB) planLevel(level uint8) []levelGroup {
	db.mu.RLock()
	defer db.mu.RUnlock()
	picked := db.pickObjects(level)
	if level == 0 && len(picked) < db.limits.LevelFan {
		return nil
	}
	var groups []levelGroup
	bytes := int64(0)
	for _, t := range db.mu.fold.topics {
		class := retentionClass(&t.Topic)
		for _, p := range t.partitions {
			g := levelGroup{partition: p.id, class: class, ended: p.ended}
			least := 1
			if level > 0 {
				least = db.limits.LevelFan
			}
			from, to := p.levelRuns(picked, least, db.limits.LevelBytes-bytes)
			for i := from; i < to; i++ {
				r := &p.runs[i]
				g.runs = append(g.runs, plannedRun{*r, r.data()})
				bytes += r.length
			}
			if from < to {
				g.replaces = fingerprint(p.runs[from:to])
				groups = append(groups, g)
			}
		}
	}
	slices.SortFunc(groups, func(a, b levelGroup) int {
		return cmp.Or(cmp.Compare(a.class, b.class), comparePartitions(a.partition, b.partition))
	})
	return groups
}

// pickObjects are the oldest objects of a level, of level 0 as many as make one segment. What the
// tail cache holds stays in it unless there are very many.
// REQUIRES: DB.mu held.
func (db *DB) pickObjects(level uint8) map[*block]bool {
	oldest := map[*block]CommitSeq{}
	for _, t := range db.mu.fold.topics {
		for _, p := range t.partitions {
			stable := p.lastStable()
			for i := range p.runs {
				r := &p.runs[i]
				if r.next() > stable {
					break
				}
				if r.block.key == "" || r.block.level != level || r.next() <= p.logStart {
					continue
				}
				if at, ok := oldest[r.block]; !ok || r.first < at {
					oldest[r.block] = r.first
				}
			}
		}
	}
	if level > 0 || len(oldest) <= db.limits.LevelObjects {
		for b := range oldest {
			if level == 0 && b.data != nil {
				delete(oldest, b)
			}
		}
	}
	picked := make(map[*block]bool, len(oldest))
	bytes := int64(0)
	for _, b := range sortedByAge(oldest) {
		if level == 0 && bytes >= db.limits.LevelBytes {
			break
		}
		picked[b] = true
		bytes += b.size
	}
	return picked
}

func sortedByAge(oldest map[*block]CommitSeq) []*block {
	blocks := make([]*block, 0, len(oldest))
	for b := range oldest {
		blocks = append(blocks, b)
	}
	slices.SortFunc(blocks, func(a, b *block) int {
		return cmp.Or(cmp.Compare(oldest[a], oldest[b]), cmp.Compare(a.key, b.key))
	})
	return blocks
}

// levelRuns are the first runs [from, to) that follow each other and lie in the picked objects, at
// least so many and of at most so many bytes, or one.
func (p *partition) levelRuns(picked map[*block]bool, least int, bytes int64) (from, to int) {
	stable := p.lastStable()
	for i := p.runAt(p.logStart); i < len(p.runs) && p.runs[i].next() <= stable && bytes > 0; i++ {
		if !picked[p.runs[i].block] {
			continue
		}
		left := bytes
		from, to = i, i
		for to < len(p.runs) && p.runs[to].next() <= stable && picked[p.runs[to].block] && (left >= p.runs[to].length || to == from) {
			left -= p.runs[to].length
			to++
		}
		if to-from >= least {
			return from, to
		}
		i = to - 1
	}
	return 0, 0
}

// retentionClass of a topic: records of one class leave at about the same time, and so do objects
// that hold nothing else.
func retentionClass(t *Topic) string {
	v := topicconfig.Of(t.Configs)
	switch {
	case t.Internal:
		return "table"
	case !v.Delete, v.Retention == topicconfig.Forever:
		return "forever"
	}
	return fmt.Sprintf("h%d", bits.Len64(uint64(v.Retention.Hours())))
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

// copyRun reads a run whole, past the cache of ranges, and adds it to what is put together.
func (db *DB) copyRun(ctx context.Context, to *rollRun, r *plannedRun) error {
	s := stretch{data: r.memory, base: r.base}
	var visible visibleCursor
	if r.memory == nil {
		index, info, err := db.runInfo(ctx, to.Partition, &r.run)
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
		to.listed = append(to.listed, info.Transactions...)
	}
	part := make([]byte, 0, len(s.data))
	var seen []segment.Visibility
	for len(s.data) > 0 {
		raw, next, err := step(s.data, s.base, r.block.placed)
		if err != nil {
			return err
		}
		v := segment.Visibility{VisibleAt: uint64(r.first), CommitMillis: r.firstMillis}
		if r.block.placed {
			at, ok := visible.at(s.first)
			if !ok {
				return fmt.Errorf("%w: segment %s does not say when offset %d became visible", ErrCorrupt, r.block.key, s.base)
			}
			v.VisibleAt, v.CommitMillis = at.VisibleAt, at.CommitMillis
		}
		if n := len(seen); n > 0 && seen[n-1].VisibleAt == v.VisibleAt && seen[n-1].CommitMillis == v.CommitMillis {
			seen[n-1].Count++
		} else {
			v.Count = 1
			seen = append(seen, v)
		}
		at := len(part)
		part = append(part, raw...)
		if !r.block.placed {
			recordbatch.Patch(part[at:], s.base, 0)
		}
		s.data, s.base, s.first = s.data[len(raw):], next, s.first+1
	}
	if s.base != r.next() {
		return fmt.Errorf("%w: run of %s ends at offset %d, the index says %d", ErrCorrupt, r.block.key, s.base, r.next())
	}
	to.take(&r.run, part, seen)
	return nil
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
