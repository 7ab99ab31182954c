package session

import (
	"strings"

	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// systemNames says where the names of a kind of objects are that only the system has: the relation, the column of the name, and that of
// the access method where the kind has one (0 = none).
var systemNames = map[string]struct {
	relation     string
	name, method int
}{
	"collation": {"pg_collation", 1, 0}, "conversion": {"pg_conversion", 1, 0}, "language": {"pg_language", 1, 0}, "access method": {"pg_am", 1, 0},
	"text search parser": {"pg_ts_parser", 1, 0}, "text search dictionary": {"pg_ts_dict", 1, 0}, "text search template": {"pg_ts_template", 1, 0},
	"text search configuration": {"pg_ts_config", 1, 0}, "operator class": {"pg_opclass", 2, 1}, "operator family": {"pg_opfamily", 2, 1},
	"tablespace": {"pg_tablespace", 1, 0},
}

// dropSystem is DROP of objects that nobody can make here: what is not there is told as PostgreSQL does, and what is there is the system's.
func (s *Session) dropSystem(b *parse.DropSystem, tag string, w face.Writer) error {
	if b.Kind == "database" && s.tx.block {
		return sqlerr.New(sqlerr.ActiveSQLTransaction, "%s cannot run inside a transaction block", tag)
	}
	for i := range b.Objects {
		o := &b.Objects[i]
		missing, err := s.systemObject(b.Kind, o)
		if err != nil && !(b.IfExists && absent(err)) {
			return err
		}
		switch {
		case err != nil:
			s.notice("%s, skipping", strings.TrimSuffix(err.Error(), "\n"))
		case missing == nil && b.Kind == "database":
			return sqlerr.New(sqlerr.ObjectInUse, "cannot drop the currently open database")
		case missing == nil:
			return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop %s because it is required by the database system", s.systemShown(b.Kind, o))
		case !b.IfExists:
			return missing
		default:
			s.notice("%s, skipping", missing.Message)
		}
	}
	return w.Complete(tag)
}

// absent: an error says that a schema or a type is not there, which IF EXISTS passes over.
func absent(err error) bool {
	code := sqlerr.CodeOf(err)
	return code == sqlerr.InvalidSchemaName || code == sqlerr.UndefinedObject && !strings.HasPrefix(err.Error(), "access method ")
}

// systemObject is what to say of an object that does not exist, nil if it does.
func (s *Session) systemObject(kind string, o *parse.SystemObject) (*sqlerr.Error, error) {
	if n := o.Name; n.Schema != "" && !s.catalog().HasSchema(n.Schema) {
		return nil, sqlerr.New(sqlerr.InvalidSchemaName, "schema \"%s\" does not exist", n.Schema)
	}
	if o.Method != "" && !systemNamed("access method", o.Method, "") {
		return nil, sqlerr.New(sqlerr.UndefinedObject, "access method \"%s\" does not exist", o.Method)
	}
	name := o.Name.String()
	switch kind {
	case "operator", "aggregate", "cast":
		return bind.SystemObject(kind, o, s.catalog(), s.bindOptions())
	case "database":
		if o.Name.Name == s.database {
			return nil, nil
		}
		return sqlerr.New(sqlerr.InvalidCatalogName, "database \"%s\" does not exist", name), nil
	case "foreign table":
		return sqlerr.New(sqlerr.UndefinedTable, "foreign table \"%s\" does not exist", name), nil
	}
	if (o.Name.Schema == "" || o.Name.Schema == "pg_catalog") && systemNamed(kind, o.Name.Name, o.Method) {
		return nil, nil
	}
	of := ""
	switch {
	case kind == "collation":
		of = " for encoding \"UTF8\""
	case o.Method != "":
		return sqlerr.New(sqlerr.UndefinedObject, "%s \"%s\" does not exist for access method \"%s\"", kind, name, o.Method), nil
	}
	return sqlerr.New(sqlerr.UndefinedObject, "%s \"%s\"%s does not exist", kind, name, of), nil
}

// systemShown is an object as messages describe it.
func (s *Session) systemShown(kind string, o *parse.SystemObject) string {
	switch {
	case kind == "operator" || kind == "aggregate" || kind == "cast":
		return bind.SystemObjectShown(kind, o, s.catalog(), s.bindOptions())
	case kind == "collation" || kind == "conversion":
		return kind + " \"" + o.Name.Name + "\""
	case o.Method != "":
		return kind + " " + o.Name.Name + " for access method " + o.Method
	}
	return kind + " " + o.Name.Name
}

// systemNamed: the system has an object of a kind and a name.
func systemNamed(kind, name, method string) bool {
	if kind == "extension" {
		return name == pgcatalog.Extension
	}
	in, ok := systemNames[kind]
	if !ok {
		return false
	}
	for _, row := range bootstrap.Rows(in.relation) {
		if row[in.name] != name {
			continue
		}
		if in.method == 0 {
			return true
		}
		if am := bootstrap.ByOID("pg_am", bootstrap.Number(row[in.method])); am != nil && am[1] == method {
			return true
		}
	}
	return false
}
