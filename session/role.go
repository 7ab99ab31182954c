package session

import (
	"context"

	"github.com/tributary-db/tributary/storage/meta"
)

// Superuser is the one role.
const Superuser = "tributary"

// roleKey holds the password verifier of Superuser, in PostgreSQL's form.
var roleKey = []byte("role/" + Superuser)

// Verifier reads the password verifier of Superuser, "" when it has none.
func Verifier(ctx context.Context, m meta.Store) (verifier string, err error) {
	err = m.Read(ctx, func(s meta.Snapshot) error {
		v, _, err := s.Get(roleKey)
		verifier = string(v)
		return err
	})
	return verifier, err
}

// SetVerifier keeps a new password verifier; "" takes the password away.
func SetVerifier(ctx context.Context, m meta.Store, verifier string) error {
	w := meta.Write{Key: roleKey}
	if verifier != "" {
		w.Value = []byte(verifier)
	}
	return m.Commit(ctx, meta.Txn{Writes: []meta.Write{w}})
}
