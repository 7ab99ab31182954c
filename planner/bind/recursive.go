package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// recursiveQuery binds a WITH query that reads itself: UNION of a term that does not, and one that does.
func (b *binder) recursiveQuery(c *cte) (plan.Node, error) {
	q := c.query
	b.push()
	defer b.pop()
	if err := b.with(q, q.WithClause); err != nil {
		return nil, err
	}
	c, own, err := b.withTrace(c)
	if err != nil {
		return nil, err
	}
	q = c.query
	left, err := b.setSide(q.Larg)
	if err != nil {
		return nil, err
	}
	if left.exprs, err = b.resolveUnknowns(left.exprs); err != nil {
		return nil, err
	}
	left.retarget(left.exprs)
	fields := make([]plan.Field, len(left.exprs))
	for i, e := range left.exprs {
		fields[i] = plan.Field{Name: left.names[i], Type: e.Type()}
		if i < len(c.columns) {
			fields[i].Name = c.columns[i].GetString_().GetSval()
		}
	}
	first, err := left.build()
	if err != nil {
		return nil, err
	}
	working := *c
	working.recursive, working.working, working.own = false, fields, own
	b.push().ctes = map[string]*cte{c.name: &working}
	defer b.pop()
	right, err := b.setSide(q.Rarg)
	if err != nil {
		return nil, err
	}
	if err := b.recursiveTypes(c, fields, right); err != nil {
		return nil, err
	}
	right.retarget(right.exprs)
	step, err := right.build()
	if err != nil {
		return nil, err
	}
	return plan.NewRecursive(stripHidden(first), stripHidden(step), fields, !q.All), nil
}

// recursiveTypes: the columns have the types of the non-recursive term.
func (b *binder) recursiveTypes(c *cte, fields []plan.Field, right *body) error {
	if len(fields) != len(right.exprs) {
		at := int32(-1)
		if len(right.exprs) > 0 {
			at = b.where(right.exprs[0])
		}
		return sqlerr.New(sqlerr.SyntaxError, "each UNION query must have the same number of columns").At(at)
	}
	for i, f := range fields {
		both, t, err := b.unify([]plan.Expr{&plan.Column{Index: i, T: f.Type, Name: f.Name}, right.exprs[i]}, "UNION")
		if err != nil {
			return err
		}
		if records := t.OID == f.Type.OID && (t.OID == sqltype.Record || t.OID == sqltype.RecordArray); t != f.Type && !records {
			return sqlerr.New(sqlerr.DatatypeMismatch, "recursive query \"%s\" column %d has type %s in non-recursive term but type %s overall",
				c.name, i+1, f.Type, t).At(c.pos).WithHint("Cast the output of the non-recursive term to the correct type.")
		}
		if !c.query.All {
			if err := groupable(t.OID, b.where(right.exprs[i])); err != nil {
				return err
			}
		}
		right.exprs[i] = both[1]
	}
	return nil
}

// workingScan reads the rows of the round before.
func (b *binder) workingScan(n *pg.RangeVar, c *cte) (*source, error) {
	node := plan.NewWorking(c.working)
	b.lv.readsWorking = true
	it := itemOverNode(node)
	it.name, it.byName, it.pos = c.name, true, n.Location
	for i := range it.columns {
		it.columns[i].hidden = c.own > 0 && i >= c.own
	}
	if n.Alias != nil {
		it.name = n.Alias.Aliasname
		if err := rename(it, n.Alias, len(it.columns)); err != nil {
			return nil, err
		}
	}
	return &source{node: node, items: []*item{it}}, nil
}
