package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// rangeFunction binds functions in FROM: one, ROWS FROM several, or a window over a relation.
func (b *binder) rangeFunction(n *pg.RangeFunction) (*source, error) {
	if overRelation(n) {
		return b.windowFunction(n)
	}
	if s, err := b.userRows(n); s != nil || err != nil {
		return s, err
	}
	if s, err := b.jsonRows(n); s != nil || err != nil {
		return s, err
	}
	var calls []plan.SetCall
	for _, f := range n.Functions {
		items := f.GetList().GetItems()
		if len(n.Coldeflist) > 0 || len(items) > 1 && len(items[1].GetList().GetItems()) > 0 {
			return nil, sqlerr.New(sqlerr.SyntaxError, "a column definition list is only allowed for functions returning \"record\"").At(b.nodeAt(items[0]))
		}
		more, err := b.functionCalls(items[0])
		if err != nil {
			return nil, err
		}
		calls = append(calls, more...)
	}
	name := columnTitle(n.Functions[0].GetList().GetItems()[0])
	if n.Alias != nil {
		name = n.Alias.Aliasname
	}
	if f := calls[0].Fields; n.Alias != nil && len(calls) == 1 && len(f) == 1 && !namesColumn(calls[0].Expr) {
		f[0].Name = name
	}
	node := functionNode(calls, n.Ordinality)
	it := itemOverNode(node)
	it.name, it.byName = name, true
	it.scalar = len(calls) == 1 && len(calls[0].Fields) == 1 && !n.Ordinality
	if n.Alias != nil {
		if err := rename(it, n.Alias, len(it.columns)); err != nil {
			return nil, err
		}
	}
	return &source{node: node, items: []*item{it}}, nil
}

// functionNode gives the rows of functions; one that returns no set is computed.
func functionNode(calls []plan.SetCall, ordinality bool) plan.Node {
	if len(calls) == 1 && !ordinality && calls[0].Set() == nil {
		return plan.NewProject(oneRow(), []plan.Expr{calls[0].Expr}, calls[0].Fields)
	}
	return plan.NewProjectSet(oneRow(), calls, ordinality)
}

// namesColumn: the function names its columns.
func namesColumn(e plan.Expr) bool {
	c, ok := e.(*plan.Call)
	return ok && builtin.OutColumns(builtin.FuncByOID(uint32(c.Func))) != nil
}

// functionCalls binds a function in FROM; unnest of several arrays is as many calls.
func (b *binder) functionCalls(n *pg.Node) ([]plan.SetCall, error) {
	if f := n.GetFuncCall(); f != nil && len(f.Args) > 1 && !f.FuncVariadic && len(f.Funcname) == 1 && f.Funcname[0].GetString_().GetSval() == "unnest" {
		var out []plan.SetCall
		for _, a := range f.Args {
			one, err := b.functionCall(&pg.Node{Node: &pg.Node_FuncCall{FuncCall: &pg.FuncCall{Funcname: f.Funcname, Args: []*pg.Node{a}, Location: f.Location}}})
			if err != nil {
				return nil, err
			}
			out = append(out, one)
		}
		return out, nil
	}
	one, err := b.functionCall(n)
	return []plan.SetCall{one}, err
}

func (b *binder) functionCall(n *pg.Node) (plan.SetCall, error) {
	e, err := b.exprAt(n, inFrom)
	if err != nil {
		if f := n.GetFuncCall(); f != nil && sqlerr.CodeOf(err) == sqlerr.UndefinedColumn {
			// A window whose name is misspelled has no columns as arguments.
			if name, err := functionName(f); err != nil || len(builtin.FuncsByName(name)) == 0 {
				return plan.SetCall{}, noFunction(name, name+"()", f.Location)
			}
		}
		return plan.SetCall{}, err
	}
	for _, a := range plan.Children(e) {
		if set := firstSet(a); set != nil {
			return plan.SetCall{}, sqlerr.New(sqlerr.FeatureNotSupported, "set-returning functions must appear at top level of FROM").At(b.where(set))
		}
	}
	if e.Type().OID == sqltype.Unknown {
		if e, err = b.coerce(e, textType(), implicit, -1); err != nil {
			return plan.SetCall{}, err
		}
	}
	return plan.SetCall{Expr: e, Fields: setFields(e, columnTitle(n))}, nil
}

// nodeAt is the place of a function in the text.
func (b *binder) nodeAt(n *pg.Node) int32 {
	if f := n.GetFuncCall(); f != nil {
		return f.Location
	}
	return -1
}

// overRelation: the function is a window over a relation, like TUMBLE.
func overRelation(n *pg.RangeFunction) bool {
	return slices.ContainsFunc(n.Functions, func(f *pg.Node) bool {
		call := f.GetList().GetItems()[0].GetFuncCall()
		if call == nil {
			return false
		}
		name, err := functionName(call)
		return err == nil && windowForms[name].args != nil
	})
}
