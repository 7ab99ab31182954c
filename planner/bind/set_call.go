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
	return plan.Map(e, func(e plan.Expr) (plan.Expr, bool) {
		if !plan.ReturnsSet(e) {
			return nil, false
		}
		if i := s.place(e); i >= 0 {
			return s.value(i), true
		}
		return nil, false
	})
}

// value is what the i-th set gives, over what node gives: its column, or a record of its columns.
func (s *setList) value(i int) plan.Expr {
	at := len(s.in.Props().Fields)
	for _, e := range s.calls[:i] {
		at += len(s.fields(e))
	}
	e := s.calls[i]
	fields := s.fields(e)
	if e.Type().OID != builtin.Record {
		return &plan.Column{Index: at, T: e.Type(), Name: fields[0].Name}
	}
	row := &plan.Call{Func: plan.FuncID(builtin.RowOfFields), T: e.Type(), Pos: -1}
	for k, f := range fields {
		row.Args = append(row.Args, &plan.Column{Index: at + k, T: f.Type, Name: f.Name})
	}
	return row
}

// fields are the columns of a set in the row.
func (s *setList) fields(e plan.Expr) []plan.Field {
	if e.Type().OID == builtin.Record {
		return setFields(e, "")
	}
	return []plan.Field{{Name: plan.FormatExpr(e), Type: e.Type()}}
}

func (s *setList) node() plan.Node {
	calls := make([]plan.SetCall, len(s.calls))
	for i, e := range s.calls {
		calls[i] = plan.SetCall{Expr: e, Fields: s.fields(e)}
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

// recordOf is the type of the rows that a function with several columns gives.
func recordOf(call *plan.Call) sqltype.Type {
	var shape sqltype.Shape
	for _, f := range setFields(call, "") {
		shape = append(shape, sqltype.ShapeField{Name: f.Name, Type: f.Type})
	}
	return sqltype.RecordOf(shape)
}
