package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// nearness frees what a join keeps whose pairs have event times that are not far apart: a row that meets none of those that may
// still come. A side is looked through when the watermark has moved half as far as a row stays, so that a row is looked at a
// few times in all, and half as many rows more are kept as would have to be.
type nearness struct {
	plan.Within
	sides [2]freeing
}

type freeing struct {
	done int64 // rows that can be freed were looked for up to there
	upTo int64 // and now up to there
	at   []delta.Column
	busy bool
	gone *delta.BatchBuilder
}

// freedRows is about how many rows are freed at once.
const freedRows = 16 << 10

func newNearness(n *plan.Join) *nearness {
	if n.Within == nil {
		return nil
	}
	w := &nearness{Within: *n.Within}
	for i, in := range n.Inputs() {
		w.sides[i].gone = delta.NewBatchBuilder(fieldTypes(in.Props()))
	}
	return w
}

func (w *nearness) open() {
	if w == nil {
		return
	}
	for i := range w.sides {
		w.sides[i].done, w.sides[i].busy, w.sides[i].at = exec.NoWatermark, false, nil
		w.sides[i].gone.Clear()
	}
}

// progress is that of the pairs: as far as both sides are.
func (w *nearness) progress(sides []exec.Progress) exec.Progress {
	marks := w.marks(sides)
	return exec.Progress{Watermark: min(marks[0], marks[1]), Done: sides[0].Done && sides[1].Done}
}

// marks are the times before which no row of a side is still to come.
func (w *nearness) marks(sides []exec.Progress) (m [2]int64) {
	for i := range m {
		m[i] = behind(sides[i].Watermark, w.Behind[i])
	}
	return m
}

// free forgets rows that will meet none; more: it has not looked at all.
func (w *nearness) free(ctx context.Context, j *join) (more bool, err error) {
	marks := w.marks(j.progress)
	// A row of the left side waits for the right one's up to Upper behind it, one of the right side for the left one's -Lower.
	for i, wait := range []int64{w.Upper, -w.Lower} {
		f := &w.sides[i]
		if !f.busy {
			mark := marks[1-i]
			if mark == exec.NoWatermark {
				continue
			}
			f.upTo = mark - wait
			if f.done != exec.NoWatermark && f.upTo-f.done < (w.Upper-w.Lower)/2 || f.upTo == f.done {
				continue
			}
			f.busy, f.at = true, nil
		}
		if err := f.look(ctx, j, &j.sides[i], []int{w.Left, w.Right}[i]); err != nil || f.busy {
			return f.busy, err
		}
	}
	return false, nil
}

// look forgets some of the rows of a side whose column is before upTo, and goes on there the next time.
func (f *freeing) look(ctx context.Context, j *join, s *side, column int) error {
	cursor, err := s.rows.Head().Scan(ctx, state.Range{After: f.at})
	if err != nil {
		return err
	}
	f.gone.Clear()
	err = f.gather(ctx, j, cursor, column)
	cursor.Close()
	if err != nil {
		return err
	}
	if gone := f.gone.Batch(); gone.Len > 0 {
		f.at = rowOf(gone.Cols, int32(gone.Len)-1)
		if err := s.rows.Append(&gone); err != nil {
			return err
		}
	}
	if f.busy = f.gone.Len() >= freedRows; !f.busy {
		f.done = f.upTo
	}
	f.gone.Clear()
	return nil
}

func (f *freeing) gather(ctx context.Context, j *join, cursor state.Cursor, column int) (err error) {
	var scratch []int32
	for more := true; more; {
		if err := j.env.Meter().Breathe(); err != nil {
			return err
		}
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		times := delta.Values[int64](&d.Cols[column])
		for _, row := range liveRows(&d, &scratch) {
			if times[d.Cols[column].At(row)] >= f.upTo {
				continue
			}
			if f.gone.AppendRow(d.Cols, row, -d.Weight(row)); f.gone.Len() >= freedRows {
				return nil
			}
		}
	}
	return nil
}
