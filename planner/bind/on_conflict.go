package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/rewrite"
)

// ConflictPlan is a bound ON CONFLICT.
type ConflictPlan struct {
	// Arbiters are the unique indexes that are asked, the table's own OID for its primary key; nil = all
	// there are.
	Arbiters []catalog.OID
	// Update gives the new rows of DO UPDATE, nil for DO NOTHING. It reads given rows: the columns of the
	// row that is there, those of the row that was to be inserted, and a number, at Number; its rows
	// are those that change, with the number, the new values from New on, then those of RETURNING.
	Update      *plan.Query
	Number, New int
	Returning   Returning
	// Checks are columns of Update: what views that the statement names hold new rows to.
	Checks []ViewCheck
	// Policies are likewise what those of the table hold the row that is there to, and the new one.
	Policies []PolicyCheck

	root plan.Node
}

// onConflict binds ON CONFLICT of an INSERT.
func (b *binder) onConflict(rel *catalog.Relation, view *viewTarget, guard *rowGuard, target string, n *pg.InsertStmt) (*ConflictPlan, error) {
	c := n.OnConflictClause
	if rel.Kind != catalog.KindTable {
		return nil, unsupported("ON CONFLICT on a stream").At(c.Location).WithHint("A stream keeps every record; a table has keys.")
	}
	out := &ConflictPlan{}
	var err error
	switch {
	case c.Infer != nil:
		if out.Arbiters, err = b.arbiters(rel, view, c.Infer); err != nil {
			return nil, err
		}
		if guard != nil {
			guard.read = true
		}
	case c.Action == pg.OnConflictAction_ONCONFLICT_UPDATE:
		return nil, sqlerr.New(sqlerr.SyntaxError, "ON CONFLICT DO UPDATE requires inference specification or constraint name").At(c.Location).
			WithHint("For example, ON CONFLICT (column_name).")
	}
	if c.Action != pg.OnConflictAction_ONCONFLICT_UPDATE {
		return out, nil
	}
	return out, b.doUpdate(out, rel, view, guard, target, n)
}

// arbiters finds the unique indexes that a conflict target means.
func (b *binder) arbiters(rel *catalog.Relation, view *viewTarget, in *pg.InferClause) ([]catalog.OID, error) {
	if in.Conname != "" {
		if len(rel.PrimaryKey) > 0 && in.Conname == rel.PrimaryKeyName() {
			b.writes(rel, acl.Select, rel.PrimaryKey...)
			return []catalog.OID{rel.OID}, nil
		}
		for _, ix := range b.cat.Indexes(rel.OID) {
			if (ix.Constraint || ix.OID == rel.KeyIndex) && ix.Name == in.Conname {
				b.writes(rel, acl.Select, ix.KeyColumns...)
				return []catalog.OID{ix.OID}, nil
			}
		}
		return nil, sqlerr.New(sqlerr.UndefinedObject, "constraint \"%s\" for table \"%s\" does not exist", in.Conname, rel.Name)
	}
	want, err := b.inferred(rel, view, in)
	if err != nil {
		return nil, err
	}
	var out []catalog.OID
	if len(rel.PrimaryKey) > 0 && want.isKey(rel) {
		out = append(out, rel.OID)
	}
	for _, ix := range b.cat.Indexes(rel.OID) {
		if !ix.Unique {
			continue
		}
		is, err := want.is(b, rel, ix)
		if err != nil {
			return nil, err
		}
		if is {
			out = append(out, ix.OID)
		}
	}
	if out == nil {
		return nil, noArbiter()
	}
	return out, nil
}

func noArbiter() error {
	return sqlerr.New(sqlerr.InvalidColumnReference, "there is no unique or exclusion constraint matching the ON CONFLICT specification")
}

