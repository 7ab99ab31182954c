package session

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/plan"
)

// sized is how many rows a relation had when a plan was made.
type sized struct {
	id   plan.RelationID
	rows float64
}

// statistics are everybody's, with the rows of the session's temporary tables; nil = there are none yet.
func (s *Session) statistics() plan.Statistics {
	stats := s.db.Runtime.Statistics()
	if stats == nil || s.catalog() == s.db.Catalog.Now() {
		return stats
	}
	return &withTemporary{stats, s}
}

type withTemporary struct {
	plan.Statistics
	s *Session
}

// Rows counts those of a temporary table, what the transaction wrote among them; of their values nothing is known.
func (w *withTemporary) Rows(id plan.RelationID) (float64, bool) {
	if rel, ok := w.s.catalog().ByOID(catalog.OID(id)); ok && rel.Temporary() {
		rows, ok := w.s.temp.Rows(w.s.tx.writes, rel.OID)
		return float64(rows), ok
	}
	return w.Statistics.Rows(id)
}

// outgrown is how many times as many rows, or as few, a plan's relations may have before it is made again.
const outgrown = 4

// source is the query of what was planned, of a statement that changes data what it reads; nil = there is none.
func (p *planned) source() *plan.Query {
	if p.dml != nil {
		return p.dml.query
	}
	return p.query
}

// sizesOf notes the relations of a plan that was chosen by how many rows they have: one with a join.
func (s *Session) sizesOf(q *plan.Query) (out []sized) {
	stats := s.statistics()
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
func (s *Session) fits(p *planned) bool {
	if len(p.sizes) == 0 {
		return true
	}
	stats := s.statistics()
	for _, was := range p.sizes {
		rows, ok := stats.Rows(was.id)
		if ok && (rows+1 > outgrown*(was.rows+1) || was.rows+1 > outgrown*(rows+1)) {
			return false
		}
	}
	return true
}
