package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// errComputedFirst: a WITH query has to be computed before the query that reads it, where this is bound as one that only reads.
var errComputedFirst = sqlerr.New(sqlerr.FeatureNotSupported, "a WITH query with volatile functions that is read more than once is not supported here").
	WithHint("Keep its rows in a temporary table.")

// NeedsParts: a query was refused only because something of it runs before it (0045): QueryWith takes it.
func NeedsParts(err error) bool { return err == ErrLocks || err == errComputedFirst }

// timesRead counts the places of a statement that read one of its WITH queries.
func timesRead(of proto.Message, name string) int {
	n := 0
	hidden := map[string]int{}
	if _, is := of.(*pg.SelectStmt); is {
		hidden[name] = -1 // the walk hides what the statement's own WITH has
	}
	r := &references{hidden: hidden, read: func(v *pg.RangeVar, _ string) error {
		if v.Relname == name {
			n++
		}
		return nil
	}}
	r.walk(of.ProtoReflect())
	return n
}

// once makes a WITH query that gives other rows each time it is computed, and is read more than once, a part of the statement:
// it runs first, and all places read the rows that it gave. Any other is bound where it is read, and planned there.
func (b *binder) once(c *cte, node plan.Node) error {
	if b.opts.Continuous || !volatile(node) || timesRead(c.of, c.name) < 2 {
		return nil
	}
	if !b.locks {
		return errComputedFirst
	}
	sub := newBinder(b.cat, b.opts)
	sub.params, sub.places, sub.inPart, sub.lv = b.params, b.places, true, b.lv
	q, err := sub.finish(node)
	if err != nil {
		return err
	}
	if anyExpr(q.Root, func(e plan.Expr) bool { _, is := e.(*plan.Outer); return is }) {
		return unsupported("a WITH query with volatile functions and columns of the query around it that is read more than once").At(c.pos)
	}
	q.Relations, q.Needs, q.Types = b.rels, b.needs, b.types
	c.part = &Part{ID: firstPart + plan.RelationID(len(b.parts)), Lock: &LockPlan{Source: q, Width: len(q.Fields)}, name: c.name, pos: c.pos}
	b.parts = append(b.parts, c.part)
	return nil
}

// volatile: the rows of n may be others when it is computed again.
func volatile(n plan.Node) bool {
	return anyExpr(n, plan.Volatile)
}

// anyExpr looks at all expressions of a plan, and at those of the queries in them.
func anyExpr(n plan.Node, is func(plan.Expr) bool) bool {
	found := false
	plan.EachExpr(n, func(e plan.Expr) {
		plan.Walk(e, func(e plan.Expr) bool {
			if sub, ok := e.(*plan.Subquery); ok && !found {
				found = anyExpr(sub.Plan, is)
			}
			found = found || is(e)
			return !found
		})
	})
	for _, in := range n.Inputs() {
		found = found || anyExpr(in, is)
	}
	return found
}
