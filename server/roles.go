package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/secretfile"
	"github.com/tributary-db/tributary/kafka"
	"github.com/tributary-db/tributary/pgwire"
	"github.com/tributary-db/tributary/session"
	"github.com/tributary-db/tributary/storage/meta"
)

// directory is the roles of the catalog.
type directory struct {
	catalog *catalog.Catalog
	meta    meta.Store
	clock   clock.Clock
}

func (d directory) Account(ctx context.Context, name string) (auth.Account, error) {
	role, ok := d.catalog.Now().RoleNamed(name)
	if !ok {
		return auth.Account{}, nil
	}
	acc := auth.Account{Role: uint32(role.OID), Exists: true, NoLogin: !role.Role.Login}
	if role.Role.Expired(d.clock.Now()) {
		return acc, nil
	}
	var err error
	acc.Verifiers, err = session.Verifiers(ctx, d.meta, role)
	return acc, err
}

// superuser: the role of that name passes every check.
func (s *Server) superuser(name string) bool {
	role, ok := s.catalog.Now().RoleNamed(name)
	return ok && role.Role.Super
}

// credentials changes passwords on behalf of Kafka clients.
type credentials struct{ deps session.Deps }

var _ kafka.Credentials = credentials{}

func (c credentials) Roles(context.Context) ([]string, error) {
	var names []string
	for _, r := range c.deps.Catalog.Now().Roles() {
		names = append(names, r.Name)
	}
	return names, nil
}

func (c credentials) Verifiers(ctx context.Context, name string) (auth.Verifiers, error) {
	role, ok := c.deps.Catalog.Now().RoleNamed(name)
	if !ok {
		return nil, nil
	}
	return session.Verifiers(ctx, c.deps.Meta, role)
}

func (c credentials) Alter(ctx context.Context, role string, change func(auth.Verifiers) (auth.Verifiers, error)) error {
	return session.AlterVerifiers(ctx, c.deps, role, change)
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
		Directory: directory{s.catalog, s.meta, s.clock}, Trusting: s.cfg.Auth == string(auth.Trust), Nameless: session.Superuser, MockKey: key, Clock: s.clock, Logger: s.logger,
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
	first, _ := s.catalog.Now().RoleOf(catalog.SuperuserOID)
	have, err := session.Verifiers(ctx, s.meta, first)
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
		return s.setFirstPassword(ctx, vs)
	}
	if s.cfg.Auth != string(auth.Trust) {
		return fmt.Errorf("auth = %s needs a password for role %s: set password_file", s.cfg.Auth, session.Superuser)
	}
	return nil
}

// setFirstPassword gives the first role a password, wherever its old one is.
func (s *Server) setFirstPassword(ctx context.Context, vs auth.Verifiers) error {
	if first, _ := s.catalog.Now().RoleOf(catalog.SuperuserOID); first.Role.Password == nil {
		return session.SetFirstPassword(ctx, s.meta, vs)
	}
	return session.AlterVerifiers(ctx, s.db.Deps, session.Superuser, func(auth.Verifiers) (auth.Verifiers, error) { return vs, nil })
}

func (s *Server) openSession(ctx context.Context, st face.Startup) (pgwire.Session, error) {
	return s.db.Open(ctx, st)
}
