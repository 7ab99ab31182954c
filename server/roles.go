package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/secretfile"
	"github.com/tributary-db/tributary/kafka"
	"github.com/tributary-db/tributary/pgwire"
	"github.com/tributary-db/tributary/session"
	"github.com/tributary-db/tributary/storage/meta"
)

// directory is the roles that there are: one.
type directory struct{ meta meta.Store }

func (d directory) Account(ctx context.Context, name string) (auth.Account, error) {
	if name != session.Superuser {
		return auth.Account{}, nil
	}
	vs, err := session.Verifiers(ctx, d.meta, name)
	return auth.Account{Role: session.SuperuserOID, Exists: true, Verifiers: vs}, err
}

// credentials changes passwords on behalf of Kafka clients.
type credentials struct{ meta meta.Store }

var _ kafka.Credentials = credentials{}

func (credentials) Roles(context.Context) ([]string, error) { return []string{session.Superuser}, nil }

func (c credentials) Verifiers(ctx context.Context, role string) (auth.Verifiers, error) {
	return session.Verifiers(ctx, c.meta, role)
}

func (c credentials) Alter(ctx context.Context, role string, change func(auth.Verifiers) (auth.Verifiers, error)) error {
	return session.AlterVerifiers(ctx, c.meta, role, change)
}

// openGate makes what all faces authenticate their clients by.
func (s *Server) openGate(ctx context.Context) (err error) {
	if err := s.setPassword(ctx); err != nil {
		return err
	}
	key, err := mockKey(ctx, s.meta, rand.Reader)
	if err != nil {
		return err
	}
	s.gate, err = auth.New(auth.Config{
		Directory: directory{s.meta}, Trusting: s.cfg.Auth == string(auth.Trust), Nameless: session.Superuser, MockKey: key, Clock: s.clock, Logger: s.logger,
	})
	return err
}

// mockKeyName holds what makes the verifiers of roles that do not exist: were it new at each
// start, a restart would tell them from real ones.
var mockKeyName = []byte("auth/mock-key")

func mockKey(ctx context.Context, m meta.Store, random io.Reader) (key []byte, err error) {
	read := func() error {
		return m.Read(ctx, func(s meta.Snapshot) error {
			v, _, err := s.Get(mockKeyName)
			key = bytes.Clone(v)
			return err
		})
	}
	if err := read(); err != nil || len(key) > 0 {
		return key, err
	}
	fresh := make([]byte, 32)
	if _, err := io.ReadFull(random, fresh); err != nil {
		return nil, err
	}
	err = m.Commit(ctx, meta.Txn{Checks: []meta.Check{{Key: mockKeyName}}, Writes: []meta.Write{{Key: mockKeyName, Value: fresh}}})
	if err != nil && !errors.Is(err, meta.ErrConflict) {
		return nil, err
	}
	return key, read()
}

// setPassword takes the first password from password_file, and refuses to ask for passwords
// when there is none.
func (s *Server) setPassword(ctx context.Context) error {
	have, err := session.Verifiers(ctx, s.meta, session.Superuser)
	if err != nil || have != nil {
		return err
	}
	if s.cfg.PasswordFile != "" {
		text, err := secretfile.Read(s.cfg.PasswordFile, secretfile.OwnerOnly)
		if err != nil {
			return fmt.Errorf("password_file: %w", err)
		}
		password := strings.TrimRight(string(text), "\r\n")
		if password == "" {
			return fmt.Errorf("password_file %s is empty", s.cfg.PasswordFile)
		}
		vs, err := auth.PasswordVerifiers(password, rand.Reader)
		if err != nil {
			return err
		}
		return session.SetVerifiers(ctx, s.meta, session.Superuser, vs)
	}
	if s.cfg.Auth != string(auth.Trust) {
		return fmt.Errorf("auth = %s needs a password for role %s: set password_file", s.cfg.Auth, session.Superuser)
	}
	return nil
}

func (s *Server) openSession(ctx context.Context, st face.Startup) (pgwire.Session, error) {
	return s.db.Open(ctx, st)
}
