package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/planner/plan"
)

// compile prepares an expression for one run.
func compile(e plan.Expr, env exec.Env) (program, error) {
	x := &expr.Env{Params: env.Params(), Meter: env.Meter()}
	if s := env.Settings(); s != nil {
		x.Settings = *s
	}
	if clock, ok := env.(interface{ Now() (int64, bool) }); ok {
		x.Now, x.HasNow = clock.Now()
	}
	return expr.Compile(e, x)
}
