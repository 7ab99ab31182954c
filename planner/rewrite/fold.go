package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// foldMemory bounds what folding an expression may take, and so the constants it makes: what
// would be larger is computed when the plan runs, under the statement's own limit.
const foldMemory = 1 << 20

// folding is one pass over a plan. It leaves the rest as it is when the meter says stop.
type folding struct {
	folder   plan.Folder
	settings plan.Settings
	work     *meter.Meter // of the planning
	memory   *memory.Owner
	refused  error // the first call of what cannot be called

	continuous bool
}

func newFolding(o Options, s plan.Settings) *folding {
	return &folding{folder: o.Folder, settings: s, work: o.Meter, memory: memory.New("", 0).Limited("", foldMemory), continuous: o.Continuous}
}

// node computes constant expressions everywhere in a plan.
func (f *folding) node(n plan.Node) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		out := plan.MapNodeExprs(n, f.expr)
		plan.Derive(out)
		switch n := out.(type) {
		case *plan.ProjectSet:
			f.callable(n)
		case *plan.Filter:
			return foldFilter(n)
		case *plan.TopN:
			if !f.continuous { // what runs for ever has something to run over
				return foldLimit(n)
			}
		}
		return out
	})
}

// callable refuses functions without code.
func (f *folding) callable(n *plan.ProjectSet) {
	for i := range n.Calls {
		if set := n.Calls[i].Set(); set != nil && f.folder != nil && f.refused == nil {
			f.refused = f.folder.Callable(set)
		}
	}
}

// foldFilter drops a condition that always holds, and everything below one that never does.
func foldFilter(n *plan.Filter) plan.Node {
	k, ok := n.Cond.(*plan.Const)
	switch {
	case !ok:
		return n
	case isTrue(k):
		return n.Input
	case n.Input.Props().MayFail:
		return n
	}
	return noRows(n)
}

// foldLimit drops everything below LIMIT 0: no row of it is asked for, so none fails either.
func foldLimit(n *plan.TopN) plan.Node {
	count, ok := n.Count.(*plan.Const)
	if !ok || count.Value.Null(0) || delta.Values[int64](&count.Value)[0] != 0 || n.Offset != nil {
		return n
	}
	return noRows(n)
}

// noRows has n's columns.
func noRows(n plan.Node) plan.Node {
	empty := &plan.Values{}
	empty.P.Fields = n.Props().Fields
	plan.Derive(empty)
	return empty
}

func isTrue(k *plan.Const) bool { return !k.Value.Null(0) && delta.Values[uint8](&k.Value)[0] != 0 }

func isFalse(k *plan.Const) bool { return !k.Value.Null(0) && delta.Values[uint8](&k.Value)[0] == 0 }

// expr folds from the bottom up. What fails to fold stays: its error belongs to the rows that
// reach it, and there may be none.
func (f *folding) expr(e plan.Expr) plan.Expr {
	if f.work.Breathe() != nil {
		return e
	}
	args := plan.Children(e)
	if len(args) > 0 {
		folded := make([]plan.Expr, len(args))
		changed := false
		for i, a := range args {
			folded[i] = f.expr(a)
			changed = changed || folded[i] != a
		}
		if changed {
			e = plan.WithChildren(e, folded)
		}
	}
	switch b := e.(type) {
	case *plan.And:
		return foldAnd(b)
	case *plan.Or:
		return foldOr(b)
	case *plan.Call:
		if nullByArgument(b) {
			return &plan.Const{T: b.T, Value: delta.NullColumn(b.T.OID, 1)}
		}
		if f.folder != nil && f.refused == nil {
			f.refused = f.folder.Callable(b)
		}
	}
	if f.folder == nil || !foldable(e) {
		return e
	}
	defer f.memory.Drop()
	k, err := f.folder.Fold(e, f.settings, f.work.Limited(f.memory))
	if err != nil || k == nil {
		return e
	}
	return k
}

// nullByArgument: a strict function with a NULL constant is NULL without a look at the other
// arguments, even where one of them would fail. PostgreSQL does the same.
func nullByArgument(e *plan.Call) bool {
	fn := builtin.FuncByOID(uint32(e.Func))
	if fn == nil || !fn.Strict || fn.RetSet {
		return false
	}
	return slices.ContainsFunc(e.Args, func(a plan.Expr) bool {
		k, ok := a.(*plan.Const)
		return ok && k.Value.Null(0)
	})
}

// named reports whether the text of a type's values is names of the catalog.
func named(t sqltype.OID) bool { return sqltype.IsReg(t) || sqltype.IsReg(t.Elem()) }

// foldable: all arguments are constants already, and the value is always the same.
func foldable(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Const, *plan.Column, *plan.Param:
		return false
	case *plan.Call:
		fn := builtin.FuncByOID(uint32(e.Func))
		if fn == nil || fn.Volatile != 'i' {
			return false
		}
	case *plan.CoerceIO:
		if named(e.T.OID) || named(e.Arg.Type().OID) {
			return false // it asks the catalog of who runs
		}
	}
	for _, a := range plan.Children(e) {
		if _, ok := a.(*plan.Const); !ok {
			return false
		}
	}
	return len(plan.Children(e)) > 0 || isCall(e)
}

func isCall(e plan.Expr) bool { _, ok := e.(*plan.Call); return ok }

// foldAnd drops true arguments and what stands behind a false one: AND never looks at it.
func foldAnd(e *plan.And) plan.Expr {
	var args []plan.Expr
	for _, a := range e.Args {
		k, ok := a.(*plan.Const)
		if ok && isTrue(k) {
			continue
		}
		if ok && isFalse(k) {
			if !slices.ContainsFunc(args, plan.MayFail) {
				return k
			}
			args = append(args, a)
			break
		}
		args = append(args, a)
	}
	return foldedList(args, e.Args, len(e.Args), func(a []plan.Expr) plan.Expr { return &plan.And{Args: a} }, e)
}

// foldOr is the same with true and false exchanged.
func foldOr(e *plan.Or) plan.Expr {
	var args []plan.Expr
	for _, a := range e.Args {
		k, ok := a.(*plan.Const)
		if ok && isFalse(k) {
			continue
		}
		if ok && isTrue(k) {
			if !slices.ContainsFunc(args, plan.MayFail) {
				return k
			}
			args = append(args, a)
			break
		}
		args = append(args, a)
	}
	return foldedList(args, e.Args, len(e.Args), func(a []plan.Expr) plan.Expr { return &plan.Or{Args: a} }, e)
}

func foldedList(args, all []plan.Expr, n int, build func([]plan.Expr) plan.Expr, e plan.Expr) plan.Expr {
	switch len(args) {
	case 0:
		return all[0] // all were the neutral constant
	case 1:
		return args[0]
	case n:
		return e
	}
	return build(args)
}
