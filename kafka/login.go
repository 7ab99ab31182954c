package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/tributary-db/tributary/internal/auth"
	"github.com/tributary-db/tributary/internal/tlsconf"
)

var (
	// errUnidentified: the client asked for something before it said who it is.
	errUnidentified = errors.New("request before authentication")
	// errLoginOver: the client was told that it is not who it says; there is nothing more to say.
	errLoginOver = errors.New("authentication failed")
	// errSessionExpired: the client has not proved itself again in time (KIP-368).
	errSessionExpired = errors.New("session expired without re-authentication")
)

// login goes on until it is known who the client is. Until then requests are read and answered
// one at a time, in the reader, and only those are served that a login takes.
func (c *conn) login(ctx, waits context.Context) error {
	defer c.recovered("login")
	c.loginBy = c.s.cfg.Clock.Now().Add(c.s.cfg.LoginTimeout)
	if tc, ok := c.nc.(*tlsconf.Conn); ok {
		c.readDeadlineAt(c.loginBy)
		_ = c.nc.SetWriteDeadline(c.loginBy) // a closed socket fails at the write
		if err := tc.Handshake(waits); err != nil {
			return err
		}
	}
	if err := c.identify(ctx, waits); err != nil {
		return err
	}
	c.loginBy = zeroTime
	return nil
}

func (c *conn) identify(ctx, waits context.Context) error {
	if c.s.cfg.Auth.Trusting() {
		who, err := c.s.cfg.Auth.Trust(waits, c.attempt())
		if err == nil {
			c.who.Store(&who)
		}
		return err
	}
	if err := c.certified(waits); err != nil {
		return err
	}
	for c.who.Load() == nil {
		if err := c.loginStep(ctx, waits); err != nil {
			return err
		}
	}
	c.asked = true
	c.slot.Asked()
	return nil
}

// certified takes a client for whom its certificate names, if that is a role. It may still
// authenticate by SASL, and then is who it says there.
func (c *conn) certified(ctx context.Context) error {
	state, _ := tlsconf.StateOf(c.nc)
	a := c.attempt()
	if a.Name = tlsconf.NameOf(state); a.Name == "" {
		return nil
	}
	who, known, err := c.s.cfg.Auth.Certificate(ctx, a)
	if known {
		c.who.Store(&who)
	}
	return err
}

func (c *conn) loginStep(ctx, waits context.Context) error {
	if c.sasl.raw {
		return c.rawToken(waits)
	}
	x, err := c.read(ctx)
	if err != nil {
		return err
	}
	return c.answer(ctx, waits, x)
}

// rawToken carries one message of an exchange without any header around it, which is what
// follows a SaslHandshake of version 0. Nothing but closing says that it failed.
func (c *conn) rawToken(ctx context.Context) error {
	var size [4]byte
	c.setReadDeadline(c.s.cfg.IOTimeout)
	if _, err := io.ReadFull(c.in, size[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > smallBody {
		return fmt.Errorf("%w: %d bytes of a SASL message", errFrameSize, n)
	}
	token := make([]byte, n)
	if _, err := io.ReadFull(c.in, token); err != nil {
		return unexpected(err)
	}
	out, err := c.saslStep(ctx, token)
	if err != nil {
		return errLoginOver
	}
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(out))), out...)
	if _, err := c.out.Write(frame); err != nil {
		return err
	}
	return c.out.Flush()
}

// encrypted reports whether nobody on the way can read along.
func (c *conn) encrypted() bool {
	_, ok := tlsconf.StateOf(c.nc)
	return ok
}

// attempt is a login from here.
func (c *conn) attempt() auth.Attempt { return auth.Attempt{Face: auth.Kafka, Peer: c.host[1:]} }

// permit tells whether a request may come now.
func (c *conn) permit(key int16) error {
	if key == keyApiVersions || key == keySaslHandshake || key == keySaslAuthenticate {
		return nil
	}
	who := c.who.Load()
	if who == nil {
		err := fmt.Errorf("%w: key %d", errUnidentified, key)
		c.s.cfg.Auth.Unidentified(c.attempt(), err)
		return err
	}
	if !who.Expires.IsZero() && c.s.cfg.Clock.Now().After(who.Expires) {
		c.s.metrics.SessionsExpired.Add(1)
		return errSessionExpired
	}
	return nil
}
