package session

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/topicconfig"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// showCreate is SHOW CREATE name: the statements that make the same object elsewhere.
func (s *Session) showCreate(b *parse.ShowCreate, w face.Writer) error {
	rel, topic, err := s.object(b.Name)
	if err != nil {
		return err
	}
	name, text := topic.Name, createTopicText(topic)
	if rel != nil {
		name = rel.QualifiedName()
		if text, err = s.createText(rel); err != nil {
			return err
		}
	}
	return textRows(w, "SHOW CREATE", showCreateColumns, [][]string{{name, text}})
}

func (s *Session) createText(rel *catalog.Relation) (string, error) {
	name := qualified(rel)
	switch rel.Kind {
	case catalog.KindTable:
		return s.sequencesText(rel) + "CREATE TABLE " + name + s.columnList(rel) + withText(rel), nil
	case catalog.KindStream:
		if rel.Query == "" {
			return "CREATE STREAM " + name + s.columnList(rel) + withText(rel), nil
		}
		return s.frozenText(rel) + "CREATE STREAM " + name + columnNames(rel) + withText(rel) + " AS\n" + rel.Shown(), nil
	case catalog.KindView:
		return s.frozenText(rel) + "CREATE MATERIALIZED VIEW " + name + columnNames(rel) + withText(rel) + " AS\n" + rel.Shown(), nil
	case catalog.KindPlainView:
		return s.frozenText(rel) + "CREATE VIEW " + name + columnNames(rel) + withText(rel) + " AS\n" + rel.Shown(), nil
	case catalog.KindSink:
		return s.frozenText(rel) + "CREATE SINK " + name + columnNames(rel) + " TO TOPIC " + quoteText(rel.TopicName) + withText(rel) +
			" AS\n" + rel.Shown(), nil
	case catalog.KindIndex:
		table, ok := s.catalog().ByOID(rel.Parent)
		if !ok {
			return "", sqlerr.New(sqlerr.UndefinedTable, "the table of index %q was dropped meanwhile", rel.Name)
		}
		return pgcatalog.IndexText(table, rel, qualified(table)), nil
	case catalog.KindSequence:
		return "CREATE SEQUENCE " + name + sequenceText(rel.Sequence), nil
	case catalog.KindErrors:
		parent, _ := s.catalog().ByOID(rel.Parent)
		return "", sqlerr.New(sqlerr.WrongObjectType, "%q comes with %s %q and is not created by itself", rel.Name, parent.Kind, parent.Name).
			WithHint("SHOW CREATE %s", qualified(parent))
	}
	return "", sqlerr.New(sqlerr.WrongObjectType, "%q is part of the server and is not created", rel.Name)
}

// frozenText sets what the definition depends on where it is not as in this session.
func (s *Session) frozenText(rel *catalog.Relation) string {
	out := ""
	for _, f := range plan.Frozen {
		name := f.Name
		value, ok := rel.Settings[name]
		switch {
		case !ok || value == s.set.get(name):
		case name == "search_path": // a list: its text is SQL already
			out += "SET " + name + " = " + value + ";\n"
		default:
			out += "SET " + name + " = " + quoteText(value) + ";\n"
		}
	}
	return out
}

