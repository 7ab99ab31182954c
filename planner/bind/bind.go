package bind

import (
	"time"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/rewrite"
)

// Options are what binding depends on besides the statement and the catalog.
type Options struct {
	// Settings of the session; SearchPath resolves names without a schema (nil: public).
	Settings plan.Settings
	// ParamTypes are the types given for $1…; Invalid, or none, means: infer it.
	ParamTypes []sqltype.OID
	// Continuous is set for what keeps running (views, sinks, derived streams, SUBSCRIBE):
	// now() and volatile functions are refused, ORDER BY without LIMIT means nothing.
	Continuous bool
	// NoParams refuses $n, for definitions that are stored.
	NoParams bool
	// AllowedLateness of the relation whose stored query is bound.
	AllowedLateness time.Duration
	// IdleTimeout is the default of a stream's idle_timeout.
	IdleTimeout time.Duration
	// Meter ends the work; nil = never.
	Meter *meter.Meter
	// TempSchema is the schema of the session's temporary relations, whether it is there or not; empty = it can have none.
	TempSchema string
	// Rows is for whom policies of rows count; nil = all rows are there.
	Rows *RowSecurity
	// UseSchema refuses a schema that the statement names and who runs it may not use; nil = all may be used.
	UseSchema func(name string) error
}

// Query binds a query. The plan is not rewritten yet: a cross join is a cross join, every
// scan reads all columns. Params of the result are all inferred, else the error is 42P18.
func Query(q parse.Query, cat catalog.Reader, o Options) (*plan.Query, error) {
	out, parts, err := query(q, cat, o, false)
	if err == nil && len(parts) > 0 {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "a query here must not contain data-modifying statements in WITH").At(parts[0].pos)
	}
	return out, err
}

// QueryWith is Query of one whose WITH may have statements that change data, and that may have queries in it that lock rows.
func QueryWith(q parse.Query, cat catalog.Reader, o Options) (*plan.Query, []*Part, error) {
	return query(q, cat, o, true)
}

func query(q parse.Query, cat catalog.Reader, o Options, parts bool) (*plan.Query, []*Part, error) {
	b := newBinder(cat, o)
	b.emit, b.top, b.locks = q.Emit, q.Select.GetWithClause(), parts
	root, err := b.query(q)
	if err != nil {
		return nil, nil, err
	}
	every, err := b.every(q)
	if err != nil {
		return nil, nil, err
	}
	out, err := b.finish(root)
	if err == nil {
		out.Every = every
	}
	return out, b.parts, err
}

// every is how long EMIT EVERY gathers changes, 0 without.
func (b *binder) every(q parse.Query) (time.Duration, error) {
	if q.Every == nil {
		return 0, nil
	}
	b.push()
	defer b.pop()
	e, err := b.exprAt(q.Every, inLimit)
	if err != nil {
		return 0, err
	}
	_, d, err := b.constantInterval(e, "interval of EMIT EVERY")
	return d, err
}

// binder binds one statement.
type binder struct {
	cat   catalog.Reader // with the names of the query that is bound
	today catalog.Reader
	opts  Options
	// named are the places where the query of tellingOf names relations, told those where it names other things; nil = nobody asks.
	named     []named
	told      []told
	tellingOf catalog.Reader
	lv        *level
	params    []sqltype.OID
	rels      []plan.RelationID
	// needs are what it takes to run the statement; as is the role as which the text is bound that is bound now, 0 = who runs it.
	needs []*plan.Need
	as    uint32
	// caller is the role as which functions run that text is inside of, 0 = who runs the statement.
	caller uint32
	// policed are the tables whose policies are bound now, each inside the one before it.
	policed []catalog.OID
	// refused is why policies do not let the statement run, nil = they do.
	refused error
	types   []sqltype.OID // of users, that the text names
	fn      *inlined      // whose text is bound, nil = none's
	calls   int           // of users' functions
	rows    *rowsWanted   // of the function in FROM that is bound
	casts   []sqltype.OID // domains whose constraints are in the plan
	// cteReads counts the places that read a WITH query, as often as they are planned.
	cteReads int
	// viewReads counts those that read a plain view.
	viewReads int
	places    map[plan.Expr]int32
	emit      parse.EmitMode
	// top is the WITH clause that may have statements that change data; parts are these. inPart: this is
	// the binder of one.
	top    *pg.WithClause
	parts  []*Part
	inPart bool
	// locks: rows that queries inside the statement lock can be a part of it.
	locks bool
}

