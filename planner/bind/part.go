package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// Part is an INSERT, UPDATE or DELETE in WITH, or a query that runs before what reads it. All parts of a statement see the data as it was before any of them.
type Part struct {
	// ID is of the scan, of kind RelGiven, that reads the rows of its RETURNING.
	ID     plan.RelationID
	Insert *InsertPlan
	Update *UpdatePlan
	Delete *DeletePlan
	// Lock is of a query that locks rows, in WITH or in an expression, or of one in WITH that is computed once: that one locks none.
	Lock *LockPlan

	name string
	pos  int32
}

// firstPart is the ID of the first part: above those of relations.
const firstPart plan.RelationID = 1 << 31

// Returning is what the part gives.
func (p *Part) Returning() Returning {
	switch {
	case p.Insert != nil:
		return p.Insert.Returning
	case p.Update != nil:
		return p.Update.Returning
	case p.Lock != nil:
		return Returning{Fields: p.Lock.Source.Fields[:p.Lock.Width]}
	}
	return p.Delete.Returning
}

// part binds a statement in WITH, which sees the WITH queries before it.
func (b *binder) part(c *pg.CommonTableExpr, visible map[string]*cte) (*Part, error) {
	sub := newBinder(b.cat, b.opts)
	sub.params, sub.places, sub.cteReads, sub.inPart, sub.locks, sub.parts = b.params, b.places, b.cteReads, true, b.locks, b.parts
	sub.push().ctes = visible
	out := &Part{name: c.Ctename, pos: c.Location}
	var err error
	switch n := c.Ctequery.GetNode().(type) {
	case *pg.Node_InsertStmt:
		out.Insert, err = sub.insert(n.InsertStmt)
	case *pg.Node_UpdateStmt:
		out.Update, err = sub.update(n.UpdateStmt)
	case *pg.Node_DeleteStmt:
		out.Delete, err = sub.delete(n.DeleteStmt)
	default:
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "MERGE not supported in WITH query").At(c.Location)
	}
	if err != nil {
		return nil, err
	}
	b.params, b.cteReads, b.parts = sub.params, sub.cteReads, sub.parts
	out.ID = firstPart + plan.RelationID(len(b.parts))
	b.parts = append(b.parts, out)
	return out, nil
}

// scan reads the rows of RETURNING.
func (p *Part) scan(n *pg.RangeVar) (plan.Node, error) {
	fields := p.Returning().Fields
	if fields == nil {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "WITH query \"%s\" does not have a RETURNING clause", p.name).At(n.Location)
	}
	s := &plan.Scan{Relation: p.ID, Name: p.name, Kind: plan.RelGiven, P: plan.Props{Watermark: -1}}
	for i, f := range fields {
		s.Columns = append(s.Columns, i)
		s.P.Fields = append(s.P.Fields, plan.Field{Name: f.Name, Type: f.Type})
	}
	return s, nil
}
