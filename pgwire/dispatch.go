package pgwire

import (
	"bytes"
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// formatError says that a message's body is not what its type demands.
func formatError(body []byte) error {
	if bytes.IndexByte(body, 0) < 0 {
		return faceError{sqlerr.New(sqlerr.ProtocolViolation, "invalid string in message")}
	}
	return faceError{sqlerr.New(sqlerr.ProtocolViolation, "invalid message format")}
}

// dispatch answers one message. Its error ends the connection.
//
//lint:dispatch
func (c *conn) dispatch(typ byte, body []byte) error {
	switch typ {
	case 'X':
		return errGone
	case 'S':
		return c.sync()
	case 'p':
		return sqlerr.New(sqlerr.ProtocolViolation, "invalid frontend message type %d", typ)
	case 'd', 'c', 'f':
		return nil // a client that has not yet noticed that its COPY failed
	}
	if c.skipping {
		return nil
	}
	switch typ {
	case 'Q':
		return c.simple(body)
	case 'F':
		c.sess.Fail(c.stmt.parent)
		if err := c.failed(c.stmt.parent, sqlerr.New(sqlerr.FeatureNotSupported, "fastpath function calls are not supported")); err != nil {
			return err
		}
		return c.ready()
	case 'H':
		if err := c.out.flush(); err != nil {
			return errGone
		}
		return nil
	}
	ctx := c.stmt.begin()
	err := c.extended(ctx, typ, body)
	c.stmt.done()
	if err == nil {
		return nil
	}
	c.skipping = true
	if err := c.failed(ctx, err); err != nil {
		return err
	}
	// At once, as PostgreSQL does: a client that has sent Flush and waits gets nothing else.
	return c.w.Flush()
}

// extended runs one message of an extended exchange.
func (c *conn) extended(ctx context.Context, typ byte, body []byte) error {
	switch typ {
	case 'P':
		return c.own(ctx, c.parse, body)
	case 'B':
		return c.own(ctx, c.bind, body)
	case 'D':
		return c.own(ctx, c.describe, body)
	case 'E':
		return c.own(ctx, c.execute, body)
	}
	return c.own(ctx, c.closeOne, body)
}

// faceError marks an error that the session does not know of.
type faceError struct{ err error }

func (e faceError) Error() string { return e.err.Error() }
func (e faceError) Unwrap() error { return e.err }

// own runs a handler and tells the session of an error that is not its own.
func (c *conn) own(ctx context.Context, handle func(context.Context, []byte) error, body []byte) error {
	err := handle(ctx, body)
	var mine faceError
	if errors.As(err, &mine) {
		c.sess.Fail(ctx)
	}
	return err
}

func (c *conn) simple(body []byte) error {
	ctx := c.stmt.begin()
	err := c.own(ctx, c.query, body)
	c.stmt.done()
	if err != nil {
		if err := c.failed(ctx, err); err != nil {
			return err
		}
	}
	return c.ready()
}

func (c *conn) query(ctx context.Context, body []byte) error {
	var m pgproto3.Query
	if err := m.Decode(body); err != nil {
		return formatError(body)
	}
	if err := c.texts(&m.String); err != nil {
		return err
	}
	c.srv.stats.statements.Add(1)
	defer c.srv.timed(c.srv.cfg.Clock.Now())
	c.w.begin(true)
	return c.sess.Simple(ctx, m.String, &c.w)
}

// failed answers a statement's error. Its own error ends the connection.
func (c *conn) failed(ctx context.Context, err error) error {
	if errors.Is(err, errGone) || c.out.err != nil {
		return errGone
	}
	var fatal fatalError
	if errors.As(err, &fatal) {
		c.out.errorResponse("ERROR", fatal.err)
		return errLost
	}
	e, shown := userError(ctx, err)
	if !shown {
		c.log.Error("statement failed inside", "err", err)
	}
	c.srv.stats.errors.Add(1)
	if e == errShutdown || e == c.stmt.ended() {
		return e // FATAL, and once
	}
	c.out.errorResponse("ERROR", e)
	return nil
}

// fatalError is an error after which the client cannot be followed.
type fatalError struct{ err *sqlerr.Error }

func (e fatalError) Error() string { return e.err.Error() }
func (e fatalError) Unwrap() error { return e.err }

func (c *conn) sync() error {
	c.skipping = false
	ctx := c.stmt.begin()
	err := c.sess.Sync(ctx)
	c.stmt.done()
	if err != nil {
		if err := c.failed(ctx, err); err != nil {
			return err
		}
	}
	return c.ready()
}

func formats(dst []face.Format, src []int16) ([]face.Format, error) {
	dst = dst[:0]
	for _, f := range src {
		if f != int16(face.Text) && f != int16(face.Binary) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unsupported format code: %d", f)
		}
		dst = append(dst, face.Format(f))
	}
	return dst, nil
}
