package pgwire

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tlsconf"
	"github.com/tributary-db/tributary/internal/tlsconf/tlstest"
)

// pki is a directory with a server's certificate, the root to check it by, and clients'.
type pki struct {
	dir, root string
	ca        *tlstest.Authority
	source    *tlsconf.Source
}

func newPKI(t *testing.T, ca *tlstest.Authority) *pki {
	t.Helper()
	p := &pki{dir: t.TempDir(), ca: ca}
	p.root = ca.WriteRoot(t, p.dir)
	cert, key := tlstest.Write(t, p.dir, "server", ca.Server(t))
	var err error
	p.source, err = tlsconf.Open(tlsconf.Files{Cert: cert, Key: key, ClientCA: p.root}, clock.Real{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// client writes a client certificate and gives the connection parameters that use it.
func (p *pki) client(t *testing.T, name string) string {
	t.Helper()
	cert, key := tlstest.Write(t, p.dir, name, p.ca.Client(t, name))
	return fmt.Sprintf(" sslcert=%s sslkey=%s", cert, key)
}

func (p *pki) connect(t *testing.T, addr, more string) (*pgx.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, port, _ := net.SplitHostPort(addr)
	conn, err := pgx.Connect(ctx, fmt.Sprintf("host=localhost port=%s dbname=tributary sslrootcert=%s %s", port, p.root, more))
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

// TestTLS: every way into TLS with every way to prove who one is.
func TestTLS(t *testing.T) {
	p := newPKI(t, tlstest.NewAuthority(t))
	_, addr := serve(t, func(c *Config) { c.TLS, c.RequireTLS, c.Auth = p.source, true, asking(t, "secret") })
	for _, tc := range []struct {
		params string
		want   sqlerr.Code
	}{
		{"user=tributary password=secret sslmode=verify-full", ""},
		{"user=tributary password=secret sslmode=verify-full channel_binding=require", ""},
		{"user=tributary password=secret sslmode=verify-full channel_binding=disable", ""},
		{"user=tributary password=secret sslmode=verify-full sslnegotiation=direct channel_binding=require", ""},
		{"user=tributary password=secret sslmode=prefer", ""},
		{"user=tributary password=wrong sslmode=verify-full", sqlerr.InvalidPassword},
		{"user=nobody password=secret sslmode=verify-full", sqlerr.InvalidPassword},
		{"user=tributary sslmode=verify-full" + p.client(t, "tributary"), ""},
		{"user=tributary password=secret sslmode=verify-full" + p.client(t, "somebody"), ""}, // the password counts
		{"user=tributary password=wrong sslmode=verify-full" + p.client(t, "somebody"), sqlerr.InvalidPassword},
		{"user=nobody password=x sslmode=verify-full" + p.client(t, "nobody"), sqlerr.InvalidPassword},
		{"user=tributary password=secret sslmode=disable", sqlerr.InvalidAuthorizationSpecification},
	} {
		conn, err := p.connect(t, addr, tc.params)
		if tc.want != "" {
			wantCode(t, err, tc.want, "")
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tc.params, err)
			continue
		}
		if err := conn.Ping(t.Context()); err != nil {
			t.Errorf("%s: %v", tc.params, err)
		}
		// A cancel request goes its own way, encrypted or not.
		if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
			t.Errorf("%s: cancel: %v", tc.params, err)
		}
	}
}

// TestTLSWithoutBinding: a certificate whose signature has no hash offers no -PLUS.
func TestTLSWithoutBinding(t *testing.T) {
	p := newPKI(t, tlstest.NewEd25519Authority(t))
	_, addr := serve(t, func(c *Config) { c.TLS, c.Auth = p.source, asking(t, "secret") })
	if _, err := p.connect(t, addr, "user=tributary password=secret sslmode=verify-full"); err != nil {
		t.Error(err)
	}
	if _, err := p.connect(t, addr, "user=tributary password=secret sslmode=verify-full channel_binding=require"); err == nil || !strings.Contains(err.Error(), "channel binding") {
		t.Errorf("channel_binding=require: %v", err)
	}
	if _, err := p.connect(t, addr, "user=tributary password=secret sslmode=disable"); err != nil {
		t.Errorf("TLS is not required: %v", err)
	}
}

// TestTLSByHand: what no driver sends.
func TestTLSByHand(t *testing.T) {
	p := newPKI(t, tlstest.NewAuthority(t))
	_, addr := serve(t, func(c *Config) { c.TLS = p.source })
	hello := []byte("user\x00tributary\x00\x00")
	v3 := packet(3<<16, string(hello))
	behind := dial(t, addr)
	_, _ = behind.Write(append(packet(codeSSL, ""), v3...))
	if got := firstAnswers(t, behind); got != "FATAL 08P01" {
		t.Errorf("bytes together with an SSLRequest: %q", got)
	}
	for name, protocols := range map[string][]string{"direct without ALPN": nil, "direct with another": {"http/1.1"}} {
		nc := tls.Client(dial(t, addr), &tls.Config{RootCAs: p.ca.Pool(), ServerName: "localhost", NextProtos: protocols})
		if err := nc.Handshake(); err == nil {
			_, _ = nc.Write(v3)
			if _, err := nc.Read(make([]byte, 1)); err == nil {
				t.Errorf("%s: it is answered", name)
			}
		}
	}
	asked := dial(t, addr)
	_, _ = asked.Write(packet(codeSSL, ""))
	var answer [1]byte
	if _, err := io.ReadFull(asked, answer[:]); err != nil || answer[0] != 'S' {
		t.Fatalf("%q, %v", answer, err)
	}
	nc := tls.Client(asked, &tls.Config{RootCAs: p.ca.Pool(), ServerName: "localhost"})
	_, _ = nc.Write(packet(codeSSL, "")) // a second request, inside
	if got := firstAnswers(t, nc); got != "FATAL 0A000" {
		t.Errorf("an SSLRequest inside TLS: %q", got)
	}
	old := tls.Client(dial(t, addr), &tls.Config{RootCAs: p.ca.Pool(), ServerName: "localhost", NextProtos: []string{alpn}, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	if err := old.Handshake(); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

// TestShutdownOverTLS: an idle client is told, inside TLS, and a running statement ends.
func TestShutdownOverTLS(t *testing.T) {
	p := newPKI(t, tlstest.NewAuthority(t))
	s, addr := serve(t, func(c *Config) { c.TLS = p.source })
	conn, err := p.connect(t, addr, "user=tributary sslmode=verify-full")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = conn.Exec(t.Context(), "select 1")
	wantCode(t, err, sqlerr.AdminShutdown, "")
}

// TestPsqlOverTLS: libpq's own idea of all this.
func TestPsqlOverTLS(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed")
	}
	p := newPKI(t, tlstest.NewAuthority(t))
	_, addr := serve(t, func(c *Config) { c.TLS, c.RequireTLS, c.Auth = p.source, true, asking(t, "secret") })
	_, port, _ := net.SplitHostPort(addr)
	for _, tc := range []struct{ params, want string }{
		{"sslmode=verify-full channel_binding=require password=secret", "7"},
		{"sslmode=verify-full channel_binding=disable password=secret", "7"},
		{"sslmode=verify-full" + p.client(t, "tributary"), "7"},
		{"sslmode=verify-full channel_binding=require password=wrong", "password authentication failed"},
		{"sslmode=disable password=secret", "no encryption"},
	} {
		cmd := exec.CommandContext(t.Context(), psql, "-XAtw", "-c", "select 7",
			fmt.Sprintf("host=localhost hostaddr=127.0.0.1 port=%s user=tributary dbname=tributary sslrootcert=%s %s", port, filepath.Join(p.dir, "root.crt"), tc.params))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); (err == nil) != (tc.want == "7") || !strings.Contains(out.String(), tc.want) {
			t.Errorf("%s: %v\n%s", tc.params, err, out.String())
		}
	}
}
