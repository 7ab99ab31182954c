package pgwire

import (
	"context"
	"errors"
	"net"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Method is how clients prove who they are.
type Method string

const (
	// Trust believes any client that connects from the loopback interface or a unix socket,
	// and refuses the others.
	Trust Method = "trust"
	// SCRAM asks for the password by SCRAM-SHA-256.
	SCRAM Method = "scram-sha-256"
)

const scramMechanism = "SCRAM-SHA-256"

// Roles knows who may log in.
type Roles interface {
	// Login tells whether role user exists and may log in, and its password's verifier, ""
	// when it has none.
	Login(ctx context.Context, user string) (verifier string, exists bool, err error)
}

func (c *conn) authenticate(ctx context.Context, h *hello) error {
	verifier, exists, err := c.srv.cfg.Roles.Login(ctx, h.user)
	if err != nil {
		return err
	}
	if c.srv.cfg.Method == Trust {
		if !isLocal(c.nc.RemoteAddr()) {
			return sqlerr.New(sqlerr.InvalidAuthorizationSpecification,
				"no pg_hba.conf entry for host \"%s\", user \"%s\", database \"%s\", no encryption", hostOf(c.nc.RemoteAddr()), h.user, h.database)
		}
		if !exists {
			return sqlerr.New(sqlerr.InvalidAuthorizationSpecification, "role \"%s\" does not exist", h.user)
		}
	} else if err := c.scram(h.user, verifier, exists); err != nil {
		return err
	}
	at := c.out.begin('R')
	c.out.int32(pgproto3.AuthTypeOk)
	c.out.end(at)
	return nil
}

// scram runs the exchange. A role that does not exist, or has no password, goes through all of
// it and fails at the same point with the same words.
func (c *conn) scram(user, verifier string, exists bool) error {
	refused := sqlerr.New(sqlerr.InvalidPassword, "password authentication failed for user \"%s\"", user)
	v, err := ParseVerifier(verifier)
	if err != nil || !exists {
		v = c.srv.mockVerifier(user)
	}
	talk, err := v.conversation()
	if err != nil {
		return err
	}
	at := c.out.begin('R')
	c.out.int32(pgproto3.AuthTypeSASL)
	c.out.str(scramMechanism)
	c.out.byte(0)
	c.out.end(at)

	body, err := c.readPassword()
	if err != nil {
		return err
	}
	var first pgproto3.SASLInitialResponse
	if err := first.Decode(body); err != nil {
		return sqlerr.New(sqlerr.ProtocolViolation, "malformed SCRAM message")
	}
	if first.AuthMechanism != scramMechanism {
		return sqlerr.New(sqlerr.ProtocolViolation, "client selected an invalid SASL authentication mechanism")
	}
	challenge, err := talk.Step(string(first.Data))
	if err != nil {
		return sqlerr.New(sqlerr.ProtocolViolation, "malformed SCRAM message").WithDetail("%s.", err)
	}
	c.saslData(pgproto3.AuthTypeSASLContinue, challenge)
	if body, err = c.readPassword(); err != nil {
		return err
	}
	final, err := talk.Step(string(body))
	if err != nil || !talk.Valid() || !exists {
		return refused
	}
	c.saslData(pgproto3.AuthTypeSASLFinal, final)
	return nil
}

func (c *conn) saslData(code uint32, data string) {
	at := c.out.begin('R')
	c.out.int32(code)
	c.out.b = append(c.out.b, data...)
	c.out.end(at)
}

// readPassword sends what is pending and reads the one message that may come now.
func (c *conn) readPassword() ([]byte, error) {
	if err := c.out.flush(); err != nil {
		return nil, errGone
	}
	typ, body, err := c.in.next()
	var bad *sqlerr.Error
	if errors.As(err, &bad) {
		return nil, bad
	}
	if err != nil {
		return nil, errGone
	}
	if typ != 'p' {
		return nil, sqlerr.New(sqlerr.ProtocolViolation, "expected SASL response, got message type %d", typ)
	}
	return body, nil
}

func isLocal(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

func hostOf(a net.Addr) string {
	if host, _, err := net.SplitHostPort(a.String()); err == nil {
		return host
	}
	return a.String()
}
