package source

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// values gives literal rows in the tick that begins at 0.
type values struct {
	node *plan.Values
	one  row // what is compiled of it is kept where there is one row
	rows *delta.BatchBuilder
	next int
}

func (v *values) Open(env exec.Env) error {
	v.one.open(env)
	if v.rows != nil {
		return nil
	}
	types := make([]sqltype.OID, len(v.node.P.Fields))
	for i, f := range v.node.P.Fields {
		types[i] = f.Type.OID
	}
	v.rows = delta.NewBatchBuilder(types)
	return nil
}

func (v *values) Begin(_ context.Context, t exec.Tick) error {
	v.next = 0
	if t.From != 0 {
		v.next = len(v.node.Rows)
	}
	return nil
}

// Next evaluates up to rowsPerBatch rows, each against one row without columns.
func (v *values) Next(_ context.Context, dst *delta.Batch) (bool, error) {
	v.rows.Clear()
	for v.next < len(v.node.Rows) && v.rows.Len() < rowsPerBatch {
		if err := v.row(v.next); err != nil {
			return false, err
		}
		v.next++
	}
	*dst = v.rows.Batch()
	return v.next < len(v.node.Rows), nil
}

func (v *values) row(i int) error {
	if v.one.exprs = v.node.Rows[i]; len(v.node.Rows) > 1 {
		v.one.progs = nil
	}
	cols, rowErr, err := v.one.eval()
	if err != nil {
		return err
	}
	if rowErr != nil {
		v.rows.AppendError(delta.RowError{Err: rowErr}, 1)
		return nil
	}
	v.rows.AppendRow(cols, 0, 1)
	return nil
}

func (v *values) Progress() exec.Progress { return exec.Progress{Watermark: exec.NoWatermark} }
func (v *values) Close() error            { return nil }
