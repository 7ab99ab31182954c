package expr

import (
	"fmt"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// Rows are those of a set-returning function; see kernel.Rows.
type Rows = kernel.Rows

// ErrStopped is no row's error: the meter says why the work has ended.
var ErrStopped = kernel.ErrStopped

// SetCall is a compiled call of a set-returning function; its arguments are computed by who runs it.
type SetCall struct {
	kernel kernel.SetKernel
	strict bool
	call   kernel.Call
}

// CompileSet compiles the call but for its arguments. The environment is the run's; it is kept.
func CompileSet(e *plan.Call, env *Env) (*SetCall, error) {
	f := builtin.FuncByOID(uint32(e.Func))
	if f == nil {
		return nil, fmt.Errorf("function with OID %d is not in the registry", e.Func)
	}
	k := kernel.LookupSet(f)
	if k == nil {
		return nil, errUnsupported(f).At(e.Pos)
	}
	env.Prepare()
	s := &SetCall{kernel: k, strict: f.Strict}
	s.call = kernel.Call{Env: env, Args: make([]*delta.Column, len(e.Args)), Type: e.T}
	return s, nil
}

// Begin begins the rows for one row of args, which are borrowed until the last of them; nil = none. The rows of
// the Begin before are gone.
func (s *SetCall) Begin(args []delta.Column, row int32) (Rows, *sqlerr.Error) {
	s.call.EndScratch()
	for i := range args {
		if s.strict && args[i].Null(row) {
			return nil, nil
		}
		s.call.Args[i] = &args[i]
	}
	return s.kernel(&s.call, row)
}
