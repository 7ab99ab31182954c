package expr_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

var (
	int4 = sqltype.Of(sqltype.Int4)
	text = sqltype.Of(sqltype.Text)
)

func column(i int, t sqltype.Type) plan.Expr { return &plan.Column{Index: i, T: t} }

func intConst(v int32) plan.Expr {
	return &plan.Const{T: int4, Value: delta.Const(sqltype.Int4, v, 1)}
}

func call(fn plan.FuncID, t sqltype.Type, args ...plan.Expr) plan.Expr {
	return &plan.Call{Func: fn, Args: args, T: t, Pos: -1}
}

const (
	int4eq, int4gt, int4pl, int4div, texteq, textlike = 65, 147, 177, 154, 67, 850
)

func intColumn(values ...int32) delta.Column {
	b := delta.NewBuilder(sqltype.Int4)
	delta.AppendSlice(b, values)
	return b.Take()
}

func compile(t testing.TB, e plan.Expr) *expr.Program {
	t.Helper()
	p, err := expr.Compile(e, &expr.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFilter(t *testing.T) {
	boolean := sqltype.Of(sqltype.Bool)
	// 10 / a > 1
	p := compile(t, call(int4gt, boolean, call(int4div, int4, intConst(10), column(0, int4)), intConst(1)))
	col := intColumn(1, 0, 20, 5, 0, 2, 3)
	col.SetNull(5)
	var errs delta.RowErrors
	sel, err := p.Filter(&delta.Batch{Len: 7, Cols: []delta.Column{col}, Sel: []int32{0, 1, 2, 3, 5, 6}}, nil, &errs)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{0, 3, 6}, sel); diff != "" {
		t.Error(diff)
	}
	if len(errs) != 1 || errs[0].Row != 1 || errs[0].Err.Code != sqlerr.DivisionByZero {
		t.Errorf("errors %+v", errs)
	}
}

// TestErrorsOfTwoColumns is what a projection does: rows that failed in one column are not
// evaluated in the next.
func TestErrorsOfTwoColumns(t *testing.T) {
	in := delta.Batch{Len: 4, Cols: []delta.Column{intColumn(1, 0, 2, 0), intColumn(0, 0, 3, 4)}}
	a := compile(t, call(int4div, int4, intConst(1), column(0, int4)))
	b := compile(t, call(int4div, int4, intConst(1), column(1, int4)))
	var out delta.Column
	var errs, more delta.RowErrors
	if err := a.Eval(&in, &out, &errs); err != nil {
		t.Fatal(err)
	}
	in.Sel = exclude([]int32{0, 1, 2, 3}, errs)
	if diff := cmp.Diff([]int32{0, 2}, in.Sel); diff != "" {
		t.Error(diff)
	}
	if err := b.Eval(&in, &out, &more); err != nil {
		t.Fatal(err)
	}
	if len(errs) != 2 || errs[0].Row != 1 || errs[1].Row != 3 || len(more) != 1 || more[0].Row != 0 {
		t.Errorf("errors %v, then %v", errs, more)
	}
	if errs[0].Err == errs[1].Err {
		t.Error("two rows share an error, which its reader may write into")
	}
}

// TestConstantFailure: a constant that fails is every live row's error, and nobody's without rows.
func TestConstantFailure(t *testing.T) {
	p := compile(t, call(int4div, int4, intConst(1), intConst(0)))
	var out delta.Column
	var errs delta.RowErrors
	if err := p.Eval(&delta.Batch{Len: 3, Sel: []int32{0, 2}}, &out, &errs); err != nil || len(errs) != 2 || errs[1].Row != 2 {
		t.Errorf("%v, errors %v", err, errs)
	}
	errs = nil
	if err := p.Eval(&delta.Batch{Len: 3, Sel: []int32{}}, &out, &errs); err != nil || len(errs) != 0 || out.Len != 3 {
		t.Errorf("no live row: %v, errors %v, column of %d", err, errs, out.Len)
	}
}

func TestEmptyBatch(t *testing.T) {
	p := compile(t, &plan.Coalesce{T: int4, Args: []plan.Expr{column(0, int4), call(int4pl, int4, column(0, int4), intConst(1))}})
	var out delta.Column
	var errs delta.RowErrors
	in := delta.Batch{Cols: []delta.Column{delta.Of(sqltype.Int4)}}
	if err := p.Eval(&in, &out, &errs); err != nil || out.Len != 0 || len(errs) != 0 {
		t.Errorf("%v, %d rows, %v", err, out.Len, errs)
	}
}

func TestBrokenPlan(t *testing.T) {
	var out delta.Column
	var errs delta.RowErrors
	p := compile(t, column(2, int4))
	if err := p.Eval(&delta.Batch{Len: 1, Cols: []delta.Column{intColumn(1)}}, &out, &errs); err == nil {
		t.Error("a column that is not there was read")
	}
	p = compile(t, column(0, text))
	if err := p.Eval(&delta.Batch{Len: 1, Cols: []delta.Column{intColumn(1)}}, &out, &errs); err == nil {
		t.Error("an integer column was read as text")
	}
	if _, err := expr.Compile(&plan.Param{Index: 1, T: int4}, &expr.Env{}); sqlerr.CodeOf(err) != sqlerr.UndefinedParameter {
		t.Errorf("parameter without value: %v", err)
	}
}

func TestParam(t *testing.T) {
	e := call(int4pl, int4, &plan.Param{Index: 1, T: int4}, column(0, int4))
	p, err := expr.Compile(e, &expr.Env{Params: []delta.Column{delta.Const(sqltype.Int4, int32(5), 1)}})
	if err != nil {
		t.Fatal(err)
	}
	var out delta.Column
	var errs delta.RowErrors
	if err := p.Eval(&delta.Batch{Len: 2, Cols: []delta.Column{intColumn(1, 2)}}, &out, &errs); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{6, 7}, delta.Values[int32](&out)); diff != "" {
		t.Error(diff)
	}
}

