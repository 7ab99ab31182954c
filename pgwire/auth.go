package pgwire

import (
	"context"
	"errors"
	"net"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// authenticate finds out who the client is and tells it that it is in.
func (c *conn) authenticate(ctx context.Context, h *hello) (auth.Principal, error) {
	attempt := auth.Attempt{Face: auth.PG, Peer: hostOf(c.nc.RemoteAddr()), Name: h.user}
	who, err := c.identify(ctx, h, attempt)
	if err != nil {
		return auth.Principal{}, err
	}
	at := c.out.begin('R')
	c.out.int32(pgproto3.AuthTypeOk)
	c.out.end(at)
	return who, nil
}

func (c *conn) identify(ctx context.Context, h *hello, attempt auth.Attempt) (auth.Principal, error) {
	if !c.srv.cfg.Auth.Trusting() {
		if c.certifiedName() == h.user {
			who, known, err := c.srv.cfg.Auth.Certificate(ctx, attempt)
			if errors.Is(err, auth.ErrNoLogin) {
				err = noLogin(h.user)
			}
			if known || err != nil {
				return who, err
			}
		}
		return c.scram(ctx, attempt)
	}
	if !isLocal(c.nc.RemoteAddr()) {
		return auth.Principal{}, noEntry(attempt.Peer, h)
	}
	who, err := c.srv.cfg.Auth.Trust(ctx, attempt)
	if errors.Is(err, auth.ErrNoLogin) {
		return who, noLogin(h.user)
	}
	if errors.Is(err, auth.ErrRefused) {
		err = sqlerr.New(sqlerr.InvalidAuthorizationSpecification, "role \"%s\" does not exist", h.user)
	}
	return who, err
}

func noLogin(role string) error {
	return sqlerr.New(sqlerr.InvalidAuthorizationSpecification, "role \"%s\" is not permitted to log in", role)
}

// noEntry is what PostgreSQL says when no rule lets a client in.
func noEntry(peer string, h *hello) error {
	return sqlerr.New(sqlerr.InvalidAuthorizationSpecification,
		"no pg_hba.conf entry for host \"%s\", user \"%s\", database \"%s\", no encryption", peer, h.user, h.database)
}

const scramPlus = string(auth.SHA256) + "-PLUS"

// scram carries the messages of an exchange.
func (c *conn) scram(ctx context.Context, attempt auth.Attempt) (auth.Principal, error) {
	at := c.out.begin('R')
	c.out.int32(pgproto3.AuthTypeSASL)
	if c.endpoint != nil {
		c.out.str(scramPlus)
	}
	c.out.str(string(auth.SHA256))
	c.out.byte(0)
	c.out.end(at)

	body, err := c.readPassword()
	if err != nil {
		return auth.Principal{}, err
	}
	var first pgproto3.SASLInitialResponse
	if err := first.Decode(body); err != nil {
		return auth.Principal{}, sqlerr.New(sqlerr.ProtocolViolation, "malformed SCRAM message")
	}
	bound := c.endpoint != nil && first.AuthMechanism == scramPlus
	if !bound && first.AuthMechanism != string(auth.SHA256) {
		return auth.Principal{}, sqlerr.New(sqlerr.ProtocolViolation, "client selected an invalid SASL authentication mechanism")
	}
	exchange := c.srv.cfg.Auth.SCRAM(auth.SCRAM{Attempt: attempt, Mechanism: auth.SHA256, Bound: bound, Endpoint: c.endpoint})
	message := string(first.Data)
	for {
		answer, done, err := exchange.Step(ctx, message)
		switch {
		case errors.Is(err, auth.ErrNoLogin):
			err = noLogin(attempt.Name)
		case errors.Is(err, auth.ErrRefused):
			err = sqlerr.New(sqlerr.InvalidPassword, "password authentication failed for user \"%s\"", attempt.Name)
		}
		if err != nil {
			return auth.Principal{}, err
		}
		if done {
			c.saslData(pgproto3.AuthTypeSASLFinal, answer)
			return exchange.Principal(), nil
		}
		c.saslData(pgproto3.AuthTypeSASLContinue, answer)
		if body, err = c.readPassword(); err != nil {
			return auth.Principal{}, err
		}
		message = string(body)
	}
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
