package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/expr"
)

// exprEnv is what expressions see of a run.
func exprEnv(env exec.Env) expr.Env {
	x := expr.Env{Params: env.Params(), Meter: env.Meter()}
	if s := env.Settings(); s != nil {
		x.Settings = *s
	}
	if clock, ok := env.(interface{ Now() (int64, bool) }); ok {
		x.Now, x.HasNow = clock.Now()
	}
	return x
}
