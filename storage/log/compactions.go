package log

import (
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/job"
)

// Compaction is one rewriting of objects that is under way or was so lately.
type Compaction struct {
	What       string  // roll, level or clean
	Topic      TopicID // of the first partition
	Partition  int32
	Partitions int
	Runs       int // that became one a partition
	From, To   int // levels
	Bytes      int64
	Written    int64 // size of the objects, once it has ended
	Since      time.Time
	Ended      time.Time // zero while it is under way
	Err        error
}

// keptCompactions are the newest that are told of.
const keptCompactions = 100

// compactions is what is under way and what was lately. The zero value is ready.
type compactions struct {
	mu   sync.Mutex
	list []*Compaction // oldest first
}

// compactionOf is what groups of a level are about to become.
func compactionOf(level uint8, groups []levelGroup) *Compaction {
	j := &Compaction{What: "level", Partitions: len(groups), From: int(level), To: int(level) + 1,
		Topic: groups[0].partition.Topic, Partition: groups[0].partition.Index}
	for i := range groups {
		j.Runs += len(groups[i].runs)
		for k := range groups[i].runs {
			j.Bytes += groups[i].runs[k].length
		}
	}
	return j
}

func compactionOfInline(runs []inlineRun) *Compaction {
	j := &Compaction{What: "roll", Runs: len(runs)}
	for i := range runs {
		if i == 0 {
			j.Topic, j.Partition = runs[0].partition.Topic, runs[0].partition.Index
		}
		if i == 0 || runs[i].partition != runs[i-1].partition {
			j.Partitions++
		}
		j.Bytes += runs[i].length
	}
	return j
}

func (c *compactions) begin(now time.Time, j *Compaction) *Compaction {
	j.Since = now
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.list = append(c.list, j); len(c.list) > keptCompactions {
		c.list = c.list[1:]
	}
	return j
}

// more tells what else is part of a job.
func (c *compactions) more(j *Compaction, partitions, runs int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j.Partitions, j.Runs, j.Bytes = j.Partitions+partitions, j.Runs+runs, j.Bytes+bytes
}

func (c *compactions) end(j *Compaction, now time.Time, written int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j.Written, j.Err, j.Ended = written, err, now
}

// Compactions are those under way and the newest before them, oldest first.
func (db *DB) Compactions() []Compaction {
	c := &db.compactions
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Compaction, len(c.list))
	for i, j := range c.list {
		out[i] = *j
	}
	return out
}

// rateTime is how long bytes take at a rate, 0 = without one.
func rateTime(bytes, rate int64) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(float64(bytes) / float64(rate) * float64(time.Second))
}

// runLevels puts objects together as they come, and compacts by key.
func (db *DB) runLevels() {
	job.Label("log levels")
	for {
		select {
		case <-db.clock.After(db.limits.LevelInterval):
		case <-db.upkeep.stopping:
			return
		}
		if newest := db.published.Load(); newest != db.leveledAt {
			if db.tend(db.Level) {
				db.leveledAt = newest // else it is tried again, also on an idle log
			}
		}
		db.tend(db.Clean) // also on an idle log: lags end
	}
}
