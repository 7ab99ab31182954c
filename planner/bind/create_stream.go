package bind

import (
	"slices"
	"strings"
	"time"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// MaxPartitions of one topic.
const MaxPartitions = 10_000

// StreamDef is a bound CREATE STREAM.
type StreamDef struct {
	// Relation has everything but OID and topic id; TopicName is set.
	Relation *catalog.Relation
	// Partitions as given, 0 = not given.
	Partitions int
	// Connector is empty, or "nexmark" with its options.
	Connector string
	Nexmark   map[string]string
	// Query of CREATE STREAM … AS, nil otherwise.
	Query *plan.Query
}

// CreateStream binds a CREATE STREAM. predefined gives the columns of a connector's table when
// the statement lists none; nil, or false, when there is no such table.
func CreateStream(s *parse.CreateStream, cat catalog.Reader, o Options, predefined func(connector, table string) ([]catalog.Column, bool)) (*StreamDef, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	schema, err := b.newSchema(s.Name)
	if err != nil {
		return nil, err
	}
	known := slices.Concat(streamOptions, nexmarkOptions)
	if s.AsQuery != nil {
		known = slices.Concat(streamOptions, runOptions)
	}
	opts, err := readOptions("stream", s.Options, known)
	if err != nil {
		return nil, err
	}
	out := &StreamDef{Relation: &catalog.Relation{
		Schema: schema, Name: s.Name.Name, Kind: catalog.KindStream, TimestampColumn: -1, Options: opts.all(), AppendOnly: true,
	}}
	if s.AsQuery != nil {
		err = b.derivedStream(out, s, opts)
	} else {
		err = b.streamColumns(out, s, opts, predefined)
	}
	if err != nil {
		return nil, err
	}
	rel := out.Relation
	rel.TopicName = opts.text("topic", rel.QualifiedName())
	if out.Partitions, err = opts.number("partitions", MaxPartitions); err != nil {
		return nil, err
	}
	if f := strings.ToLower(opts.text("format", "")); f == catalog.FormatDebezium || f == catalog.FormatChangelog {
		return nil, unsupported("format "+f+" of a stream").At(opts.pos("format")).
			WithHint("Its records change rows, and a stream only gets more: CREATE TABLE … (…, PRIMARY KEY (…)) WITH (topic = '…', format = '%s').", f)
	}
	if rel.Format, err = format(opts, rel); err != nil {
		return nil, err
	}
	if rel.TimestampColumn, err = timestampField(opts, rel); err != nil {
		return nil, err
	}
	return out, b.watermark(rel, s.Watermark, opts)
}

func (b *binder) streamColumns(out *StreamDef, s *parse.CreateStream, opts *optionSet, predefined func(string, string) ([]catalog.Column, bool)) error {
	if s.Stmt != nil {
		if err := refuseTableForms(s.Stmt); err != nil {
			return err
		}
		d := &definition{b: b, rel: out.Relation, stream: true}
		if err := d.elements(s.Stmt.TableElts); err != nil {
			return err
		}
	}
	out.Connector = opts.text("connector", "")
	switch {
	case out.Connector == "" && len(out.Relation.Columns) == 0:
		return sqlerr.New(sqlerr.InvalidTableDefinition, "stream \"%s\" needs a column list", s.Name.Name).At(s.Name.Pos)
	case out.Connector == "":
		for _, name := range OptionNames(nexmarkOptions) {
			if opts.has(name) {
				return sqlerr.New(sqlerr.InvalidParameterValue, "option \"%s\" needs a connector", name).At(opts.pos(name))
			}
		}
		return nil
	case out.Connector != "nexmark":
		return opts.bad("connector", "nexmark")
	}
	out.Nexmark = map[string]string{}
	for _, name := range OptionNames(nexmarkOptions[1:]) {
		if opts.has(name) {
			out.Nexmark[name] = opts.text(name, "")
		}
	}
	if len(out.Relation.Columns) > 0 || predefined == nil {
		return nil
	}
	cols, ok := predefined(out.Connector, opts.text("table", ""))
	if !ok {
		return opts.bad("table", "one of bid, auction, person")
	}
	out.Relation.Columns = cols
	return nil
}

// derivedStream binds CREATE STREAM … AS query: its rows can only be added.
func (b *binder) derivedStream(out *StreamDef, s *parse.CreateStream, opts *optionSet) error {
	q, err := definedQuery(b, *s.AsQuery, opts)
	if err != nil {
		return err
	}
	if !q.Root.Props().AppendOnly {
		return sqlerr.New(sqlerr.InvalidObjectDefinition, "the query of stream \"%s\" changes rows that it has given", s.Name.Name).At(s.Name.Pos).
			WithHint("A stream is append-only: use CREATE MATERIALIZED VIEW, CREATE SINK, or EMIT ON WINDOW CLOSE.")
	}
	if out.Relation.Columns, err = definedColumns(q, s.ColumnNames); err != nil {
		return err
	}
	d := &definition{b: b, rel: out.Relation}
	for _, c := range out.Relation.Columns {
		if err := d.reserved(c.Name, -1); err != nil {
			return err
		}
	}
	out.Query = q
	return runSettings(out.Relation, b.cat, *s.AsQuery, q, opts)
}

// format reads how records are written, in one of the formats of rows or in another that is allowed.
func format(opts *optionSet, rel *catalog.Relation, others ...string) (catalog.Format, error) {
	f := catalog.Format{}
	var err error
	if f.Name, err = opts.oneOf("format", "json", append([]string{"json", "csv", "raw"}, others...)...); err != nil {
		return f, err
	}
	if f.Delimiter, err = delimiter(opts, f.Name); err != nil {
		return f, err
	}
	if f.Name == "raw" {
		if len(rel.Columns) != 1 || (rel.Columns[0].Type.OID != sqltype.Text && rel.Columns[0].Type.OID != sqltype.Bytea) {
			return f, sqlerr.New(sqlerr.InvalidTableDefinition, "format raw needs exactly one column of type text or bytea").At(opts.pos("format"))
		}
	}
	return f, keyFormat(&f, opts, rel)
}

func delimiter(opts *optionSet, format string) (string, error) {
	d := opts.text("delimiter", "")
	if opts.has("delimiter") && (format != "csv" || len(d) != 1 || strings.ContainsAny(d, "\"\r\n")) {
		return "", opts.bad("delimiter", "a single one-byte character, with format csv")
	}
	return d, nil
}

// keyFormat reads key and key_format.
func keyFormat(f *catalog.Format, opts *optionSet, rel *catalog.Relation) error {
	if opts.has("key") {
		for _, name := range strings.Split(opts.text("key", ""), ",") {
			name = strings.TrimSpace(name)
			if rel.ColumnIndex(name) < 0 {
				return sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" named in key does not exist", name).At(opts.pos("key")).Meant(rel.NearColumn(name))
			}
			f.Key = append(f.Key, name)
		}
	}
	var err error
	if f.KeyFormat, err = opts.oneOf("key_format", "json", "json", "text"); err != nil {
		return err
	}
	if f.KeyFormat == "text" && len(f.Key) > 1 {
		return sqlerr.New(sqlerr.InvalidParameterValue, "key_format text needs a key of one column").At(opts.pos("key_format"))
	}
	return nil
}

