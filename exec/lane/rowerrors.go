package lane

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/source"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// rowErrors are the rows of a member's query that are errors, and those that its closing windows
// left out: a relation with versions like a view's contents, by error and the record behind it. Used
// by the member's goroutine, except that anyone may open a version.
type rowErrors struct {
	set  *state.RunSet
	rows *delta.BatchBuilder
	late *delta.BatchBuilder // left out, still to be appended
	// left is the number of rows that are errors, those of the tick at work among them.
	left int64
	// took: something came since the last publish.
	took  bool
	bound lateBound
}

func newRowErrors(options state.Options, bound lateBound) *rowErrors {
	return &rowErrors{
		bound: bound,
		set:   state.NewArrangement(source.ErrorRow, source.ErrorKey, options),
		rows:  delta.NewBatchBuilder(source.ErrorRow),
		late:  delta.NewBatchBuilder(source.ErrorRow),
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
		r.rows.Cols[source.ErrReason].AppendString(source.ReasonFailed)
		r.rows.Cols[source.ErrSQLState].AppendString(string(e.Err.Code))
		r.rows.Cols[source.ErrMessage].AppendString(e.Err.Message)
		appendOrigin(r.rows, e.From)
		r.rows.End(w)
		r.left += w
	}
	r.took = true
	rows := r.rows.Batch()
	return r.set.Append(&rows)
}

func appendOrigin(to *delta.BatchBuilder, from *delta.Origin) {
	if from == nil {
		for _, c := range []int{source.ErrTopic, source.ErrPartition, source.ErrOffset} {
			to.Cols[c].AppendNull()
		}
		return
	}
	to.Cols[source.ErrTopic].AppendString(from.Topic)
	delta.Append(to.Cols[source.ErrPartition], from.Partition)
	delta.Append(to.Cols[source.ErrOffset], from.Offset)
}

// lateMessages say why a closing window left a row out.
var lateMessages = map[exec.LateReason]string{
	exec.ReasonLate:   "every window of the row was closed when its record came",
	exec.ReasonNoTime: "the row has no finite event time",
}

// lateRows is how many rows that were left out are appended at once.
const lateRows = 1024

// leftOut takes a row that a closing window left out. Reads of the relation do not tell of it.
func (r *rowErrors) leftOut(weight int64, from *delta.Origin, why exec.LateReason) error {
	r.took = true
	r.late.Cols[source.ErrReason].AppendString(string(why))
	r.late.Cols[source.ErrSQLState].AppendNull()
	r.late.Cols[source.ErrMessage].AppendString(lateMessages[why])
	appendOrigin(r.late, from)
	r.late.End(weight)
	r.bound.kept += weight
	if r.late.Len() < lateRows {
		return nil
	}
	return r.appendLate()
}

func (r *rowErrors) appendLate() error {
	if r.late.Len() == 0 {
		return nil
	}
	rows := r.late.Batch()
	err := r.set.Append(&rows)
	r.late.Clear()
	return err
}

// publish makes what came version to.
func (r *rowErrors) publish(ctx context.Context, to log.CommitSeq) error {
	r.took = false
	if err := r.appendLate(); err != nil {
		return err
	}
	if err := r.trim(ctx); err != nil {
		return err
	}
	return r.set.Publish(to)
}

// first is one of the errors that are left, with the record behind it, nil if there is none.
func (r *rowErrors) first(ctx context.Context) (*delta.RowError, error) {
	if r.left == 0 {
		return nil, nil
	}
	head := r.set.Head()
	defer head.Release()
	cur, err := head.Scan(ctx, source.FailedRows())
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
func (r *rowErrors) loaded(ctx context.Context) error {
	v, err := r.set.At(^log.CommitSeq(0))
	if err != nil {
		return err
	}
	defer v.Release()
	cur, err := v.Scan(ctx, source.FailedRows())
	if err != nil {
		return err
	}
	defer cur.Close()
	r.left = 0
	var b delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &b); err != nil {
			return err
		}
		_ = b.EachRow(func(row int32) error { // which never fails
			r.left += b.Weight(row)
			return nil
		})
	}
	r.bound.kept = v.Rows() - r.left
	return nil
}
