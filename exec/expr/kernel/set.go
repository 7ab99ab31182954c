package kernel

import (
	"fmt"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// SetKernel begins the rows that a set-returning function gives for the arguments in row of c.Args, which are
// borrowed until the last of them; nil = none.
type SetKernel func(c *Call, row int32) (Rows, Err)

// Rows appends the next rows to out, one builder a column, and tells how many: fewer than limit are the last. With an
// error they are those before it, and it ends them; where rows end must not depend on how many are asked for at once.
type Rows func(out []*delta.Builder, limit int) (int, Err)

var setKernels = map[string]SetKernel{}

// LookupSet returns the kernel of a set-returning function, nil when there is none yet.
func LookupSet(f *builtin.Func) SetKernel { return setKernels[f.Symbol] }

// sets registers by pg_proc symbol.
func sets(m map[string]SetKernel) {
	for symbol, k := range m {
		if setKernels[symbol] != nil {
			panic(fmt.Sprintf("two kernels for %s", symbol))
		}
		setKernels[symbol] = k
	}
}

// elements gives the rows of a column one after the other. The column is borrowed.
func elements(col delta.Column) Rows {
	at := int32(0)
	return func(out []*delta.Builder, limit int) (int, Err) {
		n := min(limit, col.Len-int(at))
		for range n {
			out[0].AppendFrom(&col, at)
			at++
		}
		return n, nil
	}
}

// listed is a function whose values are listed before the first is given.
func listed(t sqltype.OID, list func(c *Call, row int32, values *delta.Builder) Err) SetKernel {
	return func(c *Call, row int32) (Rows, Err) {
		values := delta.NewBuilder(t)
		if err := list(c, row, values); err == errNull {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		if err := c.Scratch(values.Size()); err != nil {
			return nil, err
		}
		return elements(values.Take()), nil
	}
}
