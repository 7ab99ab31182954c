package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/storage/meta"
)

// Superuser is the role that is there from the start.
const Superuser = catalog.Superuser

// ErrNoRole: there is no role of that name whose password could change.
var ErrNoRole = errors.New("role does not exist")

// firstPassword holds the verifiers of the first role, a line for each mechanism, until its password is set by a statement: those
// of password_file, and of before there were other roles.
var firstPassword = []byte("role/" + Superuser)

// SetFirstPassword keeps what stands for the first password of the first role.
func SetFirstPassword(ctx context.Context, m meta.Store, vs auth.Verifiers) error {
	return m.Commit(ctx, meta.Txn{Writes: []meta.Write{{Key: firstPassword, Value: []byte(vs.String())}}})
}

// Verifiers are what is kept of a role's password, nothing when it has none.
func Verifiers(ctx context.Context, m meta.Store, role *catalog.Relation) (vs auth.Verifiers, err error) {
	switch {
	case role.Role.Password != nil:
		vs, err = auth.ParseVerifiers(*role.Role.Password)
	case role.OID == catalog.SuperuserOID:
		err = m.Read(ctx, func(s meta.Snapshot) error {
			text, _, err := s.Get(firstPassword)
			if err == nil {
				vs, err = auth.ParseVerifiers(string(text))
			}
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("password of role %s: %w", role.Name, err)
	}
	return vs, nil
}

// AlterVerifiers gives a role what change makes of its verifiers. An error of change changes nothing and is returned.
func AlterVerifiers(ctx context.Context, d Deps, name string, change func(auth.Verifiers) (auth.Verifiers, error)) error {
	_, err := d.Catalog.Run(ctx, d.Log, func(t *catalog.Txn) error {
		role, ok := t.At().RoleNamed(name)
		if !ok || catalog.Predefined(role.OID) {
			return fmt.Errorf("%w: %s", ErrNoRole, name)
		}
		have, err := Verifiers(ctx, d.Meta, role)
		if err != nil {
			return err
		}
		vs, err := change(have)
		if err != nil {
			return err
		}
		changed, attributes, text := *role, *role.Role, vs.String()
		attributes.Password = &text
		changed.Role = &attributes
		t.Put(&changed)
		return nil
	})
	return err
}
