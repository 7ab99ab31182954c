package rpc

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	tributaryv1 "github.com/tributary-db/tributary/api/v1"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/server/oneshot"
)

// Problem is an error in Kafka's terms.
type Problem struct {
	Code      int16
	Name      string
	Message   string
	Retriable bool
}

// errStopping is why streams end that have no end; a session that meets it takes it as it is.
var errStopping error = sqlerr.New(sqlerr.AdminShutdown, "the server is stopping")

// errTooSlow ends a stream whose answer was left unread; nobody hears of it but the log.
var errTooSlow = connect.NewError(connect.CodeDeadlineExceeded, errors.New("the client does not read"))

var errInternal = errors.New("internal error")

// unknownError is Kafka's name for what nobody mapped: a bug.
const unknownError = "UNKNOWN_SERVER_ERROR"

// kafkaCodes are the codes of gRPC for Kafka's errors. A test holds it to be all of them.
var kafkaCodes = invert(map[connect.Code][]string{
	connect.CodeNotFound: {
		"UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID", "GROUP_ID_NOT_FOUND", "RESOURCE_NOT_FOUND", "TRANSACTIONAL_ID_NOT_FOUND",
		"LOG_DIR_NOT_FOUND", "DELEGATION_TOKEN_NOT_FOUND", "SNAPSHOT_NOT_FOUND", "VOTER_NOT_FOUND", "BROKER_ID_NOT_REGISTERED", "CONTROLLER_ID_NOT_REGISTERED",
		"UNKNOWN_CONTROLLER_ID", "UNKNOWN_SUBSCRIPTION_ID", "SHARE_SESSION_NOT_FOUND", "NO_REASSIGNMENT_IN_PROGRESS", "LISTENER_NOT_FOUND",
	},
	connect.CodeAlreadyExists: {"TOPIC_ALREADY_EXISTS", "DUPLICATE_RESOURCE", "DUPLICATE_SEQUENCE_NUMBER", "DUPLICATE_BROKER_REGISTRATION", "DUPLICATE_VOTER"},
	connect.CodeOutOfRange:    {"OFFSET_OUT_OF_RANGE", "POSITION_OUT_OF_RANGE", "OFFSET_MOVED_TO_TIERED_STORAGE"},
	connect.CodeInvalidArgument: {
		"CORRUPT_MESSAGE", "INVALID_FETCH_SIZE", "MESSAGE_TOO_LARGE", "OFFSET_METADATA_TOO_LARGE", "INVALID_TOPIC_EXCEPTION", "RECORD_LIST_TOO_LARGE",
		"INVALID_REQUIRED_ACKS", "INVALID_GROUP_ID", "INVALID_SESSION_TIMEOUT", "INVALID_TIMESTAMP", "INVALID_PARTITIONS", "INVALID_REPLICATION_FACTOR",
		"INVALID_REPLICA_ASSIGNMENT", "INVALID_CONFIG", "UNSUPPORTED_FOR_MESSAGE_FORMAT", "POLICY_VIOLATION", "INVALID_TRANSACTION_TIMEOUT",
		"UNSUPPORTED_COMPRESSION_TYPE", "INVALID_RECORD", "INVALID_PRINCIPAL_TYPE", "UNACCEPTABLE_CREDENTIAL", "INVALID_UPDATE_VERSION",
		"INVALID_REGULAR_EXPRESSION", "UNSUPPORTED_ASSIGNOR", "INVALID_REGISTRATION", "INVALID_VOTER_KEY", "TELEMETRY_TOO_LARGE", "STREAMS_INVALID_TOPOLOGY",
		"STREAMS_INVALID_TOPOLOGY_EPOCH",
	},
	connect.CodePermissionDenied: {
		"TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
		"DELEGATION_TOKEN_AUTHORIZATION_FAILED", "DELEGATION_TOKEN_OWNER_MISMATCH", "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED",
	},
	connect.CodeUnauthenticated: {"SASL_AUTHENTICATION_FAILED", "ILLEGAL_SASL_STATE", "UNSUPPORTED_SASL_MECHANISM", "DELEGATION_TOKEN_EXPIRED", "PRINCIPAL_DESERIALIZATION_FAILURE"},
	connect.CodeResourceExhausted: {
		"THROTTLING_QUOTA_EXCEEDED", "GROUP_MAX_SIZE_REACHED", "INVALID_COMMIT_OFFSET_SIZE", "SHARE_SESSION_LIMIT_REACHED",
	},
	connect.CodeFailedPrecondition: {
		"INVALID_REQUEST", "ILLEGAL_GENERATION", "INCONSISTENT_GROUP_PROTOCOL", "UNKNOWN_MEMBER_ID", "OUT_OF_ORDER_SEQUENCE_NUMBER", "INVALID_PRODUCER_EPOCH",
		"INVALID_TXN_STATE", "INVALID_PRODUCER_ID_MAPPING", "TRANSACTION_COORDINATOR_FENCED", "UNKNOWN_PRODUCER_ID", "NON_EMPTY_GROUP", "MEMBER_ID_REQUIRED",
		"FENCED_INSTANCE_ID", "GROUP_SUBSCRIBED_TO_TOPIC", "PRODUCER_FENCED", "FENCED_MEMBER_EPOCH", "UNRELEASED_INSTANCE_ID", "STALE_MEMBER_EPOCH",
		"SECURITY_DISABLED", "TOPIC_DELETION_DISABLED", "DELEGATION_TOKEN_AUTH_DISABLED", "REASSIGNMENT_IN_PROGRESS", "ELECTION_NOT_NEEDED", "INCONSISTENT_VOTER_SET",
		"FEATURE_UPDATE_FAILED", "INCONSISTENT_CLUSTER_ID", "STALE_CONTROLLER_EPOCH", "STALE_BROKER_EPOCH", "INELIGIBLE_REPLICA", "NEW_LEADER_ELECTED",
		"INVALID_RECORD_STATE", "INVALID_SHARE_SESSION_EPOCH", "FENCED_STATE_EPOCH", "FETCH_SESSION_ID_NOT_FOUND", "INVALID_FETCH_SESSION_EPOCH",
		"FETCH_SESSION_TOPIC_ID_ERROR", "MISMATCHED_ENDPOINT_TYPE", "UNSUPPORTED_ENDPOINT_TYPE", "STREAMS_TOPOLOGY_FENCED", "GROUP_DELETION_FAILED",
		"STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED", "REBOOTSTRAP_REQUIRED", "INCONSISTENT_TOPIC_ID",
	},
	connect.CodeAborted: {"REBALANCE_IN_PROGRESS", "CONCURRENT_TRANSACTIONS", "TRANSACTION_ABORTABLE", "UNSTABLE_OFFSET_COMMIT", "OPERATION_NOT_ATTEMPTED"},
	connect.CodeUnavailable: {
		"LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION", "REQUEST_TIMED_OUT", "BROKER_NOT_AVAILABLE", "REPLICA_NOT_AVAILABLE", "NETWORK_EXCEPTION",
		"COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR", "NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
		"NOT_CONTROLLER", "KAFKA_STORAGE_ERROR", "FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH", "OFFSET_NOT_AVAILABLE", "PREFERRED_LEADER_NOT_AVAILABLE",
		"ELIGIBLE_LEADERS_NOT_AVAILABLE",
	},
	connect.CodeUnimplemented: {"UNSUPPORTED_VERSION"},
	connect.CodeInternal:      {unknownError},
})

