package bind

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// RetypedIndex is an index of a table a column of which gets another type, as its texts mean it over table, the changed definition; refused where
// they mean nothing there.
func RetypedIndex(table, ix *catalog.Relation, cat catalog.Reader) (*catalog.Relation, error) {
	if ix.Index == nil {
		return ix, nil
	}
	out, told := *ix, *ix.Index
	out.Index, out.KeyColumns, told.Keys = &told, slices.Clone(ix.KeyColumns), slices.Clone(told.Keys)
	d := &indexDefinition{b: newBinder(cat, computedOptions(ix)), table: table, method: bootstrap.Btree}
	if told.Method == "hash" {
		d.method = bootstrap.Hash
	}
	for i, at := range ix.KeyColumns {
		if i >= len(told.Keys) {
			break
		}
		if at != catalog.NoColumn {
			if err := d.keeps(told.Keys[i], &table.Columns[at]); err != nil {
				return nil, err
			}
			continue
		}
		if err := d.retype(&out, i); err != nil {
			return nil, err
		}
	}
	if told.Where != "" {
		n, err := storedExpr(told.Where)
		if err != nil {
			return nil, err
		}
		if err := d.condition(n); err != nil {
			return nil, err
		}
		told.Where, told.WherePretty = d.ix.Where, d.ix.WherePretty
	}
	return &out, nil
}

// retype binds expression i of a key anew.
func (d *indexDefinition) retype(out *catalog.Relation, i int) error {
	k := &out.Index.Keys[i]
	n, err := storedExpr(k.Expr)
	if err != nil {
		return err
	}
	made, at, err := d.computedKey(n, k.Name)
	if err != nil {
		return err
	}
	t := made.Type
	if at != catalog.NoColumn {
		t = d.table.Columns[at].Type
	}
	if err := d.keeps(*k, &catalog.Column{Type: t}); err != nil {
		return err
	}
	made.Desc, made.NullsFirst, made.Class, made.Collation = k.Desc, k.NullsFirst, k.Class, k.Collation
	*k, out.KeyColumns[i] = made, at
	return comparable(t.OID, -1)
}

// keeps refuses a type for which what was said of a key is not.
func (d *indexDefinition) keeps(k catalog.IndexKey, c *catalog.Column) error {
	if row := bootstrap.ByOID("pg_opclass", uint32(k.Class)); k.Class != 0 && row != nil {
		for _, class := range bootstrap.OperatorClasses(d.method) {
			if class.OID == uint32(k.Class) && !class.Takes(c.Type.OID) {
				return sqlerr.New(sqlerr.DatatypeMismatch, "operator class \"%s\" does not accept data type %s", row[2], displayType(c.Type.OID))
			}
		}
	} else if bootstrap.DefaultClass(d.method, c.Type.OID) == nil {
		_, err := d.class(nil, c.Type.OID)
		return err
	}
	if k.Collation != 0 && category(c.Type.OID) != 'S' {
		return sqlerr.New(sqlerr.DatatypeMismatch, "collations are not supported by type %s", displayType(c.Type.OID))
	}
	return nil
}
