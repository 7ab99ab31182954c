package bind

import (
	"math"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/parse"
)

// What ALTER TABLE says of PostgreSQL's pages and statistics is checked, kept and shown; nothing depends on it here.

var storageKinds = map[string]string{"plain": "p", "external": "e", "main": "m", "extended": "x"}

var columnParams = []storageParam{
	{name: "n_distinct", kind: "real", min: -1, max: math.MaxFloat64}, {name: "n_distinct_inherited", kind: "real", min: -1, max: math.MaxFloat64},
}

// columnForm is what a column's definition says of its values' storage.
func (d *definition) columnForm(n *pg.ColumnDef, t sqltype.OID) (*catalog.ColumnForm, error) {
	if n.Compression == "" {
		return nil, nil
	}
	method, err := compression(n.Compression, t)
	if err != nil || method == "" {
		return nil, err
	}
	return &catalog.ColumnForm{Compression: method}, nil
}

// compression is attcompression, empty = the default.
func compression(method string, t sqltype.OID) (string, error) {
	if method == "default" {
		return "", nil
	}
	if pgcatalog.PlainStorage(t) {
		return "", sqlerr.New(sqlerr.FeatureNotSupported, "column data type %s does not support compression", displayType(t))
	}
	switch method {
	case "pglz":
		return "p", nil
	case "lz4":
		return "l", nil
	}
	return "", sqlerr.New(sqlerr.InvalidParameterValue, "invalid compression method \"%s\"", method)
}

// setColumnForm is ALTER COLUMN SET STORAGE, COMPRESSION, STATISTICS and (…).
func (d *definition) setColumnForm(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	if c.Name == "" {
		return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot refer to non-index column by number")
	}
	col, err := d.columnOf(c.Name)
	if err != nil {
		return nil, err
	}
	form := catalog.ColumnForm{}
	if col.Form != nil {
		form = *col.Form
	}
	switch c.Subtype {
	case pg.AlterTableType_AT_SetStorage:
		word := c.Def.GetString_().GetSval()
		if form.Storage = storageKinds[strings.ToLower(word)]; form.Storage == "" {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "invalid storage type \"%s\"", word)
		}
		if form.Storage != "p" && pgcatalog.PlainStorage(col.Type.OID) {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "column data type %s can only have storage PLAIN", displayType(col.Type.OID))
		}
	case pg.AlterTableType_AT_SetCompression:
		form.Compression, err = compression(c.Def.GetString_().GetSval(), col.Type.OID)
	case pg.AlterTableType_AT_SetStatistics:
		n := min(c.Def.GetInteger().GetIval(), 10000)
		if n < -1 {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "statistics target %d is too low", n)
		}
		if form.Statistics = &n; n == -1 {
			form.Statistics = nil
		}
	default:
		options := parse.Options(c.Def.GetList().GetItems())
		form.Options, err = setStorage(form.Options, options, c.Subtype == pg.AlterTableType_AT_ResetOptions, func(name, value string) error {
			for i := range columnParams {
				if columnParams[i].name == name {
					return columnParams[i].check(value)
				}
			}
			return sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter \"%s\"", name)
		})
	}
	if err != nil {
		return nil, err
	}
	col.Form = &form
	return &AlterTablePlan{Relation: d.rel}, nil
}

// likeForm is what LIKE takes of a column's form.
func likeForm(f *catalog.ColumnForm, takes func(uint32) bool) *catalog.ColumnForm {
	if f == nil || !takes(likeStorage) && !takes(likeCompression) {
		return nil
	}
	made := &catalog.ColumnForm{}
	if takes(likeStorage) {
		made.Storage = f.Storage
	}
	if takes(likeCompression) {
		made.Compression = f.Compression
	}
	return made
}