func newBinder(cat catalog.Reader, o Options) *binder {
	if o.Settings.SearchPath == nil {
		o.Settings.SearchPath = []string{"public"}
	}
	return &binder{cat: cat, today: cat, opts: o, params: append([]sqltype.OID(nil), o.ParamTypes...), places: map[plan.Expr]int32{}}
}

// level is one SELECT (or DML statement) whose expressions are being bound.
type level struct {
	parent *level
	scope  scope
	place  place
	inAgg  bool
	aggs   []*aggRef
	hop    *hop
	ctes   map[string]*cte
	// sees: the level is that of a query in an expression, or of a LATERAL item, and sees the columns of
	// the level around it. captures are what it refers to there.
	sees     bool
	captures []plan.Expr
	// with, of the level of a WITH query, is the level that it was written in: nothing of those between
	// is seen.
	with *level
	// inWindow: an argument of a window function is bound.
	inWindow bool
	windows  windows
	// readsWorking: FROM has the rows of a recursive query's last round.
	readsWorking bool
	// locking: rows of FROM are to be locked.
	locking bool
	// groupings: GROUPING was called.
	groupings bool
	// assigned are the queries of SET (a, b) = (SELECT …).
	assigned []assignedRow
}

func (b *binder) push() *level {
	b.lv = &level{parent: b.lv}
	return b.lv
}

func (b *binder) pop() { b.lv = b.lv.parent }

// at remembers where in the text an expression stands.
func (b *binder) at(e plan.Expr, pos int32) plan.Expr {
	if pos >= 0 {
		b.places[e] = pos
	}
	return e
}

// where is the place of an expression: its own, or that of its first argument that has one.
func (b *binder) where(e plan.Expr) int32 {
	if p, ok := b.places[e]; ok {
		return p
	}
	for _, a := range plan.Children(e) {
		if p := b.where(a); p >= 0 {
			return p
		}
	}
	return -1
}

// query binds a query with its EMIT clause.
func (b *binder) query(q parse.Query) (plan.Node, error) {
	node, err := b.selectStmt(q.Select, nil)
	if err != nil {
		return nil, err
	}
	if b.emit == parse.EmitOnWindowClose && !closesWindows(node) && joins(node) {
		if node, err = b.onTime(node, q.EmitAt); err != nil {
			return nil, err
		}
		return withoutCarried(node), nil
	}
	if b.emit == parse.EmitOnWindowClose && !closesWindows(node) {
		return nil, sqlerr.New(sqlerr.InvalidObjectDefinition, "EMIT ON WINDOW CLOSE needs a GROUP BY with TUMBLE, HOP, CUMULATE or SESSION").At(q.EmitAt).
			WithHint("Group by a window over the column of the stream's WATERMARK, or use EMIT CHANGES.")
	}
	return node, nil
}

// finish makes the bound statement's plan.
func (b *binder) finish(root plan.Node) (*plan.Query, error) {
	if !b.inPart {
		if err := b.checkParams(); err != nil {
			return nil, err
		}
	}
	if b.refused != nil {
		return nil, b.refused
	}
	root, err := rewrite.Unnest(root, b.cat)
	if err != nil {
		return nil, err
	}
	q := &plan.Query{Root: root, Fields: visible(root), Relations: b.rels, Needs: b.needs, Types: b.types, Settings: b.opts.Settings}
	if b.emit == parse.EmitOnWindowClose {
		q.Emit = plan.EmitOnWindowClose
	}
	for _, t := range b.params {
		q.Params = append(q.Params, sqltype.Of(t))
	}
	return q, nil
}

// visible are the fields of a root without the sort keys behind them.
func visible(root plan.Node) []plan.Field {
	fields := root.Props().Fields
	for i, f := range fields {
		if f.Name == hiddenField || f.Name == watermarkField {
			return fields[:i]
		}
	}
	return fields
}

// hiddenField names output columns that only a Sort above reads.
const hiddenField = "?sort?"

// uses notes a relation that the statement reads.
func (b *binder) uses(id plan.RelationID) {
	for _, r := range b.rels {
		if r == id {
			return
		}
	}
	b.rels = append(b.rels, id)
}
