package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// viewTarget is a view that a statement changes the table of, as PostgreSQL changes simple views.
type viewTarget struct {
	rel    *catalog.Relation // the view that the statement names
	table  *catalog.Relation // what is changed
	levels []viewLevel       // the views on the way, that one first
	// columns are, by column of the view, the table's column that it is, -1 = it is no column of it.
	columns []int
}

// viewLevel is one of the views.
type viewLevel struct {
	rel    *catalog.Relation
	query  *pg.SelectStmt
	from   *pg.RangeVar
	checks bool // new rows have to be rows of it
}

// Options of views.
const (
	OptionCheck    = "check_option"
	OptionBarrier  = "security_barrier"
	OptionInvoker  = "security_invoker"
	checkCascaded  = "cascaded"
	optionIsTrue   = "true"
	maxViewTargets = 256 // views over each other that a statement goes through
)

// AsCaller: what the view reads is read as the role that asks, not as the view's.
func AsCaller(view *catalog.Relation) bool { return isTrue(view.Options[OptionInvoker]) }

// whyNot is a reason for which a view is no simple one, "" = it may be.
type whyNot string

const (
	noSingleRelation   whyNot = "Views that do not select from a single table or view are not automatically updatable."
	noUpdatableColumns whyNot = "Views that have no updatable columns are not automatically updatable."
)

// verbs are how errors call what a statement does to a view.
var verbs = map[string]struct{ doing, event string }{
	"insert into": {"inserting into", "INSERT"}, "update": {"updating", "UPDATE"}, "delete from": {"deleting from", "DELETE"},
}

func errNotUpdatable(view *catalog.Relation, verb string, why whyNot, pos int32) error {
	v := verbs[verb]
	return sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "cannot %s view \"%s\"", verb, view.Name).WithDetail("%s", string(why)).
		WithHint("To enable %s the view, provide an INSTEAD OF %s trigger or an unconditional ON %s DO INSTEAD rule.", v.doing, v.event, v.event).At(pos)
}

// viewTarget finds the table behind a view.
func (b *binder) viewTarget(rel *catalog.Relation, verb string, pos int32) (*viewTarget, error) {
	if verb == "merge into" {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot execute MERGE on relation \"%s\"", rel.Name).At(pos).
			WithDetail("This operation is not supported for views.")
	}
	v := &viewTarget{rel: rel}
	cascaded := false
	for at := rel; ; {
		if len(v.levels) == maxViewTargets {
			return nil, sqlerr.New(sqlerr.StatementTooComplex, "statement too complex").At(pos)
		}
		level, below, why, err := b.viewLevel(at)
		if err == nil && why != "" {
			err = errNotUpdatable(at, verb, why, pos)
		}
		if err != nil {
			return nil, err
		}
		option := at.Options[OptionCheck]
		level.checks = cascaded || option != ""
		cascaded = cascaded || option == checkCascaded
		v.levels = append(v.levels, level)
		if below.Kind == catalog.KindTable {
			v.table = below
			return v, readOnly(below, verb, pos)
		}
		at = below
	}
}

// viewLevel reads the query of a view: what it selects from, or why it is no simple one.
func (b *binder) viewLevel(view *catalog.Relation) (lv viewLevel, below *catalog.Relation, why whyNot, err error) {
	if view.Kind != catalog.KindPlainView {
		return lv, nil, noSingleRelation, nil
	}
	lv.rel = view
	if lv.query, err = viewQuery(view); err != nil {
		return lv, nil, "", err
	}
	if why := notSimple(lv.query); why != "" {
		return lv, nil, why, nil
	}
	if lv.from = lv.query.FromClause[0].GetRangeVar(); lv.from == nil {
		return lv, nil, noSingleRelation, nil
	}
	err = b.inView(view, func() error {
		below, err = b.relation(lv.from)
		return err
	})
	if err != nil {
		return lv, nil, "", err
	}
	if below.Kind != catalog.KindTable && below.Kind != catalog.KindPlainView {
		return lv, nil, noSingleRelation, nil
	}
	if today, ok := b.today.ByOID(below.OID); ok {
		below = today
	}
	return lv, below, "", nil
}

// viewQuery is the query of a view as it was written.
func viewQuery(view *catalog.Relation) (*pg.SelectStmt, error) {
	stmts, err := parse.Parse(view.Query)
	if err != nil {
		return nil, err
	}
	sel, ok := stmts[0].Body.(*parse.Select)
	if !ok || len(stmts) != 1 {
		return nil, sqlerr.New(sqlerr.InternalError, "the query of view \"%s\" is no SELECT", view.Name)
	}
	return sel.Query.Select, nil
}

// notSimple is why a query is none whose rows are those of one relation.
func notSimple(q *pg.SelectStmt) whyNot {
	switch {
	case len(q.DistinctClause) > 0:
		return "Views containing DISTINCT are not automatically updatable."
	case len(q.GroupClause) > 0:
		return "Views containing GROUP BY are not automatically updatable."
	case q.HavingClause != nil:
		return "Views containing HAVING are not automatically updatable."
	case q.Op > pg.SetOperation_SETOP_NONE:
		return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable."
	case q.WithClause != nil:
		return "Views containing WITH are not automatically updatable."
	case q.LimitCount != nil || q.LimitOffset != nil:
		return "Views containing LIMIT or OFFSET are not automatically updatable."
	}
	aggregates, windows, sets := false, false, false
	for _, t := range q.TargetList {
		parse.EachMessage(t.ProtoReflect(), func(m any) {
			call, ok := m.(*pg.FuncCall)
			if !ok {
				return
			}
			name := lastOf(call.Funcname)
			switch {
			case call.Over != nil:
				windows = true
			case mayAggregate(name):
				aggregates = true
			default:
				sets = sets || givesSet(name)
			}
		})
	}
	switch {
	case aggregates:
		return "Views that return aggregate functions are not automatically updatable."
	case windows:
		return "Views that return window functions are not automatically updatable."
	case sets:
		return "Views that return set-returning functions are not automatically updatable."
	case len(q.FromClause) != 1:
		return noSingleRelation
	case q.FromClause[0].GetRangeTableSample() != nil:
		return "Views containing TABLESAMPLE are not automatically updatable."
	}
	return ""
}

func givesSet(name string) bool {
	for _, f := range builtin.FuncsByName(name) {
		if f.RetSet {
			return true
		}
	}
	return false
}

// inView binds what stands in a view's text: as its owner, with its settings, with the names that it was written with.
func (b *binder) inView(view *catalog.Relation, bind func() error) error {
	return b.asWritten(view, func() error { return b.asOwner(view, bind) })
}

// asWritten binds what is in a stored text, with the settings and names that it was written with.
func (b *binder) asWritten(stored *catalog.Relation, bind func() error) error {
	old, params, settings, cat := b.lv, b.opts.NoParams, b.opts.Settings, b.cat
	b.lv, b.opts.NoParams, b.opts.Settings = nil, true, plan.FrozenSettings(stored.Settings)
	b.cat = catalog.AsWritten(b.today, stored)
	err := bind()
	b.lv, b.opts.NoParams, b.opts.Settings, b.cat = old, params, settings, cat
	return err
}
