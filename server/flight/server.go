package flight

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/tributary-db/tributary/internal/admission"
	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/tlsconf"
	"github.com/tributary-db/tributary/server/oneshot"
)

const (
	// maxMessage bounds what one gRPC message of a client takes before it is looked at.
	maxMessage = 16 << 20
	// maxStreams are the requests of one connection at once.
	maxStreams = 64
	// connectTimeout is for TLS and the HTTP/2 preface.
	connectTimeout = 10 * time.Second
)

// Config is what a server needs. Statements, Auth and Tables must be given.
type Config struct {
	Statements *oneshot.Runner
	Auth       *auth.Gate
	// Tables lists the relations that there are.
	Tables func() []Table
	// Catalog is the name of the database, Version that of the server.
	Catalog, Version string
	// MaxConnections bounds the clients, default 256; MaxPrepared the prepared statements of all,
	// default 10,000.
	MaxConnections, MaxPrepared int
	Logger                      *slog.Logger
}

// Table is a relation as clients see it.
type Table struct {
	Schema, Name string
	Type         string // "TABLE", "VIEW", "STREAM", …
	Columns      []columnar.Field
	Key          []string // names of the primary key's columns
}

// Server serves Arrow Flight SQL.
type Server struct {
	cfg    Config
	grpc   *grpc.Server
	slots  *admission.Slots
	svc    *service
	panics atomic.Int64
}

// New makes a server; it starts nothing.
func New(cfg Config) (*Server, error) {
	if cfg.Statements == nil || cfg.Auth == nil || cfg.Tables == nil {
		return nil, errors.New("flight: Statements, Auth and Tables are needed")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxConnections == 0 {
		cfg.MaxConnections = 256
	}
	if cfg.MaxPrepared == 0 {
		cfg.MaxPrepared = 10_000
	}
	s := &Server{cfg: cfg, slots: admission.NewSlots(cfg.MaxConnections)}
	s.grpc = grpc.NewServer(
		grpc.Creds(peerCreds{}),
		grpc.UnaryInterceptor(s.unary), grpc.StreamInterceptor(s.stream),
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(connectTimeout), grpc.MaxHeaderListSize(64<<10),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 10 * time.Minute, Time: time.Minute}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	)
	var err error
	if s.svc, err = newService(cfg); err != nil {
		return nil, err
	}
	flight.RegisterFlightServiceServer(s.grpc, flightsql.NewFlightServerWithAllocator(s.svc, columnar.Bounded(maxMessage*4)))
	return s, nil
}

// Prepared is how many prepared statements are kept.
func (s *Server) Prepared() int { return s.svc.prepared.len() }

// Panics counts requests that ended in a bug.
func (s *Server) Panics() int64 { return s.panics.Load() }

// Slots counts the places for connections.
func (s *Server) Slots() admission.SlotStats { return s.slots.Stats() }

// Serve answers requests on ln until Shutdown, and closes ln.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.grpc.Serve(&slotted{Listener: ln, slots: s.slots}); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

// Shutdown lets running requests finish until ctx ends, then cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	done := make(chan struct{})
	go func() { s.grpc.GracefulStop(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.grpc.Stop()
		<-done
		return ctx.Err()
	}
}

// slotted gives every connection a place; when there is none, a newcomer gets that of the one
// that never asked for anything, or is refused.
type slotted struct {
	net.Listener
	slots *admission.Slots
}

func (l *slotted) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		slot := l.slots.Take(func() { _ = tlsconf.Socket(nc).Close() }) // nobody waits for an answer on it
		if slot == nil {
			_ = nc.Close() // refused: nothing was said on it
			continue
		}
		return &placed{Conn: nc, slot: slot}, nil
	}
}

// placed is a connection in its place.
type placed struct {
	net.Conn
	slot *admission.Slot
	left atomic.Bool
}

func (p *placed) Close() error {
	if !p.left.Swap(true) {
		p.slot.Leave()
	}
	return p.Conn.Close()
}
