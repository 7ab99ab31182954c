package tlsconf

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/secretfile"
)

// Files are where the certificate comes from, in PEM.
type Files struct {
	Cert     string // the server's, and those between it and its root
	Key      string // its private key; nobody but its owner, or its group, may read it
	ClientCA string // roots of client certificates; "" = none are asked for
}

// lookEvery is the least time between two looks at the files.
const lookEvery = time.Second

// Source gives the TLS configuration of the moment. It is safe for concurrent use.
type Source struct {
	files  Files
	clock  clock.Clock
	logger *slog.Logger

	mu struct {
		sync.Mutex
		loaded *loaded
		stamps []stamp // of the files as they were last tried
		looked time.Time
	}
}

// loaded is what one state of the files gives.
type loaded struct {
	config   *tls.Config
	endpoint []byte
	notAfter time.Time
}

// stamp tells one state of a file from another.
type stamp struct {
	info os.FileInfo // nil: it could not be looked at
}

func (s stamp) same(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == o.info
	}
	return os.SameFile(s.info, o.info) && s.info.Size() == o.info.Size() && s.info.ModTime().Equal(o.info.ModTime())
}

// Open reads the files; what is wrong with them is one line that names the file.
func Open(files Files, c clock.Clock, logger *slog.Logger) (*Source, error) {
	s := &Source{files: files, clock: c, logger: logger}
	s.mu.stamps = s.look()
	s.mu.looked = c.Now()
	var err error
	s.mu.loaded, err = load(files)
	return s, err
}

// Config is the configuration for a new connection whose client may ask for one of protocols
// (ALPN), and what the connection's channel binding tls-server-end-point is, nil if the
// certificate has none. The configuration must not be changed.
func (s *Source) Config(protocols ...string) (*tls.Config, []byte) {
	l := s.current()
	cfg := l.config
	if len(protocols) > 0 {
		cfg = cfg.Clone()
		cfg.NextProtos = protocols
	}
	return cfg, l.endpoint
}

// NotAfter is when the certificate in use expires.
func (s *Source) NotAfter() time.Time { return s.current().notAfter }

func (s *Source) current() *loaded {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if gone := now.Sub(s.mu.looked); gone >= 0 && gone < lookEvery {
		return s.mu.loaded
	}
	s.mu.looked = now
	stamps := s.look()
	changed := false
	for i := range stamps {
		changed = changed || !stamps[i].same(s.mu.stamps[i])
	}
	if !changed {
		return s.mu.loaded
	}
	s.mu.stamps = stamps
	fresh, err := load(s.files)
	if err != nil {
		s.logger.Warn("the changed TLS files are not used, the old certificate stays", slog.Any("error", err), slog.Time("expires", s.mu.loaded.notAfter))
		return s.mu.loaded
	}
	s.logger.Info("TLS files read again", slog.String("tls_cert", s.files.Cert), slog.Time("expires", fresh.notAfter))
	s.mu.loaded = fresh
	return fresh
}

func (s *Source) look() []stamp {
	stamps := make([]stamp, 0, 3)
	for _, path := range []string{s.files.Cert, s.files.Key, s.files.ClientCA} {
		info, err := os.Stat(path)
		if err != nil {
			info = nil
		}
		stamps = append(stamps, stamp{info})
	}
	return stamps
}

func load(files Files) (*loaded, error) {
	cert, err := os.ReadFile(files.Cert)
	if err != nil {
		return nil, fmt.Errorf("tls_cert: %w", err)
	}
	key, err := secretfile.Read(files.Key, secretfile.GroupReads)
	if err != nil {
		return nil, fmt.Errorf("tls_key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("tls_cert %s and tls_key %s: %w", files.Cert, files.Key, err)
	}
	if pair.Leaf == nil { // GODEBUG=x509keypairleaf=0
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("tls_cert %s: %w", files.Cert, err)
		}
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true}
	if files.ClientCA != "" {
		roots, err := os.ReadFile(files.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("tls_client_ca: %w", err)
		}
		cfg.ClientCAs, cfg.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
		if !cfg.ClientCAs.AppendCertsFromPEM(roots) {
			return nil, fmt.Errorf("tls_client_ca %s: no certificate in it", files.ClientCA)
		}
	}
	return &loaded{config: cfg, endpoint: endpointOf(pair.Leaf), notAfter: pair.Leaf.NotAfter}, nil
}

// endpointOf is the hash of a certificate that RFC 5929 section 4.1 wants: the one it was signed
// with, SHA-256 in place of weaker ones, and none where the signature has no hash of its own.
func endpointOf(leaf *x509.Certificate) []byte {
	switch leaf.SignatureAlgorithm {
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		sum := sha512.Sum384(leaf.Raw)
		return sum[:]
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		sum := sha512.Sum512(leaf.Raw)
		return sum[:]
	case x509.PureEd25519, x509.UnknownSignatureAlgorithm:
		return nil
	}
	sum := sha256.Sum256(leaf.Raw)
	return sum[:]
}
