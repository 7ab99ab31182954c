package expr_test

import (
	"fmt"
	"testing"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

const benchRows = 1024

// benchBatch has columns int4, int8, numeric, numeric, text, float8.
func benchBatch() *delta.Batch {
	a, b := delta.NewBuilder(sqltype.Int4), delta.NewBuilder(sqltype.Int8)
	n, m, s := delta.NewBuilder(sqltype.Numeric), delta.NewBuilder(sqltype.Numeric), delta.NewBuilder(sqltype.Text)
	f := delta.NewBuilder(sqltype.Float8)
	for i := range benchRows {
		delta.Append(f, float64(i)*0.1)
		delta.Append(a, int32(i*7919%1000))
		delta.Append(b, int64(i*104729%100000))
		n.AppendNumeric(decimal.New(int64(i*7919%1000000), 2))
		m.AppendNumeric(decimal.New(int64(i*31+1), 3))
		s.AppendBytes(fmt.Appendf(nil, "customer-%04d at some street %d", i, i%17))
	}
	return &delta.Batch{Len: benchRows, Cols: []delta.Column{a.Take(), b.Take(), n.Take(), m.Take(), s.Take(), f.Take()}}
}

func BenchmarkEval(b *testing.B) {
	boolean, num := sqltype.Of(sqltype.Bool), sqltype.Of(sqltype.Numeric)
	i8, f8 := sqltype.Of(sqltype.Int8), sqltype.Of(sqltype.Float8)
	numConst := &plan.Const{T: num, Value: delta.ConstNumeric(decimal.New(100000, 2), 1)}
	like := func(p string) plan.Expr {
		return call(textlike, boolean, column(4, text), &plan.Const{T: text, Value: delta.ConstBytes(sqltype.Text, []byte(p), 1)})
	}
	for _, c := range []struct {
		name string
		e    plan.Expr
	}{
		{"int4 > const", call(int4gt, boolean, column(0, int4), intConst(500))},
		{"int4 = int4", call(int4eq, boolean, column(0, int4), column(0, int4))},
		{"int4 + const", call(int4pl, int4, column(0, int4), intConst(1))},
		{"int8 * int8", call(465, i8, column(1, i8), column(1, i8))},
		{"int4 / const", call(int4div, int4, column(0, int4), intConst(3))},
		{"float8 + float8", call(218, f8, column(5, f8), column(5, f8))},
		{"float8 > const", call(297, boolean, column(5, f8), &plan.Const{T: f8, Value: delta.Const(sqltype.Float8, 50.0, 1)})},
		{"numeric > const", call(1720, boolean, column(2, num), numConst)},
		{"numeric + numeric", call(1724, num, column(2, num), column(3, num))},
		{"numeric * numeric", call(1726, num, column(2, num), column(3, num))},
		{"numeric / numeric", call(1727, num, column(2, num), column(3, num))},
		{"text = const", call(texteq, boolean, column(4, text), &plan.Const{T: text, Value: delta.ConstBytes(sqltype.Text, []byte("customer-0500 at some street 7"), 1)})},
		{"LIKE prefix", like("customer-05%")},
		{"LIKE contains", like("%street 7%")},
		{"LIKE general", like("%at%street _")},
		{"upper(text)", call(871, text, column(4, text))},
		{"a > 100 AND b = a OR b > 7", &plan.Or{Args: []plan.Expr{
			&plan.And{Args: []plan.Expr{call(int4gt, boolean, column(0, int4), intConst(100)), call(474, boolean, column(1, i8), column(0, int4))}},
			call(470, boolean, column(1, i8), &plan.Const{T: i8, Value: delta.Const(sqltype.Int8, int64(7), 1)}),
		}}},
		{"CASE of two", &plan.Case{T: int4, Whens: []plan.When{{Cond: call(int4gt, boolean, column(0, int4), intConst(500)), Then: column(0, int4)}}, Else: intConst(0)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, in := compile(b, c.e), benchBatch()
			var out delta.Column
			var errs delta.RowErrors
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Eval(in, &out, &errs); err != nil || len(errs) > 0 {
					b.Fatal(err, errs)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
	b.Run("filter int4 > const", func(b *testing.B) {
		p, in := compile(b, call(int4gt, boolean, column(0, int4), intConst(500))), benchBatch()
		var sel []int32
		var errs delta.RowErrors
		for b.Loop() {
			var err error
			if sel, err = p.Filter(in, sel[:0], &errs); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
	})
}
