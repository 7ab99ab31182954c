package bind

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// told is a place of the text that is told, besides names of relations: what is named there.
type told struct {
	at    int32
	name  string // as it is written there
	class string // of the catalog that has what is named, with its OID
	oid   uint32
	// value is that of a literal which names something: 'orders'::regclass.
	value *plan.Const
	// star are the columns that * stands for.
	star []starColumn
}

// starColumn is a column that * stands for, and how the text can say it by itself.
type starColumn struct{ name, text string }

// edit is a part of a text that is to be another.
type edit struct {
	from, to int
	text     string
}

// telling: the text that is bound now is the one that is told, not that of a view or function in it.
func (b *binder) telling() bool { return b.tellingOf != nil && b.cat == b.tellingOf && b.fn == nil }

// tell remembers a place of the text.
func (b *binder) tell(t told) {
	if t.at >= 0 && b.telling() {
		b.told = append(b.told, t)
	}
}

// Definition is the stored query of a relation as pg_get_viewdef tells it to who has the search path of view: its names resolve there, also under the
// empty path of a dump, and its columns are named as the relation's are. What it does not have to change stays as it was written.
func Definition(rel *catalog.Relation, cat catalog.Reader, view *pgcatalog.View) (string, error) {
	b := newBinder(cat, storedOptions(rel))
	b.cat = catalog.AsWritten(cat, rel)
	b.tellingOf = b.cat
	q, root, err := b.stored(rel)
	if err != nil {
		return "", err
	}
	columns := len(visible(root))
	edits := edited(rel.Query, b.named, cat, isNatural(q.Select), true, func(p *named, now *catalog.Relation) string {
		if seen, known := view.Visible("pg_class", uint32(now.OID)); p.at.Schemaname == "" && known && seen {
			return quoted(now.Name)
		}
		return quoted(now.Schema) + "." + quoted(now.Name)
	})
	stars := map[int32][]starColumn{}
	for _, t := range b.told {
		if t.star != nil {
			stars[t.at] = t.star
			continue
		}
		if e, ok := t.edit(rel.Query, cat, view); ok {
			edits = append(edits, e)
		}
	}
	titles, whole := titled(rel.Query, q.Select, rel.Columns[:min(columns, len(rel.Columns))], stars)
	for at, star := range stars {
		if end, ok := parse.StarEnd(rel.Query, int(at)); ok {
			edits = append(edits, edit{int(at), end, starText(star)})
		}
	}
	text := apply(rel.Query, append(edits, titles...))
	if !whole {
		var names []string
		for i := range columns {
			names = append(names, quoted(rel.Columns[i].Name))
		}
		text = "SELECT * FROM (" + strings.TrimSuffix(strings.TrimSpace(text), ";") + ") AS " + quoted(rel.Name) + "(" + strings.Join(names, ", ") + ")"
	}
	return text, nil
}

// edit is what stands at a place today, for who reads it.
func (t *told) edit(text string, cat catalog.Reader, view *pgcatalog.View) (edit, bool) {
	if t.value != nil {
		end, ok := parse.StringEnd(text, int(t.at), t.name)
		env := *codec.UTC
		env.Names = view
		return edit{int(t.at), end, ident.Text(string(codec.FormatText(nil, &t.value.Value, 0, &env)))}, ok
	}
	end, ok := parse.BareNameEnd(text, int(t.at), t.name)
	now, there := cat.ByOID(catalog.OID(t.oid))
	if !ok || !there {
		return edit{}, false
	}
	name := quoted(now.Name)
	if seen, known := view.Visible(t.class, t.oid); !known || !seen {
		name = quoted(now.Schema) + "." + name
	}
	return edit{int(t.at), end, name}, true
}

// titled are the edits that give the columns of a query the names of a relation's; false: it cannot be said in the query itself.
func titled(text string, s *pg.SelectStmt, columns []catalog.Column, stars map[int32][]starColumn) (edits []edit, whole bool) {
	for s.GetLarg() != nil {
		s = s.Larg
	}
	i, same := 0, true
	for _, n := range s.GetTargetList() {
		rt := n.GetResTarget()
		if star, is := stars[rt.GetLocation()]; is {
			for k := range star {
				if i < len(columns) && star[k].name != columns[i].Name {
					star[k].text += " AS " + quoted(columns[i].Name)
				}
				i++
			}
			continue
		}
		title := cmp.Or(rt.GetName(), columnTitle(rt.GetVal()))
		if i < len(columns) && title != columns[i].Name {
			same = false
			last, end := parse.TargetEnd(text, int(rt.Location))
			if rt.Name != "" {
				edits = append(edits, edit{last, end, quoted(columns[i].Name)})
			} else {
				edits = append(edits, edit{end, end, " AS " + quoted(columns[i].Name)})
			}
		}
		i++
	}
	if i == len(columns) {
		return edits, true
	}
	// VALUES, (row).*, and what streams are read by: as long as they have their own names nothing is to be said.
	for k := range columns {
		same = same && (len(s.GetValuesLists()) == 0 || columns[k].Name == "column"+strconv.Itoa(k+1))
	}
	return nil, same
}

func starText(star []starColumn) string {
	parts := make([]string, len(star))
	for i, c := range star {
		parts[i] = c.text
	}
	return strings.Join(parts, ", ")
}

// apply puts edits, which do not overlap, into a text. Of two of the same place, as a text that is bound twice has, one counts.
func apply(text string, edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(b.from, a.from), cmp.Compare(b.to, a.to)) })
	edits = slices.CompactFunc(edits, func(a, b edit) bool { return a.from == b.from && a.to == b.to })
	for _, e := range edits {
		text = text[:e.from] + e.text + text[e.to:]
	}
	return text
}

func isNatural(n *pg.SelectStmt) (found bool) {
	parse.EachMessage(n.ProtoReflect(), func(m any) {
		j, ok := m.(*pg.JoinExpr)
		found = found || ok && j.IsNatural
	})
	return found
}

// tellStar remembers what * stands for. Columns that joins have merged have no table to be named with.
func (b *binder) tellStar(at int32, items []*item) {
	if at < 0 || !b.telling() {
		return
	}
	list := []starColumn{}
	for _, it := range items {
		prefix := ""
		if it.byName && it.name != "" {
			prefix = quoted(it.name) + "."
			if it.schema != "" && slices.ContainsFunc(items, func(o *item) bool { return o != it && o.name == it.name }) {
				prefix = quoted(it.schema) + "." + prefix
			}
		}
		for i := range it.columns {
			if c := &it.columns[i]; !c.hidden {
				list = append(list, starColumn{c.name, prefix + quoted(c.name)})
			}
		}
	}
	b.told = append(b.told, told{at: at, star: list})
}

// namesThings: values of a type name objects of the catalog.
func namesThings(t sqltype.OID) bool {
	return t == sqltype.Regclass || t == sqltype.Regtype || t == sqltype.Regproc || t == sqltype.Regprocedure
}
