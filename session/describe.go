package session

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/storage/log"
)

var describeColumns = []string{"column", "type", "nullable", "default", "note"}

var showCreateColumns = []string{"name", "create_statement"}

// object finds what a name means: a relation, else a topic.
func (s *Session) object(n parse.Name) (*catalog.Relation, log.Topic, error) {
	if rel, ok := s.catalog().Relation(n.Schema, n.Name, s.path()); ok {
		return rel, log.Topic{}, nil
	}
	if n.Schema == "" {
		if t, ok := s.db.Log.TopicByName(n.Name); ok {
			return nil, t, nil
		}
	}
	return nil, log.Topic{}, sqlerr.New(sqlerr.UndefinedTable, "relation or topic %q does not exist", n.String()).At(n.Pos).
		WithHint("SHOW STREAMS, SHOW TABLES, SHOW MATERIALIZED VIEWS, SHOW SINKS and SHOW TOPICS list what exists.").
		Meant(cmp.Or(catalog.Near(s.catalog(), n.Schema, n.Name, s.path()), s.nearTopic(n.String())))
}

// describe is DESCRIBE name: the columns of anything that has some.
func (s *Session) describe(b *parse.Describe, w face.Writer) error {
	rel, topic, err := s.object(b.Name)
	if err != nil {
		return err
	}
	var rows [][]string
	switch {
	case rel == nil:
		rows = recordColumns(topic)
	case rel.Kind == catalog.KindIndex:
		table, _ := s.catalog().ByOID(rel.Parent)
		note := "of table " + table.Name
		if rel.Unique {
			note = "unique, " + note
		}
		if where := rel.Condition(); where != "" {
			note += ", of rows where " + rel.Index.WherePretty
		}
		for i, at := range rel.KeyColumns {
			if at == catalog.NoColumn {
				k := rel.IndexKey(i)
				rows = append(rows, []string{k.Pretty, k.Type.String(), "yes", "", note})
				continue
			}
			rows = append(rows, []string{table.Columns[at].Name, table.Columns[at].Type.String(), nullable(&table.Columns[at]), "", note})
		}
	case rel.Kind == catalog.KindSequence:
		last, given := s.db.Sequences.Last(rel)
		for _, c := range [][3]string{
			{"last_value", "bigint", strconv.FormatInt(last, 10)}, {"is_called", "boolean", strconv.FormatBool(given)},
			{"definition", "", strings.TrimSpace(sequenceText(rel.Sequence))},
		} {
			rows = append(rows, []string{c[0], c[1], "no", "", c[2]})
		}
	default:
		for i := range rel.Columns {
			c := &rel.Columns[i]
			if c.Dropped {
				continue
			}
			rows = append(rows, []string{c.Name, c.Type.String(), nullable(c), s.defaultText(c), columnNote(rel, i)})
		}
	}
	return textRows(w, "DESCRIBE", describeColumns, rows)
}

func nullable(c *catalog.Column) string {
	if c.NotNull {
		return "no"
	}
	return "yes"
}

// columnNote says what else a column is.
func columnNote(rel *catalog.Relation, i int) string {
	var notes []string
	switch {
	case slices.Contains(rel.PrimaryKey, i) && rel.Kind == catalog.KindTable:
		notes = append(notes, "primary key")
	case slices.Contains(rel.PrimaryKey, i):
		notes = append(notes, "unique key")
	}
	if rel.Kind != catalog.KindTable && slices.Contains(rel.Format.Key, rel.Columns[i].Name) {
		notes = append(notes, "record key")
	}
	if rel.TimestampColumn == i {
		notes = append(notes, "record timestamp")
	}
	if m := rel.Watermark; m != nil && m.Column == i {
		notes = append(notes, "event time, watermark "+m.Delay.String()+" behind")
	}
	return strings.Join(notes, ", ")
}

// recordColumns are what every record of a topic has.
func recordColumns(t log.Topic) [][]string {
	of := func(typ sqltype.OID) string { return sqltype.Of(typ).String() }
	return [][]string{
		{"_partition", of(sqltype.Int4), "no", "", "0 to " + strconv.Itoa(int(t.Partitions)-1)},
		{"_offset", of(sqltype.Int8), "no", "", ""},
		{"_timestamp", of(sqltype.Timestamptz), "no", "", ""},
		{"_key", of(sqltype.Bytea), "yes", "", ""},
		{"_headers", of(sqltype.JSONB), "yes", "", ""},
		{"value", of(sqltype.Bytea), "yes", "", "CREATE STREAM … WITH (topic = " + quoteText(t.Name) + ") gives it columns"},
	}
}
