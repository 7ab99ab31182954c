package bind

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// maxIndexColumns is PostgreSQL's INDEX_MAX_KEYS.
const maxIndexColumns = 32

// CreateIndex binds a CREATE INDEX: the relation has everything but its OID. Whether the name is
// taken is for the caller to see; a name that was left out is chosen as PostgreSQL does.
func CreateIndex(s *parse.CreateIndex, cat catalog.Reader, o Options) (*catalog.Relation, error) {
	o.NoParams = true
	b := newBinder(cat, o)
	n := s.Stmt
	table, err := b.relation(n.Relation)
	if err != nil {
		return nil, err
	}
	switch {
	case table.Kind != catalog.KindTable:
		return nil, sqlerr.New(sqlerr.WrongObjectType, "cannot create index on %s \"%s\"", table.Kind, table.Name).At(n.Relation.Location)
	case table.FromTopic && s.Unique:
		return nil, unsupported("a unique index on a table over a topic").WithHint("Its rows are written by others.")
	case len(n.IndexParams)+len(n.IndexIncludingParams) > maxIndexColumns:
		return nil, sqlerr.New(sqlerr.TooManyColumns, "cannot use more than %d columns in an index", maxIndexColumns)
	case n.TableSpace != "":
		return nil, unsupported("TABLESPACE")
	}
	method, err := indexMethod(n)
	if err != nil {
		return nil, err
	}
	d := &indexDefinition{b: b, table: table, method: method, x: &catalog.Relation{
		Schema: table.Schema, Name: s.Name, Kind: catalog.KindIndex, Parent: table.OID, Unique: s.Unique, TimestampColumn: -1,
	}}
	d.ix.NullsNotDistinct = n.NullsNotDistinct
	if method == bootstrap.Hash {
		d.ix.Method = "hash"
	}
	if err := d.bind(n); err != nil {
		return nil, err
	}
	dependOnTypes(d.x, b.types)
	if d.x.Name == "" {
		d.x.Name = freeName(b, table.Schema, objectName(table.Name, label(n), "idx"))
	}
	return d.done(), nil
}

// indexMethod is the access method of an index that can do what is asked.
func indexMethod(n *pg.IndexStmt) (uint32, error) {
	rows := bootstrap.Named("pg_am", n.AccessMethod)
	if len(rows) == 0 || rows[0][3] != "i" {
		return 0, sqlerr.New(sqlerr.UndefinedObject, "access method \"%s\" does not exist", n.AccessMethod)
	}
	method := bootstrap.Number(rows[0][0])
	lacks := func(what string) error {
		return sqlerr.New(sqlerr.FeatureNotSupported, "access method \"%s\" does not support %s", n.AccessMethod, what)
	}
	switch {
	case method == bootstrap.Btree:
		return method, nil
	case method != bootstrap.Hash:
		return 0, unsupported("index method " + n.AccessMethod).WithHint("An index is btree or hash.")
	case n.Unique:
		return 0, lacks("unique indexes")
	case len(n.IndexIncludingParams) > 0:
		return 0, lacks("included columns")
	case len(n.IndexParams) > 1:
		return 0, lacks("multicolumn indexes")
	}
	return method, nil
}

// indexDefinition is a CREATE INDEX under way.
type indexDefinition struct {
	b      *binder
	table  *catalog.Relation
	method uint32
	x      *catalog.Relation
	ix     catalog.Index
	plain  bool // nothing is said of any key
}

func (d *indexDefinition) bind(n *pg.IndexStmt) (err error) {
	if d.ix.Storage, err = indexStorage(d.method, n.Options); err != nil {
		return err
	}
	if n.WhereClause != nil {
		if err := d.condition(n.WhereClause); err != nil {
			return err
		}
	}
	d.plain = true
	names := indexColumnNames(n)
	for i, p := range n.IndexParams {
		if err := d.key(p.GetIndexElem(), names[i]); err != nil {
			return err
		}
	}
	for _, p := range n.IndexIncludingParams {
		if err := d.include(p.GetIndexElem()); err != nil {
			return err
		}
	}
	return nil
}

// done is the relation, which says of the index what is not so anyhow.
func (d *indexDefinition) done() *catalog.Relation {
	if d.plain {
		d.ix.Keys = nil
	}
	if ix := &d.ix; ix.Method != "" || ix.Keys != nil || ix.Include != nil || ix.Storage != nil || ix.NullsNotDistinct || ix.Where != "" {
		d.x.Index = ix
	}
	return d.x
}

// label is what the columns of an index add to its name.
func label(n *pg.IndexStmt) string {
	return strings.Join(indexColumnNames(n), "_")
}

// indexColumnNames are what an index calls its columns, each another name.
func indexColumnNames(n *pg.IndexStmt) []string {
	var out []string
	for _, p := range slices.Concat(n.IndexParams, n.IndexIncludingParams) {
		e := p.GetIndexElem()
		want := e.Name
		if e.Expr != nil {
			if want, _ = figureName(e.Expr); want == "" {
				want = "expr"
			}
		}
		out = append(out, want)
	}
	return distinctNames(out)
}

// distinctNames gives names that stand there already a number.
func distinctNames(names []string) []string {
	var out []string
	for _, want := range names {
		name := want
		for i := 1; slices.Contains(out, name); i++ {
			name = want + strconv.Itoa(i)
		}
		out = append(out, name)
	}
	return out
}

func freeName(b *binder, schema, want string) string {
	name := want
	for i := 1; ; i++ {
		if _, taken := b.cat.Relation(schema, name, nil); !taken {
			return name
		}
		name = want + strconv.Itoa(i)
	}
}
