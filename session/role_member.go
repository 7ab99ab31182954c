package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// joining puts members into a role.
type joining struct {
	role    parse.RoleSpec
	members []parse.RoleSpec
	grantor catalog.OID
	admin   bool // they may put others into it
}

// mayJoin is PostgreSQL 15's rule for who changes the members of a role.
func (s *Session) mayJoin(role *catalog.Relation) error {
	switch {
	case s.super():
	case role.Role.Super:
		return denied("must be superuser to alter superusers")
	case !s.createsRoles() && !s.catalog().IsAdmin(s.who.current, role.OID):
		return denied("must have admin option on role \"%s\"", role.Name)
	}
	return nil
}

func (s *Session) join(ctx context.Context, t *catalog.Txn, j joining) error {
	if len(j.members) == 0 {
		return nil
	}
	role, err := s.role(j.role)
	if err != nil {
		return err
	}
	if err := s.mayJoin(role); err != nil {
		return err
	}
	for _, m := range j.members {
		member, err := s.role(m)
		if err != nil {
			return err
		}
		if err := s.joinOne(ctx, t, role, member, j); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) joinOne(ctx context.Context, t *catalog.Txn, role, member *catalog.Relation, j joining) error {
	if role.OID == catalog.DatabaseOwner {
		return sqlerr.New(sqlerr.InvalidGrantOperation, "role \"%s\" cannot have explicit members", role.Name)
	}
	if member.OID == catalog.DatabaseOwner {
		return sqlerr.New(sqlerr.InternalError, "role \"%s\" cannot be a member of any role", member.Name) // PostgreSQL gives it no code
	}
	if t.At().IsIn(role.OID, member.OID) {
		return sqlerr.New(sqlerr.InvalidGrantOperation, "role \"%s\" is a member of role \"%s\"", role.Name, member.Name)
	}
	has := slices.IndexFunc(member.Role.MemberOf, func(m catalog.Membership) bool { return m.Role == role.OID })
	if has >= 0 && (member.Role.MemberOf[has].Admin || !j.admin) {
		s.tell(face.Notice{Message: fmt.Sprintf("role \"%s\" is already a member of role \"%s\"", member.Name, role.Name)})
		return nil
	}
	if err := s.keepRole(ctx, role.OID); err != nil {
		return err
	}
	return s.changeRole(ctx, t, member, func(a *catalog.Role) error {
		a.MemberOf = slices.DeleteFunc(slices.Clone(a.MemberOf), func(m catalog.Membership) bool { return m.Role == role.OID })
		a.MemberOf = append(a.MemberOf, catalog.Membership{Role: role.OID, Grantor: j.grantor, Admin: j.admin})
		slices.SortFunc(a.MemberOf, func(x, y catalog.Membership) int { return cmp.Compare(x.Role, y.Role) })
		return nil
	})
}

// keepRole keeps a role from being dropped until the transaction ends.
func (s *Session) keepRole(ctx context.Context, role catalog.OID) error {
	if catalog.Predefined(role) || role == catalog.SuperuserOID {
		return nil
	}
	if err := s.lock(ctx, "GRANT", role, table.Shared); err != nil {
		return err
	}
	if _, there := s.catalog().RoleOf(role); !there {
		return sqlerr.New(sqlerr.UndefinedObject, "role with OID %d does not exist", role)
	}
	return nil
}

// leaving takes members out of a role, or only their right to put others into it.
type leaving struct {
	role      parse.RoleSpec
	members   []parse.RoleSpec
	adminOnly bool
}

func (s *Session) leave(ctx context.Context, t *catalog.Txn, l leaving) error {
	role, err := s.role(l.role)
	if err != nil {
		return err
	}
	if err := s.mayJoin(role); err != nil {
		return err
	}
	for _, m := range l.members {
		member, err := s.role(m)
		if err != nil {
			return err
		}
		has := slices.IndexFunc(member.Role.MemberOf, func(m catalog.Membership) bool { return m.Role == role.OID })
		if has < 0 {
			s.tell(face.Notice{Severity: "WARNING", Code: string(sqlerr.Warning), Message: fmt.Sprintf("role \"%s\" is not a member of role \"%s\"", member.Name, role.Name)})
			continue
		}
		err = s.changeRole(ctx, t, member, func(a *catalog.Role) error {
			a.MemberOf = slices.Clone(a.MemberOf)
			if l.adminOnly {
				a.MemberOf[has].Admin = false
			} else {
				a.MemberOf = slices.Delete(a.MemberOf, has, has+1)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// alterGroup is ALTER GROUP … ADD USER and DROP USER.
func (s *Session) alterGroup(ctx context.Context, group *catalog.Relation, b *parse.AlterRole, w face.Writer) error {
	if !s.createsRoles() {
		return denied("permission denied") // who has the role's admin option alone says GRANT
	}
	err := s.change(ctx, "ALTER ROLE", func(t *catalog.Txn) error {
		spec := parse.RoleSpec{Name: group.Name}
		if b.Drop {
			return s.leave(ctx, t, leaving{role: spec, members: b.Options.Members})
		}
		return s.join(ctx, t, joining{role: spec, members: b.Options.Members, grantor: s.who.current})
	})
	if err != nil {
		return err
	}
	return w.Complete("ALTER ROLE")
}
