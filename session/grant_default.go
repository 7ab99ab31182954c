package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

var defaultKinds = map[parse.GrantKind]acl.Kind{
	parse.OnTable: acl.Table, parse.OnSequence: acl.Sequence, parse.OnType: acl.Type, parse.OnFunction: acl.Function, parse.OnSchema: acl.Schema,
}

// defaultPrivileges is ALTER DEFAULT PRIVILEGES.
func (s *Session) defaultPrivileges(ctx context.Context, b *parse.DefaultPrivileges, w face.Writer) error {
	const tag = "ALTER DEFAULT PRIVILEGES"
	err := s.change(ctx, tag, func(t *catalog.Txn) error {
		g, err := s.newGranting(ctx, t, &b.Action)
		if err != nil {
			return err
		}
		if err := g.checkDefaults(b); err != nil {
			return err
		}
		roles := b.Roles
		if len(roles) == 0 {
			roles = []parse.RoleSpec{{Special: parse.RoleCurrent}}
		}
		for _, spec := range roles {
			if err := g.defaultsOf(spec, b.Schemas); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

func (g *granting) checkDefaults(b *parse.DefaultPrivileges) error {
	for _, p := range g.b.Privs {
		priv := acl.Word(p.Word)
		switch {
		case len(p.Columns) > 0:
			return sqlerr.New(sqlerr.InvalidGrantOperation, "default privileges cannot be set for columns")
		case p.Word != "" && priv == 0:
			return sqlerr.New(sqlerr.SyntaxError, "unrecognized privilege type \"%s\"", p.Word)
		case p.Word != "" && priv&acl.All(defaultKinds[g.b.Kind]) == 0:
			return sqlerr.New(sqlerr.InvalidGrantOperation, "invalid privilege type %s for %s", priv.Words()[0], g.b.Kind)
		}
	}
	if g.b.Kind == parse.OnSchema && len(b.Schemas) > 0 {
		return sqlerr.New(sqlerr.InvalidGrantOperation, "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS")
	}
	return nil
}

// defaultsOf changes the defaults of one role.
func (g *granting) defaultsOf(spec parse.RoleSpec, schemas []string) error {
	role, err := g.s.role(spec)
	if err != nil {
		return err
	}
	if !g.t.At().IsMember(g.s.who.current, role.OID) {
		return denied("must be member of role \"%s\"", role.Name)
	}
	in := []catalog.OID{0}
	if len(schemas) > 0 {
		in = nil
	}
	for _, name := range schemas {
		schema, err := g.schema(name)
		if err != nil {
			return err
		}
		if g.t.At().Privs(role.OID, schema, acl.Create) == 0 {
			return denied("permission denied for schema %s", name)
		}
		in = append(in, schema.OID)
	}
	for _, schema := range in {
		if err := g.s.changeRole(g.ctx, g.t, role, func(r *catalog.Role) error { return g.setDefault(role.OID, r, schema) }); err != nil {
			return err
		}
	}
	return nil
}

func (g *granting) setDefault(owner catalog.OID, r *catalog.Role, schema catalog.OID) error {
	kind := defaultKinds[g.b.Kind]
	var usual acl.ACL // what it is if nothing is said
	if schema == 0 {
		usual = acl.Default(kind, uint32(owner))
	}
	list, said := r.DefaultFor(schema, kind)
	if !said {
		list = usual
	}
	privs, all := g.wholePrivs()
	if all {
		privs = acl.All(kind)
	}
	if err := g.checkPublic(); err != nil {
		return err
	}
	list, err := g.edit(g.t.At().Granting(owner), list, uint32(owner), privs)
	if err != nil {
		return err
	}
	if list.Same(usual) {
		list = nil
		r.SetDefault(schema, kind, nil)
		return nil
	}
	r.SetDefault(schema, kind, list.Sorted())
	return nil
}
