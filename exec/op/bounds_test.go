package op_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/exec/op"
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/ranges"
	"github.com/tributary-db/tributary/planner/plan"
)

// long are batches of (int8 key that never comes again, value of typ): ascending and large, where
// the type has large values.
func long(t *testing.T, typ sqltype.OID, count, rows, size int) []delta.Batch {
	var out []delta.Batch
	for i := range count {
		b := delta.NewBatchBuilder(types(i8, typ))
		for k := range rows {
			n := i*rows + k
			delta.Append(b.Cols[0], int64(n))
			switch {
			case typ == sqltype.Text.Array():
				elems := delta.NewBuilder(sqltype.Text)
				elems.AppendString(fmt.Sprintf("%08d%s", n, strings.Repeat("x", size)))
				c := elems.Column()
				b.Cols[1].AppendBytes(sqltype.AppendVector(nil, &c.Vec))
			case sqltype.RangeOf(typ) != nil:
				appendRanges(b.Cols[1], typ, n, size)
			case typ.Phys() == sqltype.PhysBytes:
				b.Cols[1].AppendBytes(append(fmt.Appendf(nil, "%08d", n), bytes.Repeat([]byte{'x'}, size)...))
			case typ == num:
				d, err := decimal.Parse(append(fmt.Appendf(nil, "1%08d", n), bytes.Repeat([]byte{'7'}, min(size, 5_000))...))
				if err != nil {
					t.Fatal(err)
				}
				b.Cols[1].AppendNumeric(d)
			default:
				exectest.AppendValue(b.Cols[1], n+1)
			}
			b.End(1)
		}
		out = append(out, b.Batch())
	}
	return out
}

// appendRanges appends a range of integers, or as many as a multirange of about size bytes has.
func appendRanges(b *delta.Builder, typ sqltype.OID, n, size int) {
	count, r := 1, sqltype.RangeOf(typ)
	if typ == r.Multi {
		count = size / 17
	}
	var all ranges.Multi
	for k := range int64(count) {
		one, err := ranges.Make(r.Kind, ranges.Bound{Int: int64(n) + 3*k, Inclusive: true}, ranges.Bound{Int: int64(n) + 3*k + 1})
		if err != nil {
			panic(err)
		}
		all = append(all, one)
	}
	b.AppendBytes(ranges.AppendMulti(nil, r.Kind, all))
}

const anyNonArray sqltype.OID = 2776

// TestEveryAggregateIsBounded runs every aggregate that there is, plain and DISTINCT, over large
// values under a limit of memory: it ends with 53200 or a result and gives back what it was charged,
// and twice the input is about twice the work (the figures are logged).
func TestEveryAggregateIsBounded(t *testing.T) {
	const limit = 24 << 20
	account := memory.New("statement_memory", 0)
	calls, refused := 0, 0
	worst, worstOf := 0.0, ""
	inputs := map[sqltype.OID][]delta.Batch{} // 30 MB where values are large
	funcs := builtin.Funcs()
	for i := range funcs {
		f := &funcs[i]
		if f.Kind != builtin.KindAggregate || len(f.Args) > 1 {
			continue
		}
		typ := i4
		if len(f.Args) == 1 && f.Args[0] != sqltype.Any {
			typ = f.Args[0]
		}
		ret := f.Ret
		if typ == sqltype.AnyElement || typ == anyNonArray {
			typ = txt
			if ret == sqltype.AnyArray {
				ret = txt.Array()
			}
		}
		if typ == sqltype.AnyArray {
			typ = sqltype.Text.Array()
		}
		if ret == sqltype.AnyArray {
			ret = typ
		}
		if typ == sqltype.AnyEnum { // its values have bigint's form
			typ, ret = i8, i8
		}
		if typ == sqltype.AnyRange {
			typ = sqltype.Int4Range
		}
		if typ == sqltype.AnyMultirange {
			typ = sqltype.Int4Multirange
		}
		switch ret {
		case sqltype.AnyRange:
			ret = sqltype.Int4Range
		case sqltype.AnyMultirange:
			ret = sqltype.Int4Multirange
		}
		for _, distinct := range []bool{false, true} {
			leaf := exectest.Leaf(0, i8, typ)
			agg := plan.Aggregate{Func: plan.FuncID(f.OID), T: sqltype.Of(ret), Distinct: distinct}
			if len(f.Args) == 1 {
				agg.Args = []plan.Expr{col(leaf, 1)}
			}
			if _, err := op.Build(exectest.GroupBy(leaf, nil, agg)); err != nil {
				if sqlerr.CodeOf(err) != sqlerr.FeatureNotSupported {
					t.Fatal(err)
				}
				continue
			}
			name := fmt.Sprintf("%s(%d), distinct %v", f.Name, typ, distinct)
			if inputs[typ] == nil {
				inputs[typ] = long(t, typ, 32, 16, 60_000)
			}
			batches := inputs[typ]
			var took [2]time.Duration
			for n, count := range []int{16, 32} {
				for _, keys := range [][]int{nil, {0}} {
					begin := time.Now()
					err := metered{once: true, account: account, limit: limit}.run(t, t.Context(), exectest.GroupBy(leaf, keys, agg), &repeated{batches: batches, count: count})
					took[n] += time.Since(begin)
					switch {
					case err == nil:
					case sqlerr.CodeOf(err) == sqlerr.OutOfMemory:
						refused++
					default:
						t.Errorf("%s: %v", name, err)
					}
					calls++
				}
			}
			if grew := float64(took[1]) / float64(took[0]); took[1] > 5*time.Millisecond && grew > worst {
				worst, worstOf = grew, fmt.Sprintf("%s: %v, then %v", name, took[0], took[1])
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d runs, %d refused with 53200; twice the input takes at most %.1f times as long: %s; %d MB from the system",
		calls, refused, worst, worstOf, m.Sys>>20)
	if calls < 100 || refused < 4 {
		t.Errorf("%d runs, %d refused", calls, refused)
	}
}
