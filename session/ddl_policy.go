package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
)

// policyTable finds and locks the table of a policy for its owner; nil = there is none, and that is fine.
func (s *Session) policyTable(ctx context.Context, tag string, n parse.Name, ifExists bool) (*catalog.Relation, error) {
	return s.lockFound(ctx, tag, func() (*catalog.Relation, error) {
		rel, ok, err := s.named(n.Schema, n.Name)
		switch {
		case err != nil:
			return nil, err
		case !ok && ifExists:
			s.notice("relation %q does not exist, skipping", n.Name)
			return nil, nil
		case !ok:
			return nil, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", n.String()).
				Meant(catalog.Near(s.catalog(), n.Schema, n.Name, s.path(), catalog.KindTable))
		case rel.Kind == catalog.KindSystem && !s.super():
			word := "view"
			if rel.Query == "" {
				word = "table"
			}
			return nil, denied("must be owner of %s %s", word, rel.Name)
		case rel.Kind == catalog.KindSystem:
			return nil, denied("permission denied: %q is a system catalog", rel.Name)
		case rel.Kind != catalog.KindTable:
			return nil, notPoliced(rel)
		}
		return rel, nil
	})
}

// notPoliced is the error of policies for what is no table.
func notPoliced(rel *catalog.Relation) error {
	err := sqlerr.New(sqlerr.WrongObjectType, "%q is not a table", rel.Name)
	if rel.Kind == catalog.KindStream {
		err = err.WithHint("A stream's records are guarded by grants, on the stream and on its topic. Make a view or a table of those that a role may see.")
	}
	return err
}

// policyRoles are the roles that a policy is for, none = all.
func (s *Session) policyRoles(ctx context.Context, specs []parse.RoleSpec) (out []catalog.OID, err error) {
	for _, spec := range specs {
		if spec.Special == parse.RolePublic {
			if len(specs) > 1 {
				s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.InvalidParameterValue), Message: "ignoring specified roles other than PUBLIC",
					Hint: "All roles are members of the PUBLIC role."})
			}
			return nil, nil
		}
		role, err := s.role(spec)
		if err != nil {
			return nil, err
		}
		if err := s.keepRole(ctx, role.OID); err != nil {
			return nil, err
		}
		if !slices.Contains(out, role.OID) {
			out = append(out, role.OID)
		}
	}
	return out, nil
}

func noPolicy(name string, of *catalog.Relation) error {
	return sqlerr.New(sqlerr.UndefinedObject, "policy %q for table %q does not exist", name, of.Name)
}

// freePolicy refuses a name that a policy of the table has.
func freePolicy(t *catalog.Txn, of *catalog.Relation, name string) error {
	if _, taken := t.At().PolicyNamed(of.OID, name); taken {
		return sqlerr.New(sqlerr.DuplicateObject, "policy %q for table %q already exists", name, of.Name)
	}
	return nil
}

// createPolicy is CREATE POLICY.
func (s *Session) createPolicy(ctx context.Context, b *parse.CreatePolicy, w face.Writer) error {
	err := s.change(ctx, "CREATE POLICY", func(t *catalog.Txn) error {
		of, err := s.policyTable(ctx, "CREATE POLICY", b.Table, false)
		if err != nil {
			return err
		}
		roles, err := s.policyRoles(ctx, b.Roles)
		if err != nil {
			return err
		}
		rel, err := bind.Policy(b, of, t.At(), s.bindOptions())
		if err != nil {
			return err
		}
		rel.Policy.Roles = roles
		s.freeze(rel)
		if err := freePolicy(t, of, rel.Name); err != nil {
			return err
		}
		return s.putPolicy(ctx, t, of, rel)
	})
	if err != nil {
		return err
	}
	return w.Complete("CREATE POLICY")
}

// putPolicy puts a policy into the catalog; what it reads stays until then.
func (s *Session) putPolicy(ctx context.Context, t *catalog.Txn, of, rel *catalog.Relation) error {
	reads := slices.DeleteFunc(slices.Clone(rel.DependsOn), func(oid catalog.OID) bool { return oid == of.OID })
	if err := s.lockParents(ctx, "CREATE POLICY", reads); err != nil {
		return err
	}
	if !of.Temporary() {
		if err := refuseTemporary(t.At(), rel.Kind, reads); err != nil {
			return err
		}
	}
	t.Put(rel)
	return nil
}

// alterPolicy is ALTER POLICY.
func (s *Session) alterPolicy(ctx context.Context, b *parse.AlterPolicy, w face.Writer) error {
	err := s.change(ctx, "ALTER POLICY", func(t *catalog.Txn) error {
		of, err := s.policyTable(ctx, "ALTER POLICY", b.Table, false)
		if err != nil {
			return err
		}
		was, ok := t.At().PolicyNamed(of.OID, b.Name)
		if !ok {
			return noPolicy(b.Name, of)
		}
		rel, def := *was, *was.Policy
		rel.Policy = &def
		if b.Roles != nil {
			if def.Roles, err = s.policyRoles(ctx, b.Roles); err != nil {
				return err
			}
		}
		if err := bind.AlterPolicy(&rel, b, of, t.At(), s.bindOptions()); err != nil {
			return err
		}
		if rel.Query != was.Query {
			s.freeze(&rel)
		}
		return s.putPolicy(ctx, t, of, &rel)
	})
	if err != nil {
		return err
	}
	return w.Complete("ALTER POLICY")
}

