package parse

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func roleSpec(r *pg.RoleSpec) RoleSpec {
	switch r.GetRoletype() {
	case pg.RoleSpecType_ROLESPEC_CURRENT_USER, pg.RoleSpecType_ROLESPEC_CURRENT_ROLE:
		return RoleSpec{Special: RoleCurrent}
	case pg.RoleSpecType_ROLESPEC_SESSION_USER:
		return RoleSpec{Special: RoleSession}
	case pg.RoleSpecType_ROLESPEC_PUBLIC:
		return RoleSpec{Special: RolePublic}
	}
	return RoleSpec{Name: r.GetRolename()}
}

func roleSpecs(nodes []*pg.Node) (out []RoleSpec) {
	for _, n := range nodes {
		out = append(out, roleSpec(n.GetRoleSpec()))
	}
	return out
}

func createRole(s *pg.CreateRoleStmt) (Body, error) {
	o, err := roleOptions(s.Options)
	return &CreateRole{Name: s.Role, User: s.StmtType == pg.RoleStmtType_ROLESTMT_USER, Options: o}, err
}

func alterRole(s *pg.AlterRoleStmt) (Body, error) {
	o, err := roleOptions(s.Options)
	return &AlterRole{Role: roleSpec(s.Role), Options: o, Group: len(o.Members) > 0, Drop: s.Action < 0}, err
}

// alterSettings is ALTER ROLE … SET and RESET.
func alterSettings(s *pg.AlterRoleSetStmt) Body {
	out := settingsChange(s.Setstmt)
	out.Database = s.Database
	if s.Role != nil {
		role := roleSpec(s.Role)
		out.Role = &role
	}
	return out
}

func alterDatabaseSettings(s *pg.AlterDatabaseSetStmt) Body {
	out := settingsChange(s.Setstmt)
	out.Database, out.OnlyHere = s.Dbname, true
	return out
}

func settingsChange(s *pg.VariableSetStmt) *AlterSettings {
	out := &AlterSettings{Current: s.Kind == pg.VariableSetKind_VAR_SET_CURRENT}
	if out.Current {
		out.Set = &Set{Name: s.Name}
		return out
	}
	switch b := set(s).(type) {
	case *Set:
		out.Set = b
		if b.Default { // SET … TO DEFAULT
			out.Set, out.Reset = nil, b.Name
		}
	case *Reset:
		out.Reset = b.Name
	}
	return out
}

// alterOwner is OWNER TO of what has no ALTER TABLE form.
func alterOwner(s *pg.AlterOwnerStmt) Body {
	out := &AlterOwner{Owner: roleSpec(s.Newowner)}
	switch s.ObjectType {
	case pg.ObjectType_OBJECT_SCHEMA:
		out.Kind, out.Name.Name = ObjSchema, s.Object.GetString_().GetSval()
	case pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN:
		out.Kind, out.Name = dropKinds[s.ObjectType], qualify(stringsOf(s.Object.GetList().GetItems()))
	case pg.ObjectType_OBJECT_FUNCTION, pg.ObjectType_OBJECT_ROUTINE:
		return &AlterFunction{Function: functionName(s.Object.GetObjectWithArgs()), Owner: &out.Owner}
	case pg.ObjectType_OBJECT_DATABASE:
		out.Name.Name = s.Object.GetString_().GetSval()
	default:
		return &Unsupported{What: "ALTER " + objectWords(s.ObjectType) + " OWNER TO"}
	}
	return out
}

// roleOptions reads the options of a role, each of which may come once.
func roleOptions(nodes []*pg.Node) (o RoleOptions, err error) {
	flags := map[string]**bool{
		"superuser": &o.Super, "inherit": &o.Inherit, "createrole": &o.CreateRole, "createdb": &o.CreateDB, "canlogin": &o.Login,
		"isreplication": &o.Replication, "bypassrls": &o.BypassRLS,
	}
	lists := map[string]*[]RoleSpec{"addroleto": &o.InRoles, "rolemembers": &o.Members, "adminmembers": &o.Admins}
	seen := map[string]bool{}
	for _, n := range nodes {
		d := n.GetDefElem()
		if seen[d.Defname] {
			return o, sqlerr.New(sqlerr.SyntaxError, "conflicting or redundant options").At(d.Location)
		}
		seen[d.Defname] = true
		if flag := flags[d.Defname]; flag != nil {
			on := d.Arg.GetBoolean().GetBoolval()
			*flag = &on
			continue
		}
		if list := lists[d.Defname]; list != nil {
			*list = roleSpecs(d.Arg.GetList().GetItems())
			continue
		}
		text := scalarText(d.Arg)
		switch d.Defname {
		case "password":
			if o.NoPassword = d.Arg == nil; !o.NoPassword {
				o.Password = &text
			}
		case "connectionlimit":
			limit := int64(d.Arg.GetInteger().GetIval())
			o.ConnLimit = &limit
		case "validUntil":
			o.ValidUntil = &text
		case "sysid":
			o.SysID = true
		default:
			return o, sqlerr.New(sqlerr.FeatureNotSupported, "option \"%s\" of a role is not supported", d.Defname).At(d.Location)
		}
	}
	return o, nil
}
