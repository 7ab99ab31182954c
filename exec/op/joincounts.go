package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// The last column of side.counts.
const (
	isRow  int32 = iota // the row itself, with its weight
	isPair              // the pairs that it is in, with theirs
)

// count adds rows of a kept side, or pairs of them, to its counts.
func (j *join) count(s *side, cols []delta.Column, n int, sel []int32, weights []int64, what int32) error {
	if len(sel) == 0 {
		return nil
	}
	cols = cols[:len(s.types):len(s.types)]
	if err := s.touched.add(cols, n, sel); err != nil {
		return err
	}
	return s.counts.Append(&delta.Batch{Len: n, Cols: append(cols, delta.Const(sqltype.Int4, what, n)), Sel: sel, Weights: weights})
}

// tally is a number for each of some rows.
type tally []int64

func (t *tally) reset(n int) []int64 {
	if cap(*t) < n {
		*t = make([]int64, n)
	}
	*t = (*t)[:n]
	clear(*t)
	return *t
}

// settleCounts tells the rows of a kept side whose weight or count of pairs is another now.
func (j *join) settleCounts(ctx context.Context, s *side, out exec.Out) error {
	t := &s.touched
	if t.len() == 0 {
		return nil
	}
	old, err := s.counts.At(newest)
	if err != nil {
		return err
	}
	defer old.Release()
	now := s.counts.Head()
	for from := 0; from < t.len(); from += outRows {
		cols, n := t.slice(from, outRows)
		met, unmet := j.sums[0].reset(n), j.sums[1].reset(n)
		if err := j.standing(ctx, old, s, cols, n, -1, met, unmet); err != nil {
			return err
		}
		if err := j.standing(ctx, now, s, cols, n, 1, met, unmet); err != nil {
			return err
		}
		d := delta.Batch{Len: n, Cols: cols}
		for k, weights := range [][]int64{met, unmet} {
			sel := none(j.marks[k])
			for i := range weights {
				if weights[i] != 0 {
					sel = append(sel, int32(i))
				}
			}
			j.marks[k] = sel
			if err := j.alone(s, &d, sel, weights, k == 0, out); err != nil {
				return err
			}
		}
	}
	return t.clear()
}

// standing adds the weight of each row, times sign, to met if it is in a pair, else to unmet.
func (j *join) standing(ctx context.Context, in state.View, s *side, rows []delta.Column, n int, sign int64, met, unmet []int64) error {
	weights, pairs := make([]int64, n), make([]int64, n)
	cursor, err := in.Probe(ctx, rows, upTo32(n))
	err = eachMatch(ctx, j.env.Meter(), cursor, err, func(d *delta.Batch, match []int32) error {
		what := delta.Values[int32](&d.Cols[len(s.types)])
		for i, row := range match {
			// Equal rows have one key; what looks different has a count of its own.
			if delta.CompareRows(d.Cols[:len(s.types)], int32(i), rows, row) != 0 {
				continue
			}
			if what[i] == isRow {
				weights[row] += d.Weight(int32(i))
			} else {
				pairs[row] += d.Weight(int32(i))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range n {
		switch {
		case weights[i] < 0 || pairs[i] < 0:
			return state.ErrNegativeWeight
		case pairs[i] > 0:
			met[i] += sign * weights[i]
		default:
			unmet[i] += sign * weights[i]
		}
	}
	return nil
}
