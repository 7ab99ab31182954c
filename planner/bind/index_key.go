package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// key binds one key of an index.
func (d *indexDefinition) key(e *pg.IndexElem, name string) error {
	if e.Expr != nil {
		return d.expression(e, name)
	}
	at, err := d.column(e.Name)
	if err != nil {
		return err
	}
	return d.keyOf(e, at, catalog.IndexKey{}, d.table.Columns[at].Type)
}

// keyOf adds a key of a type, with what is said of it.
func (d *indexDefinition) keyOf(e *pg.IndexElem, at int, k catalog.IndexKey, t sqltype.Type) (err error) {
	if k.Collation, err = d.collation(e.Collation, t.OID); err != nil {
		return err
	}
	if k.Class, err = d.class(e.Opclass, t.OID); err != nil {
		return err
	}
	if len(e.Opclassopts) > 0 {
		return sqlerr.New(sqlerr.InvalidParameterValue, "operator class %s has no options", nameOfList(e.Opclass))
	}
	k.Desc = e.Ordering == pg.SortByDir_SORTBY_DESC
	k.NullsFirst = e.NullsOrdering == pg.SortByNulls_SORTBY_NULLS_FIRST || k.Desc && e.NullsOrdering != pg.SortByNulls_SORTBY_NULLS_LAST
	if d.method == bootstrap.Hash {
		switch {
		case e.Ordering != pg.SortByDir_SORTBY_DEFAULT:
			return sqlerr.New(sqlerr.FeatureNotSupported, "access method \"hash\" does not support ASC/DESC options")
		case e.NullsOrdering != pg.SortByNulls_SORTBY_NULLS_DEFAULT:
			return sqlerr.New(sqlerr.FeatureNotSupported, "access method \"hash\" does not support NULLS FIRST/LAST options")
		}
	}
	if err := comparable(t.OID, -1); err != nil {
		return err
	}
	d.plain = d.plain && k == (catalog.IndexKey{})
	d.x.KeyColumns, d.ix.Keys = append(d.x.KeyColumns, at), append(d.ix.Keys, k)
	return nil
}

// include binds one column that the index has beside its key.
func (d *indexDefinition) include(e *pg.IndexElem) error {
	refuse := func(what string) error {
		return sqlerr.New(sqlerr.InvalidObjectDefinition, "including column does not support %s", what)
	}
	if e.Expr != nil {
		return sqlerr.New(sqlerr.FeatureNotSupported, "expressions are not supported in included columns")
	}
	at, err := d.column(e.Name)
	switch {
	case err != nil:
		return err
	case len(e.Collation) > 0:
		return refuse("a collation")
	case len(e.Opclass) > 0:
		return refuse("an operator class")
	case e.Ordering != pg.SortByDir_SORTBY_DEFAULT:
		return refuse("ASC/DESC options")
	case e.NullsOrdering != pg.SortByNulls_SORTBY_NULLS_DEFAULT:
		return refuse("NULLS FIRST/LAST options")
	}
	d.ix.Include = append(d.ix.Include, at)
	return nil
}

func (d *indexDefinition) column(name string) (int, error) {
	at := d.table.ColumnIndex(name)
	switch {
	case at >= 0:
		return at, nil
	case systemColumns[name]:
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "index creation on system columns is not supported")
	}
	return 0, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" does not exist", name).Meant(d.table.NearColumn(name))
}

// systemColumns are those that each of PostgreSQL's tables has.
var systemColumns = map[string]bool{"ctid": true, "xmin": true, "cmin": true, "xmax": true, "cmax": true, "tableoid": true}

// collation is one that was named, 0 = none, or the one that values have anyhow.
func (d *indexDefinition) collation(n []*pg.Node, t sqltype.OID) (catalog.OID, error) {
	if len(n) == 0 {
		return 0, nil
	}
	if category(t) != 'S' {
		return 0, sqlerr.New(sqlerr.DatatypeMismatch, "collations are not supported by type %s", displayType(t))
	}
	rows := bootstrap.Named("pg_collation", n[len(n)-1].GetString_().GetSval())
	if len(rows) == 0 {
		return 0, sqlerr.New(sqlerr.UndefinedObject, "collation \"%s\" for encoding \"UTF8\" does not exist", nameOfList(n))
	}
	if oid := catalog.OID(bootstrap.Number(rows[0][0])); oid != defaultCollation {
		return oid, nil
	}
	return 0, nil
}

const defaultCollation = 100

// class is the operator class that was named, 0 = the type's own. Equal values are equal in all of a type's.
func (d *indexDefinition) class(n []*pg.Node, t sqltype.OID) (catalog.OID, error) {
	own := bootstrap.DefaultClass(d.method, t)
	if len(n) == 0 {
		if own == nil {
			return 0, sqlerr.New(sqlerr.UndefinedObject, "data type %s has no default operator class for access method \"%s\"", displayType(t), d.methodName()).
				WithHint("You must specify an operator class for the index or define a default operator class for the data type.")
		}
		return 0, nil
	}
	name := n[len(n)-1].GetString_().GetSval()
	missing := sqlerr.New(sqlerr.UndefinedObject, "operator class \"%s\" does not exist for access method \"%s\"", nameOfList(n), d.methodName())
	if len(n) > 1 && n[0].GetString_().GetSval() != "pg_catalog" {
		if schema := n[0].GetString_().GetSval(); !d.b.cat.HasSchema(schema) {
			return 0, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", schema)
		}
		return 0, missing
	}
	for _, c := range bootstrap.OperatorClasses(d.method) {
		switch {
		case c.Name != name:
		case !c.Takes(t):
			return 0, sqlerr.New(sqlerr.DatatypeMismatch, "operator class \"%s\" does not accept data type %s", nameOfList(n), displayType(t))
		case own != nil && own.OID == c.OID:
			return 0, nil
		default:
			return catalog.OID(c.OID), nil
		}
	}
	return 0, missing
}

func (d *indexDefinition) methodName() string {
	if d.method == bootstrap.Hash {
		return "hash"
	}
	return "btree"
}

// nameOfList is a name of parts as messages show it.
func nameOfList(n []*pg.Node) string {
	out := ""
	for i, p := range n {
		if i > 0 {
			out += "."
		}
		out += p.GetString_().GetSval()
	}
	return out
}
