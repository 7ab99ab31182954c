package bind

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// alterType is ALTER COLUMN TYPE.
func (d *definition) alterType(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	col, err := d.columnOf(c.Name)
	if err != nil {
		return nil, err
	}
	n := c.Def.GetColumnDef()
	t, err := d.b.typeOf(n.TypeName)
	if err != nil {
		return nil, err
	}
	at := d.rel.ColumnIndex(c.Name)
	switch {
	case t.OID.Phys() == 0:
		return nil, sqlerr.New(sqlerr.InvalidTableDefinition, "column \"%s\" has pseudo-type %s", c.Name, displayType(t.OID))
	case col.Generated != "":
		return nil, unsupported("ALTER TYPE of a generated column")
	case col.Identity != "" && !sameKey(sqltype.Int2, t.OID):
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "identity column type must be smallint, integer, or bigint")
	}
	for _, ix := range d.b.cat.Indexes(d.rel.OID) {
		if slices.Contains(ix.KeyColumns, at) {
			if err := comparable(t.OID, -1); err != nil {
				return nil, err
			}
		}
	}
	out := &AlterTablePlan{Relation: d.rel, Retyped: at + 1}
	if (same(col.Type, t) || d.rel.IsKey(at)) && d.onlyCasts(n.RawDefault, c.Name, t) {
		n = &pg.ColumnDef{TypeName: n.TypeName}
	}
	if n.RawDefault != nil || !same(col.Type, t) {
		if d.rel.IsKey(at) && (n.RawDefault != nil || !sameKey(col.Type.OID, t.OID)) {
			return nil, unsupported("ALTER TYPE of the primary key that a table was created with, other than from an integer type to a wider one,").
				WithHint("Its rows are kept by it. Create another table and INSERT INTO … SELECT.")
		}
		if err := d.using(out, col, t, n.RawDefault); err != nil {
			return nil, err
		}
	}
	if col.Default != "" {
		e, err := d.b.defaultOf(col) // as it is now: a literal of its text may be one of the other type too
		if err != nil {
			return nil, err
		}
		if e, err = d.b.coerceTo(e, t, assignment, -1); err != nil || e == nil {
			return nil, sqlerr.New(sqlerr.DatatypeMismatch, "default for column \"%s\" cannot be cast automatically to type %s", c.Name, displayType(t.OID))
		}
	}
	col.Type = t
	return out, nil
}

// onlyCasts: USING says nothing but the column as the type.
func (d *definition) onlyCasts(using *pg.Node, column string, t sqltype.Type) bool {
	cast := using.GetTypeCast()
	if cast == nil || cast.Arg.GetColumnRef() == nil {
		return false
	}
	parts, star := refParts(cast.Arg.GetColumnRef())
	to, err := d.b.typeOf(cast.TypeName)
	return err == nil && to == t && !star && len(parts) > 0 && parts[len(parts)-1] == column
}

// using binds what the column is over a row as it was.
func (d *definition) using(out *AlterTablePlan, col *catalog.Column, t sqltype.Type, using *pg.Node) error {
	n := using
	if n == nil {
		n = &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{pg.MakeStrNode(col.Name)}}}}
	}
	d.b.over(d.rel, 0)
	defer d.b.pop()
	e, err := d.b.exprAt(n, inUsing)
	if err != nil {
		return err
	}
	if out.Using, err = d.b.coerceTo(e, t, assignment, -1); err != nil {
		return err
	}
	switch {
	case out.Using != nil:
		return nil
	case using != nil:
		return sqlerr.New(sqlerr.DatatypeMismatch, "result of USING clause for column \"%s\" cannot be cast automatically to type %s", col.Name, displayType(t.OID)).
			WithHint("You might need to add an explicit cast.")
	}
	return sqlerr.New(sqlerr.DatatypeMismatch, "column \"%s\" cannot be cast automatically to type %s", col.Name, displayType(t.OID)).
		WithHint("You might need to specify \"USING %s::%s\".", quoted(col.Name), sqltype.TypeName(t))
}

// same: values of one type are the same values of the other.
func same(from, to sqltype.Type) bool {
	return from == to || from.OID == to.OID && (to.Mod == -1 || from.OID == sqltype.Varchar && from.Mod != -1 && from.Mod <= to.Mod)
}

// sameKey: every key of one type, also of a record of long ago, is written into records as that of the other.
func sameKey(from, to sqltype.OID) bool {
	a, of := sequenceRanges[from]
	b, is := sequenceRanges[to]
	return of && is && b[0] <= a[0] && a[1] <= b[1] || from == to
}
