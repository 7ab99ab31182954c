package log

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/storage/meta"
	"github.com/tributary-db/tributary/storage/objstore"
	"github.com/tributary-db/tributary/storage/segment"
)

// runCommitter is the one goroutine that changes the fold: one commit is in flight at a time,
// what arrives meanwhile is the next.
func (db *DB) runCommitter() {
	job.Label("commit")
	for {
		groups, job := db.queue.next()
		switch {
		case job != nil:
			job()
		case groups == nil:
			return
		default:
			db.commitGroups(groups, &commit{rows: db.cfg.OffsetRows})
			// Who was answered is ready in this place, which the next sync would block until somebody takes it away.
			runtime.Gosched()
		}
	}
}

// commitGroups commits, as c, the groups whose upload went well and answers every entry.
// REQUIRES: called by the committer, or by who is lent its place.
func (db *DB) commitGroups(all []*flushGroup, c *commit) {
	for _, g := range all {
		if g.err != nil {
			db.abandon(g)
			err := db.uploadFailed(g.err)
			g.answer(func(*pending) error { return err }, nil)
			continue
		}
		if len(g.blocks) == 0 {
			db.setAppendTimes(g)
		}
		c.groups = append(c.groups, g)
	}
	if len(c.groups) == 0 {
		return
	}
	if err := db.queue.failure(); err != nil {
		c.failAll(err)
		return
	}
	began := db.clock.Now()
	err := db.appendLog(c)
	db.stats.latency.Observe(db.clock.Now().Sub(began))
	switch {
	case err == nil:
	case errors.Is(err, errNothing):
		db.abandonUnnamed(c, &applied{})
		db.answer(c, db.mu.fold.seq)
	case errors.Is(err, meta.ErrPoisoned):
		db.stopWith(c, fmt.Errorf("%w: %w", ErrPoisoned, err))
	case errors.Is(err, ErrFenced), errors.Is(err, ErrCorrupt), errors.Is(err, ErrUnknownKind):
		db.stopWith(c, err)
	case errors.Is(err, meta.ErrFull): // the commit is known not to have happened
		for _, g := range c.groups {
			db.abandon(g)
		}
		c.failAll(db.noRoom(err))
	default:
		c.lose(unavailable(err))
	}
}

// uploadFailed is what entries are told whose bytes are not in the object store.
func (db *DB) uploadFailed(err error) error {
	if errors.Is(err, objstore.ErrFull) {
		return db.noRoom(err)
	}
	return unavailable(err)
}

func (db *DB) stopWith(c *commit, err error) {
	db.queue.poison(err)
	c.lose(err)
	db.mu.Lock()
	db.mu.waiters.endAll(err)
	db.mu.Unlock()
}

// errLanded ends the resolving of an unknown outcome: the commit had happened.
var errLanded = errors.New("the commit had happened")

// appendLog commits c and publishes it. An unknown outcome is resolved under the commit lock:
// the record, with its fence and seal, is among those missed, or it never will be.
func (db *DB) appendLog(c *commit) error {
	var attempt []byte // the newest record handed to the store
	unknown := false   // whether its outcome is
	for delay := 10 * time.Millisecond; ; delay = min(2*delay, time.Second) {
		seq, err := db.cfg.Meta.AppendLog(db.background, db.mu.fold.seq, func(next CommitSeq, missed []meta.Record) ([]byte, []meta.Write, error) {
			if landed, err := db.catchUp(missed, attempt, c); landed || err != nil {
				return nil, nil, errors.Join(err, errLanded)
			}
			if err := c.decide(db.mu.fold, db.writer, next, db.time.nowMillis()); err != nil {
				return nil, nil, err
			}
			attempt = c.record
			return c.record, c.writes, nil
		})
		switch {
		case err == nil:
			if seq != db.mu.fold.seq+1 {
				return fmt.Errorf("%w: commit got number %d after %d", ErrCorrupt, seq, db.mu.fold.seq)
			}
			return db.publish(c.record, c)
		case errors.Is(err, errLanded) && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnknownKind):
			return nil
		case !errors.Is(err, meta.ErrUnknown):
			if unknown && db.background.Err() == nil && unresolved(err) {
				break // an earlier attempt's outcome is still open
			}
			return err
		}
		unknown = true
		db.stats.unknownOutcomes.Add(1)
		db.cfg.Logger.Warn("commit outcome unknown, asking again", "error", err)
		select {
		case <-db.clock.After(delay):
		case <-db.background.Done():
			return context.Cause(db.background)
		}
	}
}

// unresolved tells whether an error of a second try leaves the first one's outcome open: all
// do but those that decide itself returned, or that come after it.
func unresolved(err error) bool {
	for _, decided := range []error{errNothing, meta.ErrFull, meta.ErrPoisoned, ErrFenced, ErrCorrupt, ErrUnknownKind, meta.ErrClosed} {
		if errors.Is(err, decided) {
			return false
		}
	}
	return true
}

