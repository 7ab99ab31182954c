package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// IndexExprs binds what an index computes over the columns of its table: the expressions of its key, in order, and the condition of the rows
// that it has, nil = all.
func IndexExprs(table, ix *catalog.Relation, cat catalog.Reader) (exprs []plan.Expr, where plan.Expr, err error) {
	b := newBinder(cat, computedOptions(ix))
	for i, at := range ix.KeyColumns {
		if at != catalog.NoColumn {
			continue
		}
		k := ix.IndexKey(i)
		n, err := storedExpr(k.Expr)
		if err != nil {
			return nil, nil, err
		}
		e, err := b.indexExpr(table, n, 0)
		if err != nil {
			return nil, nil, err
		}
		exprs = append(exprs, e)
	}
	if text := ix.Condition(); text != "" {
		n, err := storedExpr(text)
		if err != nil {
			return nil, nil, err
		}
		if where, err = b.indexCondition(table, n, 0); err != nil {
			return nil, nil, err
		}
	}
	return exprs, where, nil
}

// computedOptions are those that the texts of an index are bound with.
func computedOptions(ix *catalog.Relation) Options {
	return Options{Settings: plan.FrozenSettings(ix.Settings), NoParams: true}
}

// indexExpr binds an expression of an index's key over a row of its table, which stands in the columns from at on.
func (b *binder) indexExpr(table *catalog.Relation, n *pg.Node, at int) (plan.Expr, error) {
	b.over(table, at)
	defer b.pop()
	e, err := b.exprAt(n, inIndex)
	if err == nil && e.Type().OID == sqltype.Unknown {
		e, err = b.coerce(e, sqltype.Of(sqltype.Text), implicit, -1)
	}
	return e, err
}

// indexCondition binds the condition of the rows that an index has.
func (b *binder) indexCondition(table *catalog.Relation, n *pg.Node, at int) (plan.Expr, error) {
	b.over(table, at)
	defer b.pop()
	return b.condition(n, inPredicate, "WHERE")
}

// expression binds a key that is one.
func (d *indexDefinition) expression(e *pg.IndexElem, name string) error {
	k, at, err := d.computedKey(e.Expr, name)
	if err != nil {
		return err
	}
	if at != catalog.NoColumn {
		return d.keyOf(e, at, k, d.table.Columns[at].Type)
	}
	return d.keyOf(e, at, k, k.Type)
}

// computedKey binds an expression of a key; of one column in parentheses there is nothing to compute.
func (d *indexDefinition) computedKey(n *pg.Node, name string) (k catalog.IndexKey, at int, err error) {
	x, err := d.b.indexExpr(d.table, n, 0)
	if err != nil {
		return k, 0, err
	}
	if c, ok := x.(*plan.Column); ok {
		return k, c.Index, nil
	}
	if !immutable(x) {
		return k, 0, sqlerr.New(sqlerr.InvalidObjectDefinition, "functions in index expression must be marked IMMUTABLE")
	}
	plain, pretty := d.texts(x, n)
	return catalog.IndexKey{Expr: plain, Pretty: pretty, Name: name, Type: x.Type()}, catalog.NoColumn, nil
}

// condition binds WHERE.
func (d *indexDefinition) condition(n *pg.Node) error {
	x, err := d.b.indexCondition(d.table, n, 0)
	if err != nil {
		return err
	}
	if !immutable(x) {
		return sqlerr.New(sqlerr.InvalidObjectDefinition, "functions in index predicate must be marked IMMUTABLE")
	}
	d.ix.Where, d.ix.WherePretty = d.texts(x, n)
	return nil
}

func (d *indexDefinition) texts(e plan.Expr, n *pg.Node) (plain, pretty string) {
	r := ruleText{table: d.table, written: calledIn(n)}
	plain = r.expr(e)
	r.pretty = true
	return plain, r.expr(e)
}

// calledIn are the functions that an expression calls by name.
func calledIn(n *pg.Node) map[string]bool {
	out := map[string]bool{}
	parse.EachMessage(n.ProtoReflect(), func(m any) {
		if f, ok := m.(*pg.FuncCall); ok && len(f.Funcname) > 0 {
			out[f.Funcname[len(f.Funcname)-1].GetString_().GetSval()] = true
		}
	})
	return out
}

// IndexUses reports whether an index is of a column, in whatever way.
func IndexUses(table, ix *catalog.Relation, column int, cat catalog.Reader) (bool, error) {
	if slices.Contains(ix.KeyColumns, column) || slices.Contains(ix.Included(), column) {
		return true, nil
	}
	if !ix.Computed() {
		return false, nil
	}
	exprs, where, err := IndexExprs(table, ix, cat)
	if where != nil {
		exprs = append(exprs, where)
	}
	return slices.ContainsFunc(exprs, func(e plan.Expr) bool { return plan.Mentions(e, column) }), err
}

// RetoldIndex is an index whose expressions name the columns of its table as they are called in changed; nil if it has none.
func RetoldIndex(table, changed, ix *catalog.Relation, cat catalog.Reader) (*catalog.Relation, error) {
	if !ix.Computed() {
		return nil, nil
	}
	exprs, where, err := IndexExprs(table, ix, cat)
	if err != nil {
		return nil, err
	}
	out, told := *ix, *ix.Index
	told.Keys = slices.Clone(told.Keys)
	d := &indexDefinition{table: changed}
	for i, at := range ix.KeyColumns {
		if at != catalog.NoColumn {
			continue
		}
		k := &told.Keys[i]
		n, err := storedExpr(k.Expr)
		if err != nil {
			return nil, err
		}
		k.Expr, k.Pretty = d.texts(exprs[0], n)
		exprs = exprs[1:]
	}
	if where != nil {
		n, err := storedExpr(told.Where)
		if err != nil {
			return nil, err
		}
		told.Where, told.WherePretty = d.texts(where, n)
	}
	out.Index = &told
	return &out, nil
}
