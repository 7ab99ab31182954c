package pgoracle

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// EnvDSN names the variable that points to a PostgreSQL to use instead of a private one.
const EnvDSN = "TRIBUTARY_TEST_POSTGRES"

var (
	startOnce sync.Once
	baseDSN   string
	startErr  error
	databases atomic.Int64
)

// Start returns a connection to a new, empty database, closed when the test ends. It skips the
// test where there is no PostgreSQL.
func Start(t testing.TB) *pgx.Conn {
	t.Helper()
	return Connect(t, DSN(t))
}

// DSN returns the connection string of a new, empty database, dropped when the test ends. It
// skips the test where there is no PostgreSQL. The string has key=value form; host, port,
// user and dbname are always in it.
func DSN(t testing.TB) string {
	t.Helper()
	base := server(t)
	name := fmt.Sprintf("oracle_%d_%d", os.Getpid(), databases.Add(1))
	admin(t, base, "CREATE DATABASE "+name+" TEMPLATE template0")
	t.Cleanup(func() { admin(t, base, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return withDatabase(t, base, name)
}

// Connect opens a connection to dsn, closed when the test ends.
func Connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("connect to the oracle: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Socket returns network and address to dial dsn's server without a driver.
func Socket(t testing.TB, dsn string) (network, address string) {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatalf("parse %q: %v", dsn, err)
	}
	if strings.HasPrefix(cfg.Host, "/") {
		return "unix", fmt.Sprintf("%s/.s.PGSQL.%d", cfg.Host, cfg.Port)
	}
	return "tcp", fmt.Sprintf("%s:%d", cfg.Host, cfg.Port)
}

// server starts the server of this test binary, or finds the one it was told to use.
func server(t testing.TB) string {
	t.Helper()
	startOnce.Do(func() {
		if baseDSN = os.Getenv(EnvDSN); baseDSN == "" {
			baseDSN, startErr = launch()
		}
	})
	if startErr != nil {
		if _, absent := startErr.(absentError); absent {
			t.Skipf("no PostgreSQL to compare with: %v", startErr)
		}
		t.Fatalf("start PostgreSQL: %v", startErr)
	}
	return baseDSN
}

// admin runs one statement on the server's own database.
func admin(t testing.TB, dsn, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("connect to the oracle: %v", err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func withDatabase(t testing.TB, dsn, name string) string {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatalf("%s: %v", EnvDSN, err)
	}
	out := fmt.Sprintf("host=%s port=%d user=%s dbname=%s", cfg.Host, cfg.Port, cfg.User, name)
	if cfg.Password != "" {
		out += " password='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(cfg.Password) + "'"
	}
	if cfg.TLSConfig == nil {
		out += " sslmode=disable"
	}
	return out
}
