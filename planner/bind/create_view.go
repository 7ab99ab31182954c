package bind

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/rewrite"
)

// ViewDef is a bound CREATE MATERIALIZED VIEW.
type ViewDef struct {
	// Relation has everything but the OID; PrimaryKey is the derived unique key, empty when none
	// is known.
	Relation *catalog.Relation
	Query    *plan.Query
	// Background: the statement does not wait for the view to be complete.
	Background bool
}

// CreateView binds a CREATE MATERIALIZED VIEW.
func CreateView(s *parse.CreateMaterializedView, cat catalog.Reader, o Options) (*ViewDef, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	schema, err := b.newSchema(s.Name)
	if err != nil {
		return nil, err
	}
	opts, err := readOptions("materialized view", s.Options, viewOptions)
	if err != nil {
		return nil, err
	}
	q, err := definedQuery(b, s.Query, opts)
	if err != nil {
		return nil, err
	}
	rel := &catalog.Relation{Schema: schema, Name: s.Name.Name, Kind: catalog.KindView, TimestampColumn: -1, Options: opts.all()}
	if rel.Columns, err = definedColumns(q, s.ColumnNames); err != nil {
		return nil, err
	}
	out := &ViewDef{Relation: rel, Query: q}
	if out.Background, err = opts.flag("background", false); err != nil {
		return nil, err
	}
	rel.PrimaryKey, _ = UniqueKey(q)
	return out, runSettings(rel, cat, s.Query, q, opts)
}

// definedQuery binds the query of a relation under the options of its CREATE.
func definedQuery(b *binder, q parse.Query, opts *optionSet) (*plan.Query, error) {
	lateness, err := opts.interval("allowed_lateness", 0)
	if err != nil {
		return nil, err
	}
	if opts.has("allowed_lateness") && q.Emit != parse.EmitOnWindowClose {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "option \"allowed_lateness\" needs EMIT ON WINDOW CLOSE").At(opts.pos("allowed_lateness")).
			WithHint("Every other query takes late rows like any others.")
	}
	b.opts.AllowedLateness = lateness
	return continuousQuery(b, q)
}

// continuousQuery binds a query that keeps running.
func continuousQuery(b *binder, q parse.Query) (*plan.Query, error) {
	if q.Every != nil {
		return nil, unsupported("EMIT EVERY in a definition").At(q.EmitAt).
			WithHint("What is read is always up to date. SELECT … EMIT EVERY gathers the changes for who asks for them.")
	}
	b.opts.Continuous, b.opts.NoParams, b.emit = true, true, q.Emit
	b.opts.Rows = b.opts.Rows.kept()
	root, err := b.query(q)
	if err != nil {
		return nil, err
	}
	return b.finish(root)
}

// Continuous binds the stored query of a view, sink or derived stream again.
func Continuous(rel *catalog.Relation, cat catalog.Reader, o Options) (*plan.Query, error) {
	b := newBinder(cat, o)
	b.cat = catalog.AsWritten(cat, rel)
	stmts, err := parse.Parse(rel.Query)
	if err != nil {
		return nil, err
	}
	if len(stmts) != 1 {
		return nil, sqlerr.New(sqlerr.InternalError, "a stored query holds %d statements", len(stmts))
	}
	switch s := stmts[0].Body.(type) {
	case *parse.Select:
		return continuousQuery(b, s.Query)
	case *parse.Subscribe: // EMIT CHANGES
		return continuousQuery(b, s.Query)
	}
	return nil, sqlerr.New(sqlerr.InternalError, "a stored query is a %s statement", stmts[0].Tag)
}

// UniqueKey is the smallest set of visible columns that names a row of the query's result; ok
// is false when none is known.
func UniqueKey(q *plan.Query) (key []int, ok bool) {
	for _, k := range visibleKeys(q) {
		if !ok || len(k) < len(key) {
			key, ok = k, true
		}
	}
	return key, ok
}

