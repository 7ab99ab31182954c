package expr_test

import (
	"testing"

	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// TestRebind: a program that is bound again takes the new parameters, settings and meter, and charges
// that one alone.
func TestRebind(t *testing.T) {
	e := &plan.CoerceIO{Arg: &plan.Param{Index: 1, T: sqltype.Of(sqltype.Float8)}, T: sqltype.Of(sqltype.Text)}
	bind := func(v float64, digits int) (expr.Env, *memory.Account) {
		b := delta.NewBuilder(sqltype.Float8)
		delta.Append(b, v)
		account := memory.New("", 0)
		return expr.Env{
			Params:   []delta.Column{b.Constant(1)},
			Settings: plan.Settings{TimeZone: "UTC", DateStyle: "ISO, MDY", ExtraFloatDigits: digits},
			Meter:    meter.New(account.Owner(), nil),
		}, account
	}
	env, first := bind(1.0/3, 1)
	own := env
	p, err := expr.Compile(e, &own)
	if err != nil {
		t.Fatal(err)
	}
	value := func() string {
		var col delta.Column
		var errs delta.RowErrors
		if err := p.Eval(&delta.Batch{Len: 1}, &col, &errs); err != nil || len(errs) > 0 {
			t.Fatal(err, errs)
		}
		return string(col.Bytes(0))
	}
	if got := value(); got != "0.3333333333333333" {
		t.Fatal(got)
	}
	env.Meter.Close()
	next, second := bind(2.0/3, 0)
	if err := p.Rebind(next); err != nil {
		t.Fatal(err)
	}
	if got := value(); got != "0.666666666666667" {
		t.Fatal(got)
	}
	if first.Used() != 0 || second.Used() == 0 {
		t.Fatalf("the first meter has %d, the second %d", first.Used(), second.Used())
	}
	next.Meter.Close()
	next.Params = nil
	if err := p.Rebind(next); err == nil {
		t.Fatal("a parameter that is missing is taken")
	}
}
