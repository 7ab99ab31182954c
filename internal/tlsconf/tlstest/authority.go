// Package tlstest makes certificates for tests: an authority, servers' for localhost, clients'.
//
//	NewAuthority ─► Server, Client: tls.Certificate ─► Write: files, as an operator has them
package tlstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	next int64
}

// NewAuthority makes one, which signs with ECDSA and SHA-256.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return newAuthority(t, key, err)
}

// NewEd25519Authority makes one whose signatures have no hash of their own.
func NewEd25519Authority(t testing.TB) *Authority {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return newAuthority(t, key, err)
}

func newAuthority(t testing.TB, key crypto.Signer, err error) *Authority {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	a := &Authority{key: key, next: 1}
	root := template(1, "test authority")
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func template(serial int64, name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}
}

// Pool trusts the authority.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// Server is a certificate for localhost and its addresses.
func (a *Authority) Server(t testing.TB) tls.Certificate {
	t.Helper()
	return a.issue(t, "localhost", x509.ExtKeyUsageServerAuth)
}

// Client is a certificate for a client of that name.
func (a *Authority) Client(t testing.TB, name string) tls.Certificate {
	t.Helper()
	return a.issue(t, name, x509.ExtKeyUsageClientAuth)
}

func (a *Authority) issue(t testing.TB, name string, usage x509.ExtKeyUsage) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.next++
	c := template(a.next, name)
	c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{usage}
	if usage == x509.ExtKeyUsageServerAuth {
		c.DNSNames, c.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// Write puts a certificate and its key into files of dir, in place of what is there.
func Write(t testing.TB, dir, name string, c tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	write(t, cert, "CERTIFICATE", c.Certificate[0])
	write(t, key, "PRIVATE KEY", der)
	return cert, key
}

// WriteRoot puts the authority's own certificate into a file of dir.
func (a *Authority) WriteRoot(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "root.crt")
	write(t, path, "CERTIFICATE", a.cert.Raw)
	return path
}

func write(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	// A new file in its place, as tools that renew certificates do.
	temporary := path + ".new"
	if err := os.WriteFile(temporary, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, path); err != nil {
		t.Fatal(err)
	}
}
