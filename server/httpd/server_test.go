package httpd

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/tributary-db/tributary/internal/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// directory knows ann and what her password is verified by.
type directory struct{ verifiers auth.Verifiers }

func (d directory) Account(_ context.Context, name string) (auth.Account, error) {
	switch name {
	case "ann":
		return auth.Account{Role: 10, Exists: true, Verifiers: d.verifiers}, nil
	case "broken":
		return auth.Account{}, errors.New("the metadata is away")
	}
	return auth.Account{}, nil
}

func newGate(t *testing.T, cfg auth.Config) *auth.Gate {
	t.Helper()
	g, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func trusting(t *testing.T) *auth.Gate {
	return newGate(t, auth.Config{Directory: directory{}, Trusting: true, Nameless: "ann"})
}

func start(t *testing.T, cfg Config) string {
	t.Helper()
	if cfg.Auth == nil {
		cfg.Auth = trusting(t)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ln) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := errors.Join(s.Shutdown(context.Background()), <-ended); err != nil {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String()
}

func ask(t *testing.T, method, url, host string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestHealthAndReadiness(t *testing.T) {
	var ready atomic.Bool
	url := start(t, Config{Ready: func() error {
		if !ready.Load() {
			return errors.New("the log is being read")
		}
		return nil
	}})
	if code, body := ask(t, "GET", url+"/healthz", ""); code != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %q", code, body)
	}
	if code, body := ask(t, "GET", url+"/readyz", ""); code != 503 || !strings.Contains(body, "the log is being read") {
		t.Errorf("readyz: %d %q", code, body)
	}
	ready.Store(true)
	if code, _ := ask(t, "GET", url+"/readyz", ""); code != 200 {
		t.Errorf("readyz: %d", code)
	}
	if code, _ := ask(t, "POST", url+"/healthz", ""); code != 405 {
		t.Errorf("POST: %d", code)
	}
	if code, _ := ask(t, "GET", url+"/debug/pprof/", ""); code != 404 {
		t.Errorf("pprof is served without being asked for: %d", code)
	}
}

// TestAuthentication: without a role's password only the two paths without contents answer.
func TestAuthentication(t *testing.T) {
	vs, err := auth.NewVerifiers("secret", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	gate := newGate(t, auth.Config{Directory: directory{vs}})
	url := start(t, Config{Auth: gate, Pprof: true, Ready: func() error { return errors.New("for a reason") }})
	for _, tc := range []struct {
		path, name, password string
		want                 int
	}{
		{"/healthz", "", "", 200}, {"/readyz", "", "", 503}, {"/metrics", "", "", 401}, {"/debug/pprof/", "", "", 401}, {"/nothing", "", "", 401},
		{"/metrics", "ann", "secret", 200}, {"/debug/pprof/", "ann", "secret", 200}, {"/nothing", "ann", "secret", 404},
		{"/metrics", "ann", "wrong", 401}, {"/metrics", "nobody", "secret", 401}, {"/metrics", "broken", "secret", 503}, {"//metrics", "", "", 401},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tc.name != "" {
			req.SetBasicAuth(tc.name, tc.password)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != tc.want || (tc.want == 401) != (resp.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s as %q: %d, want %d", tc.path, tc.name, resp.StatusCode, tc.want)
		}
		if tc.want != 200 && (strings.Contains(string(body), "reason") || strings.Contains(string(body), "metadata")) {
			t.Errorf("%s as %q tells %q", tc.path, tc.name, body)
		}
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/readyz", nil)
	req.SetBasicAuth("ann", "secret")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), "for a reason") {
		t.Errorf("/readyz tells ann %q", body)
	}
	if n := gate.Failures(auth.HTTP, auth.Basic); n != 3 {
		t.Errorf("%d failures counted", n)
	}
}

func TestHostCheck(t *testing.T) {
	url := start(t, Config{})
	for host, want := range map[string]int{"": 200, "localhost": 200, "LOCALHOST:7480": 200, "127.0.0.1:1": 200, "[::1]:80": 200, "evil.example": 421, "127.0.0.1.evil.example:7480": 421, "10.0.0.1": 421} {
		if code, _ := ask(t, "GET", url+"/healthz", host); code != want {
			t.Errorf("Host %q: %d, want %d", host, code, want)
		}
	}
}

func TestMetrics(t *testing.T) {
	url := start(t, Config{Pprof: true, Metrics: []prometheus.Collector{
		Counter("tributary_statements_total", "Statements run.", func() float64 { return 42 }, "face", "pgwire"),
		Gauge("tributary_connections", "Clients.", func() float64 { return 3 }),
	}})
	code, body := ask(t, "GET", url+"/metrics", "")
	for _, want := range []string{`tributary_statements_total{face="pgwire"} 42`, "tributary_connections 3", "go_goroutines", "process_cpu_seconds_total"} {
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("metrics (%d) lack %q", code, want)
		}
	}
	if code, _ := ask(t, "GET", url+"/debug/pprof/", ""); code != 200 {
		t.Errorf("pprof: %d", code)
	}
	g := Gauge("twice", "x", func() float64 { return 0 })
	if _, err := New(Config{Auth: trusting(t), Metrics: []prometheus.Collector{g, g}}); err == nil {
		t.Error("one metric was registered twice")
	}
}

// TestSilentConnectionsGiveWay: sockets that send nothing leave room for clients.
func TestSilentConnectionsGiveWay(t *testing.T) {
	url := start(t, Config{MaxConnections: 10})
	var silent []net.Conn
	for range 40 {
		nc, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		silent = append(silent, nc)
	}
	for range 3 {
		http.DefaultClient.CloseIdleConnections()
		if status, _ := ask(t, "GET", url+"/healthz", ""); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	if _, err := silent[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the oldest silent one: %v", err)
	}
}
