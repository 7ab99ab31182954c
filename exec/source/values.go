package source

import (
	"context"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// values gives literal rows in the tick that begins at 0.
type values struct {
	node *plan.Values
	env  *expr.Env
	rows *delta.BatchBuilder
	next int
}

func (v *values) Open(env exec.Env) error {
	v.env = exprEnv(env)
	types := make([]sqltype.OID, len(v.node.P.Fields))
	for i, f := range v.node.P.Fields {
		types[i] = f.Type.OID
	}
	v.rows = delta.NewBatchBuilder(types)
	return nil
}

func exprEnv(env exec.Env) *expr.Env {
	e := &expr.Env{Params: env.Params(), Meter: env.Meter()}
	if s := env.Settings(); s != nil {
		e.Settings = *s
		if s.Session != nil {
			e.Now, e.HasNow = s.Session.Now, true
		}
	}
	return e
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
		if err := v.row(v.node.Rows[v.next]); err != nil {
			return false, err
		}
		v.next++
	}
	*dst = v.rows.Batch()
	return v.next < len(v.node.Rows), nil
}

func (v *values) row(exprs []plan.Expr) error {
	cols, rowErr, err := evalRow(exprs, v.env)
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
