package bind

import (
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// SinkDef is a bound CREATE SINK.
type SinkDef struct {
	// Relation has everything but OID and topic id. Format.Key are the columns of the record
	// key; an updating sink always has some, and PrimaryKey is the derived key they contain.
	Relation   *catalog.Relation
	Partitions int // 0 = not given
	Query      *plan.Query
}

// CreateSink binds a CREATE SINK.
func CreateSink(s *parse.CreateSink, cat catalog.Reader, o Options) (*SinkDef, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	schema, err := b.newSchema(s.Name)
	if err != nil {
		return nil, err
	}
	opts, err := readOptions("sink", s.Options, sinkOptions)
	if err != nil {
		return nil, err
	}
	q, err := definedQuery(b, s.Query, opts)
	if err != nil {
		return nil, err
	}
	rel := &catalog.Relation{
		Schema: schema, Name: s.Name.Name, Kind: catalog.KindSink, TimestampColumn: -1, Options: opts.all(), TopicName: s.Topic,
	}
	if rel.Columns, err = definedColumns(q, s.ColumnNames); err != nil {
		return nil, err
	}
	out := &SinkDef{Relation: rel, Query: q}
	if out.Partitions, err = opts.number("partitions", MaxPartitions); err != nil {
		return nil, err
	}
	if rel.Format, err = format(opts, rel, catalog.FormatDebezium, catalog.FormatChangelog); err != nil {
		return nil, err
	}
	if err := runSettings(rel, cat, s.Query, q, opts); err != nil {
		return nil, err
	}
	if !rel.AppendOnly {
		err = updatingKey(s, q, rel, opts)
	}
	return out, err
}

// updatingKey gives a sink of changing rows its record key: a row is replaced and deleted by
// key, so the key must name one row. A changelog has a record for each row that comes or goes.
func updatingKey(s *parse.CreateSink, q *plan.Query, rel *catalog.Relation, opts *optionSet) error {
	key, ok := UniqueKey(q)
	if rel.Format.Name == catalog.FormatChangelog && (!ok || len(rel.Format.Key) > 0) {
		rel.PrimaryKey = key // rows are written one by one: records need no key, or have any
		return nil
	}
	if !ok {
		return sqlerr.New(sqlerr.InvalidTableDefinition, "sink \"%s\" has no unique key to update its rows by", rel.Name).At(s.Name.Pos).
			WithHint("Select the GROUP BY columns or the primary key of what the sink reads, or write every change: WITH (format = 'changelog').")
	}
	if rel.Format.Name == "raw" {
		return unsupported("format raw in a sink whose rows change").At(opts.pos("format")).
			WithHint("A NULL would be a tombstone: use format json or csv.")
	}
	rel.PrimaryKey = key
	if len(rel.Format.Key) == 0 {
		for _, c := range key {
			rel.Format.Key = append(rel.Format.Key, rel.Columns[c].Name)
		}
		if rel.Format.KeyFormat == "text" && len(key) != 1 {
			return sqlerr.New(sqlerr.InvalidParameterValue, "key_format text needs a key of one column").At(opts.pos("key_format"))
		}
		return nil
	}
	for _, k := range visibleKeys(q) {
		if containsKey(rel, k, rel.Format.Key) {
			rel.PrimaryKey = k
			return nil
		}
	}
	return sqlerr.New(sqlerr.InvalidTableDefinition, "key of sink \"%s\" does not name one row", rel.Name).At(opts.pos("key")).
		WithHint("It must contain the columns %s.", strings.Join(keyNames(rel, key), ", "))
}

func containsKey(rel *catalog.Relation, key []int, names []string) bool {
	for _, c := range key {
		if c >= len(rel.Columns) {
			return false
		}
		found := false
		for _, n := range names {
			found = found || n == rel.Columns[c].Name
		}
		if !found {
			return false
		}
	}
	return true
}

func keyNames(rel *catalog.Relation, key []int) []string {
	var out []string
	for _, c := range key {
		out = append(out, rel.Columns[c].Name)
	}
	return out
}
