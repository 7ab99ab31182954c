package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// joinKinds are the kinds of JOIN.
var joinKinds = map[pg.JoinType]plan.JoinKind{
	pg.JoinType_JOIN_INNER: plan.JoinInner, pg.JoinType_JOIN_LEFT: plan.JoinLeft,
	pg.JoinType_JOIN_RIGHT: plan.JoinRight, pg.JoinType_JOIN_FULL: plan.JoinFull,
}

// join binds a JOIN b ON …, USING (…), NATURAL, CROSS JOIN. The condition becomes a filter
// over the cross product, or that of an outer join: rewriting finds the keys.
func (b *binder) join(n *pg.JoinExpr) (*source, error) {
	if s := n.Rarg.GetRangeTableSample(); sampleMethod(s) != "" {
		return b.asOfJoin(n, s)
	}
	l, err := b.fromItem(n.Larg)
	if err != nil {
		return nil, err
	}
	return b.joinTo(l, n)
}

// joinTo binds a join whose left side is bound.
func (b *binder) joinTo(l *source, n *pg.JoinExpr) (*source, error) {
	r, args, err := b.fromBeside(n.Rarg, l)
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
	kind, known := joinKinds[n.Jointype]
	if !known {
		return nil, unsupported("this kind of join")
	}
	both, err := b.cross(l, r)
	if err != nil {
		return nil, err
	}
	var cond plan.Expr
	switch {
	case n.IsNatural || len(using) > 0:
		cond, err = b.joinUsing(both, l, r, names, kind)
	case n.Quals != nil:
		cond, err = b.joinOn(both, n.Quals)
	}
	if err == nil && n.JoinUsingAlias != nil {
		err = both.nameMerged(n.JoinUsingAlias.Aliasname, len(names))
	}
	if err != nil {
		return nil, err
	}
	switch {
	case len(args) > 0 && kind != plan.JoinInner && kind != plan.JoinLeft:
		return nil, sqlerr.New(sqlerr.InvalidColumnReference, "invalid reference to FROM-clause entry in LATERAL").At(b.where(args[0])).
			WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
	case len(args) > 0:
		both.node = plan.NewApply(kind, l.node, r.node, args, cond)
	case kind != plan.JoinInner:
		both.node = plan.NewJoin(kind, l.node, r.node, cond, "")
	case cond != nil:
		both.node = filter(both.node, cond)
	}
	for _, it := range l.items {
		it.mayMiss = it.mayMiss || kind == plan.JoinRight || kind == plan.JoinFull
	}
	for _, it := range r.items {
		it.mayMiss = it.mayMiss || kind == plan.JoinLeft || kind == plan.JoinFull
	}
	if n.Alias != nil {
		return b.aliasedJoin(both, n.Alias)
	}
	return both, nil
}

func (b *binder) joinOn(s *source, quals *pg.Node) (plan.Expr, error) {
	old := b.lv.scope
	b.lv.scope = scope{items: s.items, node: s.node}
	defer func() { b.lv.scope = old }()
	return b.condition(quals, inJoin, "JOIN/ON")
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
func (b *binder) joinUsing(s, l, r *source, names []string, kind plan.JoinKind) (plan.Expr, error) {
	merged := &item{byColumn: true, pos: -1}
	used := map[*column]bool{}
	var conds []plan.Expr
	for _, name := range names {
		lc, err := usingColumn(l, name, "left")
		if err != nil {
			return nil, err
		}
		rc, err := usingColumn(r, name, "right")
		if err != nil {
			return nil, err
		}
		b.reads(lc)
		b.reads(rc)
		le, re := lc.expr(), rc.expr()
		eq, err := b.binary("=", le, re, -1)
		if err != nil {
			return nil, err
		}
		conds = append(conds, eq)
		c, err := b.mergedColumn(lc, rc, kind)
		if err != nil {
			return nil, err
		}
		merged.columns = append(merged.columns, c)
		used[lc], used[rc] = true, true
	}
	for _, it := range s.items {
		for i := range it.columns {
			if c := &it.columns[i]; it.byColumn && !used[c] {
				merged.columns = append(merged.columns, *c)
			}
		}
		it.byColumn = false
	}
	s.items = append(s.items, merged)
	return conjunction(conds), nil
}

// nameMerged gives the merged columns of USING a table's name: USING (a, b) AS x. The tables keep theirs.
func (s *source) nameMerged(name string, count int) error {
	merged := s.items[len(s.items)-1]
	it := &item{name: name, byName: true, columns: slices.Clone(merged.columns[:count]), pos: -1}
	if err := s.nameFree(it); err != nil {
		return err
	}
	s.items = append(s.items, it)
	return nil
}

// mergedColumn is the column that stands for two of one name: that of the side whose rows are kept, of
// a full join the one that is there, in the type that both have in common.
func (b *binder) mergedColumn(lc, rc *column, kind plan.JoinKind) (column, error) {
	le, re := lc.expr(), rc.expr()
	common, err := b.commonType([]plan.Expr{le, re}, "JOIN/USING")
	if err != nil {
		return column{}, err
	}
	keep, value := *lc, le
	if kind == plan.JoinRight || kind == plan.JoinInner && lc.typ.OID != common && rc.typ.OID == common {
		keep, value = *rc, re
	}
	if kind != plan.JoinFull && keep.typ.OID == common {
		return keep, nil
	}
	t := sqltype.Of(common)
	if lc.typ == rc.typ {
		t = lc.typ
	}
	inCommon := func(e plan.Expr) (plan.Expr, error) {
		if e.Type().OID == common {
			return e, nil
		}
		return b.coerce(e, sqltype.Of(common), implicit, -1)
	}
	if value, err = inCommon(value); err != nil {
		return column{}, err
	}
	if kind == plan.JoinFull {
		if le, err = inCommon(le); err != nil {
			return column{}, err
		}
		if re, err = inCommon(re); err != nil {
			return column{}, err
		}
		value = &plan.Coalesce{Args: []plan.Expr{le, re}, T: t}
	}
	return column{name: lc.name, typ: t, index: -1, merged: value}, nil
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
