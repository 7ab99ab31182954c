package pgwire

import (
	"context"
	"slices"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/tlsconf"
)

const (
	// tlsRecord is the first byte of a client that begins TLS without asking (sslnegotiation=direct).
	tlsRecord = 0x16
	// alpn is the protocol's name in TLS (PostgreSQL 17).
	alpn = "postgresql"
)

// answerSSL answers an SSLRequest, and runs the handshake when the answer is yes.
func (c *conn) answerSSL(ctx context.Context) error {
	if c.srv.cfg.TLS == nil {
		return c.answerNo("SSL")
	}
	if err := c.nothingBehind("SSL"); err != nil {
		return err
	}
	c.out.byte('S')
	if err := c.out.flush(); err != nil {
		return errGone
	}
	return c.startTLS(ctx, false)
}

func (c *conn) answerNo(what string) error {
	if err := c.nothingBehind(what); err != nil {
		return err
	}
	c.out.byte('N')
	if err := c.out.flush(); err != nil {
		return errGone
	}
	return nil
}

// nothingBehind refuses bytes that came together with a request for encryption. Whoever sits
// between us and the client could have put them there, to be taken for the client's once it is
// encrypted (CVE-2021-23214).
func (c *conn) nothingBehind(request string) error {
	if c.in.br.Buffered() == 0 {
		return nil
	}
	return sqlerr.New(sqlerr.ProtocolViolation, "received unencrypted data after %s request", request).
		WithDetail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.")
}

// startTLS runs the handshake and goes on inside it. direct: the client began without asking,
// and must name the protocol, so that what it sends cannot be meant for another one.
func (c *conn) startTLS(ctx context.Context, direct bool) error {
	begun, err := c.in.br.Peek(c.in.br.Buffered())
	if err != nil {
		return errGone
	}
	tc, endpoint := c.srv.cfg.TLS.Server(c.nc, slices.Clone(begun), alpn)
	if err := tc.HandshakeContext(ctx); err != nil {
		c.log.Debug("TLS handshake failed", "err", err)
		return errGone
	}
	c.tls, c.endpoint = tc, endpoint
	c.in = newReader(tc, c, authMessage)
	c.out.w = tc
	if direct && tc.ConnectionState().NegotiatedProtocol != alpn {
		c.log.Debug("direct TLS without ALPN protocol negotiation")
		return errGone
	}
	return nil
}

// certifiedName is the name in the client's certificate, "" without one.
func (c *conn) certifiedName() string {
	if c.tls == nil {
		return ""
	}
	return tlsconf.NameOf(c.tls.ConnectionState())
}
