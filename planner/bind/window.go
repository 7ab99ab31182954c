package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// windows are the windows of a level.
type windows struct {
	clause []*pg.WindowDef // WINDOW, bound when a function asks
	bound  map[*pg.WindowDef]*window
	refs   []*windowRef
}

// window is what stands in OVER or WINDOW, bound.
type window struct {
	partition []plan.Expr
	order     []plan.SortKey
	frame     plan.Frame
	framed    bool // not the default frame
	moved     bool // see mapWindow
}

// same: functions of both can be computed over one sequence of rows.
func (w *window) same(o *window) bool {
	if len(w.partition) != len(o.partition) || len(w.order) != len(o.order) {
		return false
	}
	for i := range w.partition {
		if !plan.Equal(w.partition[i], o.partition[i]) {
			return false
		}
	}
	for i, k := range w.order {
		if k.Desc != o.order[i].Desc || k.NullsFirst != o.order[i].NullsFirst || !plan.Equal(k.Expr, o.order[i].Expr) {
			return false
		}
	}
	return true
}

// checkWindowClause binds every window of WINDOW, also those that nobody uses.
func (b *binder) checkWindowClause() error {
	seen := map[string]bool{}
	for _, def := range b.lv.windows.clause {
		if seen[def.Name] {
			return sqlerr.New(sqlerr.WindowingError, "window \"%s\" is already defined", def.Name).At(def.Location)
		}
		seen[def.Name] = true
	}
	for _, def := range b.lv.windows.clause {
		if _, err := b.windowOf(def); err != nil {
			return err
		}
	}
	return nil
}

// setWindowClause makes the windows of WINDOW known by name.
func (b *binder) setWindowClause(list []*pg.Node) {
	for _, n := range list {
		b.lv.windows.clause = append(b.lv.windows.clause, n.GetWindowDef())
	}
}

// overWindow is the window of OVER: name, or a definition.
func (b *binder) overWindow(n *pg.WindowDef) (*window, error) {
	if n.Name == "" {
		return b.windowOf(n)
	}
	def, err := b.namedWindow(n.Name, n.Location, nil)
	if err != nil {
		return nil, err
	}
	return b.windowOf(def)
}

// namedWindow finds a window of WINDOW, among those before one if it is given.
func (b *binder) namedWindow(name string, pos int32, before *pg.WindowDef) (*pg.WindowDef, error) {
	for _, def := range b.lv.windows.clause {
		if def == before {
			break
		}
		if def.Name == name {
			return def, nil
		}
	}
	return nil, sqlerr.New(sqlerr.UndefinedObject, "window \"%s\" does not exist", name).At(pos)
}

// windowOf binds a definition, once.
func (b *binder) windowOf(n *pg.WindowDef) (*window, error) {
	if w := b.lv.windows.bound[n]; w != nil {
		return w, nil
	}
	w := &window{}
	if n.Refname != "" {
		if err := b.inherit(w, n); err != nil {
			return nil, err
		}
	}
	for _, p := range n.PartitionClause {
		e, err := b.windowKey(p, inPartition)
		if err != nil {
			return nil, err
		}
		if err := groupable(e.Type().OID, b.where(e)); err != nil {
			return nil, err
		}
		w.partition = append(w.partition, e)
	}
	for i, o := range n.OrderClause {
		sb := o.GetSortBy()
		e, err := b.windowKey(sb.Node, inWindowOrder)
		if err != nil {
			return nil, err
		}
		if err := comparable(e.Type().OID, b.where(e)); err != nil {
			return nil, err
		}
		item, err := direction(sb, i)
		if err != nil {
			return nil, err
		}
		w.order = append(w.order, plan.SortKey{Expr: e, Desc: item.desc, NullsFirst: item.nullsFirst})
	}
	if err := b.frame(w, n); err != nil {
		return nil, err
	}
	if b.lv.windows.bound == nil {
		b.lv.windows.bound = map[*pg.WindowDef]*window{}
	}
	b.lv.windows.bound[n] = w
	return w, nil
}

func (b *binder) windowKey(n *pg.Node, p place) (plan.Expr, error) {
	e, err := b.exprAt(n, p)
	if err == nil && e.Type().OID == sqltype.Unknown {
		e, err = b.coerce(e, textType(), implicit, -1)
	}
	return e, err
}

// inherit takes over what the window that a definition names has.
func (b *binder) inherit(w *window, n *pg.WindowDef) error {
	def, err := b.namedWindow(n.Refname, n.Location, n)
	if err != nil {
		return err
	}
	from, err := b.windowOf(def)
	if err != nil {
		return err
	}
	refuse := func(what string) *sqlerr.Error {
		return sqlerr.New(sqlerr.WindowingError, "cannot override %s clause of window \"%s\"", what, n.Refname).At(n.Location)
	}
	switch {
	case len(n.PartitionClause) > 0:
		return refuse("PARTITION BY")
	case len(n.OrderClause) > 0 && len(from.order) > 0:
		return refuse("ORDER BY")
	case from.framed:
		err := sqlerr.New(sqlerr.WindowingError, "cannot copy window \"%s\" because it has a frame clause", n.Refname).At(n.Location)
		if len(n.OrderClause) == 0 && n.FrameOptions&frameNonDefault == 0 {
			return err.WithHint("Omit the parentheses in this OVER clause.")
		}
		return err
	}
	w.partition = append(w.partition, from.partition...)
	w.order = append(w.order, from.order...)
	return nil
}
