package op_test

import (
	"testing"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// A recursion that never ends is an error in a view, and no rows.
func TestRecursionWithoutEnd(t *testing.T) {
	scan := &plan.Scan{P: plan.Props{Fields: []plan.Field{{Name: "a", Type: sqltype.Of(i4)}}, Watermark: -1}}
	root := plan.PlanRecursive(plan.NewRecursive(scan, exectest.Project(plan.NewWorking(scan.P.Fields), col(scan, 0)), scan.P.Fields, false))
	b := delta.NewBatchBuilder(types(i4))
	delta.Append(b.Cols[0], int32(1))
	b.End(1)
	var codes []sqlerr.Code
	rows := 0
	run := metered{account: memory.New("statement_memory", 0), out: func(d *delta.Batch) {
		rows += d.Rows()
		for _, e := range d.Errs {
			codes = append(codes, e.Err.Code)
		}
	}}
	if err := run.run(t, t.Context(), root, &repeated{batches: []delta.Batch{b.Batch()}, count: 1}); err != nil {
		t.Fatal(err)
	}
	if rows != 0 || len(codes) != 1 || codes[0] != sqlerr.ProgramLimitExceeded {
		t.Errorf("%d rows, errors %v", rows, codes)
	}
}
