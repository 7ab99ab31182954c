package session

import "github.com/tributary-db/tributary/planner/plan"

// sized is how many rows a relation had when a plan was made.
type sized struct {
	id   plan.RelationID
	rows float64
}

// outgrown is how many times as many rows, or as few, a plan's relations may have before it is made again.
const outgrown = 4

// sizesOf notes the relations of a plan that was chosen by how many rows they have: one with a join.
func (db *Database) sizesOf(q *plan.Query) (out []sized) {
	stats := db.Runtime.Statistics()
	if q == nil || stats == nil {
		return nil
	}
	joins := false
	plan.WalkNodes(q.Root, func(n plan.Node) {
		switch n := n.(type) {
		case *plan.Join:
			joins = true
		case *plan.Scan:
			if rows, ok := stats.Rows(n.Relation); ok {
				out = append(out, sized{n.Relation, rows})
			}
		}
	})
	if !joins {
		return nil
	}
	return out
}

// fits reports whether the relations of a kept plan have about as many rows as when it was made.
func (db *Database) fits(p *planned) bool {
	for _, s := range p.sizes {
		rows, ok := db.Runtime.Statistics().Rows(s.id)
		if ok && (rows+1 > outgrown*(s.rows+1) || s.rows+1 > outgrown*(rows+1)) {
			return false
		}
	}
	return true
}
