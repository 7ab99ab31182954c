package bind

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// Functions of users are bound where they are called: their text becomes a part of the statement, with the arguments of the call in place of
// their parameters. So what a view shows of them is maintained as the text would be (docs/decisions/0077).

// maxInlined bounds the calls of users' functions that one statement has, those in their texts included.
const maxInlined = 4096

// inlined is a function whose text is bound: what its parameters are.
type inlined struct {
	rel   *catalog.Relation
	names []string
	args  []plan.Expr
	used  []int // how often each stands in the text
	up    *inlined
}

// schemaMark stands between a schema and a function's name where the call names both.
const schemaMark = "\x00"

// withoutSchema is the name of a function alone.
func withoutSchema(name string) string { return name[strings.Index(name, schemaMark)+1:] }

// rowRelation is the relation whose rows a type is of, nil if there is none.
func rowRelation(cat catalog.Reader, t sqltype.OID) *catalog.Relation {
	if t&^0x0fff_ffff != rowTypes {
		return nil
	}
	rel, _ := cat.ByOID(catalog.OID(t &^ rowTypes))
	return rel
}

// rowTypes is where the OIDs of the types of relations' rows begin.
const rowTypes sqltype.OID = 0x1000_0000

// shownFunction is a function as a call names it.
func shownFunction(name string) string { return strings.Replace(name, schemaMark, ".", 1) }

// functionsNamed are the functions that a name of a call may mean, PostgreSQL's before users': those first that are found first.
func (b *binder) functionsNamed(name string) []*builtin.Func {
	schema, bare, qualified := strings.Cut(name, schemaMark)
	if !qualified {
		bare, schema = schema, ""
	}
	var out []*builtin.Func
	if !qualified {
		out = builtin.FuncsByName(bare)
	}
	users := b.cat.Functions(bare)
	if len(users) == 0 {
		return out
	}
	path := b.opts.Settings.SearchPath
	if qualified {
		path = []string{schema}
	}
	out = slices.Clone(out)
	for _, in := range path {
		for _, r := range users {
			if r.Schema != in {
				continue
			}
			if f := asFunc(r); !slices.ContainsFunc(out, func(o *builtin.Func) bool { return slices.Equal(o.Args, f.Args) }) {
				out = append(out, f)
			}
		}
	}
	return out
}

// userFunction is the relation of a function that users made, nil for PostgreSQL's.
func (b *binder) userFunction(f *builtin.Func) *catalog.Relation {
	if f.OID < uint32(catalog.FirstOID) {
		return nil
	}
	if r, ok := b.cat.ByOID(catalog.OID(f.OID)); ok && r.Kind == catalog.KindFunction {
		return r
	}
	return nil
}

// asFunc is a user's function as a call finds it.
func asFunc(r *catalog.Relation) *builtin.Func {
	f := &builtin.Func{OID: uint32(r.OID), Name: r.Name, Kind: builtin.KindFunction, Args: r.Function.Types(), Ret: r.Function.Returns,
		RetSet: r.Function.ReturnsSet, Strict: r.Function.Strict, Volatile: r.Function.Volatility[0], MayFail: true}
	for _, a := range r.Function.In() {
		f.ArgNames = append(f.ArgNames, a.Name)
		f.Variadic = f.Variadic || a.Mode == "v"
		if a.Default != "" {
			f.Defaults++
		}
	}
	return f
}

// hasDefaults: arguments of a function may be left out.
func hasDefaults(f *builtin.Func) bool {
	return f.Defaults > 0 && (f.OID >= uint32(catalog.FirstOID) || builtin.DefaultArgs(f) != nil)
}

// userDefault is the value of argument i of a user's function where a call leaves it out.
func (b *binder) userDefault(rel *catalog.Relation, i int) (plan.Expr, error) {
	arg := rel.Function.In()[i]
	n, err := storedExpr(arg.Default)
	if err != nil {
		return nil, err
	}
	old := b.lv
	b.lv = nil
	defer func() { b.lv = old }()
	if polymorphic(arg.Type) {
		b.push()
		return b.exprAt(n, inSelect)
	}
	b.push()
	e, err := b.exprAt(n, inSelect)
	if err != nil {
		return nil, err
	}
	out, err := b.coerceTo(e, sqltype.Of(arg.Type), implicit, -1)
	if err == nil && out == nil {
		err = cannotCast(e.Type().OID, arg.Type, -1)
	}
	return out, err
}

