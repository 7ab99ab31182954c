package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/pgwire"
	"github.com/tributary-db/tributary/session"
	"github.com/tributary-db/tributary/storage/meta"
)

// roles answers who may log in; there is one role.
type roles struct{ meta meta.Store }

func (r roles) Login(ctx context.Context, user string) (verifier string, exists bool, err error) {
	if user != session.Superuser {
		return "", false, nil
	}
	verifier, err = session.Verifier(ctx, r.meta)
	return verifier, true, err
}

// setPassword takes the first password from password_file, and refuses to ask for passwords
// when there is none.
func (s *Server) setPassword(ctx context.Context) error {
	have, err := session.Verifier(ctx, s.meta)
	if err != nil || have != "" {
		return err
	}
	if s.cfg.PasswordFile != "" {
		text, err := readSecret(s.cfg.PasswordFile)
		if err != nil {
			return fmt.Errorf("password_file: %w", err)
		}
		password := strings.TrimRight(string(text), "\r\n")
		if password == "" {
			return fmt.Errorf("password_file %s is empty", s.cfg.PasswordFile)
		}
		v, err := pgwire.NewVerifier(password, rand.Reader)
		if err != nil {
			return err
		}
		return session.SetVerifier(ctx, s.meta, v.String())
	}
	if s.cfg.Auth == string(pgwire.SCRAM) {
		return fmt.Errorf("auth = scram-sha-256 needs a password for role %s: set password_file", session.Superuser)
	}
	return nil
}

// readSecret reads a file that nobody but its owner may read.
func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// why not of pipes and the like: a mode says nothing about who reads them.
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("mode %04o of %s lets others read it: run chmod 0600 %s", mode.Perm(), path, path)
	}
	return io.ReadAll(f)
}

func (s *Server) openSession(ctx context.Context, st face.Startup) (pgwire.Session, error) {
	return s.db.Open(ctx, st)
}

func newVerifier(password string) (string, error) {
	v, err := pgwire.NewVerifier(password, rand.Reader)
	return v.String(), err
}
