package flight

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/flight/flightsql"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/server/oneshot"
)

// service is what the library asks for: a method for each command of the protocol. Those that it
// lacks are answered UNIMPLEMENTED by BaseServer.
type service struct {
	flightsql.BaseServer
	cfg      Config
	prepared prepared
}

func newService(cfg Config) (*service, error) {
	s := &service{cfg: cfg, prepared: newPrepared(cfg.MaxPrepared)}
	s.Alloc = memory.DefaultAllocator
	return s, s.registerInfo()
}

var errTransaction = status.Error(codes.Unimplemented, "each statement is a transaction of its own; use the PostgreSQL protocol for blocks")

// GetFlightInfoStatement tells a statement's columns; the ticket is the statement.
func (s *service) GetFlightInfoStatement(ctx context.Context, q flightsql.StatementQuery, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	if len(q.GetTransactionId()) > 0 {
		return nil, errTransaction
	}
	_, schema, err := s.describe(ctx, q.GetQuery())
	if err != nil {
		return nil, err
	}
	ticket, err := flightsql.CreateStatementQueryTicket([]byte(q.GetQuery()))
	if err != nil {
		return nil, err
	}
	return info(d, ticket, schema), nil
}

// GetSchemaStatement tells a statement's columns.
func (s *service) GetSchemaStatement(ctx context.Context, q flightsql.StatementQuery, _ *flight.FlightDescriptor) (*flight.SchemaResult, error) {
	_, schema, err := s.describe(ctx, q.GetQuery())
	if err != nil {
		return nil, err
	}
	return &flight.SchemaResult{Schema: flight.SerializeSchema(schema, s.Alloc)}, nil
}

// DoGetStatement runs the statement of a ticket.
func (s *service) DoGetStatement(ctx context.Context, t flightsql.StatementQueryTicket) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	return s.run(ctx, oneshot.Statement{SQL: string(t.GetStatementHandle())})
}

// DoPutCommandStatementUpdate runs a statement whose rows nobody wants.
func (s *service) DoPutCommandStatementUpdate(ctx context.Context, q flightsql.StatementUpdate) (int64, error) {
	if len(q.GetTransactionId()) > 0 {
		return 0, errTransaction
	}
	return s.update(ctx, oneshot.Statement{SQL: q.GetQuery()})
}

// update runs a statement for its number of rows.
func (s *service) update(ctx context.Context, st oneshot.Statement) (int64, error) {
	st.Principal = callOf(ctx).who
	done, err := s.cfg.Statements.Run(ctx, st, discard{})
	if err != nil {
		return 0, s.failure(ctx, err)
	}
	return done.Affected, nil
}

// describe gives the types of a statement's parameters and the schema of its rows; a statement
// without rows has an empty one.
func (s *service) describe(ctx context.Context, sql string) (params []sqltype.OID, rows *arrow.Schema, err error) {
	params, fields, err := s.cfg.Statements.Describe(ctx, oneshot.Statement{Principal: callOf(ctx).who, SQL: sql})
	if err == nil {
		rows, err = columnar.SchemaOf(oneshot.Columns(fields))
	}
	if err != nil {
		return nil, nil, s.failure(ctx, err)
	}
	return params, rows, nil
}

func info(d *flight.FlightDescriptor, ticket []byte, schema *arrow.Schema) *flight.FlightInfo {
	return &flight.FlightInfo{
		FlightDescriptor: d, Schema: flight.SerializeSchema(schema, memory.DefaultAllocator),
		Endpoint:     []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: ticket}}},
		TotalRecords: -1, TotalBytes: -1, // not known before it has run
	}
}

// discard takes rows that nobody wants.
type discard struct{}

func (discard) Columns([]face.Field) error { return nil }
func (discard) Rows(*batch) error          { return nil }
func (discard) Flush() error               { return nil }