// enter begins the text of a function; leave ends it.
func (b *binder) enter(rel *catalog.Relation, args []plan.Expr, pos int32) (leave func(), err error) {
	for f := b.fn; f != nil; f = f.up {
		if f.rel.OID == rel.OID {
			return nil, unsupported("a function that calls itself").At(pos).WithHint("WITH RECURSIVE may do what \"%s\" does.", rel.Name)
		}
	}
	if b.calls++; b.calls > maxInlined {
		return nil, sqlerr.New(sqlerr.StatementTooComplex, "statement too complex").At(pos).
			WithDetail("Functions are called more than %d times, calls in their texts included.", maxInlined)
	}
	f := &inlined{rel: rel, args: args, used: make([]int, len(args)), up: b.fn}
	for _, a := range rel.Function.In() {
		f.names = append(f.names, a.Name)
	}
	b.need(plan.RelationID(rel.OID)).Adds(acl.Execute)
	if oid := sqltype.OID(rel.OID); !slices.Contains(b.types, oid) {
		b.types = append(b.types, oid)
	}
	lv, fn, cat, as, caller, rows, place := b.lv, b.fn, b.cat, b.as, b.caller, b.rows, inSelect
	if lv != nil {
		place = lv.place
	}
	b.rows = nil
	b.lv, b.fn = &level{scope: scope{fn: f}, place: place}, f
	if rel.Function.Form != "" {
		b.cat = catalog.AsWritten(b.today, rel)
	}
	if rel.Function.SecurityDefiner {
		b.as = uint32(b.today.OwnerOf(rel))
		b.caller = b.as
	}
	return func() { b.lv, b.fn, b.cat, b.as, b.caller, b.rows = lv, fn, cat, as, caller, rows }, nil
}

// parameter is what parameter i of the function stands for, whose text is bound, where the text is now; nil = it has none.
func (b *binder) parameter(i int) plan.Expr {
	if b.fn == nil || i < 0 || i >= len(b.fn.args) {
		return nil
	}
	b.fn.used[i]++
	return climb(b.lv, i)
}

// climb brings an argument from the level of a function's text to one inside it.
func climb(lv *level, i int) plan.Expr {
	if lv == nil {
		return nil
	}
	if lv.scope.fn != nil {
		return lv.scope.fn.args[i]
	}
	e := climb(lv.parent, i)
	if e != nil && lv.sees {
		return lv.capture(e)
	}
	return e
}

// parameterNamed is the place of a parameter that a name in a function's text means, -1 if none.
func (b *binder) parameterNamed(parts []string) int {
	if b.fn == nil {
		return -1
	}
	if len(parts) == 2 && parts[0] != b.fn.rel.Name || len(parts) > 2 {
		return -1
	}
	if name := parts[len(parts)-1]; name != "" {
		return slices.Index(b.fn.names, name)
	}
	return -1
}

// inFunction says of an error in a function's text that it is none of a place in the statement.
func inFunction(err error, pos int32) error {
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.Code == sqlerr.StatementTooComplex {
		return err
	}
	placed := *e
	placed.Location = 0
	return placed.At(pos)
}

// bodyOf is the query that a function is.
func bodyOf(rel *catalog.Relation) (*pg.SelectStmt, error) {
	stmts, err := parse.Parse(rel.Function.Body)
	if err != nil {
		return nil, err
	}
	if len(stmts) == 0 {
		return nil, nil
	}
	sel, ok := stmts[len(stmts)-1].Body.(*parse.Select)
	if !ok || sel.Query.Emit != parse.EmitNone {
		return nil, unsupported("a function whose text is no query").
			WithHint("A function is one SELECT here. What it is to change, change in the statement that calls it.")
	}
	if len(stmts) > 1 {
		return nil, unsupported("a function of several statements").WithHint("A function is one SELECT here; WITH has several queries.")
	}
	return sel.Query.Select, nil
}

// userCall binds a call of a user's function where one value is wanted.
func (b *binder) userCall(rel *catalog.Relation, args []plan.Expr, ret sqltype.OID, pos int32) (plan.Expr, error) {
	b.tell(told{at: pos, name: rel.Name, class: "pg_proc", oid: uint32(rel.OID)})
	if w := b.rows; w != nil && w.pos == pos && b.lv.place == inFrom {
		if err := b.rowsOf(w, rel, args, ret, pos); err != nil {
			return nil, err
		}
		return b.at(nullConst(textType()), pos), nil
	}
	return b.userValue(rel, args, ret, pos)
}

