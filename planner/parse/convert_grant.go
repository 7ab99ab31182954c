package parse

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

var grantKinds = map[pg.ObjectType]GrantKind{
	pg.ObjectType_OBJECT_TABLE: OnTable, pg.ObjectType_OBJECT_SEQUENCE: OnSequence, pg.ObjectType_OBJECT_SCHEMA: OnSchema,
	pg.ObjectType_OBJECT_DATABASE: OnDatabase, pg.ObjectType_OBJECT_TYPE: OnType, pg.ObjectType_OBJECT_DOMAIN: OnType,
	pg.ObjectType_OBJECT_FUNCTION: OnFunction, pg.ObjectType_OBJECT_ROUTINE: OnFunction,
}

// grant is GRANT and REVOKE on objects; those on what is not here are not known.
func grant(s *pg.GrantStmt) Body {
	g, ok := grantOf(s)
	if !ok {
		return &Unsupported{What: grantWord(s) + " ON " + objectWords(s.Objtype)}
	}
	return g
}

func grantWord(s *pg.GrantStmt) string {
	if s.IsGrant {
		return "GRANT"
	}
	return "REVOKE"
}

func grantOf(s *pg.GrantStmt) (*Grant, bool) {
	kind, ok := grantKinds[s.Objtype]
	out := &Grant{
		Revoke: !s.IsGrant, Option: s.GrantOption, Kind: kind, InAll: s.Targtype == pg.GrantTargetType_ACL_TARGET_ALL_IN_SCHEMA,
		To: roleSpecs(s.Grantees), Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE, Grantor: grantor(s.Grantor),
	}
	for _, n := range s.Privileges {
		p := n.GetAccessPriv()
		out.Privs = append(out.Privs, GrantPriv{Word: p.PrivName, Columns: stringsOf(p.Cols)})
	}
	for _, n := range s.Objects {
		switch {
		case n.GetObjectWithArgs() != nil:
			out.Functions = append(out.Functions, functionName(n.GetObjectWithArgs()))
		case n.GetRangeVar() != nil:
			out.Objects = append(out.Objects, nameOf(n.GetRangeVar()))
		case n.GetString_() != nil:
			out.Objects = append(out.Objects, Name{Name: n.GetString_().Sval, Pos: -1})
		default:
			out.Objects = append(out.Objects, qualify(stringsOf(n.GetList().GetItems())))
		}
	}
	return out, ok
}

func grantor(r *pg.RoleSpec) *RoleSpec {
	if r == nil {
		return nil
	}
	spec := roleSpec(r)
	return &spec
}

func defaultPrivileges(s *pg.AlterDefaultPrivilegesStmt) Body {
	action, ok := grantOf(s.Action)
	if !ok || action.Kind == OnDatabase {
		return &Unsupported{What: "ALTER DEFAULT PRIVILEGES ON " + objectWords(s.Action.Objtype)}
	}
	out := &DefaultPrivileges{Action: *action}
	for _, n := range s.Options {
		d := n.GetDefElem()
		switch d.Defname {
		case "schemas":
			out.Schemas = stringsOf(d.Arg.GetList().GetItems())
		case "roles":
			out.Roles = roleSpecs(d.Arg.GetList().GetItems())
		}
	}
	return out
}

// grantRole is GRANT and REVOKE of roles, with PostgreSQL 15's one option.
func grantRole(s *pg.GrantRoleStmt) (Body, error) {
	out := &GrantRole{Revoke: !s.IsGrant, To: roleSpecs(s.GranteeRoles), Grantor: grantor(s.Grantor)}
	for _, n := range s.Opt {
		d := n.GetDefElem()
		if d.Defname != "admin" {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "option \"%s\" of GRANT is not supported", d.Defname).At(d.Location)
		}
		// REVOKE ADMIN OPTION FOR comes as the option false.
		out.Admin = out.Revoke || d.Arg.GetBoolean() == nil || d.Arg.GetBoolean().GetBoolval()
	}
	for _, n := range s.GrantedRoles {
		p := n.GetAccessPriv()
		if len(p.Cols) > 0 || p.PrivName == "" {
			return nil, sqlerr.New(sqlerr.SyntaxError, "column names cannot be included in GRANT/REVOKE ROLE")
		}
		out.Roles = append(out.Roles, p.PrivName)
	}
	return out, nil
}

// grantsOther blanks the word of a kind that PostgreSQL lacks in GRANT … ON kind names, and says which it is; 0 = it is no such GRANT.
func (r *rewriter) grantsOther(s *segment) ObjectKind {
	if !s.is(0, "grant") && !s.is(0, "revoke") {
		return 0
	}
	for i := 1; i+1 < len(s.toks); i++ {
		if !s.is(i, "on") {
			continue
		}
		kind := alterForms[s.word(i+1)]
		if kind != 0 {
			r.blank(s, i+1, i+1)
		}
		return kind
	}
	return 0
}

// grantOther is a GRANT whose kind was blanked.
func grantOther(s *pg.GrantStmt, kind ObjectKind) Body {
	b := grant(s)
	if g, ok := b.(*Grant); ok && kind == ObjTopic {
		g.Kind = OnTopic
	} else if ok {
		g.Only = kind
	}
	return b
}
