package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// join binds a JOIN b ON …, USING (…), NATURAL, CROSS JOIN. The condition becomes a filter
// over the cross product: rewriting finds the keys.
func (b *binder) join(n *pg.JoinExpr) (*source, error) {
	l, err := b.fromItem(n.Larg)
	if err != nil {
		return nil, err
	}
	r, err := b.fromItem(n.Rarg)
	if err != nil {
		return nil, err
	}
	using := n.UsingClause
	var names []string
	for _, u := range using {
		names = append(names, u.GetString_().GetSval())
	}
	if n.IsNatural {
		names = sharedNames(l, r)
	}
	both, err := b.cross(l, r)
	if err != nil {
		return nil, err
	}
	switch {
	case n.IsNatural || len(using) > 0:
		err = b.joinUsing(both, l, r, names)
	case n.Quals != nil:
		err = b.joinOn(both, n.Quals)
	}
	if err != nil {
		return nil, err
	}
	if n.Jointype != pg.JoinType_JOIN_INNER {
		return nil, unsupported("an outer join")
	}
	if n.Alias != nil {
		return b.aliasedJoin(both, n.Alias)
	}
	return both, nil
}

func (b *binder) joinOn(s *source, quals *pg.Node) error {
	old := b.lv.scope
	b.lv.scope = scope{items: s.items, node: s.node}
	defer func() { b.lv.scope = old }()
	cond, err := b.condition(quals, inJoin, "JOIN/ON")
	if err != nil {
		return err
	}
	s.node = filter(s.node, cond)
	return nil
}

// sharedNames are the columns of a NATURAL join, in the left side's order.
func sharedNames(l, r *source) []string {
	var out []string
	for _, li := range l.items {
		for _, lc := range li.columns {
			if !li.byColumn || lc.hidden {
				continue
			}
			rs := scope{items: r.items}
			if _, c, err := rs.findColumn(lc.name, -1); err != nil || (c != nil && !c.hidden) {
				out = append(out, lc.name)
			}
		}
	}
	return out
}

// joinUsing merges the columns of that name: they come first and are named alone.
func (b *binder) joinUsing(s, l, r *source, names []string) error {
	merged := &item{byColumn: true, pos: -1}
	used := map[int]bool{}
	var conds []plan.Expr
	for _, name := range names {
		lc, err := usingColumn(l, name, "left")
		if err != nil {
			return err
		}
		rc, err := usingColumn(r, name, "right")
		if err != nil {
			return err
		}
		le := &plan.Column{Index: lc.index, T: lc.typ, Name: name}
		re := &plan.Column{Index: rc.index, T: rc.typ, Name: name}
		eq, err := b.binary("=", le, re, -1)
		if err != nil {
			return err
		}
		conds = append(conds, eq)
		common, err := b.commonType([]plan.Expr{le, re}, "JOIN/USING")
		if err != nil {
			return err
		}
		keep := *lc
		if lc.typ.OID != common && rc.typ.OID == common {
			keep = *rc
		}
		merged.columns = append(merged.columns, keep)
		used[lc.index], used[rc.index] = true, true
	}
	for _, it := range s.items {
		for _, c := range it.columns {
			if it.byColumn && !used[c.index] {
				merged.columns = append(merged.columns, c)
			}
		}
		it.byColumn = false
	}
	s.items = append(s.items, merged)
	if len(conds) > 0 {
		s.node = filter(s.node, conjunction(conds))
	}
	return nil
}

func usingColumn(s *source, name, side string) (*column, error) {
	sc := scope{items: s.items}
	_, c, err := sc.findColumn(name, -1)
	if err != nil {
		return nil, sqlerr.New(sqlerr.AmbiguousColumn, "common column name \"%s\" appears more than once in %s table", name, side)
	}
	if c == nil {
		return nil, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" specified in USING clause does not exist in %s table", name, side).Meant(sc.nearName(name))
	}
	return c, nil
}

// aliasedJoin hides the parts of (a JOIN b …) AS j (c, …) behind j.
func (b *binder) aliasedJoin(s *source, a *pg.Alias) (*source, error) {
	j := &item{name: a.Aliasname, byName: true, byColumn: true, pos: -1}
	for _, it := range s.items {
		if it.byColumn {
			for _, c := range it.columns {
				if !c.hidden {
					j.columns = append(j.columns, c)
				}
			}
		}
	}
	if err := rename(j, a, len(j.columns)); err != nil {
		return nil, err
	}
	out := &source{node: s.node, items: []*item{j}, hidden: s.hidden}
	for _, it := range s.items {
		out.hidden = append(out.hidden, it.name)
	}
	return out, nil
}

func conjunction(conds []plan.Expr) plan.Expr {
	switch len(conds) {
	case 0:
		return nil
	case 1:
		return conds[0]
	}
	return &plan.And{Args: conds}
}

func textType() sqltype.Type { return sqltype.Of(sqltype.Text) }