func (s *Session) columnList(rel *catalog.Relation) string {
	var lines []string
	for _, c := range rel.Columns {
		if c.Dropped {
			continue
		}
		line := "    " + ident(c.Name) + " " + c.Type.String()
		if c.NotNull {
			line += " NOT NULL"
		}
		lines = append(lines, line+s.valueText(&c))
	}
	if len(rel.PrimaryKey) > 0 && rel.Kind == catalog.KindTable {
		key := "    PRIMARY KEY"
		if rel.KeyName != "" {
			key = "    CONSTRAINT " + ident(rel.KeyName) + " PRIMARY KEY"
		}
		lines = append(lines, key+nameList(rel, rel.PrimaryKey))
	}
	if key, ok := s.catalog().ByOID(rel.KeyIndex); ok {
		lines = append(lines, "    CONSTRAINT "+ident(key.Name)+" "+pgcatalog.KeyText(rel, key))
	}
	for _, c := range rel.Checks {
		lines = append(lines, "    CONSTRAINT "+ident(c.Name)+" CHECK ("+c.Expr+")")
	}
	for i := range rel.ForeignKeys {
		k := &rel.ForeignKeys[i]
		if to, ok := s.catalog().ByOID(k.References); ok {
			lines = append(lines, "    CONSTRAINT "+ident(k.Name)+" "+pgcatalog.ForeignKeyDef(rel, to, k, qualified(to)))
		}
	}
	if m := rel.Watermark; m != nil {
		c := ident(rel.Columns[m.Column].Name)
		behind := ""
		if m.Delay > 0 {
			behind = " - INTERVAL " + quoteText(spelled(m.Delay))
		}
		lines = append(lines, "    WATERMARK FOR "+c+" AS "+c+behind)
	}
	return " (\n" + strings.Join(lines, ",\n") + "\n)"
}

// spelled is a time, of whole microseconds, as people write an interval: 1 hour 30 minutes.
func spelled(d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		size time.Duration
		name string
	}{
		{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"},
		{time.Millisecond, "millisecond"}, {time.Microsecond, "microsecond"},
	} {
		n := d / u.size
		if d -= n * u.size; n == 0 {
			continue
		}
		part := fmt.Sprintf("%d %s", n, u.name)
		if n > 1 {
			part += "s"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

func columnNames(rel *catalog.Relation) string {
	all := make([]int, len(rel.Columns))
	for i := range all {
		all[i] = i
	}
	return nameList(rel, all)
}

func nameList(rel *catalog.Relation, at []int) string {
	names := make([]string, len(at))
	for i, c := range at {
		names[i] = ident(rel.Columns[c].Name)
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// withText is the WITH list: the options as given, on_error as ALTER left it, and what was fixed at the creation by
// a setting of the server, which may be another elsewhere.
func withText(rel *catalog.Relation) string {
	options := maps.Clone(rel.Options)
	if options == nil {
		options = map[string]string{}
	}
	if _, given := options["on_error"]; rel.Query != "" && rel.Kind != catalog.KindPlainView && (given || rel.OnErrorSkip) {
		options["on_error"] = map[bool]string{true: "skip", false: "fail"}[rel.OnErrorSkip]
	}
	if _, given := options["idle_timeout"]; rel.Watermark != nil && rel.Query == "" && !given {
		options["idle_timeout"] = cmp.Or(spelled(rel.Watermark.IdleTimeout), "0 seconds")
	}
	for _, o := range rel.Storage {
		name, value, _ := strings.Cut(o, "=")
		options[name] = value
	}
	return optionList(options)
}

func optionList(options map[string]string) string {
	if len(options) == 0 {
		return ""
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(options)) {
		parts = append(parts, name+" = "+quoteText(options[name]))
	}
	return " WITH (" + strings.Join(parts, ", ") + ")"
}

// createTopicText has what CREATE TOPIC can say; what only Kafka's clients can set is a comment.
func createTopicText(t log.Topic) string {
	options := map[string]string{"partitions": fmt.Sprint(t.Partitions)}
	comments := ""
	for _, name := range slices.Sorted(maps.Keys(t.Configs)) {
		if topicconfig.Find(name) != nil {
			options[topicconfig.OptionName(name)] = t.Configs[name]
			continue
		}
		comments += "\n-- " + strings.ReplaceAll(name+"="+t.Configs[name], "\n", " ")
	}
	return "CREATE TOPIC " + quoteText(t.Name) + optionList(options) + comments
}

func qualified(rel *catalog.Relation) string {
	if rel.Schema == "" || rel.Schema == "public" {
		return ident(rel.Name)
	}
	return ident(rel.Schema) + "." + ident(rel.Name)
}

// ident is a name as SQL text, in quotes where it needs them.
func ident(name string) string {
	if parse.IsPlainName(name) {
		return name
	}
	return quoteIdent(name)
}

// quoteText is a string literal.
func quoteText(v string) string { return "'" + strings.ReplaceAll(v, "'", "''") + "'" }
