package tlsconf

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// ErrPlaintext says that a client spoke without TLS where that is not allowed.
var ErrPlaintext = errors.New("plaintext where TLS is required")

// errUndecided cannot happen to a server whose client speaks first.
var errUndecided = errors.New("written before the client spoke")

// handshakeByte is the first of every TLS connection; neither a Kafka frame of less than 369 MB
// nor an HTTP request begins with it.
const handshakeByte = 0x16

// Listen makes connections of ln speak TLS. plaintext: a client that does not is served as it
// comes. A nil source leaves ln as it is.
func (s *Source) Listen(ln net.Listener, plaintext bool, protocols ...string) net.Listener {
	if s == nil {
		return ln
	}
	return &listener{Listener: ln, source: s, plaintext: plaintext, protocols: protocols}
}

type listener struct {
	net.Listener
	source    *Source
	plaintext bool
	protocols []string
}

func (l *listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: nc, listener: l}, nil
}

// Conn is a connection that begins TLS, or not, with its client's first byte, which the first
// Read or Handshake waits for. Deadlines are the socket's.
type Conn struct {
	net.Conn // the socket
	listener *listener
	deciding sync.Mutex
	decided  atomic.Pointer[stream]
}

// stream is what a connection turned out to be.
type stream struct {
	net.Conn
	tls *tls.Conn // nil in plaintext
}

// Handshake waits for the client's first byte and, if it begins TLS, runs the handshake.
func (c *Conn) Handshake(ctx context.Context) error {
	st, err := c.decide()
	if err != nil || st.tls == nil {
		return err
	}
	return st.tls.HandshakeContext(ctx)
}

// State is that of the connection's TLS; ok is false in plaintext and before the handshake.
func (c *Conn) State() (state tls.ConnectionState, ok bool) {
	st := c.decided.Load()
	if st == nil || st.tls == nil {
		return state, false
	}
	state = st.tls.ConnectionState()
	return state, state.HandshakeComplete
}

func (c *Conn) decide() (*stream, error) {
	if st := c.decided.Load(); st != nil {
		return st, nil
	}
	c.deciding.Lock()
	defer c.deciding.Unlock()
	if st := c.decided.Load(); st != nil {
		return st, nil
	}
	var first [1]byte
	if n, err := c.Conn.Read(first[:]); n == 0 {
		return nil, err
	}
	again := &prefixed{Conn: c.Conn, prefix: first[:]}
	st := &stream{Conn: again}
	switch {
	case first[0] == handshakeByte:
		cfg, _ := c.listener.source.Config(c.listener.protocols...)
		st.tls = tls.Server(again, cfg)
		st.Conn = st.tls
	case !c.listener.plaintext:
		return nil, ErrPlaintext
	}
	c.decided.Store(st)
	return st, nil
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	st, err := c.decide()
	if err != nil {
		return 0, err
	}
	return st.Read(p)
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	st := c.decided.Load()
	if st == nil {
		return 0, errUndecided
	}
	return st.Write(p)
}

// Close implements net.Conn; over TLS the client is told that nothing was cut off.
func (c *Conn) Close() error {
	if st := c.decided.Load(); st != nil {
		return st.Close()
	}
	return c.Conn.Close()
}

// Socket is what lies under a connection; closing it blocks never and says nothing.
func Socket(nc net.Conn) net.Conn {
	if c, ok := nc.(*Conn); ok {
		return c.Conn
	}
	return nc
}

// StateOf is the TLS state of a connection of Listen or of crypto/tls; ok is false for others,
// in plaintext and before the handshake.
func StateOf(nc net.Conn) (state tls.ConnectionState, ok bool) {
	switch nc := nc.(type) {
	case *Conn:
		return nc.State()
	case *tls.Conn:
		state = nc.ConnectionState()
		return state, state.HandshakeComplete
	}
	return state, false
}

// NameOf is the common name of the client certificate that was verified, "" without one.
func NameOf(state tls.ConnectionState) string {
	if len(state.VerifiedChains) == 0 || len(state.VerifiedChains[0]) == 0 {
		return ""
	}
	return state.VerifiedChains[0][0].Subject.CommonName
}

// Server begins TLS on nc, of which buffered was read already. The protocols are ALPN's.
// endpoint is the connection's channel binding, nil if it has none.
func (s *Source) Server(nc net.Conn, buffered []byte, protocols ...string) (c *tls.Conn, endpoint []byte) {
	cfg, endpoint := s.Config(protocols...)
	if len(buffered) > 0 {
		nc = &prefixed{Conn: nc, prefix: buffered}
	}
	return tls.Server(nc, cfg), endpoint
}

// prefixed gives bytes back that were read already.
type prefixed struct {
	net.Conn
	prefix []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.prefix) > 0 {
		n := copy(b, p.prefix)
		p.prefix = p.prefix[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}