// doUpdate binds SET, WHERE and RETURNING over the row that is there and the one that is not put in.
func (b *binder) doUpdate(out *ConflictPlan, rel *catalog.Relation, view *viewTarget, guard *rowGuard, target string, n *pg.InsertStmt) error {
	b.push()
	defer b.pop()
	width := len(rel.Columns)
	given := &plan.Scan{Name: rel.QualifiedName(), Kind: plan.RelGiven, P: plan.Props{Watermark: -1}}
	for _, name := range []string{"", "excluded."} {
		for i, c := range rel.Columns {
			given.Columns = append(given.Columns, len(given.Columns))
			given.P.Fields = append(given.P.Fields, plan.Field{Name: name + c.Name, Type: c.Type, Relation: plan.RelationID(rel.OID), Attnum: int16(i + 1)})
		}
	}
	out.Number = 2 * width
	given.Columns = append(given.Columns, out.Number)
	given.P.Fields = append(given.P.Fields, plan.Field{Name: "?number?", Type: sqltype.Of(sqltype.Int8)})
	row, excluded := itemOver(rel, target, 0), itemOver(rel, "excluded", width)
	var both plan.Node = given
	if view != nil {
		var err error
		if both, row, _, err = view.over(b, both, 0, rowsShown); err != nil {
			return err
		}
		if both, excluded, _, err = view.over(b, both, width, rowsShown); err != nil {
			return err
		}
		excluded.name, excluded.schema = "excluded", ""
	}
	row.asTarget(n.Relation, rel, view)
	b.lv.scope = scope{items: []*item{guard.watch(row), excluded}, node: both}
	set := make([]plan.Expr, width)
	if _, err := b.setClauses(rel, view, set, n.OnConflictClause.TargetList); err != nil {
		return err
	}
	var where plan.Expr
	if n.OnConflictClause.WhereClause != nil {
		var err error
		if where, err = b.condition(n.OnConflictClause.WhereClause, inWhere, "WHERE"); err != nil {
			return err
		}
	}
	node := b.rowsBehind(b.affected(where), set)
	p := keepColumns(node, out.Number+1)
	out.New = out.Number + 1
	for i, e := range set {
		if e == nil {
			e = p.Exprs[i]
		}
		p.Exprs = append(p.Exprs, e)
		p.P.Fields = append(p.P.Fields, p.P.Fields[i])
	}
	plan.Derive(p)
	root, err := b.computeGenerated(rel, p, out.New)
	if err != nil {
		return err
	}
	it := itemOver(rel, target, out.New)
	if view != nil {
		if root, it, out.Checks, err = view.over(b, root, out.New, rowsNew); err != nil {
			return err
		}
	}
	it.asTarget(n.Relation, rel, view)
	b.lv.scope.items = []*item{guard.watch(it)}
	out.root, out.Returning, err = b.returning(n.ReturningList, root)
	return err
}

// settleConflict adds what policies ask of the rows of DO UPDATE, once it is known what the statement reads.
func (b *binder) settleConflict(out *ConflictPlan, rel *catalog.Relation, guard *rowGuard) (err error) {
	if out == nil || out.root == nil {
		return nil
	}
	if guard != nil {
		checks := guard.checksOver(out.root)
		there := PolicyCheck{Using: true}
		if err := checks.add('w', true, 0, there); err != nil {
			return err
		}
		if guard.read {
			if err := checks.add('r', true, 0, there); err != nil {
				return err
			}
		}
		if err := checks.newRows('w', out.New); err != nil {
			return err
		}
		out.root, out.Policies = checks.done()
	}
	if out.root, err = rewrite.Unnest(out.root, b.cat); err != nil {
		return err
	}
	if reads(out.root, plan.RelationID(rel.OID)) {
		return unsupported("a subquery over the table itself in ON CONFLICT DO UPDATE")
	}
	return nil
}

// reads reports whether a plan has a scan of a relation.
func reads(n plan.Node, id plan.RelationID) bool {
	if s, ok := n.(*plan.Scan); ok && s.Relation == id {
		return true
	}
	return slices.ContainsFunc(n.Inputs(), func(in plan.Node) bool { return reads(in, id) })
}
