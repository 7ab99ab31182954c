package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// A single join is what a subquery that is a value becomes: a row of the right side meets one row of the
// left, or none, which is NULL. One that meets more is an error until it does not.

var errManyRows = sqlerr.New(sqlerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")

// statuses are what each of some keys has in a view: the number of rows, and the first.
type statuses struct {
	total []int64
	at    []int32 // of the first in rows
	rows  *delta.BatchBuilder
	cols  []delta.Column
}

func (s *statuses) open(types []sqltype.OID) { s.rows = delta.NewBatchBuilder(types) }

// find looks rows sel of keys up.
func (s *statuses) find(ctx context.Context, m *meter.Meter, in state.View, keys []delta.Column, n int, sel []int32) error {
	s.rows.Clear()
	s.total, s.at = make([]int64, n), make([]int32, n)
	cursor, err := in.Probe(ctx, keys, sel)
	err = eachMatch(ctx, m, cursor, err, func(d *delta.Batch, match []int32) error {
		for i, key := range match {
			if s.total[key] == 0 {
				s.at[key] = int32(s.rows.Len())
				s.rows.AppendRow(d.Cols, int32(i), 1)
			}
			s.total[key] += d.Weight(int32(i))
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.cols = s.rows.Batch().Cols
	return nil
}

// put appends row of a kept side's columns beside what its key has.
func (s *statuses) put(made *delta.BatchBuilder, key int32, cols []delta.Column, row int32, weight int64) {
	if s.total[key] > 1 {
		made.AppendError(delta.RowError{Err: errManyRows}, weight)
		return
	}
	width := len(s.cols)
	for i, c := range made.Cols {
		switch {
		case i >= width:
			c.AppendFrom(&cols[i-width], row)
		case s.total[key] == 0:
			c.AppendNull()
		default:
			c.AppendFrom(&s.cols[i], s.at[key])
		}
	}
	made.End(weight)
}

// sameFor reports whether two statuses put out the same for a key.
func (s *statuses) sameFor(o *statuses, key int32) bool {
	if s.total[key] != 1 || o.total[key] != 1 {
		return min(s.total[key], 2) == min(o.total[key], 2)
	}
	return delta.CompareRows(s.cols, s.at[key], o.cols, o.at[key]) == 0
}

func (j *join) probeSingle(ctx context.Context, other *side, rows *delta.Batch, keys []delta.Column, out exec.Out) error {
	if err := j.found.find(ctx, j.env.Meter(), other.head, keys, rows.Len, rows.Sel); err != nil {
		return err
	}
	made := delta.NewBatchBuilder(j.types)
	for _, row := range rows.Sel {
		j.found.put(made, row, rows.Cols, row, rows.Weight(row))
		if err := flushFull(ctx, made, outRows, out); err != nil {
			return err
		}
	}
	return flushFull(ctx, made, 1, out)
}

func (j *join) settleSingle(ctx context.Context, old, now, others state.View, keys []delta.Column, n int, out exec.Out) error {
	var was statuses
	was.open(j.sides[0].types)
	all := upTo32(n)
	if err := was.find(ctx, j.env.Meter(), old, keys, n, all); err != nil {
		return err
	}
	if err := j.found.find(ctx, j.env.Meter(), now, keys, n, all); err != nil {
		return err
	}
	sel := all[:0]
	for _, key := range all {
		if !was.sameFor(&j.found, key) {
			sel = append(sel, key)
		}
	}
	if len(sel) == 0 {
		return nil
	}
	cursor, err := others.Probe(ctx, keys, sel)
	if err != nil {
		return err
	}
	defer cursor.Close()
	made := delta.NewBatchBuilder(j.types)
	for more := true; more; {
		if err := j.env.Meter().Breathe(); err != nil {
			return err
		}
		var d delta.Batch
		var match []int32
		if match, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		for i, key := range match {
			w := d.Weight(int32(i))
			was.put(made, key, d.Cols, int32(i), -w)
			j.found.put(made, key, d.Cols, int32(i), w)
			if err := flushFull(ctx, made, outRows, out); err != nil {
				return err
			}
		}
	}
	return flushFull(ctx, made, 1, out)
}
