package rewrite

import (
	"math"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// lookups makes key reads of filters that fix a whole key of a table.
func lookups(n plan.Node, cat catalog.Reader, views bool, fold *folding) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		f, ok := n.(*plan.Filter)
		if !ok {
			return n
		}
		s, ok := f.Input.(*plan.Scan)
		if !ok || len(s.Lookup) > 0 {
			return n
		}
		rel, ok := cat.ByOID(catalog.OID(s.Relation))
		if ok && s.Kind == plan.RelSystem {
			return systemLookup(f, s, rel)
		}
		if !ok || (s.Kind != plan.RelTable && (s.Kind != plan.RelView || !views)) {
			return n
		}
		if out := lookup(f, s, rel.PrimaryKey, 0); out != nil {
			return out
		}
		if s.Kind == plan.RelView {
			return n
		}
		for _, x := range indexesBestFirst(cat.Indexes(rel.OID)) {
			if x.Computed() {
				continue
			}
			if out := lookup(f, s, x.KeyColumns, plan.RelationID(x.OID)); out != nil {
				return out
			}
		}
		return computedLookup(f, s, fold)
	})
}

// systemLookup asks a system relation for the rows of one value if it can find them by it. The condition stays:
// more rows than these may come.
func systemLookup(f *plan.Filter, s *plan.Scan, rel *catalog.Relation) plan.Node {
	for _, column := range rel.LookupColumns {
		at := slices.Index(s.Columns, column)
		for _, c := range plan.Conjuncts(f.Cond) {
			if at < 0 {
				break
			}
			if v := fixes(c, s, column); v != nil {
				out := *s
				out.Lookup, out.LookupColumns, out.LookupNames = []plan.Expr{v}, []int{column}, []string{s.P.Fields[at].Name}
				return plan.NewFilter(&out, plan.Conjuncts(f.Cond))
			}
		}
	}
	return f
}

// indexesBestFirst: a unique one gives one row; more columns give fewer.
func indexesBestFirst(list []*catalog.Relation) []*catalog.Relation {
	var out []*catalog.Relation
	for _, unique := range []bool{true, false} {
		for _, x := range list {
			if x.Unique == unique {
				out = append(out, x)
			}
		}
	}
	return out
}

// lookup reads by key when the conditions give a value for each of its columns; nil if not.
func lookup(f *plan.Filter, s *plan.Scan, key []int, index plan.RelationID) plan.Node {
	if len(key) == 0 {
		return nil
	}
	conds := plan.Conjuncts(f.Cond)
	used := make([]bool, len(conds))
	values := make([]plan.Expr, len(key))
	for k, column := range key {
		for i, c := range conds {
			if used[i] {
				continue
			}
			if v := fixes(c, s, column); v != nil {
				values[k], used[i] = v, true
				break
			}
		}
		if values[k] == nil {
			return nil
		}
	}
	out := *s
	out.Lookup, out.LookupColumns, out.Index = values, key, index
	out.LookupNames = nil
	for _, column := range key {
		out.LookupNames = append(out.LookupNames, s.P.Fields[slices.Index(s.Columns, column)].Name)
	}
	var rest []plan.Expr
	for i, c := range conds {
		if !used[i] {
			rest = append(rest, c)
		}
	}
	return plan.NewFilter(&out, rest)
}

// fixes gives the value when a condition says that a relation's column equals one that no row
// decides; nil otherwise.
func fixes(c plan.Expr, s *plan.Scan, column int) plan.Expr {
	return fixesWhat(c, func(e plan.Expr) (sqltype.Type, bool) {
		col, ok := e.(*plan.Column)
		if !ok || s.Columns[col.Index] != column {
			return sqltype.Type{}, false
		}
		return col.T, true
	})
}

// fixesWhat is fixes of what is knows, with its type.
func fixesWhat(c plan.Expr, is func(e plan.Expr) (sqltype.Type, bool)) plan.Expr {
	call, ok := c.(*plan.Call)
	if !ok || call.Op != "=" || len(call.Args) != 2 {
		return nil
	}
	for i := range 2 {
		t, ok := is(bare(call.Args[i]))
		value := call.Args[1-i]
		if !ok || plan.HasColumns(value) || plan.MayFail(value) || plan.Volatile(value) {
			continue
		}
		value = widened(value, call.Args[i].Type().OID, uint32(call.Func))
		eq, ok := builtin.EqualityOf(call.Args[i].Type().OID)
		if value == nil {
			continue
		}
		if call.Args[1-i] != value {
			return value
		}
		if !ok || uint32(call.Func) != eq || value.Type().OID != call.Args[i].Type().OID {
			continue
		}
		if value.Type().OID != t.OID {
			value = &plan.Relabel{Arg: value, T: t}
		}
		return value
	}
	return nil
}

// widened makes an integer of another width the column's type, where = compares the two by
// value: one that the column's type cannot hold becomes NULL, which no row has. Other values
// stay as they are.
func widened(value plan.Expr, column sqltype.OID, fn uint32) plan.Expr {
	have := value.Type().OID
	if have == column || integerRank[have] == 0 || integerRank[column] == 0 {
		return value
	}
	if !isEquality(fn) {
		return nil
	}
	if integerRank[have] > integerRank[column] {
		return narrow(value, column)
	}
	return widen(value, column)
}

// narrow is value as a narrower integer, NULL where that cannot hold it. As widen it keeps what
// = says: int_column = bigint asks the column's index.
func narrow(value plan.Expr, to sqltype.OID) plan.Expr {
	from := value.Type().OID
	least, most := int64(math.MinInt32), int64(math.MaxInt32)
	if to == sqltype.Int2 {
		least, most = math.MinInt16, math.MaxInt16
	}
	inRange := &plan.And{Args: []plan.Expr{
		compare(">=", value, integerConst(from, least)), compare("<=", value, integerConst(from, most)),
	}}
	return &plan.Case{Whens: []plan.When{{Cond: inRange, Then: widen(value, to)}}, T: sqltype.Of(to)}
}

func integerConst(t sqltype.OID, v int64) plan.Expr {
	if t == sqltype.Int4 {
		return &plan.Const{T: sqltype.Of(t), Value: delta.Const(t, int32(v), 1)}
	}
	return &plan.Const{T: sqltype.Of(t), Value: delta.Const(t, v, 1)}
}

// compare is a op b, of one type.
func compare(op string, a, b plan.Expr) plan.Expr {
	var fn plan.FuncID
	for _, o := range builtin.OperatorsByName(op) {
		if o.Left == a.Type().OID && o.Right == a.Type().OID {
			fn = plan.FuncID(o.Func)
		}
	}
	return &plan.Call{Func: fn, Args: []plan.Expr{a, b}, T: sqltype.Of(sqltype.Bool), Op: op, Pos: -1}
}

func isEquality(fn uint32) bool {
	for _, o := range builtin.OperatorsByName("=") {
		if o.Func == fn {
			return true
		}
	}
	return false
}