// clusterOn is CLUSTER ON and SET WITHOUT CLUSTER.
func (d *definition) clusterOn(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	if c.Subtype == pg.AlterTableType_AT_DropCluster {
		d.rel.Clustered = 0
		return &AlterTablePlan{Relation: d.rel}, nil
	}
	changed, err := ClusteredOn(d.rel, c.Name, d.b.cat)
	return &AlterTablePlan{Relation: changed}, err
}

// ClusteredOn is a table that CLUSTER goes by an index of.
func ClusteredOn(rel *catalog.Relation, index string, cat catalog.Reader) (*catalog.Relation, error) {
	changed := *rel
	if len(rel.PrimaryKey) > 0 && rel.PrimaryKeyName() == index {
		changed.Clustered = rel.OID
		return &changed, nil
	}
	for _, x := range cat.Indexes(rel.OID) {
		if x.Name != index {
			continue
		}
		switch {
		case x.Index != nil && x.Index.Method != "" && x.Index.Method != "btree":
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot cluster on index \"%s\" because access method does not support clustering", index)
		case x.Condition() != "":
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "cannot cluster on partial index \"%s\"", index)
		}
		changed.Clustered = x.OID
		return &changed, nil
	}
	if x, ok := cat.Relation(rel.Schema, index, nil); ok {
		if x.Kind == catalog.KindIndex {
			return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not an index for table \"%s\"", index, rel.Name)
		}
		return nil, sqlerr.New(sqlerr.WrongObjectType, "\"%s\" is not an index", index)
	}
	return nil, sqlerr.New(sqlerr.UndefinedObject, "index \"%s\" for table \"%s\" does not exist", index, rel.Name)
}

// setLogged is SET LOGGED and UNLOGGED. A table that others count on does not become one that PostgreSQL would empty after a crash.
func (d *definition) setLogged(unlogged bool) (*AlterTablePlan, error) {
	d.rel.Unlogged = unlogged
	if d.rel.Temporary() {
		return nil, sqlerr.New(sqlerr.InvalidTableDefinition, "cannot change logged status of table \"%s\" because it is temporary", d.rel.Name)
	}
	if unlogged {
		for _, other := range d.b.cat.Referring(d.rel.OID) {
			if other.OID != d.rel.OID && !other.Unlogged {
				return nil, sqlerr.New(sqlerr.InvalidTableDefinition, "could not change table \"%s\" to unlogged because it references logged table \"%s\"", d.rel.Name, other.Name)
			}
		}
		return &AlterTablePlan{Relation: d.rel}, nil
	}
	for i := range d.rel.ForeignKeys {
		if other, ok := d.b.cat.ByOID(d.rel.ForeignKeys[i].References); ok && other.OID != d.rel.OID && other.Unlogged {
			return nil, sqlerr.New(sqlerr.InvalidTableDefinition, "could not change table \"%s\" to logged because it references unlogged table \"%s\"", d.rel.Name, other.Name)
		}
	}
	return &AlterTablePlan{Relation: d.rel}, nil
}

// setIdentity is SET GENERATED and the options of an identity column's sequence.
func (d *definition) setIdentity(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	col, err := d.columnOf(c.Name)
	if err != nil {
		return nil, err
	}
	if col.Identity == "" {
		return nil, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "column \"%s\" of relation \"%s\" is not an identity column", c.Name, d.rel.Name)
	}
	counts := &parse.AlterSequence{}
	given := false
	for _, n := range c.Def.GetList().GetItems() {
		o := n.GetDefElem()
		if o.GetDefname() != "generated" {
			counts.Options = append(counts.Options, n)
			continue
		}
		if given {
			return nil, sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options").At(o.Location)
		}
		given, col.Identity = true, "always"
		if o.Arg.GetInteger().GetIval() == 'd' {
			col.Identity = "by default"
		}
	}
	out := &AlterTablePlan{Relation: d.rel}
	if len(counts.Options) > 0 {
		out.Counter, out.Recount = col.Sequence, counts
	}
	return out, nil
}
