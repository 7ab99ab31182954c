package pgwire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/latency"
	"github.com/tributary-db/tributary/internal/tlsconf"
)

// Config is what a server needs. Open and Auth must be given.
type Config struct {
	Open OpenFunc
	Auth *auth.Gate
	// TLS is offered to clients; nil = they are told that there is none. RequireTLS: nobody comes
	// in without.
	TLS        *tlsconf.Source
	RequireTLS bool
	// Databases are the names a client may connect to.
	Databases []string
	// MaxConnections bounds the clients that have logged in. Default 100.
	MaxConnections int
	// ReservedConnections of them are kept for roles that Superuser says are superusers.
	ReservedConnections int
	Superuser           func(role string) bool // nil = none is
	// MaxStarting bounds the connections that have not logged in; above it a newcomer gets the
	// place of the oldest, those first that have said nothing. Default 100.
	MaxStarting int
	// MaxBodyBytes bounds the bodies over 64 KiB of all connections. Default 256 MiB.
	MaxBodyBytes int64
	// MaxMessageBytes bounds one message. Default 256 MiB.
	MaxMessageBytes int
	// AuthTimeout bounds the time from accept to authentication. Default 10 s.
	AuthTimeout time.Duration
	// CheckInterval is how often running statements are checked for a client that has left.
	// Default 1 s.
	CheckInterval time.Duration
	Clock         clock.Clock // default the machine's
	Random        io.Reader   // secrets of cancel requests; default crypto/rand
	Logger        *slog.Logger
}

// Server serves sessions to PostgreSQL clients.
type Server struct {
	cfg      Config
	conns    registry
	starting *admission.Slots
	bodies   *admission.Budget
	serving  atomic.Int64 // logged in
	stats    stats
	handled  sync.WaitGroup

	mu struct {
		sync.Mutex
		listeners map[net.Listener]struct{}
		draining  bool
	}
}

// New checks the configuration. It starts nothing.
func New(cfg Config) (*Server, error) {
	if cfg.Open == nil || cfg.Auth == nil {
		return nil, errors.New("pgwire: Open and Auth are needed")
	}
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = 100
	}
	if cfg.MaxStarting == 0 {
		cfg.MaxStarting = 100
	}
	if cfg.Superuser == nil {
		cfg.Superuser = func(string) bool { return false }
	}
	if cfg.MaxBodyBytes == 0 {
		cfg.MaxBodyBytes = 256 << 20
	}
	if cfg.MaxMessageBytes == 0 {
		cfg.MaxMessageBytes = 256 << 20
	}
	cfg.MaxMessageBytes = min(cfg.MaxMessageBytes, 1<<30-1)
	if cfg.AuthTimeout == 0 {
		cfg.AuthTimeout = 10 * time.Second
	}
	if cfg.CheckInterval == 0 {
		cfg.CheckInterval = time.Second
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real{}
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, starting: admission.NewSlots(cfg.MaxStarting), bodies: admission.New(cfg.MaxBodyBytes)}
	s.mu.listeners = make(map[net.Listener]struct{})
	return s, nil
}

// Serve accepts connections of ln until Shutdown or until ctx ends, and closes ln. ctx is the
// parent of every statement's. It returns nil after Shutdown; connections may still be ending
// then, Shutdown waits for them.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if !s.addListener(ln) {
		return ln.Close()
	}
	defer s.removeListener(ln)
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	watchCtx, endWatch := context.WithCancel(ctx)
	s.handled.Add(1)
	go func() {
		defer s.handled.Done()
		s.watch(watchCtx)
	}()
	defer endWatch()
	for {
		nc, err := ln.Accept()
		if err != nil {
			if s.isDraining() || ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("accept: %w", err)
			}
			// Out of file descriptors, most likely: others will end.
			s.cfg.Logger.Warn("accept failed", "err", err)
			select {
			case <-s.cfg.Clock.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		c := newConn(s, nc)
		c.slot = s.starting.Take(c.evict) // never nil: nobody in there is busy
		s.handled.Add(1)
		go func() {
			defer s.handled.Done()
			c.run(ctx)
		}()
	}
}

// Shutdown stops accepting, tells idle clients that the server goes down (57P01), lets
// running statements finish until ctx ends, then cancels them, and waits for all connections.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.mu.draining = true
	for ln := range s.mu.listeners {
		_ = ln.Close()
	}
	s.mu.Unlock()
	s.conns.each(func(c *conn) { c.drain() })

	ended := make(chan struct{})
	go func() { s.handled.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	s.conns.each(func(c *conn) { c.kill() })
	<-ended
	return ctx.Err()
}

func (s *Server) addListener(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.draining {
		return false
	}
	s.mu.listeners[ln] = struct{}{}
	return true
}

func (s *Server) removeListener(ln net.Listener) {
	_ = ln.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mu.listeners, ln)
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.draining
}

// Stats are counters since the start, and what is now.
type Stats struct {
	Connections     int   // open and authenticated, or on their way
	Opened          int64 // connections that reached their session
	Refused         int64 // by authentication, limit or protocol before that
	Statements      int64 // Query and Execute messages
	Errors          int64 // error responses to statements
	Panics          int64 // connections ended by a bug
	BytesOut        int64
	CancelsReceived int64
	Starting        int   // connections that have not logged in
	Evicted         int64 // of those, the ones that lost their place to a newcomer
	BodyBytes       int64 // room that messages over 64 KiB hold
	TooSlow         int64 // connections ended because they held room and sent too little
}

type stats struct {
	opened, refused, statements, errors, panics, bytesOut, cancels, tooSlow atomic.Int64

	latency latency.Histogram
}

// timed counts a statement that began then.
func (s *Server) timed(began time.Time) { s.stats.latency.Observe(s.cfg.Clock.Now().Sub(began)) }

// Latency of Query and Execute messages, their rows written included.
func (s *Server) Latency() latency.Snapshot { return s.stats.latency.Snapshot() }

// Stats reads the counters.
func (s *Server) Stats() Stats {
	starting := s.starting.Stats()
	return Stats{
		Starting: starting.Taken, Evicted: starting.Evicted, BodyBytes: s.bodies.Stats().Used, TooSlow: s.stats.tooSlow.Load(),
		Connections: s.conns.count(), Opened: s.stats.opened.Load(), Refused: s.stats.refused.Load(),
		Statements: s.stats.statements.Load(), Errors: s.stats.errors.Load(), Panics: s.stats.panics.Load(),
		BytesOut: s.stats.bytesOut.Load(), CancelsReceived: s.stats.cancels.Load(),
	}
}
