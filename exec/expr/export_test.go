package expr

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/expr/kernel"
)

// Supported reports whether the engine can run a function as a scalar expression.
func Supported(f *builtin.Func) bool {
	return f.Kind == builtin.KindFunction && !f.RetSet && kernel.Lookup(f) != nil
}