// userValue is the one value that a call gives.
func (b *binder) userValue(rel *catalog.Relation, args []plan.Expr, ret sqltype.OID, pos int32) (plan.Expr, error) {
	if rel.Function.ReturnsSet {
		return nil, unsupported("a function that returns a set, other than in FROM,").At(pos).WithHint("SELECT … FROM t, LATERAL \"%s\"(…).", rel.Name)
	}
	sel, err := bodyOf(rel)
	if err != nil {
		return nil, inFunction(err, pos)
	}
	leave, err := b.enter(rel, args, pos)
	if err != nil {
		return nil, err
	}
	f := b.fn
	out, err := b.oneValue(rel, sel, ret)
	leave()
	if err != nil {
		return nil, inFunction(err, pos)
	}
	for i, a := range args {
		if f.used[i] != 1 && plan.Volatile(a) {
			return nil, unsupported("an argument that is another each time, for a parameter that a function uses not once").At(pos).
				WithHint("Compute it in a query in FROM.")
		}
	}
	if rel.Function.Strict {
		out = b.strictly(out, args, pos)
	}
	return b.at(out, pos), nil
}

// strictly is NULL where an argument is.
func (b *binder) strictly(e plan.Expr, args []plan.Expr, pos int32) plan.Expr {
	var there []plan.Expr
	for _, a := range args {
		if k, ok := a.(*plan.Const); ok && !k.Value.Null(0) {
			continue
		}
		there = append(there, b.at(&plan.IsNull{Arg: a, Not: true}, pos))
	}
	switch len(there) {
	case 0:
		return e
	case 1:
		return &plan.Case{Whens: []plan.When{{Cond: there[0], Then: e}}, T: e.Type()}
	}
	return &plan.Case{Whens: []plan.When{{Cond: &plan.And{Args: there}, Then: e}}, T: e.Type()}
}

// oneValue is what a function gives that returns no set: its first row, NULL without one.
func (b *binder) oneValue(rel *catalog.Relation, sel *pg.SelectStmt, ret sqltype.OID) (plan.Expr, error) {
	f := rel.Function
	if ret == sqltype.Void {
		if sel != nil {
			if _, err := b.subquery(sel); err != nil {
				return nil, err
			}
		}
		return nullConst(sqltype.Of(sqltype.Void)), nil
	}
	if sel == nil {
		return nil, wrongReturn(ret, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.")
	}
	outs := f.Outs()
	if len(outs) < 2 && ret != sqltype.Record && len(sel.TargetList) == 1 && b.plainBody(sel) {
		e, err := b.exprAt(sel.TargetList[0].GetResTarget().Val, b.lv.place)
		if err != nil {
			return nil, err
		}
		return b.returned(e, ret)
	}
	if b.plainBody(sel) && len(sel.TargetList) > 1 && (len(outs) > 1 || ret == sqltype.Record) {
		return b.returnedRow(f, sel)
	}
	if len(outs) > 1 || ret == sqltype.Record {
		return nil, unsupported("a function that returns a row of a query, other than in FROM,")
	}
	if what, no := withoutSubqueries[b.lv.place]; no {
		return nil, unsupported(fmt.Sprintf("%s with function \"%s\", whose text is a query,", what, rel.Name)).
			WithHint("Give it a text that is an expression: without FROM, WHERE, LIMIT and what else a query has.")
	}
	var node plan.Node
	args, err := b.inner(func() (err error) {
		node, err = b.subquery(firstRow(sel))
		return err
	})
	if err != nil {
		return nil, err
	}
	columns := visible(node)
	if len(columns) != 1 {
		return nil, wrongReturn(ret, "Final statement must return exactly one column.")
	}
	return b.returned(&plan.Subquery{Kind: plan.SubqueryScalar, Plan: node, Args: args, T: columns[0].Type}, ret)
}

// returnedRow is the row that a function without FROM gives.
func (b *binder) returnedRow(f *catalog.Function, sel *pg.SelectStmt) (plan.Expr, error) {
	outs, err := outTypes(f, b.fn.args)
	if err != nil {
		return nil, err
	}
	var fields []plan.Expr
	var shape sqltype.Shape
	for i, t := range sel.TargetList {
		e, err := b.exprAt(t.GetResTarget().Val, b.lv.place)
		if err != nil {
			return nil, err
		}
		name := columnTitle(t.GetResTarget().Val)
		if t.GetResTarget().Name != "" {
			name = t.GetResTarget().Name
		}
		if i < len(outs) {
			if e, err = b.returned(e, outs[i].Type); err != nil {
				return nil, err
			}
			name = outs[i].Name
		} else if e.Type().OID == sqltype.Unknown {
			if e, err = b.coerce(e, textType(), implicit, -1); err != nil {
				return nil, err
			}
		}
		fields = append(fields, e)
		shape = append(shape, sqltype.ShapeField{Name: name, Type: e.Type()})
	}
	if len(outs) > 0 && len(outs) != len(fields) {
		return nil, wrongReturn(sqltype.Record, "Final statement returns too many columns.")
	}
	return b.row(fields, shape, -1), nil
}

// outTypes are the columns of what a call gives where the function's arguments say them, with types for the polymorphic ones.
func outTypes(f *catalog.Function, args []plan.Expr) ([]catalog.FunctionArg, error) {
	outs := f.Outs()
	s, _ := standInsOf(typesOf(args), f.Types())
	for i := range outs {
		t, err := s.of(outs[i].Type)
		if err != nil {
			return nil, err
		}
		outs[i].Type = t
	}
	return outs, nil
}

// returned is the value of a function's text as the type that the function returns.
func (b *binder) returned(e plan.Expr, ret sqltype.OID) (plan.Expr, error) {
	from := e.Type().OID
	out, err := b.coerceTo(e, sqltype.Of(ret), assignment, -1)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, wrongReturn(ret, "Actual return type is "+displayType(from)+".")
	}
	return out, nil
}