// visibleKeys are the unique keys of a query's result. They are those of the rewritten plan:
// only a join by keys shows that it repeats no row.
func visibleKeys(q *plan.Query) [][]int {
	run, err := rewrite.Query(q, nil, rewrite.Options{Continuous: true})
	if err != nil {
		return nil
	}
	var out [][]int
	for _, k := range run.Root.Props().UniqueKey {
		if !slices.ContainsFunc(k, func(c int) bool { return c >= len(q.Fields) }) {
			out = append(out, k)
		}
	}
	return out
}

// definedColumns are the columns of a relation made by a query, named by the statement where it
// names them.
func definedColumns(q *plan.Query, names []string) ([]catalog.Column, error) {
	if len(names) > len(q.Fields) {
		return nil, sqlerr.New(sqlerr.SyntaxError, "too many column names were specified")
	}
	seen := map[string]bool{}
	var out []catalog.Column
	for i, f := range q.Fields {
		c := catalog.Column{Name: f.Name, Type: f.Type}
		if i < len(names) {
			c.Name = names[i]
		}
		if seen[c.Name] {
			return nil, sqlerr.New(sqlerr.DuplicateColumn, "column \"%s\" specified more than once", c.Name).
				WithHint("Name the columns: SELECT … AS name.")
		}
		seen[c.Name] = true
		if c.Type.OID == sqltype.Record {
			return nil, sqlerr.New(sqlerr.InvalidTableDefinition, "column \"%s\" has pseudo-type record", c.Name)
		}
		out = append(out, c)
	}
	return out, nil
}

// runSettings fills what every relation with a query has.
func runSettings(rel *catalog.Relation, cat catalog.Reader, query parse.Query, q *plan.Query, opts *optionSet) error {
	rel.Query = query.Text
	var err error
	if rel.AllowedLateness, err = opts.interval("allowed_lateness", 0); err != nil {
		return err
	}
	rel.AppendOnly = q.Root.Props().AppendOnly
	dependOn(rel, q, cat)
	onError, err := opts.oneOf("on_error", "fail", "fail", "skip")
	if err != nil {
		return err
	}
	rel.OnErrorSkip = onError == "skip"
	snapshot, err := opts.flag("snapshot", true)
	if err != nil || snapshot {
		return err
	}
	rel.NoSnapshot = true
	return startsAtCreation(rel, q.Root, opts.pos("snapshot"))
}

// dependOn notes what the query of rel reads, and the types that it and the columns have.
func dependOn(rel *catalog.Relation, q *plan.Query, cat catalog.Reader) {
	for _, id := range q.Relations {
		rel.DependsOn = append(rel.DependsOn, catalog.OID(id))
	}
	rel.Inputs = catalog.InputsOf(cat, rel.DependsOn)
	dependOnTypes(rel, q.Types)
}

// dependOnTypes notes the types of the columns and those that the text names.
func dependOnTypes(rel *catalog.Relation, named []sqltype.OID) {
	of := catalog.TypesOf(rel.Columns)
	for _, t := range named {
		of = append(of, catalog.OID(t))
	}
	for _, oid := range of {
		if !slices.Contains(rel.DependsOn, oid) {
			rel.DependsOn = append(rel.DependsOn, oid)
		}
	}
}

// startsAtCreation refuses snapshot = false where "from now" has no meaning. What is read from now
// on must make sense without what was there before: records of streams do; a change of a row of a
// table or view does only where each change goes through by itself to a sink, not where it would
// have to change a count or another row.
func startsAtCreation(rel *catalog.Relation, root plan.Node, pos int32) error {
	linear := rel.Kind != catalog.KindView
	var leaf string
	plan.WalkNodes(root, func(n plan.Node) {
		switch n := n.(type) {
		case *plan.Scan:
			if n.Kind != plan.RelStream && !(n.Kind == plan.RelErrors && n.P.AppendOnly) {
				leaf = "\"" + n.Name + "\""
			}
		case *plan.Values:
			leaf, linear = "literal rows", false
		default:
			linear = linear && plan.RowByRow(n)
		}
	})
	if leaf == "" || linear {
		return nil
	}
	return unsupported("snapshot = false over " + leaf).At(pos).
		WithHint("It is for queries over streams, and for sinks that only filter and compute the rows of a table or view.")
}
