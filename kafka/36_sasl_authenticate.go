package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// SaslAuthenticate: one message of the exchange that SaslHandshake began.
//
// Behaviour: the roles are those of SQL. What fails is answered with SASL_AUTHENTICATION_FAILED
// and a message that tells no role from another, and the connection is closed. Without a
// handshake: ILLEGAL_SASL_STATE.
//
// Versions: 1 tells how long the session lasts (SessionLifetime); past it any other request
// closes the connection unless the client has authenticated again. 2 flexible.

// saslState is how far a connection's authentication has come. It belongs to the goroutine that
// serves: the reader during the login, the writer after it.
type saslState struct {
	mechanism string // of the exchange under way; "" = none
	before    string // with which the connection has authenticated; "" = with none
	raw       bool   // messages come without headers
	exchange  *auth.Exchange
	over      bool // the connection ends after this answer
}

func (s *Server) saslAuthenticate(ctx context.Context, r *request, req *kmsg.SASLAuthenticateRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	out, err := r.conn.saslStep(waitsOf(ctx), req.SASLAuthBytes)
	resp.SASLAuthBytes = out
	if err == nil {
		if r.conn.sasl.mechanism == "" { // that was the last message
			resp.SessionLifetimeMillis = s.cfg.SessionLifetime.Milliseconds()
		}
		return resp, nil
	}
	code, message, told := saslError(err)
	if !told {
		return nil, err
	}
	r.conn.sasl.over = true
	resp.ErrorCode, resp.ErrorMessage = code, &message
	return resp, nil
}

var (
	errNoHandshake  = errors.New("SaslAuthenticate without SaslHandshake")
	errOtherSession = errors.New("re-authentication as somebody else")
)

// saslError is what a client is told. told is false for what it has no part in.
func saslError(err error) (code int16, message string, told bool) {
	var bad *sqlerr.Error
	switch {
	case errors.Is(err, errNoHandshake):
		return kerr.IllegalSaslState.Code, err.Error(), true
	case errors.Is(err, auth.ErrRefused):
		return kerr.SaslAuthenticationFailed.Code, "Authentication failed: Invalid username or password", true
	case errors.Is(err, errOtherSession):
		return kerr.SaslAuthenticationFailed.Code, "Cannot change principals during re-authentication", true
	case errors.As(err, &bad):
		return kerr.SaslAuthenticationFailed.Code, "Authentication failed: " + bad.Message, true
	}
	return 0, "", false
}

// saslStep takes the client's next message. When it was the last one the client is known.
func (c *conn) saslStep(ctx context.Context, token []byte) ([]byte, error) {
	var who auth.Principal
	switch c.sasl.mechanism {
	case "":
		return nil, errNoHandshake
	case mechanismPlain:
		var err error
		if who, err = c.plain(ctx, token); err != nil {
			return nil, err
		}
		return nil, c.known(who)
	}
	if c.sasl.exchange == nil {
		c.sasl.exchange = c.s.cfg.Auth.SCRAM(auth.SCRAM{Attempt: c.attempt(), Mechanism: auth.Mechanism(c.sasl.mechanism), NameInMessage: true})
	}
	out, done, err := c.sasl.exchange.Step(ctx, string(token))
	if err == nil && done {
		err = c.known(c.sasl.exchange.Principal())
	}
	return []byte(out), err
}

// known ends an exchange that went well.
func (c *conn) known(who auth.Principal) error {
	if old := c.who.Load(); c.sasl.before != "" && old.Name != who.Name {
		return errOtherSession
	}
	if c.s.cfg.SessionLifetime > 0 {
		who.Expires = c.s.cfg.Clock.Now().Add(c.s.cfg.SessionLifetime)
	}
	c.who.Store(&who)
	c.sasl = saslState{before: c.sasl.mechanism}
	return nil
}

// plain is SASL PLAIN, RFC 4616: authorization identity, name and password between NULs.
func (c *conn) plain(ctx context.Context, token []byte) (auth.Principal, error) {
	parts := strings.Split(string(token), "\x00")
	if len(parts) != 3 || !utf8.Valid(token) || parts[1] == "" || (parts[0] != "" && parts[0] != parts[1]) {
		return auth.Principal{}, fmt.Errorf("%w: malformed PLAIN message", auth.ErrRefused)
	}
	a := c.attempt()
	a.Name, a.Method = parts[1], auth.Plain
	return c.s.cfg.Auth.Password(ctx, a, parts[2])
}
