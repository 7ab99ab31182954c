package bind

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// A call of a set-returning function in an expression is a plan.Call until the rows of its query are built:
//
//	GROUP BY f(a)   below the groups        ProjectSet f(a) ─► GroupBy
//	SELECT f(g(a))  above groups, windows   ProjectSet g(a) ─► ProjectSet f(.) ─► Project
//
// Those that stand in no other one run in lockstep.

// setHint is PostgreSQL's.
const setHint = "You might be able to move the set-returning function into a LATERAL FROM item."

// setAllowed refuses a set-returning function where one row is wanted.
func (b *binder) setAllowed(f *builtin.Func, pos int32) error {
	switch p := b.lv.place; p {
	case inFrom:
		return nil
	case inSelect, inOrderBy, inGroupBy, inDistinct, inPartition, inWindowOrder:
		if f.Ret == builtin.Record {
			return unsupported("a row value").At(pos).WithHint("Call %s in FROM.", f.Name)
		}
		return nil
	case inRows, inRange, inGroups:
		return sqlerr.New(sqlerr.FeatureNotSupported, "set-returning functions are not allowed in window definitions").At(pos)
	default:
		return sqlerr.New(sqlerr.FeatureNotSupported, "set-returning functions are not allowed in %s", string(p)).At(pos)
	}
}

// firstSet is the first call in e that returns a set, nil if there is none.
func firstSet(e plan.Expr) (found plan.Expr) {
	plan.Walk(e, func(e plan.Expr) bool {
		if found == nil && plan.ReturnsSet(e) {
			found = e
		}
		return found == nil
	})
	return found
}

// noSetIn refuses sets in e.
func (b *binder) noSetIn(e plan.Expr, message string) error {
	if set := firstSet(e); set != nil {
		return sqlerr.New(sqlerr.FeatureNotSupported, "%s", message).At(b.where(set)).WithHint("%s", setHint)
	}
	return nil
}

// setNodes runs the sets in the targets over in and makes the targets expressions over the result.
func (c *core) setNodes(in plan.Node) plan.Node {
	for {
		sets := &setList{in: in}
		for i := range c.targets {
			sets.collect(c.targets[i].expr)
		}
		if len(sets.calls) == 0 {
			return in
		}
		for i := range c.targets {
			c.targets[i].expr = sets.over(c.targets[i].expr)
		}
		in = sets.node()
	}
}

// groupSetNodes runs the sets in GROUP BY below the groups.
func (c *core) groupSetNodes(in plan.Node) plan.Node {
	for {
		sets := &setList{in: in}
		for _, e := range c.groups {
			sets.collect(e)
		}
		if len(sets.calls) == 0 {
			return in
		}
		for i := range c.groups {
			c.groups[i] = sets.over(c.groups[i])
		}
		for i := range c.targets {
			c.targets[i].expr = sets.over(c.targets[i].expr)
		}
		in = sets.node()
	}
}

// setList is the sets that go in lockstep over in.
type setList struct {
	in    plan.Node
	calls []plan.Expr
}

// collect gathers the sets of e whose arguments have none.
func (s *setList) collect(e plan.Expr) {
	plan.Walk(e, func(e plan.Expr) bool {
		if !plan.ReturnsSet(e) {
			return true
		}
		inner := false
		for _, a := range plan.Children(e) {
			inner = inner || firstSet(a) != nil
		}
		if !inner && s.place(e) < 0 {
			s.calls = append(s.calls, e)
		}
		return inner
	})
}

func (s *setList) place(e plan.Expr) int {
	for i, have := range s.calls {
		if have == e || plan.Equal(have, e) && !plan.Volatile(e) {
			return i
		}
	}
	return -1
}

// over is e with the sets as columns of what node gives.
func (s *setList) over(e plan.Expr) plan.Expr {
	width := len(s.in.Props().Fields)
	return plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
		if !plan.ReturnsSet(e) {
			return nil, false
		}
		if i := s.place(e); i >= 0 {
			return &plan.Column{Index: width + i, T: e.Type(), Name: plan.FormatExpr(e)}, true
		}
		return nil, false
	})
}

func (s *setList) node() plan.Node {
	calls := make([]plan.SetCall, len(s.calls))
	for i, e := range s.calls {
		calls[i] = plan.SetCall{Expr: e, Fields: []plan.Field{{Name: plan.FormatExpr(e), Type: e.Type()}}}
	}
	return plan.NewProjectSet(s.in, calls, false)
}

// setFields are the columns of a function in FROM; name is for one that names none.
func setFields(e plan.Expr, name string) []plan.Field {
	call, ok := e.(*plan.Call)
	var columns []builtin.OutColumn
	if ok && plan.ReturnsSet(e) {
		columns = builtin.OutColumns(builtin.FuncByOID(uint32(call.Func)))
	}
	if columns == nil {
		return []plan.Field{{Name: name, Type: e.Type()}}
	}
	fields := make([]plan.Field, len(columns))
	for i, c := range columns {
		t := sqltype.Of(c.Type)
		if c.Type == sqltype.AnyElement {
			t = sqltype.Of(call.Args[0].Type().OID.Elem())
		}
		fields[i] = plan.Field{Name: c.Name, Type: t}
	}
	return fields
}
