package kafka

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/tlsconf/tlstest"
)

// guarded asks for ann's password, which is "secret".
func guarded(t testing.TB, c *Config) {
	vs, err := auth.NewVerifiers("secret", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.Auth = newGate(t, auth.Config{Directory: directory{vs}})
}

func scramAs(m auth.Mechanism, name, password string) kgo.Opt {
	a := scram.Auth{User: name, Pass: password}
	if m == auth.SHA512 {
		return kgo.SASL(a.AsSha512Mechanism())
	}
	return kgo.SASL(a.AsSha256Mechanism())
}

// roundTrip produces a record and reads it back.
func roundTrip(t testing.TB, cl *kgo.Client, topic string) error {
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	if err := cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("x")}).FirstErr(); err != nil {
		return err
	}
	cl.AddConsumeTopics(topic)
	f := cl.PollFetches(ctx)
	if err := f.Err(); err != nil {
		return err
	}
	if f.NumRecords() != 1 {
		return errors.New("the record did not come back")
	}
	return nil
}

func TestSASL(t *testing.T) {
	b := start(t, func(c *Config) { guarded(t, c) })
	fromStart := kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())
	for _, m := range auth.Mechanisms() {
		if err := roundTrip(t, b.client(t, scramAs(m, "ann", "secret"), fromStart), "t-"+string(m)); err != nil {
			t.Errorf("%s: %v", m, err)
		}
		for _, bad := range [][2]string{{"ann", "wrong"}, {"nobody", "secret"}} {
			if err := b.client(t, scramAs(m, bad[0], bad[1])).Ping(testContext(t)); !errors.Is(err, kerr.SaslAuthenticationFailed) {
				t.Errorf("%s %v: %v", m, bad, err)
			}
		}
	}
	plaintext := kgo.SASL(plain.Auth{User: "ann", Pass: "secret"}.AsMechanism())
	if err := b.client(t, plaintext).Ping(testContext(t)); !errors.Is(err, kerr.UnsupportedSaslMechanism) {
		t.Errorf("PLAIN without TLS: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := b.client(t).Ping(short); err == nil {
		t.Error("a client without SASL is served")
	}
	if n := b.cfg.Auth.Failures(auth.Kafka, auth.SCRAM256) + b.cfg.Auth.Failures(auth.Kafka, auth.SCRAM512); n < 4 {
		t.Errorf("%d failures counted", n)
	}
}

// TestSASLPlain: under TLS the password may come in clear.
func TestSASLPlain(t *testing.T) {
	ca := tlstest.NewAuthority(t)
	cfg := Config{Log: newMemLog(), Credentials: &passwords{}, ClusterID: "AAAAAAAAAAAAAAAAAAAAAA", Meta: newMeta(t)}
	cfg.Topics = cfg.Log.(*memLog)
	guarded(t, &cfg)
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := serveWith(t, s, tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{ca.Server(t)}}))
	dial := kgo.DialTLSConfig(&tls.Config{RootCAs: ca.Pool(), ServerName: "localhost"})
	if err := b.client(t, dial, kgo.SASL(plain.Auth{User: "ann", Pass: "secret"}.AsMechanism())).Ping(testContext(t)); err != nil {
		t.Error(err)
	}
	for _, a := range []plain.Auth{{User: "ann", Pass: "wrong"}, {User: "nobody", Pass: "secret"}, {User: "ann", Pass: "secret", Zid: "root"}} {
		if err := b.client(t, dial, kgo.SASL(a.AsMechanism())).Ping(testContext(t)); !errors.Is(err, kerr.SaslAuthenticationFailed) {
			t.Errorf("%v: %v", a, err)
		}
	}
}

