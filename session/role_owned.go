package session

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/acl"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// dropOwned is DROP OWNED BY and REASSIGN OWNED BY … TO.
func (s *Session) dropOwned(ctx context.Context, b *parse.DropOwned, w face.Writer) error {
	tag := parse.TagOf(b)
	what := "drop"
	if b.To != nil {
		what = "reassign"
	}
	var roles []catalog.OID
	for _, spec := range b.Roles {
		role, err := s.role(spec)
		if err != nil {
			return err
		}
		if role.OID == catalog.SuperuserOID || catalog.Predefined(role.OID) {
			how := map[string]string{"drop": "drop objects owned by role %s", "reassign": "reassign ownership of objects owned by role %s"}[what]
			return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot "+how+" because they are required by the database system", role.Name)
		}
		if !s.catalog().HasPrivsOf(s.who.current, role.OID) {
			return denied("permission denied to %s objects", what)
		}
		roles = append(roles, role.OID)
	}
	err := s.change(ctx, tag, func(t *catalog.Txn) error {
		if b.To != nil {
			return s.reassign(ctx, t, roles, *b.To)
		}
		return s.dropAllOf(ctx, t, roles, b.Cascade)
	})
	if err != nil {
		return err
	}
	return w.Complete(tag)
}

// owned are the objects of users that roles own, but for what belongs to another object.
func (s *Session) owned(t *catalog.Txn, roles []catalog.OID) (out []*catalog.Relation) {
	for _, rel := range t.At().Objects() {
		if rel.Kind != catalog.KindRole && rel.Kind != catalog.KindDatabase && rel.Parent == 0 && slices.Contains(roles, t.At().OwnerOf(rel)) {
			out = append(out, rel)
		}
	}
	return byOID(out)
}

func (s *Session) reassign(ctx context.Context, t *catalog.Txn, roles []catalog.OID, to parse.RoleSpec) error {
	owner, err := s.role(to)
	if err != nil {
		return err
	}
	if !s.catalog().HasPrivsOf(s.who.current, owner.OID) {
		return denied("permission denied to reassign objects")
	}
	for _, rel := range s.owned(t, roles) {
		locked, err := s.lockFound(ctx, "REASSIGN OWNED", func() (*catalog.Relation, error) {
			now, _ := t.At().ByOID(rel.OID)
			return now, nil
		})
		if err != nil {
			return err
		}
		if locked == nil {
			continue
		}
		if err := s.give(ctx, t, locked, owner.OID); err != nil {
			return err
		}
	}
	return s.changeOwnedTopics(ctx, t, func(access catalog.TopicAccess) catalog.TopicAccess {
		if slices.Contains(roles, access.Owner) {
			if access.ACL != nil {
				list := access.ACL.Owned(uint32(access.Owner), uint32(owner.OID))
				access.ACL = &list
			}
			access.Owner = owner.OID
		}
		return access
	}, func(d *catalog.Relation) {
		if slices.Contains(roles, t.At().OwnerOfDatabase()) {
			d.Owner = owner.OID
		}
	})
}

// dropAllOf drops what roles own, with what depends on it if it may, and revokes what they were granted.
func (s *Session) dropAllOf(ctx context.Context, t *catalog.Txn, roles []catalog.OID, cascade bool) error {
	d := dropping{s: s, ctx: ctx, tag: "DROP OWNED", t: t, seen: map[catalog.OID]bool{}}
	all := s.owned(t, roles)
	for _, rel := range all {
		d.asked = append(d.asked, rel.OID)
	}
	for _, rel := range all {
		drop := d.relation
		if rel.Kind == catalog.KindSchema {
			drop = d.schema
		}
		if err := drop(rel, cascade); err != nil {
			return err
		}
	}
	d.tell()
	s.behind(func(ctx context.Context, _ bool) error {
		s.afterDrop(ctx, d.gone)
		return nil
	})
	for _, role := range roles {
		if err := s.forgetGrants(ctx, t, role); err != nil {
			return err
		}
		if err := s.dropRoleFromPolicies(ctx, t, role); err != nil {
			return err
		}
	}
	return nil
}

// forgetGrants takes a role out of all lists of grants, with what it gave.
func (s *Session) forgetGrants(ctx context.Context, t *catalog.Txn, role catalog.OID) error {
	without := func(list acl.ACL, owner catalog.OID) acl.ACL {
		o := t.At().Granting(owner)
		for _, i := range list {
			if i.Grantee == uint32(role) {
				list, _ = o.Revoke(list, i, true) // a cascade does not fail
			}
		}
		return list.Without(uint32(role))
	}
	for _, rel := range t.At().Objects() {
		switch {
		case rel.Kind == catalog.KindDatabase:
		case rel.Kind == catalog.KindRole:
			if err := s.forgetDefaults(ctx, t, rel, role); err != nil {
				return err
			}
		case grantsName(rel, role):
			locked, err := s.lockGranted(ctx, t, rel)
			if err != nil || locked == nil {
				return err
			}
			changed, owner := *locked, t.At().OwnerOf(locked)
			if locked.ACL != nil {
				list := without(*locked.ACL, owner)
				changed.ACL = &list
			}
			changed.Columns = slices.Clone(locked.Columns)
			for i := range changed.Columns {
				if changed.Columns[i].ACL = without(changed.Columns[i].ACL, owner); len(changed.Columns[i].ACL) == 0 {
					changed.Columns[i].ACL = nil
				}
			}
			t.Put(&changed)
		}
	}
	return s.changeOwnedTopics(ctx, t, func(a catalog.TopicAccess) catalog.TopicAccess {
		if a.ACL != nil {
			list := without(*a.ACL, max(a.Owner, catalog.SuperuserOID))
			a.ACL = &list
		}
		return a
	}, func(d *catalog.Relation) {
		if d.ACL != nil {
			list := without(*d.ACL, t.At().OwnerOfDatabase())
			d.ACL = &list
		}
	})
}

func grantsName(rel *catalog.Relation, role catalog.OID) bool {
	return rel.ACL != nil && rel.ACL.Names(uint32(role)) ||
		slices.ContainsFunc(rel.Columns, func(c catalog.Column) bool { return c.ACL.Names(uint32(role)) })
}

// forgetDefaultsIn takes away what is said of new objects in a schema that goes.
func (s *Session) forgetDefaultsIn(ctx context.Context, t *catalog.Txn, schema catalog.OID) error {
	in := func(d catalog.DefaultACL) bool { return d.Schema == schema }
	for _, role := range t.At().Relations(catalog.KindRole) {
		if !slices.ContainsFunc(role.Role.Defaults, in) {
			continue
		}
		err := s.changeRole(ctx, t, role, func(r *catalog.Role) error {
			r.Defaults = slices.DeleteFunc(slices.Clone(r.Defaults), in)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forgetDefaults takes a role out of the default privileges of another, or all of its own away.
func (s *Session) forgetDefaults(ctx context.Context, t *catalog.Txn, of *catalog.Relation, role catalog.OID) error {
	names := slices.ContainsFunc(of.Role.Defaults, func(d catalog.DefaultACL) bool { return d.ACL.Names(uint32(role)) })
	if len(of.Role.Defaults) == 0 || !names && of.OID != role {
		return nil
	}
	return s.changeRole(ctx, t, of, func(r *catalog.Role) error {
		for _, d := range of.Role.Defaults {
			list := d.ACL.Without(uint32(role))
			if of.OID == role {
				list = nil
			}
			r.SetDefault(d.Schema, d.Kind, list)
		}
		return nil
	})
}
