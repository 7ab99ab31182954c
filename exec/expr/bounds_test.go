package expr_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// huge is a large value of a type, in several shapes; none for the types without large values.
func huge(t *testing.T, typ sqltype.OID) []delta.Column {
	const size = 512 << 10
	bytes := func(s string) delta.Column { return delta.ConstBytes(typ, []byte(s), 1) }
	switch typ {
	case sqltype.Text, sqltype.Varchar, sqltype.BPChar:
		return []delta.Column{bytes(strings.Repeat("9", size)), bytes(strings.Repeat("aé%_b", size/6)), bytes("x"), bytes("(a|b)*c")}
	case sqltype.Bytea:
		return []delta.Column{bytes(strings.Repeat("\x00\xff", size/2)), bytes("\xff")}
	case sqltype.JSONB, sqltype.JSON:
		return []delta.Column{bytes("[" + strings.Repeat("1, ", size/3) + "1]"), bytes(strings.Repeat("[", 900) + strings.Repeat("]", 900))}
	case sqltype.Numeric:
		var out []delta.Column
		for _, text := range []string{strings.Repeat("9", 100_000), "0." + strings.Repeat("7", 16_000), "1e131000", "3"} {
			d, err := decimal.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, delta.ConstNumeric(d, 1))
		}
		return out
	case sqltype.Int4:
		return []delta.Column{delta.Const(typ, int32(200_000_000), 1), delta.Const(typ, int32(-2), 1)}
	case sqltype.Int8:
		return []delta.Column{delta.Const(typ, int64(1)<<62, 1)}
	case sqltype.Bool:
		return []delta.Column{delta.Const(typ, uint8(1), 1)}
	}
	return nil
}

// TestEveryKernelIsBounded runs every function on large values under a timeout and a limit of
// memory: each ends soon after its time, and gives back what it was charged.
func TestEveryKernelIsBounded(t *testing.T) {
	// The bound is one of liveness, for a machine that does other things as well: the figures are logged.
	const limit, timeout, bound = 64 << 20, 20 * time.Millisecond, 20 * time.Second
	account := memory.New("statement_memory", 0)
	worst, worstOf, calls := time.Duration(0), "", 0
	funcs := builtin.Funcs()
	for i := range funcs {
		f := &funcs[i]
		if !expr.Supported(f) {
			continue
		}
		for shape := range 4 {
			args := largeArguments(t, f, shape)
			if args == nil {
				break
			}
			took := evaluateWithin(t, f, args, account.Limited("statement_memory", limit), timeout)
			if calls++; took > worst {
				worst, worstOf = took, fmt.Sprintf("%s (%d), shape %d", f.Name, f.OID, shape)
			}
			if took > bound {
				t.Errorf("%s (%d), shape %d: %v under a timeout of %v", f.Name, f.OID, shape, took, timeout)
			}
			if account.Used() != 0 {
				t.Fatalf("%s (%d): %d bytes are still charged", f.Name, f.OID, account.Used())
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d calls, the longest %v: %s; %d MB from the system", calls, worst, worstOf, m.Sys>>20)
	if calls < 300 {
		t.Errorf("only %d calls", calls)
	}
}

// largeArguments gives a function's arguments in one shape; nil when none of them can be large,
// or there are no more shapes.
func largeArguments(t *testing.T, f *builtin.Func, shape int) []delta.Column {
	var out []delta.Column
	large, fresh := false, shape == 0
	for i, typ := range f.Args {
		values := huge(t, typ)
		if len(values) == 0 {
			return nil
		}
		// The arguments' shapes differ from one another, so that long meets short.
		out = append(out, values[(shape+i*(shape%2))%len(values)])
		large = large || typ.Phys() == sqltype.PhysBytes || typ == sqltype.Numeric
		fresh = fresh || shape < len(values)
	}
	if !large || !fresh {
		return nil
	}
	return out
}

func evaluateWithin(t *testing.T, f *builtin.Func, args []delta.Column, owner *memory.Owner, timeout time.Duration) time.Duration {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	m := meter.New(owner, nil)
	defer m.Close()
	defer m.Begin(ctx)()
	params := make([]plan.Expr, len(args))
	for i := range args {
		params[i] = &plan.Param{Index: i + 1, T: sqltype.Of(f.Args[i])}
	}
	p, err := expr.Compile(&plan.Call{Func: plan.FuncID(f.OID), Args: params, T: sqltype.Of(f.Ret), Pos: -1}, &expr.Env{Params: args, Meter: m})
	if err != nil {
		return 0
	}
	start := time.Now()
	var out delta.Column
	var errs delta.RowErrors
	err = p.Eval(&delta.Batch{Len: 1}, &out, &errs)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) && err != m.Err() {
		t.Errorf("%s (%d): %v", f.Name, f.OID, err)
	}
	return time.Since(start)
}
