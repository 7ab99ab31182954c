package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// dropRole is DROP ROLE, USER and GROUP. Sessions of a role that goes have no privileges any more.
func (s *Session) dropRole(ctx context.Context, b *parse.DropRole, w face.Writer) error {
	if !s.createsRoles() {
		return denied("permission denied to drop role")
	}
	err := s.change(ctx, "DROP ROLE", func(t *catalog.Txn) error {
		for _, spec := range b.Roles {
			if spec.Special != 0 {
				return sqlerr.New(sqlerr.InvalidParameterValue, "cannot use special role specifier in DROP ROLE")
			}
			if err := s.dropOneRole(ctx, t, spec, b.IfExists); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.Complete("DROP ROLE")
}

func (s *Session) dropOneRole(ctx context.Context, t *catalog.Txn, spec parse.RoleSpec, ifExists bool) error {
	role, ok := t.At().RoleNamed(spec.Name)
	if !ok {
		if ifExists {
			s.notice("role %q does not exist, skipping", spec.Name)
			return nil
		}
		return noRole(spec.Name)
	}
	switch {
	case role.OID == s.who.current:
		return sqlerr.New(sqlerr.ObjectInUse, "current user cannot be dropped")
	case role.OID == s.who.session:
		return sqlerr.New(sqlerr.ObjectInUse, "session user cannot be dropped")
	case role.Role.Super && !s.super():
		return denied("must be superuser to drop superusers")
	case catalog.Predefined(role.OID) || role.OID == catalog.SuperuserOID:
		return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop role %s because it is required by the database system", role.Name)
	}
	if err := s.lock(ctx, "DROP ROLE", role.OID, table.Exclusive); err != nil {
		return err
	}
	if err := s.mayGo(role); err != nil {
		return err
	}
	for _, member := range t.At().Members(role.OID) {
		left := func(a *catalog.Role) error {
			a.MemberOf = slices.DeleteFunc(slices.Clone(a.MemberOf), func(m catalog.Membership) bool { return m.Role == role.OID })
			return nil
		}
		if err := s.changeRole(ctx, t, member, left); err != nil {
			return err
		}
	}
	t.Drop(role.OID)
	return nil
}
