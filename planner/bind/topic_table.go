package bind

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// fromTopic makes the table one over a topic, if WITH names one.
func (d *definition) fromTopic(def *TableDef, opts *optionSet) (err error) {
	rel := d.rel
	if !opts.has("topic") {
		for _, name := range OptionNames(TableOptions[1:]) {
			if opts.has(name) {
				return sqlerr.New(sqlerr.InvalidParameterValue, "option \"%s\" needs a topic", name).At(opts.pos(name)).
					WithHint("WITH (topic = '…') makes a table of what the topic holds; without it the table keeps its rows itself.")
			}
		}
		return nil
	}
	if rel.Temporary() {
		return unsupported("a temporary table over a topic")
	}
	if len(rel.Storage) > 0 {
		return sqlerr.New(sqlerr.InvalidParameterValue, "storage parameters are for tables without a topic")
	}
	for i := range rel.Columns {
		if c := &rel.Columns[i]; sqltype.Plain(c.Type).OID != c.Type.OID || sqltype.IsComposite(c.Type.OID) || sqltype.IsComposite(c.Type.OID.Elem()) {
			return unsupported("a column of a topic's table of a domain or a composite type").WithHint("Use the type that a domain is over, or jsonb.")
		}
	}
	rel.FromTopic, rel.Options, rel.TopicName = true, opts.all(), opts.text("topic", "")
	if err := d.onlyKey(); err != nil {
		return err
	}
	if def.Partitions, err = opts.number("partitions", MaxPartitions); err != nil {
		return err
	}
	rel.Format, err = topicFormat(opts, rel)
	return err
}

// onlyKey refuses what somebody else's records do not keep.
func (d *definition) onlyKey() error {
	rel := d.rel
	if len(d.foreign) > 0 {
		return unsupported("a foreign key of a table over a topic").At(d.foreign[0].c.Location).
			WithHint("Its rows are written by others, whom nothing holds to it.")
	}
	if len(rel.PrimaryKey) == 0 {
		return sqlerr.New(sqlerr.InvalidTableDefinition, "table \"%s\" over a topic needs a primary key", rel.Name).
			WithHint("The newest record of each key is a row. CREATE STREAM reads all records as rows.")
	}
	what := ""
	switch {
	case len(d.indexes) > 0:
		what = "UNIQUE"
	case len(rel.Checks) > 0:
		what = "CHECK"
	case len(d.sequences) > 0:
		what = "a serial or identity column"
	}
	for i := range rel.Columns {
		switch c := &rel.Columns[i]; {
		case c.Generated != "":
			what = "a generated column"
		case c.Default != "" || c.Sequence != 0:
			what = "DEFAULT"
		}
	}
	if what == "" {
		return nil
	}
	return unsupported(what + " in a table over a topic").WithHint("Its rows are written by others; only PRIMARY KEY and NOT NULL are held against them.")
}

// topicFormat reads how records of a table's topic are read.
func topicFormat(opts *optionSet, rel *catalog.Relation) (f catalog.Format, err error) {
	if f.Name, err = opts.oneOf("format", "json", "json", "csv", "raw", catalog.FormatDebezium, catalog.FormatChangelog); err != nil {
		return f, err
	}
	if f.Delimiter, err = delimiter(opts, f.Name); err != nil {
		return f, err
	}
	if f.KeyFormat, err = opts.oneOf("key_format", "json", "json", "text"); err != nil {
		return f, err
	}
	for _, c := range rel.PrimaryKey {
		f.Key = append(f.Key, rel.Columns[c].Name)
	}
	if f.KeyFormat == "text" && len(f.Key) != 1 {
		return f, sqlerr.New(sqlerr.InvalidParameterValue, "key_format text needs a key of one column").At(opts.pos("key_format"))
	}
	if f.Name != "raw" {
		return f, nil
	}
	rest := 0
	for i, c := range rel.Columns {
		if rel.IsKey(i) {
			continue
		}
		if rest++; c.Type.OID != sqltype.Text && c.Type.OID != sqltype.Bytea {
			rest = 2
		}
	}
	if rest != 1 {
		return f, sqlerr.New(sqlerr.InvalidTableDefinition, "format raw needs exactly one column of type text or bytea beside the primary key").At(opts.pos("format"))
	}
	return f, nil
}

// readOnly refuses statements that would change a table over a topic.
func readOnly(rel *catalog.Relation, verb string, pos int32) error {
	if !rel.FromTopic {
		return nil
	}
	return sqlerr.New(sqlerr.WrongObjectType, "cannot %s table \"%s\"", verb, rel.Name).At(pos).
		WithDetail("Its rows are those of topic \"%s\".", rel.TopicName).
		WithHint("Write to the topic: with a Kafka producer, a sink, or INSERT into a stream over it.")
}
