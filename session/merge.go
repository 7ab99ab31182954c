package session

import (
	"context"

	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/bind"
)

// merge runs a MERGE: rows that are there are changed and deleted as by UPDATE and DELETE, again while others change them
// under it; then the rows are put in that the last run found missing.
func (s *Session) merge(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column) (int64, error) {
	t, err := tx.Table(ctx, d.target.OID)
	if err != nil {
		return 0, err
	}
	rules, err := s.newRules(tx, t, d.checks, nil)
	if err != nil {
		return 0, err
	}
	defer rules.close()
	var fresh *gathered
	defer func() {
		if fresh != nil {
			fresh.drop()
		}
	}()
	n, err := tx.Modify(ctx, t, s.repeatable(), func() (*table.Change, error) {
		if fresh != nil {
			fresh.drop()
		}
		fresh = s.newGathered(t.Types()[:len(d.target.Columns)])
		return s.mergeChange(ctx, t, d, args, fresh, rules)
	})
	if err != nil {
		return 0, err
	}
	return n, fresh.each(func(b *delta.Batch) error {
		if err := rules.check(b); err != nil {
			return err
		}
		more, err := tx.Insert(ctx, t, b)
		n += more
		return err
	})
}

// mergeChange finds the rows to change on a new snapshot, those with new values in front, and adds the missing ones to fresh.
func (s *Session) mergeChange(ctx context.Context, t *table.Table, d *dml, args []delta.Column, fresh *gathered, rules *rowRules) (*table.Change, error) {
	pin, free, err := s.pinned(ctx, d.query)
	if err != nil {
		return nil, err
	}
	types := fieldTypes(d.query)
	rows, deleted, held := delta.NewBatchBuilder(types), delta.NewBatchBuilder(types), s.hold()
	done := func() {
		held.drop()
		free()
	}
	m, width := d.merge, len(d.target.Columns)
	var updates, deletes, inserts []int32
	err = s.db.Runtime.Query(ctx, d.query, s.runAt(pin.Version(), args), flow.OutFunc(func(b *delta.Batch) error {
		if err := policiesHold(d.target, m.Policies, b); err != nil {
			return err
		}
		updates, deletes, inserts = updates[:0], deletes[:0], []int32{}
		actions := delta.Values[int32](&b.Cols[m.Action])
		err := b.EachRow(func(row int32) error {
			switch actions[b.Cols[m.Action].At(row)] {
			case bind.MergeUpdate:
				updates = append(updates, row)
			case bind.MergeDelete:
				deletes = append(deletes, row)
			default:
				inserts = append(inserts, row)
			}
			return nil
		})
		if err != nil {
			return err
		}
		missing := *some(b, m.New, m.New+width)
		if missing.Sel = inserts; len(inserts) > 0 {
			if err := fresh.add(&missing); err != nil {
				return err
			}
		}
		for _, part := range []struct {
			to  *delta.BatchBuilder
			sel []int32
		}{{rows, updates}, {deleted, deletes}} {
			if len(part.sel) == 0 {
				continue
			}
			chosen := *b
			chosen.Sel = part.sel
			if err := repeat(part.to, &chosen, held); err != nil {
				return err
			}
		}
		return nil
	}))
	if err == nil {
		err = s.withParts(ctx)
	}
	if err != nil {
		done()
		return nil, err
	}
	changed := rows.Len()
	gone := deleted.Batch()
	rows.AppendBatch(&gone)
	all := rows.Batch()
	c := &table.Change{At: pin.Version(), Free: done, Once: true, Check: rules.check, Old: delta.Batch{Len: all.Len, Cols: all.Cols[:len(t.Types())]}}
	for _, col := range all.Cols[m.New : m.New+width] {
		c.New.Cols = append(c.New.Cols, col.Slice(0, changed))
	}
	if t.HasRowID() {
		c.New.Cols = append(c.New.Cols, all.Cols[m.RowID].Slice(0, changed))
	}
	c.New.Len = changed
	return c, nil
}
