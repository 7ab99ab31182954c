package auth

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xdg-go/scram"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// directory knows ann (password "secret"), bob (only a SCRAM-SHA-256 verifier) and cid (no password).
type directory struct{ accounts map[string]Account }

func (d directory) Account(_ context.Context, name string) (Account, error) {
	if name == "broken" {
		return Account{}, errors.New("the metadata is away")
	}
	return d.accounts[name], nil
}

func newDirectory(t testing.TB) directory {
	t.Helper()
	ann, err := NewVerifiers("secret", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return directory{map[string]Account{
		"ann": {Role: 10, Exists: true, Verifiers: ann}, "bob": {Role: 11, Exists: true, Verifiers: ann[:1]}, "cid": {Role: 12, Exists: true},
	}}
}

// stopped is a clock that stands; it notes what is waited for and lets it pass at once.
type stopped struct {
	mu    sync.Mutex
	now   time.Time
	waits []time.Duration
}

func (c *stopped) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stopped) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, d)
	ch := make(chan time.Time, 1)
	ch <- c.now
	return ch
}

func (c *stopped) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.waits = c.now.Add(d), nil
}

func newGate(t testing.TB, log *bytes.Buffer) (*Gate, *stopped) {
	t.Helper()
	c := &stopped{now: time.Unix(1_700_000_000, 0)}
	cfg := Config{Directory: newDirectory(t), Clock: c}
	if log != nil {
		cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	}
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g, c
}

func kafkaSCRAM(m Mechanism) SCRAM {
	return SCRAM{Attempt: Attempt{Face: Kafka, Peer: "10.0.0.1"}, Mechanism: m, NameInMessage: true}
}

// talk runs an exchange against another implementation of the client.
func talk(t testing.TB, g *Gate, about SCRAM, client *scram.ClientConversation) (Principal, error) {
	t.Helper()
	x := g.SCRAM(about)
	message := ""
	for {
		out, err := client.Step(message)
		if err != nil {
			t.Fatalf("the client gives up: %v", err)
		}
		var done bool
		if message, done, err = x.Step(t.Context(), out); err != nil {
			return Principal{}, err
		}
		if done {
			if _, err := client.Step(message); err != nil || !client.Valid() {
				t.Fatalf("the client does not believe the server: %v", err)
			}
			return x.Principal(), nil
		}
	}
}

