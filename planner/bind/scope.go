package bind

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// scope is what the names of an expression can mean: the items of FROM over one row.
type scope struct {
	items []*item
	node  plan.Node // the row; nil before FROM is bound and without FROM
	// hidden are tables of FROM that cannot be named: inside (a JOIN b) AS j.
	hidden []string
	// fn: the level is around a function's text.
	fn *inlined
}

// item is one name of FROM (PostgreSQL's nsitem).
type item struct {
	name    string // alias, or relation name; empty: only its columns can be named
	schema  string // of a relation without alias
	columns []column
	// byName: the item can be named (t.a, t.*); byColumn: its columns can be named alone.
	byName, byColumn bool
	rel              *catalog.Relation
	pos              int32
	// scalar: the item is a function that gives one value a row, which its name alone means.
	scalar bool
	// guard are the policies of the table that the item is, nil = none count.
	guard *rowGuard
	// mayMiss: an outer join has rows without the item's.
	mayMiss bool
}

// column is one column of an item.
type column struct {
	name   string
	typ    sqltype.Type
	index  int // in the row
	hidden bool
	// dropped: it is hidden, and among those that are not.
	dropped bool
	rel     plan.RelationID
	attnum  int16
	// read, if not nil, is to be told that the column is read.
	read *bool
	// merged is the value of a column merged by USING that is neither side's column; nil else.
	merged plan.Expr
}

// expr is the column over the row.
func (c *column) expr() plan.Expr {
	if c.merged != nil {
		return plan.WithChildren(c.merged, plan.Children(c.merged))
	}
	return &plan.Column{Index: c.index, T: c.typ, Name: c.name}
}

// shift moves the column right in the row.
func (c *column) shift(by int) {
	if c.merged != nil {
		c.merged = plan.MapColumns(c.merged, func(i int) int { return i + by })
		return
	}
	c.index += by
}

func (b *binder) columnExpr(c *column, pos int32) plan.Expr {
	b.reads(c)
	return b.at(c.expr(), pos)
}

// findColumn resolves a name without a table in the innermost level; nil without an error when
// there is none.
func (s *scope) findColumn(name string, pos int32) (*item, *column, error) {
	var foundItem *item
	var found *column
	for _, it := range s.items {
		if !it.byColumn {
			continue
		}
		for i := range it.columns {
			c := &it.columns[i]
			if c.name != name || c.name == hiddenField {
				continue
			}
			if found != nil {
				return nil, nil, sqlerr.New(sqlerr.AmbiguousColumn, "column reference \"%s\" is ambiguous", name).At(pos)
			}
			foundItem, found = it, c
		}
	}
	return foundItem, found, nil
}

// findItem resolves a table name; schema may be empty.
func (s *scope) findItem(schema, name string, pos int32) (*item, error) {
	var found *item
	for _, it := range s.items {
		if !it.byName || it.name != name || (schema != "" && it.schema != schema) {
			continue
		}
		if found != nil {
			return nil, sqlerr.New(sqlerr.AmbiguousAlias, "table reference \"%s\" is ambiguous", name).At(pos)
		}
		found = it
	}
	return found, nil
}

func (it *item) find(name string, pos int32) (*column, error) {
	var found *column
	for i := range it.columns {
		if it.columns[i].name == name && name != hiddenField {
			if found != nil {
				return nil, sqlerr.New(sqlerr.AmbiguousColumn, "column reference \"%s\" is ambiguous", name).At(pos)
			}
			found = &it.columns[i]
		}
	}
	return found, nil
}

// missingItem is the error for a table name that FROM does not have.
func (s *scope) missingItem(name string, pos int32) error {
	for _, it := range s.items {
		if it.rel != nil && it.rel.Name == name && it.name != name {
			return sqlerr.New(sqlerr.UndefinedTable, "invalid reference to FROM-clause entry for table \"%s\"", name).At(pos).
				WithHint("Perhaps you meant to reference the table alias \"%s\".", it.name)
		}
	}
	invisible := slices.Contains(s.hidden, name)
	for _, it := range s.items {
		invisible = invisible || (it.byName && it.name == name)
	}
	if invisible {
		return sqlerr.New(sqlerr.UndefinedTable, "invalid reference to FROM-clause entry for table \"%s\"", name).At(pos).
			WithHint("There is an entry for table \"%s\", but it cannot be referenced from this part of the query.", name)
	}
	return sqlerr.New(sqlerr.UndefinedTable, "missing FROM-clause entry for table \"%s\"", name).At(pos)
}
