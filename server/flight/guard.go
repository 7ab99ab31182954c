package flight

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tlsconf"
)

// call is what is known of a request.
type call struct {
	who   auth.Principal
	ended chan struct{} // closed when the handler has returned
}

// handshakeMethod is where a client trades its password for a token.
const handshakeMethod = "/arrow.flight.protocol.FlightService/Handshake"

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

func (s *Server) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
	defer s.recovered(&err)
	c, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer close(c.ended)
	return next(context.WithValue(ctx, callKey{}, c), req)
}

func (s *Server) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer s.recovered(&err)
	c, err := s.begin(ss.Context())
	if err != nil {
		return err
	}
	defer close(c.ended)
	if info.FullMethod == handshakeMethod {
		return s.handshake(ss, c)
	}
	return next(srv, &known{ss, context.WithValue(ss.Context(), callKey{}, c)})
}

// known is a stream whose client is known.
type known struct {
	grpc.ServerStream
	ctx context.Context
}

func (k *known) Context() context.Context { return k.ctx }

// recovered turns a panic into the error of one request.
func (s *Server) recovered(err *error) {
	p := recover()
	if p == nil {
		return
	}
	var e *sqlerr.Error
	if given, ok := p.(error); ok && errors.As(given, &e) {
		*err = statusOf(e) // a record too large, as the allocator says it
		return
	}
	s.panics.Add(1)
	s.cfg.Logger.Error("panic in a Flight request", "panic", p, "stack", string(debug.Stack()))
	*err = status.Error(codes.Internal, "internal error")
}

// handshake answers with a token for whoever asks, who is known by now.
func (s *Server) handshake(ss grpc.ServerStream, c *call) error {
	token, err := s.cfg.Auth.Issue(ss.Context(), c.who)
	if err != nil {
		s.cfg.Logger.Error("no token could be issued", "error", err)
		return status.Error(codes.Unavailable, "roles cannot be looked up now")
	}
	md := metadata.Pairs("authorization", "Bearer "+token)
	ss.SetTrailer(md) // where older clients look
	return ss.SendHeader(md)
}

// begin finds out who asks.
func (s *Server) begin(ctx context.Context) (*call, error) {
	p, err := s.identify(ctx)
	switch {
	case err == nil:
		return &call{who: p, ended: make(chan struct{})}, nil
	case errors.Is(err, auth.ErrRefused):
		return nil, status.Error(codes.Unauthenticated, "name and password of a role are needed")
	case sqlerr.CodeOf(err) == sqlerr.TooManyConnections:
		return nil, status.Error(codes.ResourceExhausted, err.Error())
	case ctx.Err() != nil:
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	s.cfg.Logger.Error("Flight client could not be authenticated", "error", err)
	return nil, status.Error(codes.Unavailable, "roles cannot be looked up now")
}

func (s *Server) identify(ctx context.Context) (auth.Principal, error) {
	a := auth.Attempt{Face: auth.Flight, Method: auth.Basic}
	if p, ok := peer.FromContext(ctx); ok {
		a.Peer, _, _ = net.SplitHostPort(p.Addr.String()) // of a TCP connection
		if name := certificateOf(p); name != "" && !s.cfg.Auth.Trusting() {
			a.Name = name
			if who, known, err := s.cfg.Auth.Certificate(ctx, a); known || err != nil {
				return who, err
			}
		}
	}
	if s.cfg.Auth.Trusting() {
		a.Name = ""
		return s.cfg.Auth.Trust(ctx, a)
	}
	given := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(given) == 0 {
		return auth.Principal{}, auth.ErrRefused
	}
	if token, ok := strings.CutPrefix(given[0], "Bearer "); ok {
		return s.cfg.Auth.Token(ctx, a, token)
	}
	name, password, ok := basic(given[0])
	if !ok {
		return auth.Principal{}, auth.ErrRefused
	}
	a.Name = name
	return s.cfg.Auth.Password(ctx, a, password)
}

// basic reads name and password; Go's client leaves the padding out.
func basic(header string) (name, password string, ok bool) {
	text, ok := strings.CutPrefix(header, "Basic ")
	if !ok {
		return "", "", false
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(raw), ":")
}

// peerCreds leaves TLS to the listener and keeps the connection, whose certificate may name a role.
type peerCreds struct{}

// peerConn is the connection of a request.
type peerConn struct{ net.Conn }

func (peerConn) AuthType() string { return "listener" }

func certificateOf(p *peer.Peer) string {
	nc, ok := p.AuthInfo.(peerConn)
	if !ok {
		return ""
	}
	inner := nc.Conn
	if placed, ok := inner.(*placed); ok {
		inner = placed.Conn
	}
	state, ok := tlsconf.StateOf(inner)
	if !ok {
		return ""
	}
	return tlsconf.NameOf(state)
}

func (peerCreds) ServerHandshake(nc net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if p, ok := nc.(*placed); ok {
		if c, ok := p.Conn.(*tlsconf.Conn); ok {
			if err := c.Handshake(context.Background()); err != nil { // gRPC has set the deadline
				return nil, nil, err
			}
		}
	}
	return nc, peerConn{nc}, nil
}

func (peerCreds) ClientHandshake(context.Context, string, net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("flight: these credentials are a server's")
}

func (peerCreds) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "listener"}
}
func (c peerCreds) Clone() credentials.TransportCredentials { return c }
func (peerCreds) OverrideServerName(string) error           { return nil }
