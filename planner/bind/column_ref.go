package bind

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// columnRef binds a, t.a, s.t.a.
func (b *binder) columnRef(n *pg.ColumnRef) (plan.Expr, error) {
	parts, star := refParts(n)
	if star && len(parts) > 0 {
		return b.rowOf(parts, n.Location)
	}
	if star {
		return nil, sqlerr.New(sqlerr.SyntaxError, "row expansion via \"*\" is not supported here").At(n.Location)
	}
	if len(parts) == 1 {
		return b.bareColumn(parts[0], n.Location)
	}
	return b.qualifiedColumn(parts, n.Location)
}

// qualifiedColumn binds t.a, s.t.a: a column of the nearest level that has the table.
func (b *binder) qualifiedColumn(parts []string, pos int32) (plan.Expr, error) {
	name := parts[len(parts)-1]
	e, err := b.lookup(func(s *scope) (plan.Expr, error) {
		it, err := findParts(s, parts[:len(parts)-1], pos)
		if err != nil || it == nil {
			return nil, err
		}
		c, err := it.find(name, pos)
		if err != nil {
			return nil, err
		}
		if c == nil {
			return nil, sqlerr.New(sqlerr.UndefinedColumn, "column %s does not exist", parts[len(parts)-2]+"."+name).At(pos).
				WithHint("%s", b.nearColumn(parts[len(parts)-2], name))
		}
		b.reads(c)
		return c.expr(), nil
	})
	if err != nil {
		return nil, err
	}
	if e == nil {
		if e := b.parameter(b.parameterNamed(parts)); e != nil {
			return e, nil
		}
		_, err := b.itemOf(parts[:len(parts)-1], pos)
		return nil, err
	}
	return b.at(e, pos), nil
}

// rowOf binds t.* where one value is wanted: the row.
func (b *binder) rowOf(parts []string, pos int32) (plan.Expr, error) {
	e, err := b.lookup(func(s *scope) (plan.Expr, error) {
		it, err := findParts(s, parts, pos)
		if err != nil || it == nil {
			return nil, err
		}
		return b.wholeRow(it, pos)
	})
	if e == nil && err == nil {
		_, err = b.itemOf(parts, pos)
	}
	return e, err
}

// findParts is the item of a scope that t or s.t names; nil when there is none.
func findParts(s *scope, parts []string, pos int32) (*item, error) {
	name, schema := parts[len(parts)-1], ""
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	if len(parts) > 3 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "improper qualified name (too many dotted names): %s", strings.Join(parts, ".")).At(pos)
	}
	return s.findItem(schema, name, pos)
}

// refParts are the names of a column reference; star says that it ends in .*.
func refParts(n *pg.ColumnRef) (parts []string, star bool) {
	for _, f := range n.Fields {
		if f.GetAStar() != nil {
			return parts, true
		}
		parts = append(parts, f.GetString_().GetSval())
	}
	return parts, false
}

func (b *binder) bareColumn(name string, pos int32) (plan.Expr, error) {
	e, err := b.lookup(func(s *scope) (plan.Expr, error) {
		_, c, err := s.findColumn(name, pos)
		if err != nil || c == nil {
			return nil, err
		}
		b.reads(c)
		return c.expr(), nil
	})
	if err != nil {
		return nil, err
	}
	if e != nil {
		return b.at(e, pos), nil
	}
	if e, err = b.lookup(func(s *scope) (plan.Expr, error) {
		it, err := s.findItem("", name, pos)
		if err != nil || it == nil {
			return nil, err
		}
		return b.wholeRow(it, pos)
	}); e != nil || err != nil {
		return e, err
	}
	if e := b.parameter(b.parameterNamed([]string{name})); e != nil {
		return e, nil
	}
	return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" does not exist", name).At(pos).WithHint("%s", b.nearColumn("", name))
}

// itemOf resolves t or s.t, in this level.
func (b *binder) itemOf(parts []string, pos int32) (*item, error) {
	it, err := findParts(&b.lv.scope, parts, pos)
	if err != nil {
		return nil, err
	}
	if it != nil {
		return it, nil
	}
	return nil, b.lv.scope.missingItem(parts[len(parts)-1], pos)
}

// star expands * and t.* into columns.
func (b *binder) star(n *pg.ColumnRef) ([]target, error) {
	parts, _ := refParts(n)
	var out []target
	add := func(it *item) {
		for i := range it.columns {
			if c := &it.columns[i]; !c.hidden {
				out = append(out, target{expr: b.columnExpr(c, n.Location), name: c.name})
			}
		}
	}
	if len(parts) > 0 {
		it, err := b.itemOf(parts, n.Location)
		if err != nil {
			return nil, err
		}
		add(it)
		b.tellStar(n.Location, []*item{it})
		return out, nil
	}
	var shown []*item
	for _, it := range b.lv.scope.items {
		if it.byColumn {
			add(it)
			shown = append(shown, it)
		}
	}
	b.tellStar(n.Location, shown)
	if len(b.lv.scope.items) == 0 {
		return nil, sqlerr.New(sqlerr.SyntaxError, "SELECT * with no tables specified is not valid").At(n.Location)
	}
	return out, nil
}
