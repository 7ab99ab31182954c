package expr_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// TestAnyAll: op ANY and ALL are the OR and AND of the operator over the elements, whatever the lengths of the arrays:
// many elements and long ones go by pieces, a constant array of = is a set.
func TestAnyAll(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const texteq, textlt = 67, 740
	long := strings.Repeat("x", 300<<10)
	for round := range 40 {
		constant := round%4 == 0
		lefts, arrays := delta.NewBuilder(sqltype.Text), delta.NewBuilder(sqltype.Text.Array())
		var left []string
		var elements [][]string // "" = NULL
		for range 12 {
			v := []string{"", "b", "c", "x1", long}[r.IntN(5)]
			if left = append(left, v); v == "" {
				lefts.AppendNull()
			} else {
				lefts.AppendString(v)
			}
			n := []int{0, 1, 3, 20, 5000, 9000}[r.IntN(6)]
			list := make([]string, n)
			for k := range list {
				list[k] = []string{"a", "a", "d", "a", "b"}[r.IntN(5)]
				if r.IntN(n) == 0 {
					list[k] = []string{"", "c", long}[r.IntN(3)]
				}
			}
			if constant && len(elements) > 0 {
				elements = append(elements, elements[0])
				continue
			}
			elements = append(elements, list)
			b := delta.NewBuilder(sqltype.Text)
			for _, e := range list {
				if e == "" {
					b.AppendNull()
				} else {
					b.AppendString(e)
				}
			}
			c := b.Column()
			arrays.AppendBytes(sqltype.AppendVector(nil, &c.Vec))
		}
		in := delta.Batch{Len: len(left), Cols: []delta.Column{lefts.Take(), arrays.Take()}}
		var array plan.Expr = &plan.Column{Index: 1, T: sqltype.Of(sqltype.Text.Array())}
		if constant {
			in.Cols[1].Const = true
			array = &plan.Const{T: sqltype.Of(sqltype.Text.Array()), Value: in.Cols[1]}
			in.Cols = in.Cols[:1]
		}
		e := &plan.AnyAll{Left: &plan.Column{T: sqltype.Of(sqltype.Text)}, Array: array, Func: texteq, Op: "=", All: round%3 == 0}
		is := func(a, b string) bool { return a == b }
		if round%2 == 1 {
			e.Func, e.Op, is = textlt, "<", func(a, b string) bool { return a < b }
		}
		p, err := expr.Compile(e, &expr.Env{})
		if err != nil {
			t.Fatal(err)
		}
		var out delta.Column
		var errs delta.RowErrors
		if err := p.Eval(&in, &out, &errs); err != nil || len(errs) > 0 {
			t.Fatal(err, errs)
		}
		for row := range left {
			want := anyAll(left[row], elements[row], is, e.All)
			have := "NULL"
			if !out.Null(int32(row)) {
				have = map[byte]string{0: "f", 1: "t"}[out.Data[out.At(int32(row))]]
			}
			if have != want {
				t.Fatalf("round %d row %d: %s of %d elements, all %v, constant %v: %s, want %s", round, row, e.Op, len(elements[row]), e.All, constant, have, want)
			}
		}
	}
}

func anyAll(left string, elements []string, is func(a, b string) bool, all bool) string {
	null := false
	for _, e := range elements {
		switch {
		case left == "" || e == "":
			null = true
		case is(left, e) != all:
			return map[bool]string{true: "f", false: "t"}[all]
		}
	}
	if null {
		return "NULL"
	}
	return map[bool]string{true: "t", false: "f"}[all]
}
