package log

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/tributary-db/tributary/internal/topicconfig"
)

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
		class, most := retentionClass(&t.Topic), levelLimit(&t.Topic)
		for _, p := range t.partitions {
			if len(p.retired) > 0 {
				continue // older versions read runs of it that are in the index as well
			}
			g := levelGroup{partition: p.id, class: class, ended: p.ended}
			least := 1
			if level > 0 {
				least = db.limits.LevelFan
			}
			from, to := p.levelRuns(picked, least, most.within(db.limits.LevelBytes-bytes))
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
			for i := 0; i < len(p.runs) && len(p.retired) == 0; i++ {
				r := &p.runs[i]
				if r.next() > stable {
					break
				}
				if r.block.key == "" || r.block.level != level || r.next() <= p.logStart || db.mu.aside[r.block.key] {
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

// mostOfRun bounds what becomes one run: a run leaves whole, when the last record in it may.
type mostOfRun struct {
	bytes  int64
	millis int64 // between its first and its last commit
}

// partOfRetention is how much of what a topic keeps one run may be.
const partOfRetention = 8

func levelLimit(t *Topic) mostOfRun {
	most := mostOfRun{math.MaxInt64, math.MaxInt64}
	v := topicconfig.Of(t.Configs)
	if t.Internal || !v.Delete {
		return most
	}
	if v.Retention != topicconfig.Forever {
		most.millis = v.Retention.Milliseconds() / partOfRetention
	}
	if v.RetentionBytes >= 0 {
		most.bytes = v.RetentionBytes / partOfRetention
	}
	return most
}

func (m mostOfRun) within(bytes int64) mostOfRun {
	m.bytes = min(m.bytes, bytes)
	return m
}

// levelRuns are the first runs [from, to) that follow each other and lie in the picked objects, at
// least so many, and at most what one run may be, or one.
func (p *partition) levelRuns(picked map[*block]bool, least int, most mostOfRun) (from, to int) {
	stable := p.lastStable()
	for i := p.runAt(p.logStart); i < len(p.runs) && p.runs[i].next() <= stable && most.bytes >= 0; i++ {
		if !picked[p.runs[i].block] {
			continue
		}
		left := most.bytes
		from, to = i, i
		for to < len(p.runs) && p.runs[to].next() <= stable && picked[p.runs[to].block] &&
			(to == from || left >= p.runs[to].length && p.runs[to].lastMillis-p.runs[from].firstMillis <= most.millis) {
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
