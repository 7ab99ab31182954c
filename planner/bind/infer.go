package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// inference is the target of ON CONFLICT: keys, and a condition that the rows of the index may be held to.
type inference struct {
	keys  []inferredKey
	where []plan.Expr
}

// inferredKey is a column or an expression; of a class and a collation, 0 = any, where they were named.
type inferredKey struct {
	expr             plan.Expr
	class, collation catalog.OID
}

// inferred binds a target over the columns of the table, or of the view of it that is written to, nil = none.
func (b *binder) inferred(rel *catalog.Relation, view *viewTarget, in *pg.InferClause) (*inference, error) {
	out, named := &inference{}, rel
	if view != nil {
		named = view.rel
	}
	for _, n := range in.IndexElems {
		k, err := b.inferredKey(named, n.GetIndexElem(), in.Location)
		if err == nil {
			k.expr, err = b.ofTable(rel, view, k.expr)
		}
		if err != nil {
			return nil, err
		}
		out.keys = append(out.keys, k)
	}
	if in.WhereClause != nil {
		where, err := b.indexCondition(named, in.WhereClause, 0)
		if err == nil {
			where, err = b.ofTable(rel, view, where)
		}
		if err != nil {
			return nil, err
		}
		out.where = plan.Conjuncts(where)
	}
	return out, nil
}

// ofTable is an expression over a view's columns as one over the table's, which who writes must be allowed to read; no index is of what the view
// computes.
func (b *binder) ofTable(rel *catalog.Relation, view *viewTarget, e plan.Expr) (plan.Expr, error) {
	set, computed := map[int]bool{}, false
	plan.ColumnsOf(e, set)
	for c := range set {
		if view == nil {
			b.writes(rel, acl.Select, c)
			continue
		}
		view.writes(b, acl.Select, []int{c}, []int{view.columns[c]})
		computed = computed || view.columns[c] < 0
	}
	switch {
	case computed:
		return nil, noArbiter()
	case view == nil:
		return e, nil
	}
	return plan.MapColumns(e, func(c int) int { return view.columns[c] }), nil
}

func (b *binder) inferredKey(rel *catalog.Relation, e *pg.IndexElem, pos int32) (k inferredKey, err error) {
	switch {
	case e.Ordering != pg.SortByDir_SORTBY_DEFAULT:
		return k, sqlerr.New(sqlerr.InvalidColumnReference, "ASC/DESC is not allowed in ON CONFLICT clause").At(pos)
	case e.NullsOrdering != pg.SortByNulls_SORTBY_NULLS_DEFAULT:
		return k, sqlerr.New(sqlerr.InvalidColumnReference, "NULLS FIRST/LAST is not allowed in ON CONFLICT clause").At(pos)
	case e.Expr != nil:
		if k.expr, err = b.indexExpr(rel, e.Expr, 0); err != nil {
			return k, err
		}
	default:
		i := rel.ColumnIndex(e.Name)
		if i < 0 {
			return k, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" does not exist", e.Name).At(pos).Meant(rel.NearColumn(e.Name))
		}
		k.expr = &plan.Column{Index: i, T: rel.Columns[i].Type, Name: e.Name}
	}
	d := &indexDefinition{b: b, table: rel, method: bootstrap.Btree}
	if len(e.Collation) > 0 {
		if k.collation, err = d.collation(e.Collation, k.expr.Type().OID); err != nil {
			return k, err
		}
		if k.collation == 0 {
			k.collation = defaultCollation
		}
	}
	if len(e.Opclass) > 0 {
		if k.class, err = d.class(e.Opclass, k.expr.Type().OID); err == nil && k.class == 0 {
			k.class = defaultClass(k.expr.Type().OID)
		}
	}
	return k, err
}

func defaultClass(t sqltype.OID) catalog.OID {
	if c := bootstrap.DefaultClass(bootstrap.Btree, t); c != nil {
		return catalog.OID(c.OID)
	}
	return 0
}

// isKey: the keys are those of the primary key that a table was created with.
func (w *inference) isKey(rel *catalog.Relation) bool {
	keys := make([]plan.Expr, len(rel.PrimaryKey))
	for i, at := range rel.PrimaryKey {
		keys[i] = &plan.Column{Index: at, T: rel.Columns[at].Type}
	}
	return w.covers(keys, func(int) catalog.IndexKey { return catalog.IndexKey{} })
}

// is reports whether an index is one that is meant: of the keys, each as often as one likes, and with no row aside that the condition is true for.
func (w *inference) is(b *binder, rel, ix *catalog.Relation) (bool, error) {
	exprs, where, err := IndexExprs(rel, ix, b.cat)
	if err != nil {
		return false, err
	}
	keys := make([]plan.Expr, len(ix.KeyColumns))
	for i, at := range ix.KeyColumns {
		if at == catalog.NoColumn {
			keys[i], exprs = exprs[0], exprs[1:]
		} else {
			keys[i] = &plan.Column{Index: at, T: rel.Columns[at].Type}
		}
	}
	return w.covers(keys, ix.IndexKey) && (where == nil || plan.Implies(w.where, where)), nil
}

// covers: each key was said, and what was said is one.
func (w *inference) covers(keys []plan.Expr, of func(i int) catalog.IndexKey) bool {
	matches := func(k inferredKey, i int) bool {
		if !plan.Equal(k.expr, keys[i]) {
			return false
		}
		class, collation := of(i).Class, of(i).Collation
		if class == 0 {
			class = defaultClass(keys[i].Type().OID)
		}
		if collation == 0 {
			collation = defaultCollation
		}
		return (k.class == 0 || k.class == class) && (k.collation == 0 || k.collation == collation)
	}
	for i := range keys {
		if !slices.ContainsFunc(w.keys, func(k inferredKey) bool { return matches(k, i) }) {
			return false
		}
	}
	for _, k := range w.keys {
		found := false
		for i := range keys {
			found = found || matches(k, i)
		}
		if !found {
			return false
		}
	}
	return true
}
