package bind

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// typeOf resolves a type name of the tree. serial types are not handled here: only CREATE
// TABLE knows them.
func (b *binder) typeOf(n *pg.TypeName) (sqltype.Type, error) {
	var parts []string
	for _, p := range n.Names {
		parts = append(parts, p.GetString_().GetSval())
	}
	name := parts[len(parts)-1]
	if n.Setof || n.PctType {
		return sqltype.Type{}, unsupported("this form of type name").At(n.Location)
	}
	t := builtin.TypeByName(name)
	if len(parts) > 2 || (len(parts) == 2 && parts[0] != "pg_catalog") {
		t = nil
	}
	if t == nil || t.Kind == 'p' {
		if own := b.userType(parts); own != nil {
			t = own
			b.tell(told{at: n.Location, name: name, class: "pg_type", oid: uint32(own.OID)})
		}
	}
	if t == nil || t.Kind == 'p' || knownElsewhere[name] {
		if knownElsewhere[name] {
			return sqltype.Type{}, unsupported("type " + name).At(n.Location)
		}
		e := sqlerr.New(sqlerr.UndefinedObject, "type \"%s\" does not exist", strings.Join(parts, ".")).At(n.Location)
		if here, ok := typesElsewhere[strings.ToLower(name)]; ok {
			return sqltype.Type{}, e.WithHint("Use %s.", here)
		}
		return sqltype.Type{}, e.Meant(nearType(name))
	}
	oid := t.OID
	if len(n.ArrayBounds) > 0 && !isArray(oid) {
		var err error
		if oid, err = arrayOver(oid); err != nil {
			return sqltype.Type{}, located(err, n.Location)
		}
	}
	var args []int64
	for _, m := range n.Typmods {
		v := m.GetAConst().GetIval()
		if v == nil {
			return sqltype.Type{}, sqlerr.New(sqlerr.SyntaxError, "type modifiers must be simple constants or identifiers").At(n.Location)
		}
		args = append(args, int64(v.Ival))
	}
	mod, err := modOf(t.OID, args)
	if err != nil {
		return sqltype.Type{}, located(err, n.Location)
	}
	return sqltype.Type{OID: oid, Mod: mod}, nil
}

// userType is the type of users that a name means, nil if none. The statement then depends on it.
func (b *binder) userType(parts []string) *builtin.Type {
	schema, name := "", parts[len(parts)-1]
	if len(parts) == 2 {
		schema = parts[0]
	}
	path, array := b.opts.Settings.SearchPath, false
	r, ok := b.cat.Type(schema, name, path)
	if bare, is := strings.CutPrefix(name, "_"); !ok && is {
		r, array = b.cat.Type(schema, bare, path)
		ok = array
	}
	if !ok || len(parts) > 2 {
		return nil
	}
	oid := sqltype.OID(r.OID)
	if !slices.Contains(b.types, oid) {
		b.types = append(b.types, oid)
	}
	if array {
		oid = oid.Array()
	}
	return builtin.TypeByOID(oid)
}

// knownElsewhere are PostgreSQL's types that this server does not have: another answer than
// for a misspelt one.
var knownElsewhere = map[string]bool{
	"xml": true, "serial": true, "bigserial": true, "smallserial": true, "record": true,
	"tid": true,
}

// typesElsewhere are types of other databases, with what they are called here.
var typesElsewhere = map[string]string{
	"double": "double precision", "string": "text", "bytes": "bytea", "blob": "bytea", "datetime": "timestamp",
	"timestamp_ltz": "timestamptz", "tinyint": "smallint", "long": "bigint", "struct": "jsonb", "map": "jsonb", "number": "numeric",
	"float64": "double precision", "float32": "real", "int64": "bigint", "int32": "integer",
}

func unsupported(what string) *sqlerr.Error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "%s is not supported", what)
}

// displayType is what messages call a type: integer, character varying.
func displayType(t sqltype.OID) string {
	if p := builtin.TypeByOID(t); p != nil && p.Kind == 'p' && t != sqltype.Unknown && t != sqltype.RecordArray {
		return p.Name
	}
	return t.String()
}

func modOf(t sqltype.OID, args []int64) (int32, error) { return sqltype.ModOf(t, args) }
