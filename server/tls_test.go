package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tributary-db/tributary/internal/config"
	"github.com/tributary-db/tributary/internal/tlsconf/tlstest"
	"github.com/tributary-db/tributary/server"
)

// secured is a server that speaks TLS on all faces and asks for the password "first".
type secured struct {
	*server.Server
	dir, root string
	ca        *tlstest.Authority
}

func secure(t *testing.T, change func(*config.Settings)) *secured {
	t.Helper()
	s := &secured{dir: t.TempDir(), ca: tlstest.NewAuthority(t)}
	s.root = s.ca.WriteRoot(t, s.dir)
	cert, key := tlstest.Write(t, s.dir, "server", s.ca.Server(t))
	s.Server = guarded(t, func(cfg *config.Settings) {
		cfg.TLSCert, cfg.TLSKey, cfg.TLSClientCA = cert, key, s.root
		cfg.PGTLS, cfg.KafkaTLS, cfg.HTTPTLS = config.TLSRequire, config.TLSRequire, config.TLSRequire
		cfg.KafkaAdvertised = "localhost:0"
		if change != nil {
			change(cfg)
		}
	})
	return s
}

func portOf(a net.Addr) string {
	_, port, _ := net.SplitHostPort(a.String())
	return port
}

func (s *secured) tls(certs ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: s.ca.Pool(), ServerName: "localhost", Certificates: certs}
}

func (s *secured) get(t *testing.T, path, password string, certs ...tls.Certificate) (int, string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: s.tls(certs...)}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://localhost:"+portOf(s.HTTPAddr)+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		req.SetBasicAuth("tributary", password)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// TestOnePasswordOverTLS: the same password, and the same certificate, on all three faces.
func TestOnePasswordOverTLS(t *testing.T) {
	s := secure(t, nil)
	pg := func(more string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		db, err := pgx.Connect(ctx, fmt.Sprintf("host=localhost port=%s user=tributary dbname=tributary sslmode=verify-full sslrootcert=%s %s", portOf(s.PGAddr), s.root, more))
		if err == nil {
			err = db.Close(ctx)
		}
		return err
	}
	own := s.ca.Client(t, "tributary")
	cert, key := tlstest.Write(t, s.dir, "client", own)
	dial := kgo.DialTLSConfig(s.tls())
	for password, right := range map[string]bool{"first": true, "wrong": false} {
		if err := pg("channel_binding=require password=" + password); (err == nil) != right {
			t.Errorf("SQL with %q: %v", password, err)
		}
		a, p := scram.Auth{User: "tributary", Pass: password}, plain.Auth{User: "tributary", Pass: password}
		for _, as := range []struct {
			name string
			err  error
		}{
			{"SCRAM-SHA-256", kafkaLogin(t, s.Server, a.AsSha256Mechanism(), dial)},
			{"SCRAM-SHA-512", kafkaLogin(t, s.Server, a.AsSha512Mechanism(), dial)},
			{"PLAIN", kafkaLogin(t, s.Server, p.AsMechanism(), dial)},
		} {
			if (as.err == nil) != right {
				t.Errorf("Kafka %s with %q: %v", as.name, password, as.err)
			}
		}
		if code, _ := s.get(t, "/metrics", password); (code == 200) != right {
			t.Errorf("HTTP with %q: %d", password, code)
		}
	}
	if err := pg("sslcert=" + cert + " sslkey=" + key); err != nil {
		t.Errorf("SQL with a certificate: %v", err)
	}
	if err := ping(t, kgo.SeedBrokers(s.KafkaAddr.String()), kgo.DialTLSConfig(s.tls(own))); err != nil {
		t.Errorf("Kafka with a certificate: %v", err)
	}
	if err := ping(t, kgo.SeedBrokers(s.KafkaAddr.String()), kgo.DialTLSConfig(s.tls(s.ca.Client(t, "nobody")))); err == nil {
		t.Error("Kafka takes a certificate of nobody")
	}
	if code, body := s.get(t, "/metrics", "", own); code != 200 || !strings.Contains(body, `tributary_auth_failures_total{face="kafka",method="plain"}`) || !strings.Contains(body, "tributary_tls_certificate_expiry_seconds") {
		t.Errorf("HTTP with a certificate: %d", code)
	}
	if code, _ := s.get(t, "/healthz", ""); code != 200 {
		t.Errorf("healthz: %d", code)
	}
	if _, err := http.Get("http://" + s.HTTPAddr.String() + "/healthz"); err == nil {
		t.Error("HTTP without TLS is answered")
	}
	if err := ping(t, kgo.SeedBrokers(s.KafkaAddr.String())); err == nil {
		t.Error("Kafka without TLS is answered")
	}
}

func ping(t *testing.T, opts ...kgo.Opt) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	return cl.Ping(ctx)
}

// TestTLSAllowed: both kinds of clients on one port.
func TestTLSAllowed(t *testing.T) {
	s := secure(t, func(cfg *config.Settings) {
		cfg.PGTLS, cfg.KafkaTLS, cfg.HTTPTLS = config.TLSAllow, config.TLSAllow, config.TLSAllow
	})
	a := scram.Auth{User: "tributary", Pass: "first"}.AsSha256Mechanism()
	if err := kafkaLogin(t, s.Server, a, kgo.DialTLSConfig(s.tls())); err != nil {
		t.Errorf("Kafka over TLS: %v", err)
	}
	if err := kafkaLogin(t, s.Server, a); err != nil {
		t.Errorf("Kafka without: %v", err)
	}
	if err := kafkaLogin(t, s.Server, plain.Auth{User: "tributary", Pass: "first"}.AsMechanism()); err == nil {
		t.Error("PLAIN without TLS")
	}
	if _, err := login(t, s.Server, "first"); err != nil {
		t.Errorf("SQL without: %v", err)
	}
	if code, _ := s.get(t, "/metrics", "first"); code != 200 {
		t.Errorf("HTTP over TLS: %d", code)
	}
	resp, err := http.Get("http://" + s.HTTPAddr.String() + "/healthz")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("HTTP without: %v", err)
	}
	_ = resp.Body.Close()
}

