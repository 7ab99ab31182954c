package httpd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/server/oneshot"
)

// Config is what a server needs. Auth must be given.
type Config struct {
	Auth *auth.Gate
	// Ready returns nil when the server takes requests, else why not. Nil: always ready.
	Ready func() error
	// Notes are lines that the readiness page shows besides; nil = none.
	Notes func() []string
	// Metrics are this server's, beside those of the Go runtime and the process.
	Metrics []prometheus.Collector
	Pprof   bool
	// Statements answers POST /query, nil = not served.
	Statements *oneshot.Runner
	// Refuse answers, in a protocol of its own, a request that is not let through; false: it is not one
	// of that protocol. Nil: there is none.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, text string) bool
	// MaxConnections bounds the clients; above it a newcomer gets the place of one that rests,
	// those first that never sent a request. Default 256.
	MaxConnections int
	Logger         *slog.Logger
}

// Server answers HTTP requests.
type Server struct {
	cfg   Config
	mux   *http.ServeMux
	open  map[string]bool // paths that ask nobody who they are
	http  http.Server
	conns conns
}

// New builds a server; it starts nothing. Metrics that clash are an error.
func New(cfg Config) (*Server, error) {
	if cfg.Auth == nil {
		return nil, errors.New("httpd: Auth is needed")
	}
	if cfg.Ready == nil {
		cfg.Ready = func() error { return nil }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = 256
	}
	registry, err := newRegistry(cfg.Metrics)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux(), open: map[string]bool{"/healthz": true, "/readyz": true}}
	s.conns.slots = admission.NewSlots(cfg.MaxConnections)
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	s.mux.HandleFunc("GET /readyz", s.readyz)
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	s.mux.Handle("POST /token", limited(s.token))
	if cfg.Statements != nil {
		s.mux.Handle("POST /query", http.NewCrossOriginProtection().Handler(limited(s.query)))
	}
	if cfg.Pprof {
		s.mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		s.mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		s.mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		s.mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		s.mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	s.http = http.Server{
		// HTTP/2 is known by its first bytes, also under the listener's TLS, which net/http does not see.
		Protocols: new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams, MaxReceiveBufferPerConnection: 512 << 10, MaxReceiveBufferPerStream: 256 << 10,
			SendPingTimeout: time.Minute, PingTimeout: 15 * time.Second, WriteByteTimeout: 2 * time.Minute,
		},
		ConnState:         s.conns.note,
		ConnContext:       withConn,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      5 * time.Minute, // a CPU profile takes its time
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelDebug),
	}
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetUnencryptedHTTP2(true)
	s.http.RegisterOnShutdown(s.conns.closeFresh)
	return s, nil
}

// Slots counts the places for connections.
func (s *Server) Slots() admission.SlotStats { return s.conns.slots.Stats() }

// Handle adds a handler, which bounds the bodies of its requests itself; host check and
// authentication apply to it too. Before Serve.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// Open lets everybody ask for a path, who has no principal then. Before Serve.
func (s *Server) Open(path string) { s.open[path] = true }

// Serve answers requests on ln until Shutdown, and closes ln.
func (s *Server) Serve(ln net.Listener) error {
	s.http.Handler = s.authenticated(s.mux)
	if host, _, err := net.SplitHostPort(ln.Addr().String()); err == nil && isLoopback(host) {
		s.http.Handler = loopbackOnly(s.http.Handler)
	}
	s.http.Handler = guarded(s.http.Handler)
	if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown lets running requests finish until ctx ends, then cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close()
	}
	return err
}

// readyz says to everybody whether, and to who is known why.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	_, err := s.identify(r)
	known := err == nil
	status, text := http.StatusOK, "ready"
	err = s.cfg.Ready()
	if err != nil {
		status, text = http.StatusServiceUnavailable, "not ready"
	}
	switch {
	case !known:
	case err != nil:
		text += ": " + err.Error()
	case s.cfg.Notes != nil:
		for _, note := range s.cfg.Notes() {
			text += "\n" + note
		}
	}
	plain(w, status, text)
}

// maxStreams are the requests of one HTTP/2 connection at once.
const maxStreams = 100

// limited bounds the body of a request.
func limited(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4<<20)
		next(w, r)
	})
}

// guarded sets the headers of every answer.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// loopbackOnly refuses requests that were not sent to a loopback name.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !isLoopback(strings.Trim(host, "[]")) {
			plain(w, http.StatusMisdirectedRequest, "this server answers to loopback names only")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || (ip != nil && ip.IsLoopback())
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
