package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/planner/parse"
)

// grantRole is GRANT and REVOKE of roles.
func (s *Session) grantRole(ctx context.Context, b *parse.GrantRole, w face.Writer) error {
	grantor := s.who.current
	if b.Grantor != nil {
		role, err := s.role(*b.Grantor)
		if err != nil {
			return err
		}
		if grantor = role.OID; grantor != s.who.current && !s.super() {
			return denied("must be superuser to set grantor")
		}
	}
	tag := parse.TagOf(b)
	err := s.change(ctx, tag, func(t *catalog.Txn) error {
		for _, name := range b.Roles {
			spec := parse.RoleSpec{Name: name}
			var err error
			if b.Revoke {
				err = s.leave(ctx, t, leaving{role: spec, members: b.To, adminOnly: b.Admin})
			} else {
				err = s.join(ctx, t, joining{role: spec, members: b.To, grantor: grantor, admin: b.Admin})
			}
			if err != nil {
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