// TestForeignClients: librdkafka, the Python and the Java client, and curl, where they are installed.
func TestForeignClients(t *testing.T) {
	s := secure(t, nil)
	run := func(t *testing.T, stdin, name string, args ...string) (string, error) {
		path, err := osexec.LookPath(name)
		if err != nil {
			t.Skipf("%s is not installed", name)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		cmd := osexec.CommandContext(ctx, path, args...)
		var out bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &out
		err = cmd.Run()
		return out.String(), err
	}
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"} {
		t.Run("kcat "+mechanism, func(t *testing.T) {
			kcat := func(stdin, password string, args ...string) (string, error) {
				return run(t, stdin, "kcat", append(args, "-b", "localhost:"+portOf(s.KafkaAddr), "-X", "security.protocol=SASL_SSL", "-X", "ssl.ca.location="+s.root,
					"-X", "sasl.mechanisms="+mechanism, "-X", "sasl.username=tributary", "-X", "sasl.password="+password)...)
			}
			topic := "t-" + strings.ToLower(mechanism)
			if out, err := kcat("hello\n", "first", "-P", "-t", topic); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if out, err := kcat("", "first", "-C", "-q", "-t", topic, "-o", "beginning", "-c", "1"); err != nil || !strings.Contains(out, "hello") {
				t.Errorf("%v\n%s", err, out)
			}
			if out, err := kcat("", "wrong", "-L", "-m", "3"); err == nil || !strings.Contains(out, "Authentication failed") {
				t.Errorf("a wrong password: %v\n%s", err, out)
			}
		})
		t.Run("kafka-python "+mechanism, func(t *testing.T) {
			python := os.Getenv("TRIBUTARY_TEST_PYTHON")
			if python == "" {
				python = "python3"
			}
			if out, err := run(t, "", python, "-c", "import kafka"); err != nil {
				t.Skipf("%s has no kafka-python: %s", python, out)
			}
			const program = `
import sys, kafka
port, root, mechanism = sys.argv[1:]
how = dict(bootstrap_servers="localhost:" + port, security_protocol="SASL_SSL", ssl_cafile=root, sasl_mechanism=mechanism, sasl_plain_username="tributary", sasl_plain_password="first")
p = kafka.KafkaProducer(**how)
p.send("py", b"hello").get(timeout=20)
c = kafka.KafkaConsumer("py", auto_offset_reset="earliest", consumer_timeout_ms=20000, **how)
print(next(c).value)
`
			if out, err := run(t, "", python, "-c", program, portOf(s.KafkaAddr), s.root, mechanism); err != nil || !strings.Contains(out, "hello") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	for _, c := range []struct{ mechanism, protocol string }{{"SCRAM-SHA-256", "classic"}, {"SCRAM-SHA-512", "consumer"}, {"PLAIN", "classic"}} {
		t.Run("java "+c.mechanism, func(t *testing.T) {
			jars := os.Getenv("TRIBUTARY_TEST_JAVA")
			if jars == "" {
				t.Skip("TRIBUTARY_TEST_JAVA names no directory with kafka-clients and what it needs: see CONTRIBUTING.md")
			}
			java := func(password string) (string, error) {
				return run(t, "", "java", "-cp", filepath.Join(jars, "*"), "testdata/Client.java", portOf(s.KafkaAddr), s.root, c.mechanism, password,
					"java-"+strings.ToLower(c.mechanism), c.protocol)
			}
			if out, err := java("first"); err != nil || !strings.Contains(out, "got hello from Java") {
				t.Errorf("%v\n%s", err, out)
			}
			if out, err := java("wrong"); err == nil || !strings.Contains(out, "SaslAuthenticationException") {
				t.Errorf("a wrong password: %v\n%s", err, out)
			}
		})
	}
	t.Run("curl", func(t *testing.T) {
		curl := func(password string) string {
			out, _ := run(t, "", "curl", "-s", "--cacert", s.root, "-u", "tributary:"+password, "-o", os.DevNull, "-w", "%{http_code}", "https://localhost:"+portOf(s.HTTPAddr)+"/metrics")
			return out
		}
		if right, wrong := curl("first"), curl("wrong"); right != "200" || wrong != "401" {
			t.Errorf("the right password: %s, a wrong one: %s", right, wrong)
		}
	})
}

// TestServerReloadsItsCertificate: all faces serve a renewed certificate without a restart.
func TestServerReloadsItsCertificate(t *testing.T) {
	s := secure(t, nil)
	renewed := s.ca.Server(t)
	tlstest.Write(t, s.dir, "server", renewed)
	for name, addr := range map[string]net.Addr{"kafka": s.KafkaAddr, "http": s.HTTPAddr, "pg": s.PGAddr} {
		cfg := s.tls()
		if name == "pg" {
			cfg.NextProtos = []string{"postgresql"}
		}
		deadline := time.Now().Add(20 * time.Second) // the files are looked at once a second
		for {
			nc, err := tls.Dial("tcp", addr.String(), cfg)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := nc.ConnectionState().PeerCertificates[0]
			_ = nc.Close()
			if got.Equal(renewed.Leaf) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: the old certificate stays", name)
			}
		}
	}
}
