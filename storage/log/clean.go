package log

import (
	"context"
	"errors"
)

// Clean compacts topics by key, as cleanup.policy = compact has it: of the records of a key the last stays,
// tombstones for delete.retention.ms, aborted records and at last the markers go. What stays keeps its
// offset.
//
//	index ─► plan: partitions that are due, runs that may go
//	           │ one partition after the other
//	           ▼
//	         keys: what was not compacted is read, the last offset of each key noted (bounded memory)
//	           │
//	           ▼
//	         runs from the log start on are read, thinned out, written ─► swap; the last one moves the mark
//
// Each swap is right by itself: what it removes is behind a record that stays. Only the mark says that a
// pass came to its end, so a crash costs a repetition. A tombstone may go once every older record of its key
// went: its horizon is set by a pass that has cleaned all before it, and a pass ends where something
// cannot be cleaned.
func (db *DB) Clean(ctx context.Context) error {
	for again := true; again; {
		db.prune() // what the last swaps left for older readers
		c := cleaner{db: db}
		for _, j := range db.planClean() {
			err := c.partition(ctx, &j)
			switch {
			case err == nil, errors.Is(err, errCleanEnds), db.setAside(err): // what it has done is swapped in
			default:
				c.fail(err)
				return err
			}
		}
		if err := c.flush(ctx); err != nil && !errors.Is(err, errCleanEnds) {
			return err
		}
		again = c.more
	}
	return nil
}

// errCleanEnds: the pass over a partition ends for now.
var errCleanEnds = errors.New("log compaction of the partition ends for now")

// cleaner gathers what was cleaned, of one or several partitions, for one segment and one swap.
type cleaner struct {
	db    *DB
	job   *Compaction // nil while nothing is gathered
	swap  cleanPayload
	runs  []*rollRun // parallel to the pieces with something left
	bytes int64
	stats cleanStats
	more  bool // a pass came to where the keys found no room
}

// cleanStats are of what is gathered.
type cleanStats struct{ records, bytes int64 }

// partition cleans one partition.
func (c *cleaner) partition(ctx context.Context, j *cleanJob) error {
	c.begin(j)
	o, err := c.db.outcomes(ctx, j)
	if err != nil {
		return err
	}
	keys, err := c.keys(ctx, j, o)
	if err != nil {
		return err
	}
	p := cleanPass{job: j, keys: keys, outcomes: o, seen: map[int64]bool{}, kept: map[span]bool{}}
	for from := 0; from < len(j.runs) && j.runs[from].base < keys.end; {
		to := j.group(from, keys.end)
		if !c.goesOn(j) {
			return errCleanEnds
		}
		piece, run, err := p.clean(ctx, c.db, j.runs[from:to])
		if err != nil {
			return err
		}
		if piece != nil {
			if err := c.add(ctx, j, piece, run, &p.removed); err != nil {
				return err
			}
		}
		bytes := int64(0)
		for i := from; i < to; i++ {
			bytes += j.runs[i].length
		}
		c.db.compactions.more(c.job, 0, to-from, bytes)
		if err := c.pace(ctx, bytes); err != nil {
			return err
		}
		from = to
	}
	c.more = c.more || keys.end < j.next()
	c.swap.Marks = append(c.swap.Marks, cleanMark{j.partition, keys.end})
	return nil
}

// group is the end of the runs from one on that become one.
func (j *cleanJob) group(from int, end int64) (to int) {
	left := j.most.bytes
	for to = from; to < len(j.runs) && j.runs[to].base < end; to++ {
		r := &j.runs[to]
		if to > from && (r.length > left || r.lastMillis-j.runs[from].firstMillis > j.most.millis) {
			break
		}
		left -= r.length
	}
	return to
}

// begin tells of what is under way.
func (c *cleaner) begin(j *cleanJob) {
	if c.job == nil {
		c.job = c.db.compactions.begin(c.db.clock.Now(), &Compaction{What: "clean", Topic: j.partition.Topic, Partition: j.partition.Index})
	}
	c.db.compactions.more(c.job, 1, 0, 0)
	if j.overtakes {
		c.db.cfg.Logger.Warn("log compaction no longer waits for a view, sink or derived stream that has not read the topic: it cannot be built again from it",
			"topic_id", j.partition.Topic, "partition", j.partition.Index, "retention_grace", c.db.limits.RetentionGrace)
	}
}