// TestBeforeAuthentication: nothing but what a login takes is read, and little of that.
func TestBeforeAuthentication(t *testing.T) {
	b := start(t, func(c *Config) { guarded(t, c) })
	handshake := func(mechanism string, version int16) *kmsg.SASLHandshakeRequest {
		req := kmsg.NewPtrSASLHandshakeRequest()
		req.Mechanism, req.Version = mechanism, version
		return req
	}
	for name, send := range map[string]func(w *wire){
		"metadata":                  func(w *wire) { w.send(kmsg.NewPtrMetadataRequest()) },
		"produce":                   func(w *wire) { w.send(kmsg.NewPtrProduceRequest()) },
		"after a handshake":         func(w *wire) { w.send(handshake("SCRAM-SHA-256", 1)); w.send(kmsg.NewPtrMetadataRequest()) },
		"huge authenticate":         func(w *wire) { w.bytes(frameOf(keySaslAuthenticate, 1<<20)) },
		"huge unknown":              func(w *wire) { w.bytes(frameOf(0, 100<<20)) },
		"huge raw token":            func(w *wire) { w.send(handshake("SCRAM-SHA-256", 0)); w.bytes([]byte{0, 1, 0, 1}) },
		"rubbish raw token":         func(w *wire) { w.send(handshake("SCRAM-SHA-256", 0)); w.bytes([]byte{0, 0, 0, 1, 'x'}) },
		"mechanism of nobody":       func(w *wire) { w.send(handshake("GSSAPI", 1)) },
		"authenticate first of all": func(w *wire) { w.send(kmsg.NewPtrSASLAuthenticateRequest()) },
		"handshake twice":           func(w *wire) { w.send(handshake("SCRAM-SHA-256", 1)); w.send(handshake("SCRAM-SHA-256", 1)) },
		"http":                      func(w *wire) { w.bytes([]byte("GET / HTTP/1.1\r\n\r\n")) },
	} {
		w := b.dial(t)
		send(w)
		w.hangsUp(name)
	}
	if n := b.metrics.Requests[3].Load() + b.metrics.Requests[0].Load(); n != 0 {
		t.Errorf("%d requests reached a handler", n)
	}
}

func (w *wire) bytes(b []byte) {
	w.t.Helper()
	if _, err := w.nc.Write(b); err != nil {
		w.t.Fatal(err)
	}
}

// hangsUp reads whatever answers come until the server closes.
func (w *wire) hangsUp(what string) {
	w.t.Helper()
	_, err := io.Copy(io.Discard, w.nc)
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		w.t.Errorf("%s: the connection stays", what)
	}
}

func frameOf(key int16, size int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(size))
	b = binary.BigEndian.AppendUint16(b, uint16(key))
	return append(b, 0, 0, 0, 0, 0, 1)
}

func TestLoginTimeout(t *testing.T) {
	b := start(t, func(c *Config) { guarded(t, c); c.LoginTimeout = 30 * time.Millisecond })
	w := b.dial(t)
	w.send(kmsg.NewPtrApiVersionsRequest())
	w.hangsUp("a client that never logs in")
}

// TestRawTokens: the exchange of clients that know SaslHandshake 0 only.
func TestRawTokens(t *testing.T) {
	b := start(t, func(c *Config) { guarded(t, c) })
	w := b.dial(t)
	req := kmsg.NewPtrSASLHandshakeRequest()
	req.Mechanism = "SCRAM-SHA-512"
	w.send(req)
	w.receive(req, w.id)
	mech := scram.Auth{User: "ann", Pass: "secret"}.AsSha512Mechanism()
	session, token, err := mech.Authenticate(t.Context(), b.addr)
	for done := false; ; {
		if err != nil {
			t.Fatal(err)
		}
		if done {
			break
		}
		w.bytes(append(binary.BigEndian.AppendUint32(nil, uint32(len(token))), token...))
		var size [4]byte
		if _, err := io.ReadFull(w.nc, size[:]); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(w.nc, answer); err != nil {
			t.Fatal(err)
		}
		done, token, err = session.Challenge(answer)
	}
	meta := kmsg.NewPtrMetadataRequest()
	w.send(meta)
	w.receive(meta, w.id)
}

