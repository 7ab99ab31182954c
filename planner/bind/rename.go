package bind

import (
	"cmp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/planner/parse"
)

// RenameInRules gives a column another name in the CHECKs and generated columns of a table, of which rel is a copy; they
// name columns without the table from then on. Without a column only that is done, for a table that is renamed.
func RenameInRules(rel *catalog.Relation, from, to string) error {
	rel.Checks, rel.Columns = slices.Clone(rel.Checks), slices.Clone(rel.Columns)
	var texts []*string
	for i := range rel.Checks {
		texts = append(texts, &rel.Checks[i].Expr, &rel.Checks[i].Pretty)
	}
	for i := range rel.Columns {
		texts = append(texts, &rel.Columns[i].Generated)
	}
	for _, text := range texts {
		if *text == "" {
			continue
		}
		var err error
		if *text, err = renamedRefs(*text, from, to); err != nil {
			return err
		}
	}
	return nil
}

// RenameSequence writes the name that a sequence gets into the defaults of a table, a copy, and reports whether it stood there.
func RenameSequence(rel *catalog.Relation, old, changed *catalog.Relation, cat catalog.Reader, o Options) (bool, error) {
	path, did := o.Settings.SearchPath, false
	name := quoted(changed.Name)
	if changed.Schema != "public" {
		name = quoted(changed.Schema) + "." + name
	}
	for i := range rel.Columns {
		err := rewritten(&rel.Columns[i].Default, func(n *pg.Node) (found bool) {
			parse.EachMessage(n.ProtoReflect(), func(m any) {
				c, ok := m.(*pg.A_Const)
				if !ok || c.GetSval() == nil {
					return
				}
				if is, err := SequenceNamed(cat, c.GetSval().Sval, path); err == nil && is.OID == old.OID {
					c.GetSval().Sval, found = name, true
				}
			})
			did = did || found
			return found
		})
		if err != nil {
			return false, err
		}
	}
	return did, nil
}

// SortChecks puts CHECKs into the order in which they are obeyed: of several that are violated the first by name is told.
func SortChecks(checks []catalog.Check) {
	slices.SortFunc(checks, func(a, b catalog.Check) int { return cmp.Compare(a.Name, b.Name) })
}

// rewritten changes the tree of a stored expression, and its text if that did something.
func rewritten(text *string, change func(n *pg.Node) bool) error {
	if *text == "" {
		return nil
	}
	n, err := storedExpr(*text)
	if err != nil || !change(n) {
		return err
	}
	*text, err = deparseExpr(n)
	return err
}

// quoted is a name in a text of SQL.
func quoted(name string) string {
	if parse.IsPlainName(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
