package session

import (
	"context"
	"fmt"
	"regexp"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/storage/meta"
)

// Superuser is the one role, SuperuserOID its OID, which is PostgreSQL's for its first role.
const (
	Superuser           = "tributary"
	SuperuserOID uint32 = 10
)

// roleKey holds the password verifiers of a role, a line for each mechanism.
func roleKey(role string) []byte { return []byte("role/" + role) }

// Verifiers reads what is kept of a role's password, nothing when it has none.
func Verifiers(ctx context.Context, m meta.Store, role string) (vs auth.Verifiers, err error) {
	err = m.Read(ctx, func(s meta.Snapshot) error {
		text, _, err := s.Get(roleKey(role))
		if err != nil {
			return err
		}
		if vs, err = auth.ParseVerifiers(string(text)); err != nil {
			return fmt.Errorf("password of role %s: %w", role, err)
		}
		return nil
	})
	return vs, err
}

// SetVerifiers keeps what stands for a new password of a role; none takes the password away.
func SetVerifiers(ctx context.Context, m meta.Store, role string, vs auth.Verifiers) error {
	w := meta.Write{Key: roleKey(role)}
	if len(vs) > 0 {
		w.Value = []byte(vs.String())
	}
	return m.Commit(ctx, meta.Txn{Writes: []meta.Write{w}})
}

// AlterVerifiers gives a role what change makes of its verifiers, at once: meta.ErrConflict if its password
// changed meanwhile. An error of change changes nothing and is returned.
func AlterVerifiers(ctx context.Context, m meta.Store, role string, change func(auth.Verifiers) (auth.Verifiers, error)) error {
	var have auth.Verifiers
	check := meta.Check{Key: roleKey(role)}
	err := m.Read(ctx, func(s meta.Snapshot) error {
		text, version, err := s.Get(check.Key)
		if err != nil {
			return err
		}
		check.Version = version
		have, err = auth.ParseVerifiers(string(text))
		return err
	})
	if err != nil {
		return fmt.Errorf("password of role %s: %w", role, err)
	}
	vs, err := change(have)
	if err != nil {
		return err
	}
	w := meta.Write{Key: check.Key}
	if len(vs) > 0 {
		w.Value = []byte(vs.String())
	}
	return m.Commit(ctx, meta.Txn{Checks: []meta.Check{check}, Writes: []meta.Write{w}})
}

// md5Hash is a password as PostgreSQL once kept it. Nobody can log in with one here.
var md5Hash = regexp.MustCompile(`^md5[0-9a-f]{32}$`)

// alterRole changes the password of the one role.
func (s *Session) alterRole(ctx context.Context, b *parse.AlterRole, w face.Writer) error {
	if b.Role != "" && b.Role != Superuser {
		return sqlerr.New(sqlerr.UndefinedObject, "role %q does not exist", b.Role)
	}
	var vs auth.Verifiers
	switch {
	case b.Null:
	case b.Password == nil:
		return unsupported("ALTER ROLE without PASSWORD")
	case *b.Password == "":
		s.tell(face.Notice{Message: "empty string is not a valid password, clearing password"})
	case md5Hash.MatchString(*b.Password):
		return sqlerr.New(sqlerr.FeatureNotSupported, "MD5 password hashes are not supported").WithHint("Give the password itself, or a SCRAM-SHA-256 verifier.")
	default:
		var err error
		if vs, err = auth.PasswordVerifiers(*b.Password, s.db.Rand); err != nil {
			return err
		}
	}
	if err := SetVerifiers(ctx, s.db.Meta, Superuser, vs); err != nil {
		return err
	}
	s.changed = true
	return w.Complete("ALTER ROLE")
}
