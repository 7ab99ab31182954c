package kernel

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// privileges that can be asked of a sort of objects, and the reg type that finds one by name.
type privileges struct {
	sort  string
	reg   sqltype.OID
	words []string
}

// Functions of privileges.
func init() {
	table := []string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}
	for _, p := range []privileges{
		{"table", sqltype.Regclass, table},
		{"any_column", sqltype.Regclass, []string{"SELECT", "INSERT", "UPDATE", "REFERENCES"}},
		{"sequence", sqltype.Regclass, []string{"USAGE", "SELECT", "UPDATE"}},
		{"schema", sqltype.Regnamespace, []string{"CREATE", "USAGE"}},
		{"function", sqltype.Regprocedure, []string{"EXECUTE"}},
		{"type", sqltype.Regtype, []string{"USAGE"}},
		{"database", 0, []string{"CREATE", "TEMPORARY", "TEMP", "CONNECT"}},
		{"language", 0, []string{"USAGE"}},
		{"tablespace", 0, []string{"CREATE"}},
	} {
		name := "has_" + p.sort + "_privilege"
		kernels(map[string]Kernel{
			name + "_name": p.ask(false), name + "_id": p.ask(false),
			name + "_name_name": p.ask(true), name + "_name_id": p.ask(true), name + "_id_name": p.ask(true), name + "_id_id": p.ask(true),
		})
	}
	column := privileges{"column", sqltype.Regclass, []string{"SELECT", "INSERT", "UPDATE", "REFERENCES"}}
	for _, who := range []string{"", "name_", "id_"} {
		for _, what := range []string{"name", "id"} {
			for _, by := range []string{"name", "attnum"} {
				kernels(map[string]Kernel{"has_column_privilege_" + who + what + "_" + by: column.ask(who != "")})
			}
		}
	}
	role := privileges{"role", sqltype.Regrole, []string{"USAGE", "MEMBER"}}
	kernels(map[string]Kernel{
		"pg_has_role_name": role.ask(false), "pg_has_role_id": role.ask(false), "pg_has_role_name_name": role.ask(true),
		"pg_has_role_name_id": role.ask(true), "pg_has_role_id_name": role.ask(true), "pg_has_role_id_id": role.ask(true),
	})
}

// ask is has_…_privilege([role,] object, …, privilege).
func (p privileges) ask(role bool) Kernel {
	return func(c *Call) {
		put := kindOf[bool]().store(c)
		x, err := catalogOf(c)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			has, e := false, err
			if e == nil {
				has, e = p.check(c, x, i, role)
			}
			if e != nil {
				c.finish(i, e)
				continue
			}
			put(i, has)
		}
	}
}

// check tells whether there is one of the privileges that are asked for.
func (p privileges) check(c *Call, x plan.Catalog, row int32, role bool) (bool, Err) {
	ask, args := pgcatalog.Asked{Sort: p.sort, Role: x.CurrentRole()}, c.Args
	if role {
		var err Err
		if ask.Role, err = askedRole(x, args[0], row, p.sort == "role"); err != nil {
			return false, err
		}
		args = args[1:]
	}
	object, words := args[0], string(args[len(args)-1].Bytes(row))
	named := object.Phys == sqltype.PhysBytes
	if p.sort == "sequence" { // PostgreSQL looks at the words first
		if _, err := p.chunks(words); err != nil {
			return false, err
		}
	}
	if named {
		var err Err
		if ask.Object, err = p.find(c, x, string(object.Bytes(row))); err != nil {
			return false, err
		}
	} else {
		ask.Object = uint32(delta.Values[int32](object)[object.At(row)])
	}
	gone := false
	if p.sort == "column" {
		var err Err
		if gone, err = askedColumn(x, &ask, args[1], row); err != nil {
			return false, err
		}
	}
	chunks, err := p.chunks(words)
	if err == nil && gone { // of a table that is not there PostgreSQL says so behind the words
		err = errNull
	}
	if err != nil {
		return false, err
	}
	return p.any(x, ask, chunks)
}

// any tells whether one of the privileges is there.
func (p privileges) any(x plan.Catalog, ask pgcatalog.Asked, chunks []chunk) (bool, Err) {
	any := false
	for _, k := range chunks {
		ask.Privs, ask.Word, ask.Option = acl.Word(k.word), k.word, k.option
		has, ok := x.HasPrivilege(ask)
		if !ok {
			return false, errNull
		}
		any = any || has
	}
	return any, nil
}

// askedRole is the role of an argument that is a name or an OID; PUBLIC is 0.
func askedRole(x plan.Catalog, a *delta.Column, row int32, roles bool) (uint32, Err) {
	if a.Phys != sqltype.PhysBytes {
		return uint32(delta.Values[int32](a)[a.At(row)]), nil
	}
	name := string(a.Bytes(row))
	if oid, ok := x.RoleNamed(name); ok {
		return oid, nil
	}
	if name == "public" && !roles {
		return 0, nil
	}
	return 0, sqlerr.New(sqlerr.UndefinedObject, "role \"%s\" does not exist", name)
}

// askedColumn puts the column of an argument, a name or a number, into what is asked; gone tells of a name that the table is not there.
func askedColumn(x plan.Catalog, ask *pgcatalog.Asked, a *delta.Column, row int32) (gone bool, _ Err) {
	if a.Phys != sqltype.PhysBytes {
		ask.Column = delta.Values[int16](a)[a.At(row)]
		return false, nil
	}
	name := string(a.Bytes(row))
	if ask.Column = x.Attnum(ask.Object, name); ask.Column == 0 {
		of := x.NameOf(sqltype.Regclass, ask.Object)
		if of == "" {
			return true, nil
		}
		return false, sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, of)
	}
	return false, nil
}

// chunk is one of the privileges of a list.
type chunk struct {
	word   string
	option bool
}

func (p privileges) chunks(list string) (out []chunk, _ Err) {
	for _, text := range strings.Split(list, ",") {
		text = strings.TrimSpace(text)
		word, option := strings.CutSuffix(strings.ToUpper(text), " WITH GRANT OPTION")
		if p.sort == "role" && !option {
			word, option = strings.CutSuffix(word, " WITH ADMIN OPTION")
		}
		if !slices.Contains(p.words, word) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized privilege type: \"%s\"", text)
		}
		out = append(out, chunk{word, option})
	}
	return out, nil
}

// find is the OID of an object by its name. Names of what is in no schema are what they are; those of
// the others are read as SQL.
func (p privileges) find(c *Call, x plan.Catalog, name string) (uint32, Err) {
	catalog := ""
	switch p.sort {
	case "schema", "role":
		name = ident.Quote(name)
	case "database":
		if s := c.Env.Settings.Session; s != nil && s.Database == name {
			return pgcatalog.DatabaseOID, nil
		}
		return 0, sqlerr.New(sqlerr.InvalidCatalogName, "database \"%s\" does not exist", name)
	case "language":
		catalog = "pg_language"
	case "tablespace":
		catalog = "pg_tablespace"
	}
	if catalog != "" {
		rows := bootstrap.Named(catalog, name)
		if len(rows) == 0 {
			return 0, sqlerr.New(sqlerr.UndefinedObject, "%s \"%s\" does not exist", p.sort, name)
		}
		return bootstrap.Number(rows[0][0]), nil
	}
	oid, err := x.OIDOf(p.reg, name)
	return oid, userErr(err)
}
