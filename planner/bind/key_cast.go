package bind

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// families are types whose values PostgreSQL compares across in one operator family.
var families = [][]sqltype.OID{
	{sqltype.Int2, sqltype.Int4, sqltype.Int8},
	{sqltype.Float4, sqltype.Float8},
	{sqltype.Text, sqltype.Varchar, sqltype.Name},
	{sqltype.Date, sqltype.Timestamp},
}

// related reports whether two types are of one operator family.
func related(a, b sqltype.OID) bool {
	x, ok := builtin.BtreeOf(a)
	y, both := builtin.BtreeOf(b)
	return ok && both && x.On == y.On ||
		slices.ContainsFunc(families, func(f []sqltype.OID) bool { return slices.Contains(f, a) && slices.Contains(f, b) })
}

// refers reports whether a column of a type may refer to one of another.
func refers(from, key sqltype.OID) (bool, error) {
	if _, ok := builtin.BtreeOf(key); !ok {
		return false, nil
	}
	if from == key {
		return true, nil
	}
	zoned := func(t sqltype.OID) bool { return t == sqltype.Timestamptz }
	days := func(t sqltype.OID) bool { return t == sqltype.Date || t == sqltype.Timestamp }
	if zoned(from) && days(key) || days(from) && zoned(key) {
		return false, unsupported("a foreign key from " + from.String() + " to " + key.String()).
			WithHint("What it refers to would depend on the time zone of the session. Use columns of one type.")
	}
	return related(from, key) || canCoerce(from, key, implicit), nil
}

// KeyCast turns values of a column of a foreign key into those of the key's column.
type KeyCast struct {
	// Same: they are already, under another name of the type.
	Same bool
	// To gives the key's value of column 0. Back, if not nil, gives of that the value again: where it is another one, or To
	// fails, there is no such key.
	To, Back plan.Expr
}

// CastOfKey is the cast from a type to a key's type.
func CastOfKey(from, key sqltype.OID, o Options) (KeyCast, error) {
	if from == key {
		return KeyCast{Same: true}, nil
	}
	level := implicit
	if !canCoerce(from, key, implicit) {
		level = assignment
	}
	if findPathway(from, key, level).method == 'b' {
		return KeyCast{Same: true}, nil
	}
	b := newBinder(nil, o)
	var c KeyCast
	var err error
	if c.To, err = b.coerce(&plan.Column{T: sqltype.Of(from)}, sqltype.Of(key), level, -1); err != nil || level == implicit {
		return c, err
	}
	c.Back, err = b.coerce(&plan.Column{T: sqltype.Of(key)}, sqltype.Of(from), assignment, -1)
	return c, err
}

// AssignKey is column 0, of a key's type, as a value of a column that refers to it; nil = it is as it is.
func AssignKey(key sqltype.Type, column *catalog.Column, o Options) (plan.Expr, error) {
	if key == column.Type {
		return nil, nil
	}
	b := newBinder(nil, o)
	e, err := b.coerceTo(&plan.Column{T: key}, column.Type, assignment, -1)
	if err == nil && e == nil {
		err = sqlerr.New(sqlerr.DatatypeMismatch, "column \"%s\" is of type %s but expression is of type %s", column.Name, column.Type.OID, key.OID)
	}
	return e, err
}

// Defaults are the default values of columns of a table.
func Defaults(rel *catalog.Relation, columns []int, cat catalog.Reader, o Options) ([]plan.Expr, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	out := make([]plan.Expr, len(columns))
	for i, c := range columns {
		var err error
		if out[i], err = b.defaultOf(&rel.Columns[c]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
