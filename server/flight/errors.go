package flight

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/server/oneshot"
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
	return status.Error(codes.Code(oneshot.StatusOf(e.Code)), text)
}
