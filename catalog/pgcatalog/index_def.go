package pgcatalog

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/ident"
)

// IndexDef is pg_get_indexdef: of the whole index, or of one of its columns.
func (v *View) IndexDef(oid uint32, column int32, pretty bool) (string, bool) {
	x, ok := v.index(oid)
	if !ok {
		return "", false
	}
	if column > 0 {
		return x.column(int(column)-1, pretty), true
	}
	table := qualified(x.table)
	if pretty {
		table = v.className(uint32(x.table.OID))
	}
	return x.text(table, pretty), true
}

// IndexText is the CREATE INDEX of an index, as pg_get_indexdef gives it, of a table under a name.
func IndexText(table, rel *catalog.Relation, name string) string {
	x := indexed{uint32(rel.OID), rel.Name, table, rel.KeyColumns, rel.Unique, false, false, rel}
	return x.text(name, true)
}

func (x *indexed) text(table string, pretty bool) string {
	var b strings.Builder
	b.WriteString("CREATE ")
	if x.unique {
		b.WriteString("UNIQUE ")
	}
	method := "btree"
	if x.method() == bootstrap.Hash {
		method = "hash"
	}
	b.WriteString("INDEX " + ident.Quote(x.name) + " ON " + table + " USING " + method + " (")
	for i := range x.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(x.column(i, pretty) + x.keyText(i))
	}
	b.WriteString(")" + x.behind())
	if x.rel != nil {
		if where := x.rel.Condition(); where != "" {
			if pretty {
				where = x.rel.Index.WherePretty
			}
			b.WriteString(" WHERE " + where)
		}
	}
	return b.String()
}

// constraintText is the key of a UNIQUE or PRIMARY KEY constraint.
func (x *indexed) constraintText(primary bool) string {
	kind := "UNIQUE "
	if primary {
		kind = "PRIMARY KEY "
	}
	if x.rel != nil && x.rel.EqualNulls() {
		kind += "NULLS NOT DISTINCT "
	}
	out := kind + "(" + strings.Join(nameList(x.table, x.columns), ", ") + ")"
	if list := x.included(); len(list) > 0 {
		out += " INCLUDE (" + strings.Join(nameList(x.table, list), ", ") + ")"
	}
	return out
}

// KeyText is the constraint of an index that is a primary key, with its parameters.
func KeyText(table, rel *catalog.Relation) string {
	x := indexed{uint32(rel.OID), rel.Name, table, rel.KeyColumns, true, true, true, rel}
	return x.constraintText(true) + x.storageText()
}

// column is one column of the index, its key's first; "" = it has none there.
func (x *indexed) column(i int, pretty bool) string {
	all := slices.Concat(x.columns, x.included())
	if i >= len(all) {
		return ""
	}
	if all[i] != catalog.NoColumn {
		return ident.Quote(x.table.Columns[all[i]].Name)
	}
	e := x.key(i).Expr
	call := isCall(e)
	if pretty {
		e = x.key(i).Pretty
	}
	if call {
		return e
	}
	return "(" + e + ")"
}

// isCall: an expression is a call of a function, which needs no parentheses around it.
func isCall(e string) bool {
	open := strings.IndexByte(e, '(')
	if open <= 0 || !strings.HasSuffix(e, ")") || strings.ContainsAny(e[:open], " '\"") {
		return false
	}
	return Pretty(e[open:]) != e[open:] // the parenthesis that opens there closes at the end
}

// keyText is what stands behind a column of the key.
func (x *indexed) keyText(i int) string {
	k, out := x.key(i), ""
	if k.Collation != 0 {
		out += " COLLATE " + ident.Quote(nameIn("pg_collation", uint32(k.Collation), 1))
	}
	if k.Class != 0 {
		out += " " + ident.Quote(nameIn("pg_opclass", uint32(k.Class), 2))
	}
	switch {
	case k.Desc && !k.NullsFirst:
		out += " DESC NULLS LAST"
	case k.Desc:
		out += " DESC"
	case k.NullsFirst:
		out += " NULLS FIRST"
	}
	return out
}

func nameIn(class string, oid uint32, column int) string {
	if row := bootstrap.ByOID(class, oid); row != nil {
		return row[column]
	}
	return ""
}

// behind is what stands behind the key, before its condition.
func (x *indexed) behind() string {
	out := ""
	if list := x.included(); len(list) > 0 {
		out += " INCLUDE (" + strings.Join(nameList(x.table, list), ", ") + ")"
	}
	if x.rel != nil && x.rel.EqualNulls() {
		out += " NULLS NOT DISTINCT"
	}
	return out + x.storageText()
}

func (x *indexed) storageText() string {
	if x.rel == nil || x.rel.Index == nil || len(x.rel.Index.Storage) == 0 {
		return ""
	}
	var list []string
	for _, o := range x.rel.Index.Storage {
		name, value, _ := strings.Cut(o, "=")
		if ident.Quote(value) != value {
			value = ident.Text(value)
		}
		list = append(list, name+"="+value)
	}
	return " WITH (" + strings.Join(list, ", ") + ")"
}

// IndexKeyText is the key of an index as errors have it.
func IndexKeyText(table, rel *catalog.Relation) string {
	x := indexed{table: table, columns: rel.KeyColumns, rel: rel}
	out := make([]string, len(x.columns))
	for i := range out {
		out[i] = x.column(i, true)
	}
	return strings.Join(out, ", ")
}
