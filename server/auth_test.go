package server_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/server"
)

// guarded starts a server that asks for the password "first".
func guarded(t *testing.T, change func(*config.Settings)) *server.Server {
	t.Helper()
	dir := t.TempDir()
	cfg := settings(filepath.Join(dir, "data"))
	cfg.Auth, cfg.PasswordFile = "scram-sha-256", filepath.Join(dir, "password")
	if err := os.WriteFile(cfg.PasswordFile, []byte("first\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(cfg)
	}
	s := start(t, t.Context(), cfg)
	t.Cleanup(func() { stop(t, s) })
	return s
}

func login(t *testing.T, s *server.Server, password string) (*pgx.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, fmt.Sprintf("postgres://tributary:%s@%s/tributary?sslmode=disable", url.PathEscape(password), s.PGAddr))
	if err == nil {
		t.Cleanup(func() { _ = db.Close(context.Background()) })
	}
	return db, err
}

func kafkaLogin(t *testing.T, s *server.Server, as sasl.Mechanism, opts ...kgo.Opt) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(s.KafkaAddr.String()), kgo.SASL(as))...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	return cl.Ping(ctx)
}

func codeOf(err error) sqlerr.Code {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return sqlerr.Code(e.Code)
}

// TestAlterRolePassword: the password is what was last set, in every form that PostgreSQL takes.
func TestAlterRolePassword(t *testing.T) {
	s := guarded(t, nil)
	db, err := login(t, s, "first")
	if err != nil {
		t.Fatal(err)
	}
	hashed, err := auth.NewVerifier(auth.SHA256, "hashed by psql", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ sql, password string }{
		{"ALTER ROLE tributary PASSWORD 'sécond'", "sécond"},
		{"ALTER USER tributary PASSWORD 'SCRAM-SHA-256$no verifier'", "SCRAM-SHA-256$no verifier"},
		{"ALTER ROLE tributary PASSWORD '" + hashed.String() + "'", "hashed by psql"},
		{"ALTER ROLE tributary PASSWORD 'third'", "third"},
	} {
		if _, err := db.Exec(t.Context(), tc.sql); err != nil {
			t.Fatalf("%s: %v", tc.sql, err)
		}
		if _, err := login(t, s, tc.password); err != nil {
			t.Errorf("after %s: %v", tc.sql, err)
		}
		if err := kafkaLogin(t, s, scram.Auth{User: "tributary", Pass: tc.password}.AsSha256Mechanism()); err != nil {
			t.Errorf("Kafka after %s: %v", tc.sql, err)
		}
		// A password that the client hashed is known to SCRAM-SHA-256 alone, and no old one stays.
		err := kafkaLogin(t, s, scram.Auth{User: "tributary", Pass: tc.password}.AsSha512Mechanism())
		if hashedByClient := strings.Contains(tc.sql, hashed.String()); hashedByClient == (err == nil) {
			t.Errorf("SCRAM-SHA-512 after %s: %v", tc.sql, err)
		}
		if _, err := login(t, s, "first"); codeOf(err) != sqlerr.InvalidPassword {
			t.Errorf("after %s the first password gives %v", tc.sql, err)
		}
	}
	if _, err := db.Exec(t.Context(), "ALTER ROLE tributary PASSWORD 'md5"+strings.Repeat("0a", 16)+"'"); codeOf(err) != sqlerr.FeatureNotSupported {
		t.Errorf("an MD5 hash: %v", err)
	}
	if _, err := login(t, s, "third"); err != nil {
		t.Errorf("after a refused statement: %v", err)
	}
	if _, err := db.Exec(t.Context(), "ALTER ROLE tributary PASSWORD ''"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"", "third"} {
		if _, err := login(t, s, p); codeOf(err) != sqlerr.InvalidPassword {
			t.Errorf("without a password, %q gives %v", p, err)
		}
	}
}
