package log

import (
	"context"
	"slices"
	"time"

	"github.com/tributary-db/tributary/internal/topicconfig"
)

// Retain moves log starts up over what retention.ms and retention.bytes let go, prunes the index,
// and deletes objects that nothing names. Upkeep does so every RetentionInterval; it costs an idle
// log no request and no commit.
func (db *DB) Retain(ctx context.Context) error {
	now, certain := db.time.now()
	byTime, byBytes := db.expired(now.UnixMilli(), certain)
	for cause, starts := range map[TruncateCause][]LogStart{TruncateTime: byTime, TruncateBytes: byBytes} {
		if len(starts) == 0 {
			continue
		}
		if _, err := db.commitOwn(ctx, TruncateChange(cause, starts)); err != nil {
			return err
		}
		db.stats.truncations.Add(int64(len(starts)))
	}
	db.prune()
	return db.collect(ctx)
}

// needs of a topic; known is false while they cannot be told.
func (db *DB) needs(id TopicID) (n Needs, known bool) {
	if db.cfg.Needs == nil {
		return NoNeeds, true
	}
	return db.cfg.Needs(id)
}

// retained is a topic whose records go.
type retained struct {
	values topicconfig.Values
	needs  Needs
	parts  []*partition
}

// expired lists where partitions are to begin, sorted by partition.
func (db *DB) expired(nowMillis int64, certain bool) (byTime, byBytes []LogStart) {
	for _, t := range db.retainedTopics() {
		db.mu.RLock()
		for _, p := range t.parts {
			from := p.logStart
			if certain {
				from = p.afterTime(&t, nowMillis, db.limits.RetentionGrace)
			}
			if from > p.logStart {
				byTime = append(byTime, LogStart{p.id, from})
			}
			if to := p.afterBytes(&t, from, nowMillis, db.limits.RetentionGrace); to > from {
				byBytes = append(byBytes, LogStart{p.id, to})
			}
		}
		db.mu.RUnlock()
	}
	sortStarts := func(a, b LogStart) int { return comparePartitions(a.Partition, b.Partition) }
	slices.SortFunc(byTime, sortStarts)
	slices.SortFunc(byBytes, sortStarts)
	return byTime, byBytes
}

// retainedTopics are those that have a retention and whose needs are known. Tables keep their
// topics.
func (db *DB) retainedTopics() (out []retained) {
	db.mu.RLock()
	for _, t := range db.mu.fold.topics {
		if t.Internal {
			continue
		}
		v := topicconfig.Of(t.Configs)
		if v.Delete && (v.Retention != topicconfig.Forever || v.RetentionBytes >= 0) {
			out = append(out, retained{values: v, parts: slices.Clone(t.partitions)})
		}
	}
	db.mu.RUnlock()
	// why outside the lock: who is asked has locks of its own, under which it asks the log.
	told := out[:0]
	for _, t := range out {
		known := false
		if t.needs, known = db.needs(t.parts[0].id.Topic); known {
			told = append(told, t)
		}
	}
	return told
}

// afterTime is the offset behind the runs at the front that are too old, by their records' time,
// by their commit's, and by the clock.
func (p *partition) afterTime(t *retained, nowMillis int64, grace time.Duration) int64 {
	from := p.logStart
	if t.values.Retention == topicconfig.Forever {
		return from
	}
	limit := nowMillis - t.values.Retention.Milliseconds()
	for i := p.runAt(from); i < len(p.runs); i++ {
		r := &p.runs[i]
		if age := max(r.maxTime, r.lastMillis); age >= limit || r.next() > p.lastStable() || !t.mayGo(p, r, limit, grace) {
			break
		}
		from = r.next()
	}
	return from
}

// afterBytes is the offset behind the runs from offset from on without which the partition still
// has retention.bytes.
func (p *partition) afterBytes(t *retained, from, nowMillis int64, grace time.Duration) int64 {
	if t.values.RetentionBytes < 0 {
		return from
	}
	first, total := p.runAt(from), int64(0)
	for i := first; i < len(p.runs); i++ {
		total += p.runs[i].length
	}
	for i := first; i < len(p.runs); i++ {
		r := &p.runs[i]
		if total-r.length < t.values.RetentionBytes || r.next() > p.lastStable() || !t.mayGo(p, r, nowMillis, grace) {
			break
		}
		total -= r.length
		from = r.next()
	}
	return from
}

// mayGo: no relation needs the run, or it was let wait for long enough.
func (t *retained) mayGo(p *partition, r *run, limitMillis int64, grace time.Duration) bool {
	return p.visibleUntil(r) <= t.needs.Keep || r.lastMillis < limitMillis-grace.Milliseconds()
}

// prune drops what is before log starts and that nobody reads any more.
func (db *DB) prune() {
	db.queue.do(func() {
		f := db.mu.fold
		if !f.truncated {
			return
		}
		left := false
		for id, t := range f.topics {
			if !slices.ContainsFunc(t.partitions, (*partition).prunable) {
				continue
			}
			needs, known := db.needs(id)
			if !known {
				left = true
				continue
			}
			db.mu.Lock()
			for _, p := range t.partitions {
				left = p.prune(f, needs) || left
			}
			db.mu.Unlock()
		}
		f.truncated = left
	})
}

// prunable: something that readers of older versions alone need may be left.
func (p *partition) prunable() bool { return len(p.starts) > 0 || len(p.retired) > 0 }

// LostBy tells at which commit records of a topic went last, by a log start that moved or by log compaction,
// 0 if none did: what is built from the log's beginning now is not what was built before it.
func (db *DB) LostBy(id TopicID) (at CommitSeq) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if t := db.mu.fold.topics[id]; t != nil {
		for _, p := range t.partitions {
			at = max(at, p.truncatedAt(), p.cleanedAt)
		}
	}
	return at
}

// LostUntil tells of the newest commit of which records of a topic went.
func (db *DB) LostUntil(id TopicID) (until CommitSeq) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if t := db.mu.fold.topics[id]; t != nil {
		for _, p := range t.partitions {
			until = max(until, p.lost)
		}
	}
	return until
}

// TruncatedBy tells at which commit a log start of a topic moved last, 0 if none did.
func (db *DB) TruncatedBy(id TopicID) (at CommitSeq) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	if t := db.mu.fold.topics[id]; t != nil {
		for _, p := range t.partitions {
			at = max(at, p.truncatedAt())
		}
	}
	return at
}
