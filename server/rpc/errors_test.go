package rpc_test

import (
	"context"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/kafka"
	"github.com/tributary-db/tributary/server/oneshot"
	"github.com/tributary-db/tributary/server/rpc"
	"github.com/tributary-db/tributary/storage/log"
)

// TestErrorCodes: every error of Kafka has a code of gRPC, and what may pass by itself one that clients try again on.
func TestErrorCodes(t *testing.T) {
	known := 0
	for code := int16(-1); code < 1000; code++ {
		e := kerr.TypedErrorForCode(code)
		if e == nil || e.Code != code {
			continue
		}
		known++
		if c, ok := rpc.KafkaCode(e.Message); !ok || c == connect.CodeInternal && code != -1 {
			t.Errorf("%s: %v, %v", e.Message, c, ok)
		}
	}
	if known < 130 {
		t.Errorf("%d errors of Kafka are known", known)
	}
	for _, tc := range []struct {
		err  error
		name string
		code connect.Code
	}{
		{log.ErrOffsetOutOfRange, "OFFSET_OUT_OF_RANGE", connect.CodeOutOfRange},
		{log.ErrFull, "KAFKA_STORAGE_ERROR", connect.CodeUnavailable},
		{log.ErrTopicExists, "TOPIC_ALREADY_EXISTS", connect.CodeAlreadyExists},
		{context.Canceled, "NOT_LEADER_FOR_PARTITION", connect.CodeUnavailable},
		{http.ErrBodyNotAllowed, "UNKNOWN_SERVER_ERROR", connect.CodeInternal},
	} {
		p := kafka.Explain(tc.err)
		if c, _ := rpc.KafkaCode(p.Name); p.Name != tc.name || c != tc.code || p.Message == "" {
			t.Errorf("%v: %+v, %v", tc.err, p, c)
		}
	}
	for state, want := range map[sqlerr.Code]connect.Code{
		sqlerr.UndefinedTable: connect.CodeNotFound, sqlerr.SyntaxError: connect.CodeInvalidArgument, sqlerr.FeatureNotSupported: connect.CodeUnimplemented,
		sqlerr.AdminShutdown: connect.CodeUnavailable, sqlerr.QueryCanceled: connect.CodeCanceled, sqlerr.InternalError: connect.CodeInternal,
		sqlerr.SerializationFailure: connect.CodeAborted, sqlerr.InsufficientPrivilege: connect.CodePermissionDenied, sqlerr.NotNullViolation: connect.CodeFailedPrecondition,
		sqlerr.ProgramLimitExceeded: connect.CodeResourceExhausted, sqlerr.DuplicateTable: connect.CodeAlreadyExists,
	} {
		if got := connect.Code(oneshot.StatusOf(state)); got != want {
			t.Errorf("%s: %v, want %v", state, got, want)
		}
	}
}
