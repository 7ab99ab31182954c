package lane

import (
	"context"

	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// rowErrors are the rows of a member's query that are errors: a relation with versions like a
// view's contents, by error and the record behind it. Used by the member's goroutine, except that
// anyone may open a version.
type rowErrors struct {
	set  *state.RunSet
	rows *delta.BatchBuilder
	// left is the number of rows that are errors, those of the tick at work among them.
	left int64
	// took: something came since the last publish.
	took bool
}

func newRowErrors(options state.Options) *rowErrors {
	return &rowErrors{
		set:  state.NewArrangement(source.ErrorRow, []int{source.ErrSQLState, source.ErrMessage}, options),
		rows: delta.NewBatchBuilder(source.ErrorRow),
	}
}

// add takes the errors of a delta.
func (r *rowErrors) add(d *delta.Batch) error {
	if len(d.Errs) == 0 {
		return nil
	}
	r.rows.Clear()
	for _, e := range d.Errs {
		w := d.Weight(e.Row)
		r.rows.Cols[source.ErrSQLState].AppendString(string(e.Err.Code))
		r.rows.Cols[source.ErrMessage].AppendString(e.Err.Message)
		if e.From == nil {
			r.rows.Cols[source.ErrTopic].AppendNull()
			r.rows.Cols[source.ErrPartition].AppendNull()
			r.rows.Cols[source.ErrOffset].AppendNull()
		} else {
			r.rows.Cols[source.ErrTopic].AppendString(e.From.Topic)
			delta.Append(r.rows.Cols[source.ErrPartition], e.From.Partition)
			delta.Append(r.rows.Cols[source.ErrOffset], e.From.Offset)
		}
		r.rows.End(w)
		r.left += w
	}
	r.took = true
	rows := r.rows.Batch()
	return r.set.Append(&rows)
}

// publish makes what came version to.
func (r *rowErrors) publish(to log.CommitSeq) error {
	r.took = false
	return r.set.Publish(to)
}

// first is one of the errors that are left, with the record behind it, nil if there is none.
func (r *rowErrors) first(ctx context.Context) (*delta.RowError, error) {
	if r.left == 0 {
		return nil, nil
	}
	head := r.set.Head()
	defer head.Release()
	cur, err := head.Scan(ctx, state.Range{})
	if err != nil {
		return nil, err
	}
	defer cur.Close()
	var b delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &b); err != nil {
			return nil, err
		}
		for row := range int32(b.Len) {
			if b.Weight(row) != 0 && (b.Sel == nil || contains(b.Sel, row)) {
				e := source.ErrorAt(&b, row)
				return &e, nil
			}
		}
	}
	return nil, nil
}

func contains(sel []int32, row int32) bool {
	for _, s := range sel {
		if s == row {
			return true
		}
	}
	return false
}

// loaded counts what came from a checkpoint.
func (r *rowErrors) loaded() error {
	v, err := r.set.At(^log.CommitSeq(0))
	if err != nil {
		return err
	}
	defer v.Release()
	r.left = v.Rows()
	return nil
}
