package session

import (
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/catalog"
)

// valueText is what gives a column its value where INSERT does not.
func (s *Session) valueText(c *catalog.Column) string {
	seq, ok := s.catalog().ByOID(c.Sequence)
	switch {
	case c.Generated != "":
		return " GENERATED ALWAYS AS (" + c.Generated + ") STORED"
	case c.Identity != "" && ok:
		return " GENERATED " + strings.ToUpper(c.Identity) + " AS IDENTITY (" + strings.TrimSpace(sequenceText(seq.Sequence)) + ")"
	case c.Sequence != 0 && ok:
		return " DEFAULT " + nextvalText(seq)
	case c.Default != "":
		return " DEFAULT " + c.Default
	}
	return ""
}

func nextvalText(seq *catalog.Relation) string {
	return "nextval(" + quoteText(qualified(seq)) + "::regclass)"
}

// sequencesText makes the sequences of a table's serial columns, which must be there before it.
func (s *Session) sequencesText(rel *catalog.Relation) string {
	out := ""
	for i := range rel.Columns {
		c := &rel.Columns[i]
		if seq, ok := s.catalog().ByOID(c.Sequence); ok && c.Identity == "" {
			out += "CREATE SEQUENCE " + qualified(seq) + sequenceText(seq.Sequence) + ";\n"
		}
	}
	return out
}

// sequenceText is a sequence's options, all of them.
func sequenceText(q *catalog.Sequence) string {
	cycle := ""
	if q.Cycle {
		cycle = " CYCLE"
	}
	as := ""
	if q.Type != 0 {
		as = " AS " + q.Type.String()
	}
	return fmt.Sprintf("%s INCREMENT BY %d MINVALUE %d MAXVALUE %d START WITH %d CACHE %d%s", as, q.Increment, q.Min, q.Max, q.Start, max(q.Cache, 1), cycle)
}

// defaultText is a column's default as DESCRIBE shows it.
func (s *Session) defaultText(c *catalog.Column) string {
	return strings.TrimPrefix(strings.TrimPrefix(s.valueText(c), " DEFAULT "), " ")
}
