package expr

import (
	"fmt"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/planner/plan"
)

// Folder evaluates expressions without columns, parameters and volatile functions at plan time.
type Folder struct{}

var _ plan.Folder = Folder{}

// Callable implements plan.Folder.
func (Folder) Callable(c *plan.Call) error {
	f := builtin.FuncByOID(uint32(c.Func))
	if f == nil || f.Kind != builtin.KindFunction || kernel.Lookup(f) != nil || f.RetSet && kernel.LookupSet(f) != nil {
		return nil // who runs the plan says what is wrong with what is no plain function
	}
	return errUnsupported(f).At(c.Pos)
}

// Fold returns the value of e, or the error that its evaluation gives (division by zero, no
// kernel, no room in m). The value owns its memory. Folding a column or parameter is the caller's mistake.
func (Folder) Fold(e plan.Expr, s plan.Settings, m *meter.Meter) (*plan.Const, error) {
	if k, ok := e.(*plan.Const); ok {
		return k, nil
	}
	env := &Env{Settings: s, Meter: m}
	if s.Session != nil { // at run time: of a default in COPY
		env.Now, env.HasNow = s.Session.Now, true
	}
	p, err := Compile(e, env)
	if err != nil {
		return nil, err
	}
	if len(p.cols) > 0 {
		return nil, fmt.Errorf("fold an expression that reads column %d", p.cols[0].index)
	}
	var out delta.Column
	var errs delta.RowErrors
	if err := p.Eval(&delta.Batch{Len: 1}, &out, &errs); err != nil {
		return nil, err
	}
	if len(errs) > 0 {
		return nil, errs[0].Err
	}
	value := delta.ConstFrom(&out, 0, 1)
	value.Type = e.Type().OID
	return &plan.Const{T: e.Type(), Value: value}, nil
}