func invert(byCode map[connect.Code][]string) map[string]connect.Code {
	out := map[string]connect.Code{}
	for code, names := range byCode {
		for _, name := range names {
			out[name] = code
		}
	}
	return out
}

// KafkaCode is the code of gRPC for an error of Kafka; false: it is not known.
func KafkaCode(name string) (connect.Code, bool) {
	c, ok := kafkaCodes[name]
	return c, ok
}

// fault is what is wrong, with the code that it is answered with.
type fault struct {
	code connect.Code
	info *tributaryv1.ErrorInfo
}

// err is the fault as a call's end.
func (f fault) err() *connect.Error {
	e := connect.NewError(f.code, errors.New(f.info.Message))
	if detail, err := connect.NewErrorDetail(f.info); err == nil { // it marshals: it is ours
		e.AddDetail(detail)
	}
	return e
}

// faultOf finds out what err means to the caller.
func (s *Server) faultOf(ctx context.Context, method string, err error) fault {
	// What a statement says of a call that was ended is not why.
	if ctx.Err() != nil {
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, errStopping):
			err = errStopping
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			return fault{connect.CodeDeadlineExceeded, &tributaryv1.ErrorInfo{Message: "the call's deadline has passed", Retriable: true}}
		default:
			return fault{connect.CodeCanceled, &tributaryv1.ErrorInfo{Message: "the call was cancelled"}}
		}
	}
	var e *sqlerr.Error
	if errors.As(err, &e) {
		code := connect.Code(oneshot.StatusOf(e.Code))
		return fault{code, &tributaryv1.ErrorInfo{
			Sqlstate: string(e.Code), Message: e.Message, Detail: e.Detail, Hint: e.Hint, Position: int32(e.Position),
			Retriable: code == connect.CodeUnavailable || code == connect.CodeAborted,
		}}
	}
	p := s.cfg.Broker.Explain(err)
	if p.Name == unknownError {
		s.cfg.Logger.Error("RPC failed", "method", method, "error", err)
		return fault{connect.CodeInternal, &tributaryv1.ErrorInfo{Message: errInternal.Error(), KafkaError: p.Name, KafkaCode: int32(p.Code)}}
	}
	code, ok := kafkaCodes[p.Name]
	if !ok {
		code = connect.CodeInternal
	}
	return fault{code, &tributaryv1.ErrorInfo{KafkaError: p.Name, KafkaCode: int32(p.Code), Message: p.Message, Retriable: p.Retriable}}
}

// infoOf is an error as one answer of a stream tells it.
func (s *Server) infoOf(ctx context.Context, method string, err error) *tributaryv1.ErrorInfo {
	var own *connect.Error
	if !errors.As(err, &own) {
		return s.faultOf(ctx, method, err).info
	}
	for _, d := range own.Details() {
		if m, err := d.Value(); err == nil {
			if info, ok := m.(*tributaryv1.ErrorInfo); ok {
				return info
			}
		}
	}
	return &tributaryv1.ErrorInfo{Message: own.Message()}
}

// ended is err as the call's end; errors of Connect's own stay as they are.
func (s *Server) ended(ctx context.Context, method string, err error) error {
	var own *connect.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	return s.faultOf(ctx, method, err).err()
}

// invalid says what is wrong with a request.
func invalid(format string, args ...any) error {
	return fault{connect.CodeInvalidArgument, &tributaryv1.ErrorInfo{Message: sqlerr.New(sqlerr.InvalidParameterValue, format, args...).Message}}.err()
}
