package kernel

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog/bootstrap"
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

// Functions of privileges. There is one role, which may do everything: they check what they are asked and say yes.
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
			e := err
			if e == nil {
				e = p.check(c, x, i, role)
			}
			if e != nil {
				c.finish(i, e)
				continue
			}
			put(i, true)
		}
	}
}

// check is nil for an object that is there and a privilege that it can have.
func (p privileges) check(c *Call, x plan.Catalog, row int32, role bool) Err {
	args := c.Args
	if role {
		if a := args[0]; a.Phys == sqltype.PhysBytes {
			name := string(a.Bytes(row))
			if _, ok := x.RoleNamed(name); !ok && name != "public" {
				return sqlerr.New(sqlerr.UndefinedObject, "role \"%s\" does not exist", name)
			}
		}
		args = args[1:]
	}
	object := args[0]
	named := object.Phys == sqltype.PhysBytes
	if named && p.sort != "sequence" {
		if err := p.find(c, x, string(object.Bytes(row))); err != nil {
			return err
		}
	}
	for _, chunk := range strings.Split(string(args[len(args)-1].Bytes(row)), ",") {
		chunk = strings.TrimSpace(chunk)
		word, _ := strings.CutSuffix(strings.ToUpper(chunk), " WITH GRANT OPTION")
		word, _ = strings.CutSuffix(word, " WITH ADMIN OPTION")
		if !slices.Contains(p.words, word) {
			return sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized privilege type: \"%s\"", chunk)
		}
	}
	if named && p.sort == "sequence" {
		return p.find(c, x, string(object.Bytes(row)))
	}
	if p.reg != 0 && !named && x.NameOf(p.reg, uint32(delta.Values[int32](object)[object.At(row)])) == "" {
		return errNull
	}
	return nil
}

// find is nil for the name of an object that is there. Names of what is in no schema are what they are; those of
// the others are read as SQL.
func (p privileges) find(c *Call, x plan.Catalog, name string) Err {
	catalog := ""
	switch p.sort {
	case "schema", "role":
		name = ident.Quote(name)
	case "database":
		if s := c.Env.Settings.Session; s != nil && s.Database == name {
			return nil
		}
		return sqlerr.New(sqlerr.InvalidCatalogName, "database \"%s\" does not exist", name)
	case "language":
		catalog = "pg_language"
	case "tablespace":
		catalog = "pg_tablespace"
	}
	if catalog != "" {
		if len(bootstrap.Named(catalog, name)) == 0 {
			return sqlerr.New(sqlerr.UndefinedObject, "%s \"%s\" does not exist", p.sort, name)
		}
		return nil
	}
	_, err := x.OIDOf(p.reg, name)
	return userErr(err)
}
