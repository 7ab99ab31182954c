package op

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/state"
)

// pass takes rows that are due, as many as are taken at once: o.next is behind now when these were all.
func (o *temporal) pass(ctx context.Context, out exec.Out) error {
	if err := o.findDue(ctx); err != nil {
		return err
	}
	due := o.gone.Batch()
	if due.Len == 0 {
		return nil
	}
	o.last = rowOf(due.Cols, int32(due.Len)-1)
	again := delta.NewBatchBuilder(typesOfColumns(due.Cols))
	dues, ends := delta.Values[int64](&due.Cols[temporalDue]), delta.Values[int64](&due.Cols[temporalEnd])
	for row := range int32(due.Len) {
		w := -due.Weight(row) // gone has them the other way round
		switch at, end := dues[row], ends[row]; {
		case at == end:
			o.made.AppendRow(due.Cols[temporalRow:], row, -w)
		case end == forEver:
			o.made.AppendRow(due.Cols[temporalRow:], row, w)
		case end > o.now:
			o.made.AppendRow(due.Cols[temporalRow:], row, w)
			delta.Append(again.Cols[temporalDue], end)
			for i := temporalEnd; i < len(due.Cols); i++ {
				again.Cols[i].AppendFrom(&due.Cols[i], row)
			}
			again.End(w)
			o.next = min(o.next, end)
		}
		if err := flushFull(ctx, o.made, outRows, out); err != nil {
			return err
		}
	}
	if err := o.rows.Append(&due); err != nil {
		return err
	}
	if later := again.Batch(); later.Len > 0 {
		if err := o.rows.Append(&later); err != nil {
			return err
		}
	}
	o.gone.Clear()
	return flushFull(ctx, o.made, 1, out)
}

// findDue gathers rows that are due in gone, with which they go, and finds when the next is.
func (o *temporal) findDue(ctx context.Context) error {
	cursor, err := o.rows.Head().Scan(ctx, state.Range{After: o.last})
	if err != nil {
		return err
	}
	defer cursor.Close()
	o.gone.Clear()
	o.next = forEver
	var scratch []int32
	for more := true; more; {
		if err := o.env.Meter().Breathe(); err != nil {
			return err
		}
		var d delta.Batch
		if _, more, err = cursor.Next(ctx, &d); err != nil {
			return err
		}
		dues := delta.Values[int64](&d.Cols[temporalDue])
		for _, row := range liveRows(&d, &scratch) {
			at := dues[d.Cols[temporalDue].At(row)]
			if at > o.now || o.gone.Len() >= dueRows {
				o.next = at
				return nil
			}
			o.gone.AppendRow(d.Cols, row, -d.Weight(row))
		}
	}
	return nil
}

func rowOf(cols []delta.Column, row int32) []delta.Column {
	out := make([]delta.Column, len(cols))
	for i := range cols {
		one := delta.NewBuilder(cols[i].Type)
		one.AppendFrom(&cols[i], row)
		out[i] = one.Take()
	}
	return out
}

func typesOfColumns(cols []delta.Column) []sqltype.OID {
	types := make([]sqltype.OID, len(cols))
	for i := range cols {
		types[i] = cols[i].Type
	}
	return types
}
