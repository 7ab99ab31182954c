package log

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/storage/segment"
)

// changeCursor walks what became visible in one partition: plain records in offset order, which is
// their visible-at order, or, with late, the records of Kafka transactions.
type changeCursor struct {
	reader    *changeReader
	partition *partition
	runs      []run     // of the partition, as of when it was opened
	after     CommitSeq // nothing at or below this was asked
	least     int64     // nothing before this offset is
	late      *lateWalk // nil = the cursor is of plain records
	offset    int64     // of the next record batch, once started
	started   bool
	done      bool

	seated    bool      // the fields below say where the next record batch is
	visibleAt CommitSeq // of it
	millis    int64     // commit time of visibleAt

	run     run
	memory  []byte
	stretch stretch // begins at the next record batch, if loaded
	loaded  bool
	inRun   bool

	info    *segment.RunInfo // of a placed run
	visible visibleCursor
}

// visibleCursor finds the Visibility of record batches by their place in a placed run, going
// forward.
type visibleCursor struct {
	entries []segment.Visibility
	before  int // record batches in the entries already passed
}

// at returns the Visibility of a record batch at or behind the one asked before.
func (v *visibleCursor) at(place int) (segment.Visibility, bool) {
	for len(v.entries) > 0 && place >= v.before+v.entries[0].Count {
		v.before += v.entries[0].Count
		v.entries = v.entries[1:]
	}
	if len(v.entries) == 0 {
		return segment.Visibility{}, false
	}
	return v.entries[0], true
}

// leave forgets the run, so that the index is asked again.
func (c *changeCursor) leave() { c.inRun, c.loaded, c.seated = false, false, false }

// seat sets visibleAt of the next record batch, or done if there is none up to to.
func (c *changeCursor) seat(ctx context.Context, db *DB, to CommitSeq) error {
	for !c.seated && !c.done {
		if c.late != nil {
			if err := c.seatLate(ctx, db, to); err != nil {
				return err
			}
			continue
		}
		if !c.inRun && !c.enter(db, to) {
			c.done = true
			return nil
		}
		if c.run.transactional {
			plain, err := c.skipTransactions(ctx, db)
			if err != nil {
				return err
			}
			if !plain {
				continue
			}
		}
		if !c.run.block.placed {
			c.visibleAt, c.millis, c.seated = c.run.first, c.run.firstMillis, true
			continue
		}
		if err := c.seatPlaced(ctx, db); err != nil {
			return err
		}
	}
	if c.visibleAt > to {
		c.done = true
	}
	return nil
}

// enter takes the run at the cursor's offset from the index; false at the end.
func (c *changeCursor) enter(db *DB, to CommitSeq) bool {
	db.mu.RLock()
	defer db.mu.RUnlock()
	i := runAt(c.runs, max(c.offset, c.least))
	if !c.started {
		i = max(i, runAfter(c.runs, c.after))
	}
	if i == len(c.runs) || c.runs[i].first > to {
		return false
	}
	c.run = c.runs[i]
	c.memory = c.run.data()
	if !c.started {
		c.offset, c.started = max(c.run.base, c.least), true
	}
	c.inRun, c.loaded, c.info = true, false, nil
	return true
}

// seatPlaced asks the segment's index when the next record batch became visible.
func (c *changeCursor) seatPlaced(ctx context.Context, db *DB) error {
	if c.info == nil {
		_, info, err := db.runInfo(ctx, c.partition.id, &c.run)
		if err != nil {
			return err
		}
		c.info = info
		c.visible = visibleCursor{entries: info.Visible}
	}
	if err := c.load(ctx, db); err != nil {
		return err
	}
	v, ok := c.visible.at(c.stretch.first)
	if !ok {
		return fmt.Errorf("%w: segment %s does not say when offset %d became visible", ErrCorrupt, c.run.block.key, c.offset)
	}
	c.visibleAt, c.millis = CommitSeq(v.VisibleAt), v.CommitMillis
	if c.visibleAt <= c.after {
		c.step()
		return nil
	}
	c.seated = true
	return nil
}

// skipTransactions goes behind what belongs to Kafka transactions; false at the end of the run.
func (c *changeCursor) skipTransactions(ctx context.Context, db *DB) (plain bool, err error) {
	for c.inRun {
		if err := c.load(ctx, db); err != nil {
			return false, err
		}
		if yes, _ := recordbatch.OfTransaction(c.stretch.data); !yes {
			return true, nil
		}
		c.step()
	}
	return false, nil
}

// load makes the stretch begin at the cursor's offset, or, behind a gap, at the next record batch.
func (c *changeCursor) load(ctx context.Context, db *DB) error {
	if !c.loaded || len(c.stretch.data) == 0 {
		if c.memory == nil && c.late == nil {
			c.reader.prepare(ctx, c)
		}
		s, err := db.readRun(ctx, c.partition.id, &c.run, c.memory, c.offset)
		if err != nil {
			return err
		}
		if c.memory == nil {
			c.reader.ahead.left -= len(s.data)
		}
		c.stretch, c.loaded = s, true
	}
	c.offset = max(c.offset, c.stretch.offset(c.run.block.placed))
	return nil
}

// peek is the next record batch, not patched.
func (c *changeCursor) peek(ctx context.Context, db *DB) ([]byte, error) {
	if err := c.load(ctx, db); err != nil {
		return nil, err
	}
	raw, _, err := step(c.stretch.data, c.stretch.base, c.run.block.placed)
	return raw, err
}

// advance goes behind the record batch that peek returned.
func (c *changeCursor) advance() {
	c.step()
	c.seated = false
}

// step drops the first record batch of the stretch.
// REQUIRES: it was loaded; step's own error was seen by load.
func (c *changeCursor) step() {
	raw, next, err := step(c.stretch.data, c.stretch.base, c.run.block.placed)
	if err != nil {
		c.loaded = false // the next load reports it
		return
	}
	c.stretch.data, c.stretch.base = c.stretch.data[len(raw):], next
	c.stretch.first++
	c.offset = next
	if c.offset >= c.run.next() {
		c.inRun = false
	}
}

func patchOffset(raw []byte, base int64) {
	binary.BigEndian.PutUint64(raw, uint64(base))
	binary.BigEndian.PutUint32(raw[12:], 0)
}
