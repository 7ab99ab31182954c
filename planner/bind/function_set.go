package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/planner/parse"
)

// setTarget is the name that a set among the columns of a SELECT has in its FROM.
const setTarget = "?set?"

// setsToFrom has a user's function that returns a set, and stands among the columns of a SELECT, stand in FROM: LATERAL behind what is there.
// With groups, and beside other sets, that would be another query: those stay, and are refused where they are bound.
func (b *binder) setsToFrom(s *pg.SelectStmt) *pg.SelectStmt {
	at := -1
	for i, t := range s.TargetList {
		val := t.GetResTarget().GetVal()
		call := val.GetFuncCall()
		if x := val.GetAIndirection(); x != nil && len(x.Indirection) == 1 {
			call = x.Arg.GetFuncCall()
		}
		if !b.returnsSet(call) {
			continue
		}
		if at >= 0 {
			return s
		}
		at = i
	}
	if at < 0 || len(s.GroupClause) > 0 || s.HavingClause != nil {
		return s
	}
	for i, t := range s.TargetList {
		other := false
		parse.EachMessage(t.ProtoReflect(), func(m any) {
			if f, ok := m.(*pg.FuncCall); ok {
				name, err := functionName(f)
				other = other || err == nil && (mayAggregate(name) || f.Over != nil || i != at && b.anySet(name))
			}
		})
		if other {
			return s
		}
	}
	out := firstRow(s)
	out.LimitCount, out.LimitOption = s.LimitCount, s.LimitOption
	out.TargetList = append([]*pg.Node(nil), s.TargetList...)
	target := s.TargetList[at].GetResTarget()
	call := target.Val
	ref := &pg.ColumnRef{Fields: []*pg.Node{pg.MakeStrNode(setTarget)}, Location: target.Location}
	if x := target.Val.GetAIndirection(); x != nil {
		call = x.Arg
		ref.Fields = append(ref.Fields, x.Indirection[0])
	}
	name := target.Name
	if name == "" && len(ref.Fields) == 1 {
		name = columnTitle(target.Val)
	}
	out.TargetList[at] = &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{
		Name: name, Val: &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: ref}}, Location: target.Location}}}
	item := &pg.Node{Node: &pg.Node_List{List: &pg.List{Items: []*pg.Node{call, {}}}}}
	out.FromClause = append(append([]*pg.Node(nil), s.FromClause...), &pg.Node{Node: &pg.Node_RangeFunction{RangeFunction: &pg.RangeFunction{
		Lateral: true, Functions: []*pg.Node{item}, Alias: &pg.Alias{Aliasname: setTarget}}}})
	return out
}

// returnsSet: a call is of a user's function that returns a set.
func (b *binder) returnsSet(call *pg.FuncCall) bool {
	if call == nil {
		return false
	}
	name, err := functionName(call)
	if err != nil {
		return false
	}
	for _, r := range b.cat.Functions(withoutSchema(name)) {
		if r.Function.ReturnsSet {
			return true
		}
	}
	return false
}

// anySet: a function of a name returns a set.
func (b *binder) anySet(name string) bool {
	for _, f := range b.functionsNamed(name) {
		if f.RetSet {
			return true
		}
	}
	return false
}
