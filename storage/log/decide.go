package log

import (
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/storage/meta"
)

// errNothing ends AppendLog without a record: no entry changes anything.
var errNothing = errors.New("nothing to commit")

// commit is one attempt to commit sealed groups.
type commit struct {
	groups   []*flushGroup
	accepted []*pending
	refused  []*pending // err is set
	record   []byte
	changes  int
	writes   []meta.Write
	scratch  []placedPiece
	// rows makes the rows of offsets that a transaction commits, see Config.OffsetRows.
	rows func(group string, offsets []GroupOffset, commitMillis int64) []meta.Write
	// here: it is made in the goroutine of who waits for it, which then applies what is held.
	here bool
	held []heldFollowing
}

// decide validates the groups' entries against the fold, which is at next-1, and builds the
// record. It may run again with the same groups if the commit before is known not to have
// happened.
func (c *commit) decide(f *fold, w writerIdentity, next CommitSeq, nowMillis int64) error {
	c.accepted, c.refused, c.writes, c.changes = c.accepted[:0], c.refused[:0], nil, 0
	if state := f.writers[w.id]; state.fence != w.fence {
		return fmt.Errorf("%w: fence %d of writer %d, the newest is %d", ErrFenced, w.fence, w.id, state.fence)
	}
	millis := max(nowMillis, f.timeMillis)
	o := newOverlay(f, millis)
	size := int64(recordHeaderSize + 64)
	for _, g := range c.groups {
		for _, e := range g.entries {
			if e.err = o.try(e); e.err != nil {
				c.refused = append(c.refused, e)
				continue
			}
			c.accepted = append(c.accepted, e)
			size += e.bytes + int64(len(e.appends))*96 + int64(len(e.entry.Changes))*changeHeaderSize + int64(len(e.staged))*256
		}
	}
	if err := c.encode(o, size); err != nil {
		return err
	}
	if c.changes == 0 && len(c.writes) == 0 {
		return errNothing
	}
	header := recordHeader{Seq: next, TimeMillis: millis, Writer: w.id, Fence: w.fence, Timeline: w.timeline, LastSeal: c.lastSeal()}
	return finishRecord(c.record, header, c.changes)
}

// lastSeal of the groups; 0 when the log itself commits without a group.
func (c *commit) lastSeal() uint64 { return c.groups[len(c.groups)-1].seal }

func (c *commit) encode(o *overlay, size int64) error {
	c.record = beginRecord(make([]byte, 0, size))
	for _, e := range c.accepted {
		c.writes = append(c.writes, e.entry.Writes...)
		if err := c.encodeChanges(e, func(k Kind) bool { return k != KindTruncate }); err != nil {
			return err
		}
		if e.txn != nil && e.txn.early != nil {
			if err := c.encodeChange(e.txn.early.change()); err != nil {
				return err
			}
		}
	}
	for _, g := range c.groups {
		if err := c.encodeGroup(o, g); err != nil {
			return err
		}
	}
	for _, e := range c.accepted {
		if e.txn == nil {
			continue
		}
		if err := c.encodeEnd(o, e.txn); err != nil {
			return err
		}
	}
	// why last: an entry may truncate what one before it in the commit appends.
	for _, e := range c.accepted {
		if err := c.encodeChanges(e, func(k Kind) bool { return k == KindTruncate }); err != nil {
			return err
		}
	}
	return nil
}

func (c *commit) encodeChanges(e *pending, pick func(Kind) bool) error {
	for _, ch := range e.entry.Changes {
		if !pick(ch.Kind) {
			continue
		}
		if err := c.encodeChange(ch); err != nil {
			return err
		}
	}
	return nil
}

func (c *commit) encodeChange(ch Change) (err error) {
	c.record, err = appendChange(c.record, ch)
	c.changes++
	return err
}

// encodeEnd is behind all appends: a marker's offset is the one after what its partition got.
func (c *commit) encodeEnd(o *overlay, r *txnRequest) error {
	if r.end != nil {
		c.writes = append(c.writes, o.finishEnd(r.end, c.rows)...)
		if err := c.encodeChange(r.end.change()); err != nil {
			return err
		}
	}
	if r.late != nil {
		return c.encodeChange(r.late.change())
	}
	return nil
}

func (c *commit) encodeGroup(o *overlay, g *flushGroup) (err error) {
	for _, e := range g.entries { // one with a Stage is alone in its group
		if e.err == nil {
			if err := c.encodeStaged(o, e.staged); err != nil {
				return err
			}
		}
	}
	indexed := func(e *pending, a *appendState) bool {
		// A topic that a later entry of this commit deletes takes its records with it.
		return e.err == nil && !a.duplicate && !o.meta.deleted[a.partition.Topic]
	}
	if len(g.blocks) == 0 {
		c.scratch = g.pieces(c.scratch[:0], func(e *pending, a *appendState, _ *piece) bool { return indexed(e, a) })
		if len(c.scratch) == 0 {
			return nil
		}
		c.record, err = appendInline(c.record, c.scratch)
		c.changes++
		return err
	}
	for i := range g.blocks {
		c.scratch = g.pieces(c.scratch[:0], func(e *pending, a *appendState, p *piece) bool {
			return indexed(e, a) && p.block == i
		})
		if len(c.scratch) == 0 {
			continue
		}
		if c.record, err = appendObject(c.record, &g.blocks[i], c.scratch); err != nil {
			return err
		}
		c.changes++
	}
	return nil
}

// writerIdentity names this broker's writer.
type writerIdentity struct {
	id       uint32
	fence    uint64
	timeline uint32
}
