package pgwire

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// errGone ends a connection without a word: the client has left, or was told already. It is a user's
// error, so that nobody takes a closed notebook for a fault of the server.
var errGone error = sqlerr.New(sqlerr.ConnectionFailure, "connection to client lost")

// errUserCancel is the cause of a statement's end by CancelRequest.
var errUserCancel = sqlerr.New(sqlerr.QueryCanceled, "canceling statement due to user request")

// errLost ends a connection whose next bytes cannot be understood.
var errLost = sqlerr.New(sqlerr.ProtocolViolation, "terminating connection because protocol synchronization was lost")

// errShutdown is what clients are told when the server stops.
var errShutdown = sqlerr.New(sqlerr.AdminShutdown, "terminating connection due to administrator command")

// errTooManyClients is what a client is told for which there is no place.
var errTooManyClients = sqlerr.New(sqlerr.TooManyConnections, "sorry, too many clients already")

// userError turns any error into what the client is shown. shown is false for an error that
// is not the user's: it is to be logged.
func userError(ctx context.Context, err error) (e *sqlerr.Error, shown bool) {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		if errors.As(context.Cause(ctx), &e) {
			return e, true
		}
		return errUserCancel, true
	}
	if errors.As(err, &e) {
		return e, e.Code != sqlerr.InternalError
	}
	return sqlerr.New(sqlerr.InternalError, "internal error"), false
}

// errorResponse adds an error of the severity ERROR or FATAL.
func (o *outbuf) errorResponse(severity string, e *sqlerr.Error) {
	at := o.begin('E')
	o.fields(severity, string(e.Code), e.Message, e.Detail, e.Hint, e.Position, e.Context, e.Object)
	o.end(at)
}

func (o *outbuf) noticeResponse(n face.Notice) {
	severity, code := n.Severity, n.Code
	if severity == "" {
		severity = "NOTICE"
	}
	if code == "" {
		code = string(sqlerr.SuccessfulCompletion)
		if severity == "WARNING" {
			code = string(sqlerr.Warning)
		}
	}
	at := o.begin('N')
	o.fields(severity, code, n.Message, n.Detail, n.Hint, n.Position, "", nil)
	o.end(at)
}

// fields are those of an error or notice, in PostgreSQL's order.
func (o *outbuf) fields(severity, code, message, detail, hint string, position int, context string, object *sqlerr.Object) {
	field := func(key byte, value string) {
		if value != "" {
			o.byte(key)
			o.str(noNUL(value))
		}
	}
	field('S', severity)
	field('V', severity)
	field('C', code)
	o.byte('M') // must be there, even when empty
	o.str(noNUL(message))
	field('D', detail)
	field('H', hint)
	if position > 0 {
		field('P', strconv.Itoa(position))
	}
	field('W', context)
	if object != nil {
		field('s', object.Schema)
		field('t', object.Table)
		field('c', object.Column)
		field('d', object.DataType)
		field('n', object.Constraint)
	}
	o.byte(0)
}

// noNUL keeps a text that holds user bytes from ending its field early.
func noNUL(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}