// timestampField finds the event time column, -1 when none is named.
func timestampField(opts *optionSet, rel *catalog.Relation) (int, error) {
	if !opts.has("timestamp_field") {
		return -1, nil
	}
	name := opts.text("timestamp_field", "")
	i := rel.ColumnIndex(name)
	if i < 0 {
		return -1, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" named in timestamp_field does not exist", name).At(opts.pos("timestamp_field")).
			Meant(rel.NearColumn(name))
	}
	switch t := rel.Columns[i].Type.OID; t {
	case sqltype.Timestamp, sqltype.Timestamptz, sqltype.Int8:
		return i, nil
	default:
		return -1, sqlerr.New(sqlerr.DatatypeMismatch, "timestamp_field \"%s\" must be timestamp, timestamptz or bigint, not %s",
			name, displayType(t)).At(opts.pos("timestamp_field"))
	}
}

// watermark binds WATERMARK FOR c AS c [- INTERVAL constant].
func (b *binder) watermark(rel *catalog.Relation, w *parse.Watermark, opts *optionSet) error {
	if w == nil {
		for _, name := range []string{"idle_timeout", "watermark_max_jump"} {
			if opts.has(name) {
				return sqlerr.New(sqlerr.InvalidParameterValue, "option \"%s\" needs a watermark", name).At(opts.pos(name)).
					WithHint("Declare it: WATERMARK FOR column AS column - INTERVAL '5 seconds'.")
			}
		}
		return nil
	}
	i := rel.ColumnIndex(w.Column)
	if i < 0 {
		return sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" named in WATERMARK does not exist", w.Column).At(w.Pos).Meant(rel.NearColumn(w.Column))
	}
	if t := rel.Columns[i].Type.OID; t != sqltype.Timestamp && t != sqltype.Timestamptz {
		return sqlerr.New(sqlerr.DatatypeMismatch, "a watermark's column must be timestamp or timestamptz, not %s", displayType(t)).At(w.Pos)
	}
	delay, ok, err := b.watermarkDelay(w)
	if err != nil {
		return err
	}
	if !ok {
		return unsupported("this WATERMARK expression").At(w.ExprAt).
			WithHint("It must be the column itself, or the column minus a constant interval.")
	}
	rel.Watermark = &catalog.Watermark{Column: i, Delay: delay}
	if rel.Watermark.IdleTimeout, err = opts.interval("idle_timeout", b.opts.IdleTimeout); err != nil {
		return err
	}
	rel.Watermark.MaxJump, err = opts.interval("watermark_max_jump", 0)
	return err
}

func (b *binder) watermarkDelay(w *parse.Watermark) (time.Duration, bool, error) {
	if isColumn(w.Expr, w.Column) {
		return 0, true, nil
	}
	a := w.Expr.GetAExpr()
	if a.GetKind() != pg.A_Expr_Kind_AEXPR_OP || lastOf(a.Name) != "-" || !isColumn(a.Lexpr, w.Column) {
		return 0, false, nil
	}
	b.push()
	defer b.pop()
	e, err := b.expr(a.Rexpr)
	if err != nil {
		return 0, false, err
	}
	if e, err = b.coerceTo(e, sqltype.Of(sqltype.Interval), implicit, -1); err != nil {
		return 0, false, err
	}
	k, ok := e.(*plan.Const)
	if !ok {
		return 0, false, nil
	}
	d, err := delay(k, b.where(k))
	return d, true, err
}

func isColumn(n *pg.Node, name string) bool {
	have, _, ok := bareName(n)
	return ok && have == name
}

func lastOf(names []*pg.Node) string {
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1].GetString_().GetSval()
}
