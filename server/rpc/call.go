package rpc

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/tributary-db/tributary/internal/auth"
)

// call is one RPC on its way.
type call struct {
	who     auth.Principal
	body    *body
	stall   time.Duration // how long an answer may be left unread
	control *http.ResponseController
}

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// handler gives calls a place, and their bodies room, before anything of them is read.
func (s *Server) handler(next http.Handler) http.Handler {
	guarded := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.misdirected(w, r) {
			return
		}
		who := s.cfg.Principal(r.Context())
		if !s.enter(who.Peer) {
			s.counts.refused.Add(1)
			s.refuse(w, r, connect.CodeResourceExhausted, "too many calls at once (rpc_max_calls)")
			return
		}
		defer s.leave(who.Peer)
		c := &call{who: who, stall: s.writeStall, control: http.NewResponseController(w)}
		ctx, cancel := context.WithCancelCause(context.WithValue(r.Context(), callKey{}, c))
		defer cancel(nil)
		c.body = newBody(ctx, r, s.room, c)
		defer c.body.done()
		r = r.WithContext(ctx)
		r.Body = c.body
		guarded.ServeHTTP(w, r)
	})
}

// enter takes a place among the calls; false when there is none for the peer.
func (s *Server) enter(peer string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.calls >= s.cfg.MaxCalls || s.mu.peers[peer] >= max(1, s.cfg.MaxCalls-s.cfg.MaxCalls/4) {
		return false
	}
	s.mu.calls++
	s.mu.peers[peer]++
	return true
}

func (s *Server) leave(peer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.calls--
	if s.mu.peers[peer]--; s.mu.peers[peer] == 0 {
		delete(s.mu.peers, peer)
	}
}

// refuse answers in the protocol of the request.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, code connect.Code, message string) {
	if s.refusing.IsSupported(r) {
		_ = s.refusing.Write(w, r, connect.NewError(code, errors.New(message))) // a client that is gone needs no answer
		return
	}
	http.Error(w, message, http.StatusTooManyRequests)
}

// refusals are what the HTTP face refuses requests with.
var refusals = map[int]connect.Code{
	http.StatusUnauthorized: connect.CodeUnauthenticated, http.StatusTooManyRequests: connect.CodeResourceExhausted,
	http.StatusServiceUnavailable: connect.CodeUnavailable, http.StatusMisdirectedRequest: connect.CodeInvalidArgument,
}

// Refuse answers a request that the HTTP face does not let through; false: it is no RPC.
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, status int, message string) bool {
	code, ok := refusals[status]
	if !ok || !ours(r.URL.Path) || !s.refusing.IsSupported(r) {
		return false
	}
	s.refuse(w, r, code, message)
	return true
}

func ours(path string) bool {
	return strings.HasPrefix(path, "/tributary.v1.") || strings.HasPrefix(path, "/grpc.")
}

// recovered turns a panic into the error of one call.
func (s *Server) recovered(_ context.Context, spec connect.Spec, _ http.Header, p any) error {
	s.counts.panics.Add(1)
	s.cfg.Logger.Error("panic in an RPC", "method", spec.Procedure, "panic", p, "stack", string(debug.Stack()))
	return connect.NewError(connect.CodeInternal, errInternal)
}

// endless is the context of a call that may last: it ends when the server stops.
func (s *Server) endless(ctx context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	unhook := s.whenStopping(func() { cancel(errStopping) })
	return ctx, func() { unhook(); cancel(nil) }
}

// whenStopping calls f once the server stops, unless unhook was called, which waits for it.
func (s *Server) whenStopping(f func()) (unhook func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.stopping:
			f()
		case <-ended:
		}
	}()
	return func() { close(ended); <-done }
}

// sending sets the deadline of the next bytes to the client.
func (c *call) sending() error { return c.control.SetWriteDeadline(time.Now().Add(c.stall)) }

// observer counts calls, ends them in gRPC's terms, and has clients go on reading.
type observer struct{ s *Server }

var _ connect.Interceptor = (*observer)(nil)

func (o *observer) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		began := time.Now()
		if err := callOf(ctx).control.SetWriteDeadline(time.Time{}); err != nil { // the answer may be long in coming
			return nil, err
		}
		resp, err := next(ctx, req)
		err = o.s.ended(ctx, req.Spec().Procedure, err)
		o.s.observe(req.Spec().Procedure, began, err)
		if err != nil {
			return nil, err
		}
		return resp, callOf(ctx).sending()
	}
}

func (o *observer) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (o *observer) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		began := time.Now()
		method := conn.Spec().Procedure
		c := callOf(ctx)
		err := c.control.SetWriteDeadline(time.Time{})
		if err == nil {
			err = next(ctx, &paced{conn, o.s, c})
		}
		err = o.s.ended(ctx, method, err)
		o.s.observe(method, began, err)
		if err == nil {
			err = c.sending()
		} else {
			_ = c.sending() // the error has its reason already
		}
		return err
	}
}

// paced is a stream whose client must go on reading.
type paced struct {
	connect.StreamingHandlerConn
	s *Server
	c *call
}

func (p *paced) Send(m any) error {
	deadline := time.Now().Add(p.c.stall)
	if err := p.c.control.SetWriteDeadline(deadline); err != nil {
		return err
	}
	err := p.StreamingHandlerConn.Send(m)
	// HTTP/1 and HTTP/2 have different words for it, and a message that only its flush could not write has none: the time tells.
	if !time.Now().Before(deadline) {
		p.s.counts.tooSlow.Add(1)
		p.s.cfg.Logger.Info("RPC client does not read its stream and was cut off", "method", p.Spec().Procedure, "client", p.c.who.Peer)
		return errTooSlow
	}
	if err == nil {
		err = p.c.control.SetWriteDeadline(time.Time{}) // the next message may be long in coming
	}
	return err
}