// goesOn: the topic is there and is compacted, the log is open, and versions that older readers need do not
// gather.
func (c *cleaner) goesOn(j *cleanJob) bool {
	select {
	case <-c.db.upkeep.stopping:
		return false
	default:
	}
	c.db.mu.RLock()
	defer c.db.mu.RUnlock()
	t := c.db.mu.fold.topics[j.partition.Topic]
	p := c.db.mu.fold.partition(j.partition)
	return p != nil && t.compacted() && len(p.retired) < maxRetired
}

// maxRetired bounds what is kept of a partition for readers of older versions.
const maxRetired = 8

func (c *cleaner) pace(ctx context.Context, bytes int64) error {
	more, err := c.db.paceLevels(ctx, bytes)
	if err == nil && !more {
		err = errCleanEnds
	}
	return err
}

// add takes what was cleaned of a partition, in the order of its offsets.
func (c *cleaner) add(ctx context.Context, j *cleanJob, x *cleanPiece, run *rollRun, removed *cleanStats) error {
	if run != nil {
		full := c.bytes > 0 && c.bytes+run.Length > c.db.limits.LevelBytes
		for _, r := range c.runs {
			full = full || r.Partition == run.Partition // a segment has one run of a partition
		}
		if full || len(c.runs) > 0 && c.swap.Class != j.class {
			if err := c.flush(ctx); err != nil {
				return err
			}
			if !c.goesOn(j) {
				return errCleanEnds
			}
			c.begin(j)
		}
		c.swap.Class = j.class
		c.swap.Level = max(c.swap.Level, 1)
		c.runs = append(c.runs, run)
		c.bytes += run.Length
	}
	c.swap.Pieces = append(c.swap.Pieces, *x)
	c.stats.records += removed.records
	c.stats.bytes += removed.bytes
	*removed = cleanStats{}
	return nil
}

// flush writes what was gathered and swaps it in. errCleanEnds: a partition was changed meanwhile.
func (c *cleaner) flush(ctx context.Context) error {
	if c.job == nil {
		return nil
	}
	written, whole, err := c.write(ctx)
	c.db.compactions.end(c.job, c.db.clock.Now(), written, err)
	*c = cleaner{db: c.db, more: c.more}
	if err == nil && !whole {
		err = errCleanEnds
	}
	if err == nil {
		c.db.prune()
	}
	return err
}

// fail tells of what is under way that it failed; what was gathered is lost.
func (c *cleaner) fail(err error) {
	if c.job != nil {
		c.db.compactions.end(c.job, c.db.clock.Now(), 0, err)
	}
}

func (c *cleaner) write(ctx context.Context) (written int64, whole bool, err error) {
	if len(c.swap.Pieces)+len(c.swap.Marks) == 0 {
		return 0, true, nil
	}
	if len(c.runs) > 0 {
		newest := CommitSeq(0)
		for _, r := range c.runs {
			newest = max(newest, r.Last)
		}
		object, err := c.db.writePlaced(ctx, c.swap.Level, c.swap.Class, newest, c.runs)
		if err != nil {
			return 0, false, err
		}
		c.swap.Key, c.swap.Size = object.Key, object.Size
		left := object.Runs
		for i := range c.swap.Pieces {
			if x := &c.swap.Pieces[i]; x.Left != nil {
				x.Left, left = &left[0], left[1:]
			}
		}
	}
	return c.commit(ctx)
}

// commit swaps in what still fits; whole tells that all of it did.
func (c *cleaner) commit(ctx context.Context) (written int64, whole bool, err error) {
	done, err := c.db.commitDecided(ctx, Change{Kind: KindSwap, Payload: c.swap.appendTo(nil)})
	if errors.Is(err, ErrCondition) {
		if c.swap.Key != "" {
			c.db.abandonObject(c.swap.Key)
		}
		return c.swap.Size, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	s := &c.db.stats
	s.cleans.Add(1)
	s.cleanBytes.Add(c.swap.Size)
	s.cleanedRecords.Add(c.stats.records)
	s.cleanedBytes.Add(c.stats.bytes)
	in, err := decodeClean(done.entry.Changes[0].Payload)
	if err != nil {
		return c.swap.Size, false, err
	}
	return c.swap.Size, len(in.Pieces) == len(c.swap.Pieces) && len(in.Marks) == len(c.swap.Marks), nil
}