func client(t testing.TB, m Mechanism, name, password string) *scram.Client {
	t.Helper()
	hash := scram.SHA256
	if m == SHA512 {
		hash = scram.SHA512
	}
	c, err := hash.NewClient(name, password, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSCRAM(t *testing.T) {
	g, _ := newGate(t, nil)
	for _, tc := range []struct {
		m              Mechanism
		name, password string
		want           error
	}{
		{SHA256, "ann", "secret", nil}, {SHA512, "ann", "secret", nil}, {SHA256, "bob", "secret", nil},
		{SHA512, "bob", "secret", ErrRefused}, // there is no verifier for it
		{SHA256, "ann", "Secret", ErrRefused}, {SHA512, "ann", "", ErrRefused},
		{SHA256, "cid", "secret", ErrRefused}, {SHA256, "nobody", "secret", ErrRefused}, {SHA512, "nobody", "secret", ErrRefused},
	} {
		p, err := talk(t, g, kafkaSCRAM(tc.m), client(t, tc.m, tc.name, tc.password).NewConversation())
		if !errors.Is(err, tc.want) {
			t.Errorf("%s %s %s: %v, want %v", tc.m, tc.name, tc.password, err, tc.want)
		}
		if tc.want == nil && (p.Name != tc.name || p.Role == 0 || p.Peer != "10.0.0.1") {
			t.Errorf("%s %s: principal %+v", tc.m, tc.name, p)
		}
	}
	if n := g.Failures(Kafka, SCRAM256) + g.Failures(Kafka, SCRAM512); n != 6 {
		t.Errorf("%d failures counted, want 6", n)
	}
	if _, err := talk(t, g, kafkaSCRAM(SHA256), client(t, SHA256, "broken", "x").NewConversation()); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("a directory that is away: %v", err)
	}
}

// TestChannelBinding: -PLUS works with the right data only, and a client that was kept from it by
// somebody in between is refused.
func TestChannelBinding(t *testing.T) {
	endpoint := []byte("hash of the certificate")
	bound := SCRAM{Attempt: Attempt{Face: PG, Name: "ann"}, Mechanism: SHA256, Bound: true, Endpoint: endpoint}
	unbound := bound
	unbound.Bound = false
	binding := func(data string) scram.ChannelBinding {
		return scram.ChannelBinding{Type: scram.ChannelBindingTLSServerEndpoint, Data: []byte(data)}
	}
	c := client(t, SHA256, "", "secret")
	for name, tc := range map[string]struct {
		about SCRAM
		with  *scram.ClientConversation
		want  sqlerr.Code // "" = in
	}{
		"bound":                   {bound, c.NewConversationWithChannelBinding(binding(string(endpoint))), ""},
		"another certificate":     {bound, c.NewConversationWithChannelBinding(binding("of the one in between")), sqlerr.InvalidAuthorizationSpecification},
		"bound without saying so": {unbound, c.NewConversationWithChannelBinding(binding(string(endpoint))), sqlerr.ProtocolViolation},
		"said so and not bound":   {bound, c.NewConversation(), sqlerr.ProtocolViolation},
		"not bound":               {unbound, c.NewConversation(), ""},
		"downgraded":              {unbound, c.NewConversationAdvertisingChannelBinding(), sqlerr.InvalidAuthorizationSpecification},
		"nothing to be bound to":  {SCRAM{Attempt: bound.Attempt, Mechanism: SHA256}, c.NewConversationAdvertisingChannelBinding(), ""},
		"another type of binding": {bound, c.NewConversationWithChannelBinding(scram.ChannelBinding{Type: "tls-unique", Data: endpoint}), sqlerr.ProtocolViolation},
	} {
		g, _ := newGate(t, nil)
		p, err := talk(t, g, tc.about, tc.with)
		switch {
		case tc.want == "" && err != nil, tc.want != "" && sqlerr.CodeOf(err) != tc.want:
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		case tc.want == "" && (p.Name != "ann" || (p.Method == SCRAM256TLS) != tc.about.Bound):
			t.Errorf("%s: principal %+v", name, p)
		}
	}
}

// TestMockIsSteady: asked twice, a role that does not exist looks like one that does.
func TestMockIsSteady(t *testing.T) {
	g, _ := newGate(t, nil)
	salt := func(m Mechanism, name string) string {
		out, _, err := g.SCRAM(kafkaSCRAM(m)).Step(t.Context(), "n,,n="+name+",r=abc")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(out, ",")
		return rest
	}
	for _, m := range Mechanisms() {
		if a, b, other := salt(m, "nobody"), salt(m, "nobody"), salt(m, "nobody2"); a != b || a == other || len(a) != len(salt(m, "ann")) {
			t.Errorf("%s: %q, %q, another name %q, a role that exists %q", m, a, b, other, salt(m, "ann"))
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, first := range []string{"", ",", "n,,", "x,,n=ann,r=abc", "n,a=bob,n=ann,r=abc", "n,,r=abc,n=ann", "n,,m=1,n=ann,r=abc", "n,,n=a=nn,r=abc", "n,,n=ann,r=", "n,,n=ann,r=\x01", "p=,,n=ann,r=abc",
		"n,,n=ann,r=" + strings.Repeat("x", maxNonce+1)} {
		g, _ := newGate(t, nil)
		if _, _, err := g.SCRAM(kafkaSCRAM(SHA256)).Step(t.Context(), first); err == nil || sqlerr.CodeOf(err) == sqlerr.InternalError {
			t.Errorf("%q: %v", first, err)
		}
	}
	for _, final := range []string{"", "c=biws", "c=biws,r=NONCE", "c=!,r=NONCE,p=AAAA", "c=biws,r=other,p=AAAA", "c=biws,r=NONCE,p=AAAA", "c=biws,r=NONCE,p=!", "r=NONCE,c=biws,p=AAAA", "c=eSws,r=NONCE,p=AAAA"} {
		g, _ := newGate(t, nil)
		x := g.SCRAM(kafkaSCRAM(SHA256))
		if _, _, err := x.Step(t.Context(), "n,,n=ann,r=abc"); err != nil {
			t.Fatal(err)
		}
		if _, done, err := x.Step(t.Context(), strings.ReplaceAll(final, "NONCE", x.nonce)); done || sqlerr.CodeOf(err) != sqlerr.ProtocolViolation {
			t.Errorf("%q: %v %v", final, done, err)
		}
		if _, done, err := x.Step(t.Context(), "again"); done || err == nil {
			t.Errorf("%q: the exchange goes on", final)
		}
	}
}

// TestNonceTwice: what librdkafka sends on the Kafka face is nonsense on PostgreSQL's.
func TestNonceTwice(t *testing.T) {
	for _, f := range []Face{Kafka, PG} {
		g, _ := newGate(t, nil)
		about := kafkaSCRAM(SHA256)
		about.Face = f
		x := g.SCRAM(about)
		first, _, err := x.Step(t.Context(), "n,,n=ann,r=abc")
		if err != nil {
			t.Fatal(err)
		}
		v := x.verifier
		key, err := pbkdf2.Key(sha256.New, "secret", v.Salt, v.Iterations, sha256.Size)
		if err != nil {
			t.Fatal(err)
		}
		without := "c=biws,r=abc" + x.nonce
		proof, signature := SHA256.mac(key, "Client Key"), SHA256.mac(v.StoredKey, "n=ann,r=abc,"+first+","+without)
		for i := range proof {
			proof[i] ^= signature[i]
		}
		_, done, err := x.Step(t.Context(), without+",p="+base64.StdEncoding.EncodeToString(proof))
		if done != (f == Kafka) {
			t.Errorf("%s: %v, %v", f, done, err)
		}
	}
}

func TestPassword(t *testing.T) {
	g, _ := newGate(t, nil)
	for _, tc := range []struct {
		name, password string
		want           error
	}{{"ann", "secret", nil}, {"bob", "secret", nil}, {"ann", "x", ErrRefused}, {"ann", "", ErrRefused}, {"cid", "", ErrRefused}, {"nobody", "secret", ErrRefused}} {
		p, err := g.Password(t.Context(), Attempt{Face: HTTP, Peer: "10.0.0.1", Name: tc.name, Method: Basic}, tc.password)
		if !errors.Is(err, tc.want) || (err == nil && (p.Name != tc.name || p.Method != Basic)) {
			t.Errorf("%s %q: %+v, %v", tc.name, tc.password, p, err)
		}
	}
	if p, known, err := g.Certificate(t.Context(), Attempt{Face: PG, Name: "ann"}); err != nil || !known || p.Role != 10 || p.Method != Certificate {
		t.Errorf("certificate: %+v %v %v", p, known, err)
	}
	if _, known, err := g.Certificate(t.Context(), Attempt{Face: PG, Name: "nobody"}); err != nil || known {
		t.Errorf("certificate of nobody: %v %v", known, err)
	}
	if p, err := g.Trust(t.Context(), Attempt{Face: PG, Name: "cid"}); err != nil || p.Name != "cid" {
		t.Errorf("trust: %+v %v", p, err)
	}
	if _, err := g.Trust(t.Context(), Attempt{Face: PG, Name: "nobody"}); !errors.Is(err, ErrRefused) {
		t.Errorf("trust in nobody: %v", err)
	}
}

func TestVerifiers(t *testing.T) {
	all, err := NewVerifiers("pässword", bytes.NewReader(bytes.Repeat([]byte{7}, 2*saltBytes)))
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	back, err := ParseVerifiers(all.String())
	if err != nil || !reflect.DeepEqual(all, back) {
		t.Errorf("%s became %s, %v", all, back, err)
	}
	if none, err := ParseVerifiers(""); err != nil || none != nil {
		t.Errorf("nothing: %v, %v", none, err)
	}
	one := all[0].String()
	for _, bad := range []string{"md5abc", "SCRAM-SHA-1$4096:BwcH$a:b", "SCRAM-SHA-256$4096:x$y:z", "SCRAM-SHA-256$0:BwcHBwcHBwcHBwcHBwcHBw==$a:b", "SCRAM-SHA-256$4096",
		one + "\n", one + "\n" + one, strings.Replace(one, "$4096", "$999999999", 1), strings.Replace(one, "256", "512", 1)} {
		if _, err := ParseVerifiers(bad); !errors.Is(err, ErrVerifier) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if got, err := PasswordVerifiers(one, rand.Reader); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], all[0]) {
		t.Errorf("a hashed password: %v, %v", got, err)
	}
	if got, err := PasswordVerifiers("SCRAM-SHA-256$nonsense", rand.Reader); err != nil || len(got) != 2 {
		t.Errorf("a password that looks like a hash: %v, %v", got, err)
	}
}

func FuzzSCRAM(f *testing.F) {
	f.Add("n,,n=ann,r=abc", "c=biws,r=abc,p=AAAA")
	f.Add("p=tls-server-end-point,a=ann,n=ann,r=abc,x=y", "c=,r=,p=")
	d := newDirectory(f)
	f.Fuzz(func(t *testing.T, first, final string) {
		g, err := New(Config{Directory: d, Clock: &stopped{}})
		if err != nil {
			t.Fatal(err)
		}
		x := g.SCRAM(kafkaSCRAM(SHA256))
		if _, _, err := x.Step(context.Background(), first); err != nil {
			return
		}
		if _, done, err := x.Step(context.Background(), strings.ReplaceAll(final, "abc", x.nonce)); done || err == nil {
			t.Fatalf("a proof was guessed: %q %q", first, final)
		}
	})
}