func TestUnsupported(t *testing.T) {
	_, err := expr.Compile(call(2765, text, column(0, text), column(1, text)), &expr.Env{}) // regexp_split_to_table
	if sqlerr.CodeOf(err) != sqlerr.FeatureNotSupported {
		t.Errorf("a function without kernel: %v", err)
	}
}

func TestFold(t *testing.T) {
	k, err := expr.Folder{}.Fold(call(int4pl, int4, intConst(40), intConst(2)), plan.Settings{}, nil)
	if err != nil || delta.Values[int32](&k.Value)[0] != 42 || !k.Value.Const || k.Value.Len != 1 {
		t.Fatalf("%+v, %v", k, err)
	}
	if _, err := (expr.Folder{}).Fold(call(int4div, int4, intConst(40), intConst(0)), plan.Settings{}, nil); sqlerr.CodeOf(err) != sqlerr.DivisionByZero {
		t.Errorf("1/0 folds to %v", err)
	}
	if _, err := (expr.Folder{}).Fold(column(0, int4), plan.Settings{}, nil); err == nil {
		t.Error("a column was folded")
	}
	null := &plan.Const{T: int4, Value: delta.NullColumn(sqltype.Int4, 1)}
	if k, err = (expr.Folder{}).Fold(call(int4pl, int4, intConst(1), null), plan.Settings{}, nil); err != nil || !k.Value.Null(0) {
		t.Errorf("1 + NULL folds to %+v, %v", k, err)
	}
}

func TestTumble(t *testing.T) {
	ts, iv := sqltype.Of(sqltype.Timestamp), sqltype.Of(sqltype.Interval)
	const hour = 3600 * 1000000
	for _, c := range []struct {
		fn   plan.FuncID
		at   int64
		size delta.Interval
		want int64
		code sqlerr.Code
	}{
		{fn: 8000, at: hour + 5, size: delta.Interval{Micros: hour}, want: hour},
		{fn: 8004, at: hour + 5, size: delta.Interval{Micros: hour}, want: 2 * hour},
		{fn: 8002, at: -1, size: delta.Interval{Days: 1}, want: -24 * hour},
		// 1970-01-01 was a Thursday, 2000-01-01 a Saturday.
		{fn: 8000, at: 0, size: delta.Interval{Days: 7}, want: -48 * hour},
		{fn: 8000, at: 0, size: delta.Interval{Months: 1}, code: sqlerr.FeatureNotSupported},
		{fn: 8000, at: 0, size: delta.Interval{}, code: sqlerr.InvalidParameterValue},
		{fn: 8004, at: 0, size: delta.Interval{Micros: -5}, code: sqlerr.InvalidParameterValue},
	} {
		k, err := expr.Folder{}.Fold(call(c.fn, ts, &plan.Const{T: ts, Value: delta.Const(sqltype.Timestamp, c.at, 1)},
			&plan.Const{T: iv, Value: delta.Const(sqltype.Interval, c.size, 1)}), plan.Settings{}, nil)
		if c.code != "" {
			if sqlerr.CodeOf(err) != c.code {
				t.Errorf("%+v: %v", c, err)
			}
		} else if err != nil || delta.Values[int64](&k.Value)[0] != c.want {
			t.Errorf("%+v: %+v, %v", c, k, err)
		}
	}
}

// exclude removes the rows of errs, which are ordered, from sel in place: what an operator
// does between the columns of a projection, so that no row fails twice.
func exclude(sel []int32, errs delta.RowErrors) []int32 {
	if len(errs) == 0 {
		return sel
	}
	kept := sel[:0]
	for _, row := range sel {
		for len(errs) > 0 && errs[0].Row < row {
			errs = errs[1:]
		}
		if len(errs) > 0 && errs[0].Row == row {
			continue
		}
		kept = append(kept, row)
	}
	return kept
}