// renamePolicy is ALTER POLICY … RENAME TO.
func (s *Session) renamePolicy(ctx context.Context, b *parse.RenamePolicy, w face.Writer) error {
	err := s.change(ctx, "ALTER POLICY", func(t *catalog.Txn) error {
		of, err := s.policyTable(ctx, "ALTER POLICY", b.Table, b.IfExists)
		if err != nil || of == nil {
			return err
		}
		if err := freePolicy(t, of, b.New); err != nil {
			return err
		}
		was, ok := t.At().PolicyNamed(of.OID, b.Old)
		if !ok {
			return noPolicy(b.Old, of)
		}
		rel := *was
		rel.Name = b.New
		t.Put(&rel)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("ALTER POLICY")
}

// dropPolicy is DROP POLICY.
func (s *Session) dropPolicy(ctx context.Context, b *parse.DropPolicy, w face.Writer) error {
	if rel, ok, err := s.named(b.Table.Schema, b.Table.Name); err == nil && ok && !s.catalog().Owns(s.who.current, rel) {
		return denied("must be owner of relation %s", rel.Name)
	}
	err := s.change(ctx, "DROP POLICY", func(t *catalog.Txn) error {
		of, err := s.policyTable(ctx, "ALTER TABLE", b.Table, b.IfExists)
		if err != nil || of == nil {
			return err
		}
		rel, ok := t.At().PolicyNamed(of.OID, b.Name)
		switch {
		case !ok && b.IfExists:
			s.notice("policy %q for relation %q does not exist, skipping", b.Name, of.Name)
			return nil
		case !ok:
			return noPolicy(b.Name, of)
		}
		t.Drop(rel.OID)
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("DROP POLICY")
}

// alterRowSecurity is ALTER TABLE … ENABLE, DISABLE, FORCE and NO FORCE ROW LEVEL SECURITY. What keeps the table's rows goes on with all of
// them, so nobody may have it that is not to see them.
func (s *Session) alterRowSecurity(t *catalog.Txn, rel *catalog.Relation, enabled, forced bool) error {
	if rel.Kind != catalog.KindTable {
		return notPoliced(rel)
	}
	changed := *rel
	changed.RowSecurity, changed.ForceRowSecurity = enabled, forced
	t.Put(&changed)
	at := t.At()
	if user := s.computedFrom(at, rel.OID); user != nil && at.RowsAre(at.OwnerOf(user), &changed) {
		return sqlerr.New(sqlerr.FeatureNotSupported, "row-level security policies of table %q would decide what its rows are for the owner of %s %q", rel.Name, user.Kind, user.Name).
			WithDetail("It has been made of all rows.").WithHint("Drop it, or give it to a role that sees all rows.")
	}
	return nil
}

// seesAll refuses to give what keeps the rows of tables to a role that does not see all of them.
func (s *Session) seesAll(at *catalog.Snapshot, rel *catalog.Relation, role catalog.OID) error {
	if !rel.Derived() {
		return nil
	}
	for _, oid := range rel.DependsOn {
		of, ok := at.ByOID(oid)
		switch {
		case !ok:
		case of.Kind == catalog.KindPlainView: // its owner reads what is below
			if of.Options[bind.OptionInvoker] == "" {
				continue
			}
			if err := s.seesAll(at, &catalog.Relation{Name: rel.Name, Kind: rel.Kind, Query: rel.Query, DependsOn: of.DependsOn}, role); err != nil {
				return err
			}
		case of.Kind == catalog.KindTable && at.RowsAre(role, of):
			return sqlerr.New(sqlerr.FeatureNotSupported, "row-level security policies of table %q would decide what its rows are for the owner of %s %q", of.Name, rel.Kind, rel.Name).
				WithDetail("It has been made of all rows.")
		}
	}
	return nil
}

// dropRoleFromPolicies takes a role out of the policies that are for it; one that is for no other goes.
func (s *Session) dropRoleFromPolicies(ctx context.Context, t *catalog.Txn, role catalog.OID) error {
	for _, rel := range t.At().Relations(catalog.KindPolicy) {
		if !slices.Contains(rel.Policy.Roles, role) {
			continue
		}
		if err := s.lock(ctx, "DROP OWNED", rel.Parent, table.Exclusive); err != nil {
			return err
		}
		now, ok := t.At().ByOID(rel.OID)
		if !ok {
			continue
		}
		changed, def := *now, *now.Policy
		def.Roles = slices.DeleteFunc(slices.Clone(def.Roles), func(oid catalog.OID) bool { return oid == role })
		if changed.Policy = &def; len(def.Roles) == 0 {
			t.Drop(rel.OID)
		} else {
			t.Put(&changed)
		}
	}
	return nil
}
