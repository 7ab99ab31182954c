package rewrite

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// maxDependent bounds the nodes of the rows around a query times those of the query. A domain repeats the rows around in many
// places of the query, so queries that speak of the rows around them, one inside or beside the other, multiply the plan: a text of
// some kilobytes would be planned for hours.
const maxDependent = 1 << 15

// size is the nodes of a plan, those that stand in it twice counted twice.
func (u *unnesting) size(n plan.Node) int {
	if s, ok := u.sizes[n]; ok {
		return s
	}
	s := 1
	for _, in := range n.Inputs() {
		s = min(s+u.size(in), maxDependent+1)
	}
	if u.sizes == nil {
		u.sizes = map[plan.Node]int{}
	}
	u.sizes[n] = s
	return s
}

func (u *unnesting) refuseLarge() {
	if u.refused == nil {
		u.refused = sqlerr.New(sqlerr.StatementTooComplex, "statement too complex").
			WithDetail("Its subqueries speak of the rows around them in too many levels.")
	}
}

// without is n, and once something was refused rows like n's in its place: what is around it is looked at still, and
// would go on growing.
func (u *unnesting) without(n plan.Node) plan.Node {
	if u.refused == nil {
		return n
	}
	return hollow(n.Props().Fields)
}

// hollow has fields and no rows.
func hollow(fields []plan.Field) plan.Node {
	n := &plan.Values{}
	n.P.Fields = fields
	plan.Derive(n)
	return n
}
