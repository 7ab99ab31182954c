package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// lookups makes key reads of filters that fix a whole key of a table.
func lookups(n plan.Node, cat catalog.Reader, views bool) plan.Node {
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
			if out := lookup(f, s, x.KeyColumns, plan.RelationID(x.OID)); out != nil {
				return out
			}
		}
		return n
	})
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
	call, ok := c.(*plan.Call)
	if !ok || call.Op != "=" || len(call.Args) != 2 {
		return nil
	}
	for i := range 2 {
		col, ok := bare(call.Args[i]).(*plan.Column)
		value := call.Args[1-i]
		if !ok || s.Columns[col.Index] != column || plan.HasColumns(value) || plan.MayFail(value) || plan.Volatile(value) {
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
		if value.Type().OID != col.T.OID {
			value = &plan.Relabel{Arg: value, T: col.T}
		}
		return value
	}
	return nil
}

// widened makes a narrower integer the column's type, where = compares the two by value. Other
// values stay as they are.
func widened(value plan.Expr, column sqltype.OID, fn uint32) plan.Expr {
	have := value.Type().OID
	if have == column || integerRank[have] == 0 || integerRank[column] == 0 {
		return value
	}
	if integerRank[have] > integerRank[column] || !isEquality(fn) {
		return nil
	}
	return widen(value, column)
}

func isEquality(fn uint32) bool {
	for _, o := range builtin.OperatorsByName("=") {
		if o.Func == fn {
			return true
		}
	}
	return false
}