// catchUp publishes records that this fold has not seen; landed tells that the attempt was
// among them.
func (db *DB) catchUp(missed []meta.Record, attempt []byte, c *commit) (landed bool, err error) {
	for _, r := range missed {
		if attempt != nil && bytes.Equal(r.Bytes, attempt) {
			landed = true
			if err := db.publish(r.Bytes, c); err != nil {
				return true, err
			}
			continue
		}
		if err := db.publish(r.Bytes, nil); err != nil {
			return landed, err
		}
	}
	return landed, nil
}

// publish makes a durable commit visible, in this order: fold and tail cache, high
// watermarks, queues of followers, the sequence, acks. c is nil if the commit is not this broker's.
func (db *DB) publish(record []byte, c *commit) error {
	db.mu.Lock()
	a, err := db.mu.fold.apply(record)
	if err == nil && c != nil {
		db.keepInTail(a, c)
	}
	db.mu.Unlock()
	if err != nil {
		return err
	}
	db.mu.Lock()
	for _, p := range a.partitions {
		p.highWatermark = p.next
	}
	db.mu.followers.deliver(a, c)
	db.published.Store(uint64(a.Seq))
	db.durable.Store(&segment.Proof{Timeline: a.Timeline, Newest: uint64(a.Seq), CRC: binary.LittleEndian.Uint32(record[recordCRCAt:])})
	db.mu.waiters.wake(a)
	db.stats.inlineBytes.Store(db.mu.fold.inlineBytes)
	db.stats.inlineGroups.Store(int64(len(db.mu.fold.inline)))
	db.stats.producers.Store(int64(db.mu.fold.producers))
	db.stats.producersEvicted.Store(db.mu.fold.evicted)
	db.stats.txnIDs.Store(int64(len(db.mu.fold.txns.byName)))
	db.stats.openTxns.Store(int64(len(db.mu.fold.txns.open)))
	db.mu.Unlock()
	db.stats.commits.Add(1)
	db.stats.recordBytes.Add(int64(len(record)))
	db.stats.sinceSnapshot.Add(1)
	db.stats.bytesSinceSnapshot.Add(int64(len(record)))
	db.upkeep.notify(db)
	if a.txns {
		select {
		case db.txnWake <- struct{}{}:
		default:
		}
	}
	if c != nil {
		db.stats.groups.Add(int64(len(c.groups)))
		db.abandonUnnamed(c, a)
		db.answer(c, a.Seq)
	}
	return nil
}

// keepInTail keeps the bytes of new objects in memory.
// REQUIRES: db.mu held.
func (db *DB) keepInTail(a *applied, c *commit) {
	for _, b := range a.blocks {
		if b.key == "" || b.placed {
			continue
		}
		for _, g := range c.groups {
			for i := range g.blocks {
				if g.blocks[i].key == b.key {
					b.data, b.origin = g.blocks[i].data, g.blocks[i].origin
					db.mu.tail.add(b)
				}
			}
		}
	}
	db.stats.tailBytes.Store(db.mu.tail.bytes)
}

// answer tells every entry its result, in order.
func (db *DB) answer(c *commit, seq CommitSeq) {
	logStart := func(id Partition) int64 {
		if p := db.mu.fold.partition(id); p != nil {
			return p.logStart
		}
		return 0
	}
	for _, g := range c.groups {
		g.answer(func(e *pending) error { return e.err }, func(e *pending) { e.settle(seq, logStart) })
	}
}

func (c *commit) failAll(err error) {
	for _, g := range c.groups {
		g.answer(func(*pending) error { return err }, nil)
	}
}

// lose fails all entries, of which nobody knows whether they are in the log.
func (c *commit) lose(err error) {
	for _, g := range c.groups {
		for _, e := range g.entries {
			e.end(err, true)
		}
	}
}

func (g *flushGroup) answer(failure func(*pending) error, settle func(*pending)) {
	for _, e := range g.entries {
		if err := failure(e); err != nil {
			e.fail(err)
			continue
		}
		settle(e)
		e.end(nil, false)
	}
}

// setAppendTimes gives the seal's time to records of LogAppendTime topics.
func (db *DB) setAppendTimes(g *flushGroup) {
	created := map[TopicID]bool{}
	for _, e := range g.entries {
		for _, c := range e.entry.Changes {
			if c.Kind != KindTopic {
				continue
			}
			if t, err := decodeTopic(c.Payload); err == nil && t.Op == topicCreate {
				created[t.Topic.ID] = t.Topic.logAppendTime()
			}
		}
	}
	db.mu.RLock()
	defer db.mu.RUnlock()
	for _, e := range g.entries {
		for i := range e.appends {
			a := &e.appends[i]
			set := created[a.partition.Topic]
			if t := db.mu.fold.topics[a.partition.Topic]; t != nil {
				set = t.appendTime
			}
			if set && a.appendTime < 0 {
				a.setAppendTime(g.sealMillis)
			}
		}
	}
}
