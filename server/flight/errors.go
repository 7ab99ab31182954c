package flight

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// failure is an error of a statement as the client sees it: SQLSTATE, detail and hint are in the
// text, since Flight SQL has no place for them.
func (s *service) failure(ctx context.Context, err error) error {
	var e *sqlerr.Error
	switch {
	case errors.As(err, &e):
		return statusOf(e)
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	s.cfg.Logger.Error("Flight statement failed", "error", err)
	return status.Error(codes.Internal, "internal error")
}

func statusOf(e *sqlerr.Error) error {
	text := e.Message + " (SQLSTATE " + string(e.Code) + ")"
	if e.Detail != "" {
		text += "\nDETAIL: " + e.Detail
	}
	if e.Hint != "" {
		text += "\nHINT: " + e.Hint
	}
	return status.Error(codeOf(e.Code), text)
}

// codeOf is the gRPC code of an SQLSTATE; JDBC and ADBC make their kinds of error of it.
func codeOf(c sqlerr.Code) codes.Code {
	switch c {
	case sqlerr.InsufficientPrivilege:
		return codes.PermissionDenied
	case sqlerr.UndefinedTable, sqlerr.UndefinedObject, sqlerr.UndefinedColumn, sqlerr.UndefinedFunction:
		return codes.NotFound
	case sqlerr.DuplicateTable, sqlerr.DuplicateObject, sqlerr.UniqueViolation:
		return codes.AlreadyExists
	case sqlerr.FeatureNotSupported:
		return codes.Unimplemented
	case sqlerr.SerializationFailure, sqlerr.DeadlockDetected, sqlerr.LockNotAvailable:
		return codes.Aborted
	case sqlerr.QueryCanceled:
		return codes.Canceled
	}
	switch c[:2] {
	case "53", "54":
		return codes.ResourceExhausted
	case "55", "25", "23":
		return codes.FailedPrecondition
	case "57":
		return codes.Unavailable
	case "58", "XX":
		return codes.Internal
	}
	return codes.InvalidArgument
}
