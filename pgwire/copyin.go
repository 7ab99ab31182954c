package pgwire

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// copyIn reads the CopyData messages of a COPY FROM STDIN. Once it has ended, for whatever
// reason, the command loop ignores what the client still sends of it.
type copyIn struct {
	c    *conn
	done bool
	// rest is the beginning of a character that the next message goes on with, in the client's encoding.
	rest []byte
}

// Next implements face.CopyIn.
func (r *copyIn) Next(ctx context.Context) ([]byte, error) {
	if r.done {
		return nil, io.EOF
	}
	defer r.interruptible(ctx)()
	for {
		typ, body, err := r.c.in.next()
		if err != nil {
			r.done = true
			return nil, r.broken(ctx, err)
		}
		switch typ {
		case 'd':
			if len(body) > 0 && r.c.charset == nil {
				return body, nil
			}
			if body, err = r.converted(body); err != nil || len(body) > 0 {
				return body, err
			}
		case 'H', 'S': // the client may not know yet that it is in a COPY
		case 'c':
			r.done = true
			if len(r.rest) > 0 {
				_, err := r.c.text(r.rest) // which says what is wrong with it
				return nil, err
			}
			return nil, io.EOF
		case 'f':
			r.done = true
			var m pgproto3.CopyFail
			if err := m.Decode(body); err != nil {
				return nil, formatError(body)
			}
			return nil, sqlerr.New(sqlerr.QueryCanceled, "COPY from stdin failed: %s", strings.ToValidUTF8(m.Message, "?"))
		default:
			r.done = true
			return nil, fatalError{sqlerr.New(sqlerr.ProtocolViolation, "unexpected message type 0x%02X during COPY from stdin", typ)}
		}
	}
}

// interruptible lets the end of ctx end a read, until the function it returns is called.
func (r *copyIn) interruptible(ctx context.Context) func() {
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		r.c.interrupt.want()
		close(woken)
	})
	return func() {
		if !stop() {
			<-woken
			r.c.interrupt.forget()
		}
	}
}

// broken is the error of a read that failed: cancelled, out of step, or the client is gone.
func (r *copyIn) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var bad *sqlerr.Error
	if errors.As(err, &bad) {
		return fatalError{bad}
	}
	return errGone
}
