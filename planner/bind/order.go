package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// tail is ORDER BY, LIMIT and OFFSET of a query.
type tail struct {
	keys          []sortItem
	count, offset plan.Expr
	ties          bool
}

// sortItem orders by output column target.
type sortItem struct {
	target     int
	desc       bool
	nullsFirst bool
}

// sortKeys are the keys over the query's output.
func (t *tail) sortKeys(fields []plan.Field) []plan.SortKey {
	keys := make([]plan.SortKey, len(t.keys))
	for i, k := range t.keys {
		f := fields[k.target]
		keys[i] = plan.SortKey{Expr: &plan.Column{Index: k.target, T: f.Type, Name: f.Name}, Desc: k.desc, NullsFirst: k.nullsFirst}
	}
	return keys
}

// firstOf keeps the first row, in the tail's order, of those that are equal in the columns on.
func (t *tail) firstOf(in plan.Node, on []int) plan.Node {
	n := &plan.TopN{Input: in, Groups: on, Keys: t.sortKeys(in.Props().Fields), Count: int8Const(1)}
	n.P.Fields = in.Props().Fields
	plan.Derive(n)
	return n
}

// node puts the tail over the query's output.
func (t *tail) node(in plan.Node) plan.Node {
	fields := in.Props().Fields
	keys := t.sortKeys(fields)
	if len(keys) > 0 {
		s := &plan.Sort{Input: in, Keys: keys}
		s.P.Fields = fields
		plan.Derive(s)
		in = s
	}
	if t.count == nil && t.offset == nil {
		return in
	}
	n := &plan.TopN{Input: in, Count: t.count, Offset: t.offset, Ties: t.ties}
	n.P.Fields = fields
	plan.Derive(n)
	return n
}

// limits binds LIMIT and OFFSET.
func (t *tail) limits(b *binder, s *pg.SelectStmt) error {
	var err error
	if t.offset, err = b.limit(s.LimitOffset, inOffset); err != nil {
		return err
	}
	if t.count, err = b.limit(s.LimitCount, inLimit); err != nil {
		return err
	}
	t.ties = s.LimitOption == pg.LimitOption_LIMIT_OPTION_WITH_TIES
	if t.ties && s.LimitCount.GetAConst().GetIsnull() {
		return sqlerr.New(sqlerr.InvalidRowCountInLimitClause, "row count cannot be null in FETCH FIRST ... WITH TIES clause")
	}
	return nil
}

// limit is nil for LIMIT ALL and LIMIT NULL.
func (b *binder) limit(n *pg.Node, p place) (plan.Expr, error) {
	if n == nil || n.GetAConst().GetIsnull() {
		return nil, nil
	}
	e, err := b.exprAt(n, p)
	if err != nil {
		return nil, err
	}
	out, err := b.coerceTo(e, sqltype.Of(sqltype.Int8), assignment, -1)
	switch {
	case err != nil:
		return nil, err
	case out == nil:
		return nil, sqlerr.New(sqlerr.DatatypeMismatch, "argument of %s must be type bigint, not type %s",
			string(p), displayType(e.Type().OID)).At(b.where(e))
	case hasOuter(out):
		return nil, unsupported("a column of the query around in " + string(p)).At(b.where(e))
	case plan.HasColumns(out):
		return nil, sqlerr.New(sqlerr.InvalidColumnReference, "argument of %s must not contain variables", string(p)).At(b.where(e))
	}
	return out, nil
}

// order binds ORDER BY of a plain SELECT.
func (c *core) order(list []*pg.Node) error {
	for _, n := range list {
		sb := n.GetSortBy()
		i, err := c.orderTarget(sb.Node, inOrderBy)
		if err != nil {
			return err
		}
		item, err := direction(sb, i)
		if err != nil {
			return err
		}
		t := &c.targets[i]
		if t.expr.Type().OID == sqltype.Unknown {
			if t.expr, err = c.b.coerce(t.expr, textType(), implicit, -1); err != nil {
				return err
			}
		}
		if err := comparable(t.expr.Type().OID, c.b.where(t.expr)); err != nil {
			return err
		}
		if err := checkTargets(len(c.targets)); err != nil {
			return err
		}
		c.tail.key(item)
	}
	return nil
}

// key adds an item; one whose column is a key already orders nothing.
func (t *tail) key(item sortItem) {
	for i := range t.keys {
		if t.keys[i].target == item.target {
			return
		}
	}
	t.keys = append(t.keys, item)
}

// direction reads ASC, DESC and NULLS; NULLs are larger than anything.
func direction(sb *pg.SortBy, target int) (sortItem, error) {
	item := sortItem{target: target}
	switch sb.SortbyDir {
	case pg.SortByDir_SORTBY_DESC:
		item.desc = true
	case pg.SortByDir_SORTBY_USING:
		switch op := lastOf(sb.UseOp); op {
		case "<":
		case ">":
			item.desc = true
		default:
			return item, sqlerr.New(sqlerr.WrongObjectType, "operator %s is not a valid ordering operator", op).At(sb.Location).
				WithHint("Ordering operators must be \"<\" or \">\" members of btree operator families.")
		}
	}
	item.nullsFirst = item.desc
	switch sb.SortbyNulls {
	case pg.SortByNulls_SORTBY_NULLS_FIRST:
		item.nullsFirst = true
	case pg.SortByNulls_SORTBY_NULLS_LAST:
		item.nullsFirst = false
	}
	return item, nil
}

