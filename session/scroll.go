package session

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
)

// scrolled are all rows of a cursor that goes both ways, outlives its transaction, or locks its rows: in memory, and past
// work_memory on the disk. at is the row that it stands on, from 1; 0 and total+1 are before and behind all.
type scrolled struct {
	rows      *gathered
	total, at int64
	forward   bool // NO SCROLL
}

// gatherCursor runs the query of a DECLARE to its end.
func (s *Session) gatherCursor(ctx context.Context, p *portal, b *parse.Declare, fields []face.Field) (*scrolled, error) {
	types := make([]sqltype.OID, len(fields))
	for i, f := range fields {
		types[i] = f.Type.OID
	}
	c := &scrolled{rows: s.newGathered(types), forward: b.NoScroll}
	var err error
	if p.plan.dml != nil {
		_, err = s.write(ctx, p, c.rows)
	} else {
		err = s.runQuery(ctx, p.plan.query, p.args, flow.OutFunc(func(d *delta.Batch) error {
			if err := firstError(d); err != nil {
				return err
			}
			return c.rows.add(d)
		}))
	}
	if err == nil {
		err = c.rows.each(func(d *delta.Batch) error {
			c.total += int64(d.Rows())
			return nil
		})
	}
	if err != nil {
		c.rows.drop()
		return nil, err
	}
	return c, nil
}

// backwardRows are given at once to who goes backward.
const backwardRows = 4096

// fetch moves the cursor and gives the rows that it comes by.
func (c *scrolled) fetch(b *parse.Fetch, w face.Writer) (sent int64, err error) {
	from, n, back, at := c.path(b)
	if c.forward && (back || at < c.at || n == 1 && from == c.at && (b.Count == 0 || b.Direction == parse.FetchAbsolute)) {
		return 0, errForwardOnly
	}
	if !back {
		err = c.give(from, n, false, w)
	}
	for left := n; back && left > 0 && err == nil; {
		step := min(left, backwardRows)
		err = c.give(from+left-step, step, true, w)
		left -= step
	}
	if err == nil {
		c.at = at
	}
	return n, err
}

var errForwardOnly = sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "cursor can only scan forward").
	WithHint("Declare it with SCROLL option to enable backward scan.")

// path is what a FETCH gives: n rows from row from on (from 1), the last first if back; and where it comes to stand.
func (c *scrolled) path(b *parse.Fetch) (from, n int64, back bool, at int64) {
	one := func(row int64) (int64, int64, bool, int64) {
		switch {
		case row < 1:
			return 1, 0, row < c.at, 0
		case row > c.total:
			return 1, 0, false, c.total + 1
		}
		return row, 1, row < c.at, row
	}
	count := b.Count
	switch b.Direction {
	case parse.FetchAbsolute:
		if count < 0 {
			count += c.total + 1
		}
		return one(count)
	case parse.FetchRelative:
		if count == 0 {
			return c.here()
		}
		return one(c.at + count)
	case parse.FetchBackward:
		count = -count
		if b.All {
			count = -c.total - 1
		}
	default:
		if b.All {
			count = c.total + 1
		}
	}
	switch {
	case count == 0:
		return c.here()
	case count > 0:
		n = min(count, max(c.total-c.at, 0))
		if at = c.at + count; count > c.total-c.at {
			at = c.total + 1
		}
		return c.at + 1, n, false, at
	}
	n = min(-count, max(c.at-1, 0))
	return c.at - n, n, true, max(c.at+count, 0)
}

// here is the row that the cursor stands on once more.
func (c *scrolled) here() (from, n int64, back bool, at int64) {
	if c.at < 1 || c.at > c.total {
		return 1, 0, false, c.at
	}
	return c.at, 1, false, c.at
}

// give gives n rows from row from on, the last first if back.
func (c *scrolled) give(from, n int64, back bool, w face.Writer) error {
	if n == 0 {
		return nil
	}
	if !back {
		return c.rows.window(from-1, n, w.Rows)
	}
	rows := delta.NewBatchBuilder(c.rows.types)
	if err := c.rows.window(from-1, n, func(d *delta.Batch) error { rows.AppendBatch(d); return nil }); err != nil {
		return err
	}
	all := rows.Batch()
	all.Sel = make([]int32, 0, all.Len)
	for i := int32(all.Len) - 1; i >= 0; i-- {
		all.Sel = append(all.Sel, i)
	}
	return w.Rows(&all)
}

// window visits the rows [from, from+n), counted from 0.
func (g *gathered) window(from, n int64, visit func(b *delta.Batch) error) error {
	at := int64(0)
	err := g.each(func(b *delta.Batch) error {
		low, high := max(from-at, 0), min(from+n-at, int64(b.Len))
		at += int64(b.Len)
		if low < high {
			part := *b
			part.Sel = make([]int32, 0, high-low)
			for i := low; i < high; i++ {
				part.Sel = append(part.Sel, int32(i))
			}
			if err := visit(&part); err != nil {
				return err
			}
		}
		if at >= from+n {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
