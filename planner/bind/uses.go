package bind

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

// UsesColumn reports whether the stored query of a relation names a column of another, itself and not through a view: without
// the column it would not be what it is.
func UsesColumn(rel *catalog.Relation, of catalog.OID, column int, cat catalog.Reader) (bool, error) {
	with, err := storedPlan(rel, catalog.AsWritten(cat, rel), cat)
	if err != nil {
		return false, err
	}
	without, err := storedPlan(rel, &lacking{Reader: catalog.AsWritten(cat, rel), of: of, column: column}, cat)
	return err != nil || with != without, nil
}

// lacking is a catalog where a relation has a column less.
type lacking struct {
	catalog.Reader
	of     catalog.OID
	column int
	name   string // of the column, once it was taken out
}

func (l *lacking) Relation(schema, name string, path []string) (*catalog.Relation, bool) {
	rel, ok := l.Reader.Relation(schema, name, path)
	if !ok || rel.OID != l.of || l.column >= len(rel.Columns) || rel.Columns[l.column].Dropped {
		return rel, ok
	}
	l.name = rel.Columns[l.column].Name
	less := *rel
	less.Columns = slices.Clone(rel.Columns)
	less.Columns[l.column].Dropped = true
	return &less, true
}

// storedPlan is the plan of a stored query, as text.
func storedPlan(rel *catalog.Relation, names, today catalog.Reader) (string, error) {
	b := newBinder(today, storedOptions(rel))
	b.cat = names
	_, root, err := b.stored(rel)
	if err != nil {
		return "", err
	}
	lines := strings.Split(plan.Format(root), "\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool {
		return strings.HasPrefix(strings.TrimSpace(l), "Columns: ") // what a relation has is not what is used of it
	}), "\n"), nil
}

func storedOptions(rel *catalog.Relation) Options {
	return Options{Settings: plan.FrozenSettings(rel.Settings), NoParams: true, Continuous: rel.Derived()}
}

// stored binds the query of a relation anew.
func (b *binder) stored(rel *catalog.Relation) (q parse.Query, root plan.Node, err error) {
	stmts, err := parse.Parse(rel.Query)
	if err != nil {
		return q, nil, err
	}
	switch s := stmts[0].Body.(type) {
	case *parse.Select:
		q = s.Query
	case *parse.Subscribe:
		q = s.Query
	}
	b.emit = q.Emit
	root, err = b.query(q)
	return q, root, err
}

// RuleUses reports whether a stored expression over a row of a table names a column.
func RuleUses(rel *catalog.Relation, expr string, column int) (bool, error) {
	n, err := storedExpr(expr)
	if err != nil {
		return false, err
	}
	return slices.Contains(columnsIn(n, nil), rel.Columns[column].Name), nil
}

// CastsTo reports whether the stored query of a relation has values that the constraints of a domain are asked about.
func CastsTo(rel *catalog.Relation, domain catalog.OID, cat catalog.Reader) (bool, error) {
	b := newBinder(cat, storedOptions(rel))
	b.cat = catalog.AsWritten(cat, rel)
	_, _, err := b.stored(rel)
	return slices.Contains(b.casts, sqltype.OID(domain)), err
}