// orderTarget finds the output column that an item of ORDER BY or DISTINCT ON means: an output name, a
// position, an expression that is there, or a new hidden one.
func (c *core) orderTarget(n *pg.Node, clause place) (int, error) {
	if name, pos, ok := bareName(n); ok {
		if i, err := c.byOutputName(name, string(clause), pos); err != nil || i >= 0 {
			return i, err
		}
	}
	if i, err := c.byPosition(n, string(clause)); err != nil || i >= 0 {
		return i, err
	}
	e, err := c.b.exprAt(n, clause)
	if err != nil {
		return 0, err
	}
	for i := range c.targets {
		if plan.Equal(c.targets[i].expr, e) || sameAggregate(c.targets[i].expr, e) {
			return i, nil
		}
	}
	c.targets = append(c.targets, target{expr: e, name: "?column?", junk: true})
	return len(c.targets) - 1, nil
}

// sameAggregate compares expressions that are an aggregate each.
func sameAggregate(a, b plan.Expr) bool {
	x, ok := a.(*aggRef)
	if !ok {
		return false
	}
	y, ok := b.(*aggRef)
	return ok && plan.EqualAggregates(&x.agg, &y.agg)
}

func bareName(n *pg.Node) (string, int32, bool) {
	ref := n.GetColumnRef()
	if ref == nil || len(ref.Fields) != 1 || ref.Fields[0].GetString_() == nil {
		return "", 0, false
	}
	return ref.Fields[0].GetString_().Sval, ref.Location, true
}

// byOutputName is -1 when no output column has the name.
func (c *core) byOutputName(name, clause string, pos int32) (int, error) {
	found := -1
	for i := range c.targets {
		t := &c.targets[i]
		if t.junk || t.name != name {
			continue
		}
		if found >= 0 && !plan.Equal(c.targets[found].expr, t.expr) && !sameAggregate(c.targets[found].expr, t.expr) {
			return -1, sqlerr.New(sqlerr.AmbiguousColumn, "%s \"%s\" is ambiguous", clause, name).At(pos)
		}
		if found < 0 {
			found = i
		}
	}
	return found, nil
}

// byPosition is -1 unless the item is a constant.
func (c *core) byPosition(n *pg.Node, clause string) (int, error) {
	k := n.GetAConst()
	if k == nil {
		return -1, nil
	}
	if k.GetIval() == nil || k.Isnull {
		return -1, sqlerr.New(sqlerr.SyntaxError, "non-integer constant in %s", clause).At(k.Location)
	}
	at := 0
	for i := range c.targets {
		if c.targets[i].junk {
			continue
		}
		if at++; at == int(k.GetIval().Ival) {
			return i, nil
		}
	}
	return -1, sqlerr.New(sqlerr.InvalidColumnReference, "%s position %d is not in select list", clause, k.GetIval().Ival).At(k.Location)
}

// distinctClause checks SELECT DISTINCT: it sorts by output columns only.
func (c *core) distinctClause(list []*pg.Node) error {
	if len(list) == 0 {
		return nil
	}
	c.distinct = true
	if list[0].GetNode() != nil {
		return c.distinctOn(list)
	}
	for i := range c.targets {
		t := &c.targets[i]
		if t.junk {
			return sqlerr.New(sqlerr.InvalidColumnReference, "for SELECT DISTINCT, ORDER BY expressions must appear in select list").At(c.b.where(t.expr))
		}
		if err := groupable(t.expr.Type().OID, c.b.where(t.expr)); err != nil {
			return err
		}
	}
	return nil
}

// distinctOn binds DISTINCT ON: what it lists is what ORDER BY begins with.
func (c *core) distinctOn(list []*pg.Node) error {
	for _, n := range list {
		i, err := c.orderTarget(n, inDistinct)
		if err != nil {
			return err
		}
		t := &c.targets[i]
		if t.expr.Type().OID == sqltype.Unknown {
			if t.expr, err = c.b.coerce(t.expr, textType(), implicit, -1); err != nil {
				return err
			}
		}
		if err := groupable(t.expr.Type().OID, c.b.where(t.expr)); err != nil {
			return err
		}
		if !slices.Contains(c.on, i) {
			c.on = append(c.on, i)
		}
	}
	listed := 0
	for at, k := range c.tail.keys {
		switch {
		case !slices.Contains(c.on, k.target):
		case listed < at:
			return onMismatch(c.b.where(c.targets[k.target].expr))
		default:
			listed++
		}
	}
	if listed < len(c.on) && listed < len(c.tail.keys) {
		for _, i := range c.on {
			if !slices.ContainsFunc(c.tail.keys, func(k sortItem) bool { return k.target == i }) {
				return onMismatch(c.b.where(c.targets[i].expr))
			}
		}
	}
	return nil
}

func onMismatch(pos int32) error {
	return sqlerr.New(sqlerr.InvalidColumnReference, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions").At(pos)
}