func wrongReturn(ret sqltype.OID, detail string) error {
	return sqlerr.New(sqlerr.InvalidFunctionDefinition, "return type mismatch in function declared to return %s", displayType(ret)).WithDetail("%s", detail)
}

// plainBody: a function's text computes values of its arguments, one row of them.
func (b *binder) plainBody(sel *pg.SelectStmt) bool {
	if len(sel.FromClause) > 0 || sel.WhereClause != nil || len(sel.GroupClause) > 0 || sel.HavingClause != nil || len(sel.SortClause) > 0 ||
		sel.LimitCount != nil || sel.LimitOffset != nil || len(sel.DistinctClause) > 0 || sel.WithClause != nil || len(sel.ValuesLists) > 0 ||
		sel.Op != pg.SetOperation_SETOP_NONE || len(sel.TargetList) == 0 || len(sel.LockingClause) > 0 {
		return false
	}
	plain := true
	for _, t := range sel.TargetList {
		if t.GetResTarget() == nil {
			return false
		}
		var nested int
		parse.EachMessage(t.ProtoReflect(), func(m any) {
			switch m := m.(type) {
			case *pg.SubLink:
				nested++
			case *pg.FuncCall:
				name, err := functionName(m)
				if err != nil || nested > 0 {
					break
				}
				plain = plain && m.Over == nil && !mayAggregate(name)
				for _, f := range b.functionsNamed(name) {
					plain = plain && !f.RetSet
				}
			}
		})
	}
	return plain
}

// firstRow is a query's first row.
func firstRow(sel *pg.SelectStmt) *pg.SelectStmt {
	one := &pg.SelectStmt{}
	*one = pg.SelectStmt{
		DistinctClause: sel.DistinctClause, TargetList: sel.TargetList, FromClause: sel.FromClause, WhereClause: sel.WhereClause, GroupClause: sel.GroupClause,
		GroupDistinct: sel.GroupDistinct, HavingClause: sel.HavingClause, WindowClause: sel.WindowClause, ValuesLists: sel.ValuesLists, SortClause: sel.SortClause,
		LimitOffset: sel.LimitOffset, LimitCount: sel.LimitCount, LimitOption: sel.LimitOption, LockingClause: sel.LockingClause, WithClause: sel.WithClause,
		Op: sel.Op, All: sel.All, Larg: sel.Larg, Rarg: sel.Rarg,
	}
	if v := sel.LimitCount.GetAConst().GetIval(); sel.LimitCount == nil || v != nil && v.Ival > 1 {
		if aggregatesOnly(sel) && sel.LimitCount == nil {
			return one
		}
		one.LimitCount = &pg.Node{Node: &pg.Node_AConst{AConst: &pg.A_Const{Val: &pg.A_Const_Ival{Ival: &pg.Integer{Ival: 1}}, Location: -1}}}
		one.LimitOption = pg.LimitOption_LIMIT_OPTION_COUNT
	}
	return one
}

// aggregatesOnly: a query is one row whatever there is.
func aggregatesOnly(sel *pg.SelectStmt) bool {
	if sel.Op != pg.SetOperation_SETOP_NONE || len(sel.GroupClause) > 0 || len(sel.TargetList) == 0 || sel.HavingClause != nil || len(sel.DistinctClause) > 0 {
		return false
	}
	for _, t := range sel.TargetList {
		call := t.GetResTarget().GetVal().GetFuncCall()
		if c := t.GetResTarget().GetVal().GetCoalesceExpr(); c != nil {
			call = c.Args[0].GetFuncCall()
		}
		if call == nil || call.Over != nil {
			return false
		}
		if name, err := functionName(call); err != nil || !mayAggregate(name) {
			return false
		}
	}
	return true
}
