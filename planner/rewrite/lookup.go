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

// paths chooses how tables and views are read: whole, by a key, or in the order of one.
type paths struct {
	cat   catalog.Reader
	views bool // views can be read by their key
	fold  *folding
	est   *estimator // nil = nothing is known
	o     *Options
}

// fewShare is the share of a relation's rows from which on all of it is read: that can be divided among shards.
const fewShare = 0.4

// lookups reads by a key where conditions fix it, or leave few of the rows.
func (p *paths) lookups(n plan.Node) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		f, ok := n.(*plan.Filter)
		if !ok {
			return n
		}
		s, ok := f.Input.(*plan.Scan)
		if !ok || s.Keyed() {
			return n
		}
		if s.Kind == plan.RelSystem {
			if rel, ok := p.cat.ByOID(catalog.OID(s.Relation)); ok {
				return systemLookup(f, s, rel)
			}
			return n
		}
		conds := plan.Conjuncts(f.Cond)
		if a, share := p.best(s, conds); a != nil {
			return a.scan(s, conds, share)
		}
		return n
	})
}

// keys are what a scan can be read by where conds hold.
func (p *paths) keys(s *plan.Scan, conds []plan.Expr) []*indexKeys {
	rel, ok := p.cat.ByOID(catalog.OID(s.Relation))
	if !ok || p.o.NoIndexScan || (s.Kind != plan.RelTable && (s.Kind != plan.RelView || !p.views)) {
		return nil
	}
	return keysOf(s, rel, p.cat, conds, p.fold)
}

// best is the way to read the rows of conditions by a key, and the share of all rows that are read so; nil if it is not worth it. Where every
// key of an index has a value it is read by that, by a unique one first.
func (p *paths) best(s *plan.Scan, conds []plan.Expr) (best *access, least float64) {
	all := p.keys(s, conds)
	for _, ix := range all {
		if a := ix.find(conds); a.whole() {
			return a, p.share(a, s, conds)
		}
	}
	least = fewShare
	if p.o.NoSeqScan {
		least = 2
	}
	for _, ix := range all {
		a := ix.find(conds)
		if !a.some() {
			continue
		}
		if share := p.share(a, s, conds); share < least {
			best, least = a, share
		}
	}
	return best, least
}

// share is the share of all rows that are read.
func (p *paths) share(a *access, s *plan.Scan, conds []plan.Expr) float64 {
	if p.est != nil && a.ix.unique && a.whole() {
		return 1 / math.Max(p.est.rows(s), 1)
	}
	est := p.est
	if est == nil {
		est = newEstimator(nothingKnown{})
	}
	return est.share(s, &plan.And{Args: a.asked(conds)})
}

// nothingKnown are the statistics of who has none.
type nothingKnown struct{}

func (nothingKnown) Rows(plan.RelationID) (float64, bool)          { return 0, false }
func (nothingKnown) Column(plan.RelationID, int) *plan.ColumnStats { return nil }

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
				out.Lookup, out.LookupColumns, out.IndexCond = []plan.Expr{v}, []int{column}, []string{plan.FormatExpr(c)}
				return plan.NewFilter(&out, plan.Conjuncts(f.Cond))
			}
		}
	}
	return f
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
