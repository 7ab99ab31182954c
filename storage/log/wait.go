package log

import (
	"context"
	"slices"
)

// waiters are the calls of Wait under way, by what they wait for.
type waiters struct {
	any     map[*waiter]struct{} // any commit
	byTopic map[TopicID]map[*waiter]waitedPartitions
	ended   error
}

type waiter struct {
	filter Filter
	woken  chan struct{} // closed when something came or the log ended
	err    error         // set before woken is closed
}

func (w *waiters) init() {
	w.any, w.byTopic = map[*waiter]struct{}{}, map[TopicID]map[*waiter]waitedPartitions{}
}

func (w *waiters) add(x *waiter) {
	if len(x.filter.Topics) == 0 {
		w.any[x] = struct{}{}
	}
	for i := range x.filter.Topics {
		t := &x.filter.Topics[i]
		if w.byTopic[t.Topic] == nil {
			w.byTopic[t.Topic] = map[*waiter]waitedPartitions{}
		}
		of := w.byTopic[t.Topic]
		if before, again := of[x]; again {
			of[x] = before.and(t.Partitions)
		} else {
			of[x] = waited(t.Partitions)
		}
	}
}

// waitedPartitions are those of one topic that a waiter waits for, in order; nil: all. A consumer of thousands is asked for
// each partition of a commit, so it is not looked through.
type waitedPartitions []int32

func waited(partitions []int32) waitedPartitions {
	if partitions == nil || slices.IsSorted(partitions) {
		return partitions
	}
	sorted := slices.Clone(partitions)
	slices.Sort(sorted)
	return sorted
}

// and is for a topic that a filter names twice.
func (w waitedPartitions) and(more []int32) waitedPartitions {
	if w == nil || more == nil {
		return nil
	}
	return waited(slices.Concat(w, more))
}

func (w waitedPartitions) has(partition int32) bool {
	if w == nil {
		return true
	}
	_, found := slices.BinarySearch(w, partition)
	return found
}

func (w *waiters) remove(x *waiter) {
	delete(w.any, x)
	for _, t := range x.filter.Topics {
		delete(w.byTopic[t.Topic], x)
		if len(w.byTopic[t.Topic]) == 0 {
			delete(w.byTopic, t.Topic)
		}
	}
}

func (w *waiters) fire(x *waiter, err error) {
	w.remove(x)
	x.err = err
	close(x.woken)
}

// wake ends the waits that the commit concerns.
func (w *waiters) wake(a *applied) {
	for x := range w.any {
		w.fire(x, nil)
	}
	if len(w.byTopic) == 0 {
		return
	}
	for _, p := range a.partitions {
		for x, of := range w.byTopic[p.id.Topic] {
			if of.has(p.id.Index) {
				w.fire(x, nil)
			}
		}
	}
	for _, p := range a.truncated { // a reader below it is told
		for x, of := range w.byTopic[p.id.Topic] {
			if of.has(p.id.Index) {
				w.fire(x, nil)
			}
		}
	}
	for _, id := range a.topics { // created or deleted
		for x := range w.byTopic[id] {
			w.fire(x, nil)
		}
	}
}

// endAll ends all waits, and all later ones at once, with err.
func (w *waiters) endAll(err error) {
	if w.ended == nil {
		w.ended = err
	}
	for x := range w.any {
		w.fire(x, err)
	}
	for _, set := range w.byTopic {
		for x := range set {
			w.fire(x, err)
		}
	}
}

// has tells whether the filter selects the partition. A filter names few topics.
func (f *Filter) has(p Partition) bool {
	for i := range f.Topics {
		t := &f.Topics[i]
		if t.Topic == p.Topic && (t.Partitions == nil || slices.Contains(t.Partitions, p.Index)) {
			return true
		}
	}
	return false
}

// Wait returns the newest commit once one after `after` touches f; an empty filter is touched
// by every commit. A topic that is created or deleted also ends the wait.
func (db *DB) Wait(ctx context.Context, f Filter, after CommitSeq) (CommitSeq, error) {
	db.mu.Lock()
	newest := CommitSeq(db.published.Load())
	if db.touchedLocked(f, newest) > after {
		db.mu.Unlock()
		return newest, nil
	}
	if err := db.mu.waiters.ended; err != nil {
		db.mu.Unlock()
		return 0, err
	}
	x := &waiter{filter: f, woken: make(chan struct{})}
	db.mu.waiters.add(x)
	db.mu.Unlock()
	select {
	case <-x.woken:
		if x.err != nil {
			return 0, x.err
		}
		return CommitSeq(db.published.Load()), nil
	case <-ctx.Done():
		db.mu.Lock()
		db.mu.waiters.remove(x)
		db.mu.Unlock()
		return 0, ctx.Err()
	}
}

// Touched is exact for recent commits; inside a rolled segment it may answer upTo itself,
// which is never below the true one.
func (db *DB) Touched(f Filter, upTo CommitSeq) CommitSeq {
	db.mu.RLock()
	defer db.mu.RUnlock()
	return db.touchedLocked(f, upTo)
}

// REQUIRES: db.mu held.
func (db *DB) touchedLocked(f Filter, upTo CommitSeq) CommitSeq {
	upTo = min(upTo, CommitSeq(db.published.Load()))
	if len(f.Topics) == 0 {
		return upTo
	}
	var newest CommitSeq
	for i := range f.Topics {
		t := db.mu.fold.topics[f.Topics[i].Topic]
		if t == nil {
			continue
		}
		of := waited(f.Topics[i].Partitions)
		for _, p := range t.partitions {
			if newest < upTo && len(p.runs) > 0 && of.has(p.id.Index) {
				newest = max(newest, p.touched(upTo))
			}
		}
	}
	return newest
}

// touched is the newest commit at or below upTo that gave p records.
func (p *partition) touched(upTo CommitSeq) CommitSeq {
	i := p.runAfter(upTo) // runs before i end at or below upTo
	if i < len(p.runs) && p.runs[i].first <= upTo {
		return upTo // why: only the segment's index knows; an upper bound is enough to wait for
	}
	if i == 0 {
		return 0
	}
	return p.runs[i-1].last
}
