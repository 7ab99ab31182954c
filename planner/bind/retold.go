package bind

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/parse"
)

// named is a place of a text that names a relation.
type named struct {
	at    *pg.RangeVar
	input *catalog.Relation // under the names of the text
}

// Retold is the stored query of a relation with today's names of the relations that it reads, for who reads it: a name that is
// another now becomes "new AS old", and where columns have other names "new AS old(a, b)".
func Retold(rel *catalog.Relation, cat catalog.Reader) (string, error) {
	same := true
	for _, in := range rel.Inputs {
		same = same && in.Same(cat)
	}
	if same {
		return rel.Query, nil
	}
	b := newBinder(cat, storedOptions(rel))
	b.cat = catalog.AsWritten(cat, rel)
	b.tellingOf = b.cat
	q, _, err := b.stored(rel)
	if err != nil {
		return "", err
	}
	return retell(rel.Query, b.named, cat, allColumns(q.Select)), nil
}

// allColumns: which columns there are decides what the query means.
func allColumns(n *pg.SelectStmt) (found bool) {
	parse.EachMessage(n.ProtoReflect(), func(m any) {
		switch n := m.(type) {
		case *pg.A_Star:
			found = true
		case *pg.JoinExpr:
			found = found || n.IsNatural
		}
	})
	return found
}

func retell(text string, places []named, cat catalog.Reader, all bool) string {
	return apply(text, edited(text, places, cat, all, false, func(p *named, now *catalog.Relation) string {
		if now.Schema != "public" || p.at.Schemaname != "" {
			return quoted(now.Schema) + "." + quoted(now.Name)
		}
		return quoted(now.Name)
	}))
}

// edited are the changes to a text that give relations their names of today, as name says them; everywhere: also where
// the text has no schema and names what it did.
func edited(text string, places []named, cat catalog.Reader, all, everywhere bool, name func(*named, *catalog.Relation) string) (edits []edit) {
	for _, p := range places {
		now, ok := cat.ByOID(p.input.OID)
		if !ok || p.at.Location < 0 || now.Kind == catalog.KindSystem {
			continue
		}
		at := int(p.at.Location)
		nameEnd, end, within := parse.RelationSpan(text, at, p.at.Alias != nil)
		name := name(&p, now)
		unnamed := everywhere && p.at.Schemaname == "" && name != quoted(p.input.Name)
		moved := now.Name != p.input.Name || now.Schema != p.input.Schema
		switch as, columns := aliasOf(&p, now, all); {
		case within && moved, unnamed && (within || columns == "" && !moved):
			edits = append(edits, edit{at, nameEnd, name})
		case within:
		case columns != "" && all:
			edits = append(edits, edit{at, end, "(SELECT " + columns + " FROM " + name + ") AS " + as})
		case columns != "":
			edits = append(edits, edit{at, end, name + " AS " + as + columns})
		case moved && p.at.Alias != nil:
			edits = append(edits, edit{at, nameEnd, name})
		case moved:
			edits = append(edits, edit{at, end, name + " AS " + as})
		}
	}
	return edits
}

// aliasOf is what the text calls a relation, and, where its columns are not what the text takes them for, these: as an alias has
// them, or as a SELECT list when all of them count.
func aliasOf(p *named, now *catalog.Relation, all bool) (as, columns string) {
	as = quoted(p.input.Name)
	var given []string
	if p.at.Alias != nil {
		as = quoted(p.at.Alias.Aliasname)
		for _, n := range p.at.Alias.Colnames {
			given = append(given, n.GetString_().GetSval())
		}
	}
	var list, names []string
	differs := false
	for i := range now.Columns {
		was := &p.input.Columns[i]
		if was.Dropped {
			differs = differs || all && !now.Columns[i].Dropped
			continue
		}
		name := was.Name
		if len(given) > 0 {
			name, given = given[0], given[1:]
		}
		differs = differs || was.Name != now.Columns[i].Name
		names = append(names, quoted(name))
		if item := quoted(now.Columns[i].Name); name != now.Columns[i].Name {
			list = append(list, item+" AS "+quoted(name))
		} else {
			list = append(list, item)
		}
	}
	switch {
	case !differs:
		return as, ""
	case all:
		return as, strings.Join(list, ", ")
	}
	return as, "(" + strings.Join(names, ", ") + ")"
}
