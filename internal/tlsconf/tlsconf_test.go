package tlsconf

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tributary-db/tributary/internal/tlsconf/tlstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manual is a clock that goes on when it is told to.
type manual struct{ ahead atomic.Int64 }

func (m *manual) Now() time.Time                       { return time.Unix(1_700_000_000, m.ahead.Load()) }
func (m *manual) After(time.Duration) <-chan time.Time { panic("nobody waits here") }
func (m *manual) pass(d time.Duration)                 { m.ahead.Add(int64(d)) }

func open(t *testing.T, files Files, log *bytes.Buffer) (*Source, *manual) {
	t.Helper()
	c := &manual{}
	s, err := Open(files, c, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// TestReload: a renewed certificate is used by the next connection, a bad one is not and is told
// once, and a half of a pair waits for its other half.
func TestReload(t *testing.T) {
	ca, dir := tlstest.NewAuthority(t), t.TempDir()
	first, second, third := ca.Server(t), ca.Server(t), ca.Server(t)
	cert, key := tlstest.Write(t, dir, "server", first)
	var log bytes.Buffer
	s, clk := open(t, Files{Cert: cert, Key: key}, &log)
	uses := func(want tls.Certificate, when string) {
		t.Helper()
		clk.pass(2 * lookEvery)
		for range 3 {
			cfg, endpoint := s.Config()
			if !bytes.Equal(cfg.Certificates[0].Certificate[0], want.Certificate[0]) || !bytes.Equal(endpoint, endpointOf(want.Leaf)) {
				t.Fatalf("%s: another certificate is used", when)
			}
		}
	}
	uses(first, "at first")
	tlstest.Write(t, dir, "server", second)
	cfg, _ := s.Config()
	if !bytes.Equal(cfg.Certificates[0].Certificate[0], first.Certificate[0]) {
		t.Error("the files are looked at more often than they should")
	}
	uses(second, "renewed")
	log.Reset()
	if err := os.WriteFile(cert, []byte("-----BEGIN"), 0o600); err != nil {
		t.Fatal(err)
	}
	uses(second, "a half-written file")
	uses(second, "still half-written")
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), cert) {
		t.Errorf("%d warnings:\n%s", n, log.String())
	}
	whole := filepath.Join(dir, "other")
	if err := os.Mkdir(whole, 0o700); err != nil {
		t.Fatal(err)
	}
	newCert, newKey := tlstest.Write(t, whole, "server", third)
	rename(t, newCert, cert)
	uses(second, "a certificate without its key")
	rename(t, newKey, key)
	uses(third, "the whole pair")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	uses(third, "the key is gone")
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	ca, dir := tlstest.NewAuthority(t), t.TempDir()
	cert, key := tlstest.Write(t, dir, "a", ca.Server(t))
	_, otherKey := tlstest.Write(t, dir, "b", ca.Server(t))
	_, readable := tlstest.Write(t, dir, "c", ca.Server(t))
	if err := os.Chmod(readable, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		files Files
		want  string
	}{
		{Files{Cert: cert + "x", Key: key}, "tls_cert"},
		{Files{Cert: cert, Key: key + "x"}, "tls_key"},
		{Files{Cert: cert, Key: otherKey}, "private key does not match"},
		{Files{Cert: cert, Key: readable}, "chmod 0600 " + readable},
		{Files{Cert: cert, Key: key, ClientCA: key}, "tls_client_ca"},
		{Files{Cert: cert, Key: key, ClientCA: dir + "/absent"}, "tls_client_ca"},
	} {
		if _, err := Open(tc.files, &manual{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v, want %q", tc.files, err, tc.want)
		}
	}
}

// TestEndpoint: no channel binding is offered where the certificate defines none.
func TestEndpoint(t *testing.T) {
	if got := endpointOf(tlstest.NewEd25519Authority(t).Server(t).Leaf); got != nil {
		t.Errorf("Ed25519: % x", got)
	}
	if got := endpointOf(tlstest.NewAuthority(t).Server(t).Leaf); len(got) != 32 {
		t.Errorf("SHA-256: % x", got)
	}
}

// echo serves connections of a listener that Listen made, and reports how each ended.
func echo(t *testing.T, plaintext bool, files Files) (addr string, ended chan error, names chan string) {
	t.Helper()
	s, _ := open(t, files, new(bytes.Buffer))
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := s.Listen(raw, plaintext)
	ended, names = make(chan error, 10), make(chan string, 10)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
			buf := make([]byte, 5)
			_, err = io.ReadFull(nc, buf)
			name := "plaintext"
			if state, ok := StateOf(nc); ok {
				name = "tls:" + NameOf(state)
			}
			_, _ = nc.Write(buf)
			_ = nc.Close()
			ended <- err
			names <- name
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-closed })
	return raw.Addr().String(), ended, names
}

func TestListen(t *testing.T) {
	ca, clients, dir := tlstest.NewAuthority(t), tlstest.NewAuthority(t), t.TempDir()
	cert, key := tlstest.Write(t, dir, "server", ca.Server(t))
	files := Files{Cert: cert, Key: key, ClientCA: clients.WriteRoot(t, dir)}
	encrypted := func(addr string, certs ...tls.Certificate) error {
		nc, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), ServerName: "localhost", Certificates: certs})
		if err != nil {
			return err
		}
		defer nc.Close()
		return says(nc)
	}
	open := func(addr string) error {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		return says(nc)
	}
	for _, plaintext := range []bool{false, true} {
		addr, ended, names := echo(t, plaintext, files)
		if err := encrypted(addr); err != nil || <-ended != nil || <-names != "tls:" {
			t.Errorf("plaintext %v: TLS: %v", plaintext, err)
		}
		if err := encrypted(addr, clients.Client(t, "ann")); err != nil || <-ended != nil || <-names != "tls:ann" {
			t.Errorf("plaintext %v: TLS with a certificate: %v", plaintext, err)
		}
		// It does not name an authority that is trusted: refused, whatever it says.
		if err := encrypted(addr, ca.Client(t, "ann")); err == nil {
			t.Errorf("plaintext %v: a certificate of another authority is taken", plaintext)
		}
		<-ended
		<-names
		err, end, name := open(addr), <-ended, <-names
		if plaintext && (err != nil || end != nil || name != "plaintext") || !plaintext && (err == nil || !errors.Is(end, ErrPlaintext)) {
			t.Errorf("plaintext %v: without TLS: %v, %v, %s", plaintext, err, end, name)
		}
	}
}

// says sends five bytes and wants them back.
func says(nc net.Conn) error {
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := nc.Write([]byte("hello")); err != nil {
		return err
	}
	back := make([]byte, 5)
	_, err := io.ReadFull(nc, back)
	return err
}