// TestReauthentication: a client that proves itself again keeps its connection past the lifetime;
// one that does not loses it; nobody becomes somebody else.
func TestReauthentication(t *testing.T) {
	clk := newManual()
	b := start(t, func(c *Config) { guarded(t, c); c.SessionLifetime = time.Hour; c.Clock = clk })
	login := func(w *wire, mech sasl.Mechanism) *kmsg.SASLAuthenticateResponse {
		t.Helper()
		hand := kmsg.NewPtrSASLHandshakeRequest()
		hand.Mechanism, hand.Version = mech.Name(), 1
		w.send(hand)
		if resp := w.receive(hand, w.id).(*kmsg.SASLHandshakeResponse); resp.ErrorCode != 0 {
			return &kmsg.SASLAuthenticateResponse{ErrorCode: resp.ErrorCode}
		}
		session, token, err := mech.Authenticate(t.Context(), b.addr)
		for {
			if err != nil {
				t.Fatal(err)
			}
			req := kmsg.NewPtrSASLAuthenticateRequest()
			req.SASLAuthBytes, req.Version = token, 2
			w.send(req)
			resp := w.receive(req, w.id).(*kmsg.SASLAuthenticateResponse)
			if resp.ErrorCode != 0 {
				return resp
			}
			var done bool
			if done, token, err = session.Challenge(resp.SASLAuthBytes); done {
				return resp
			}
		}
	}
	ask := func(w *wire) { w.send(kmsg.NewPtrMetadataRequest()) }
	ann := scram.Auth{User: "ann", Pass: "secret"}
	keeps, loses, changes := b.dial(t), b.dial(t), b.dial(t)
	for _, w := range []*wire{keeps, loses, changes} {
		if resp := login(w, ann.AsSha256Mechanism()); resp.ErrorCode != 0 || resp.SessionLifetimeMillis != time.Hour.Milliseconds() {
			t.Fatalf("login: %+v", resp)
		}
	}
	clk.pass(50 * time.Minute)
	if resp := login(keeps, ann.AsSha256Mechanism()); resp.ErrorCode != 0 || resp.SessionLifetimeMillis != time.Hour.Milliseconds() {
		t.Fatalf("again: %+v", resp)
	}
	if resp := login(changes, ann.AsSha512Mechanism()); resp.ErrorCode != kerr.IllegalSaslState.Code {
		t.Errorf("another mechanism: %+v", resp)
	}
	clk.pass(20 * time.Minute)
	ask(keeps)
	keeps.receive(kmsg.NewPtrMetadataRequest(), keeps.id)
	ask(loses)
	loses.hangsUp("an expired session")
	if n := b.metrics.SessionsExpired.Load(); n != 1 {
		t.Errorf("%d sessions expired", n)
	}
}

// manual is a clock that stands until it is told to go on. Timers are real: nothing here waits.
type manual struct{ ahead atomic.Int64 }

func newManual() *manual { return &manual{} }

func (m *manual) Now() time.Time                         { return time.Now().Add(time.Duration(m.ahead.Load())) }
func (m *manual) After(d time.Duration) <-chan time.Time { return time.After(d) }
func (m *manual) pass(d time.Duration)                   { m.ahead.Add(int64(d)) }

// TestSASLWhereTrusted: nobody must authenticate, whoever does is who it says.
func TestSASLWhereTrusted(t *testing.T) {
	b := start(t, func(c *Config) {
		guarded(t, c)
		vs, err := auth.NewVerifiers("secret", rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c.Auth = newGate(t, auth.Config{Directory: directory{vs}, Trusting: true, Nameless: "ann"})
	})
	if err := b.client(t).Ping(testContext(t)); err != nil {
		t.Error(err)
	}
	if err := b.client(t, scramAs(auth.SHA256, "ann", "secret")).Ping(testContext(t)); err != nil {
		t.Error(err)
	}
	if err := b.client(t, scramAs(auth.SHA256, "ann", "wrong")).Ping(testContext(t)); err == nil || !strings.Contains(err.Error(), "SASL_AUTHENTICATION_FAILED") {
		t.Error(err)
	}
}
