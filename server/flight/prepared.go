package flight

import (
	"container/list"
	"context"
	"crypto/rand"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/flight/flightsql"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/server/oneshot"
)

// maxPreparedText bounds the statements that are kept: a longer one comes once.
const maxPreparedText = 64 << 10

// preparedStatement is a statement's text, what it was told to be, and the parameters put for it.
// It is replaced, never changed.
type preparedStatement struct {
	owner  string // role
	sql    string
	params []sqltype.OID
	rows   *arrow.Schema
	row    [][]byte // parameters of a query, in binary form
}

// prepared are the statements kept between requests, by handle.
type prepared struct {
	mu       *sync.Mutex
	most     int
	order    *list.List // of *entry, the one used last in front
	byHandle map[string]*list.Element
}

type entry struct {
	handle string
	st     preparedStatement
}

func newPrepared(most int) prepared {
	return prepared{mu: &sync.Mutex{}, most: most, order: list.New(), byHandle: map[string]*list.Element{}}
}

func (p *prepared) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.order.Len()
}

func (p *prepared) put(handle string, st preparedStatement) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if el, ok := p.byHandle[handle]; ok {
		el.Value.(*entry).st = st
		return
	}
	p.byHandle[handle] = p.order.PushFront(&entry{handle, st})
	if p.order.Len() > p.most {
		oldest := p.order.Back()
		p.order.Remove(oldest)
		delete(p.byHandle, oldest.Value.(*entry).handle)
	}
}

// get finds a statement of the client that asks.
func (p *prepared) get(ctx context.Context, handle []byte) (preparedStatement, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	el, ok := p.byHandle[string(handle)]
	if !ok || el.Value.(*entry).st.owner != callOf(ctx).who.Name {
		return preparedStatement{}, status.Error(codes.NotFound, "prepared statement does not exist; it was closed, gave way to newer ones, or the server was restarted")
	}
	p.order.MoveToFront(el)
	return el.Value.(*entry).st, nil
}

func (p *prepared) drop(handle []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if el, ok := p.byHandle[string(handle)]; ok {
		p.order.Remove(el)
		delete(p.byHandle, string(handle))
	}
}

// CreatePreparedStatement keeps a statement and tells its parameters and columns.
func (s *service) CreatePreparedStatement(ctx context.Context, q flightsql.ActionCreatePreparedStatementRequest) (out flightsql.ActionCreatePreparedStatementResult, err error) {
	if len(q.GetTransactionId()) > 0 {
		return out, errTransaction
	}
	sql := q.GetQuery()
	if len(sql) > maxPreparedText {
		return out, status.Errorf(codes.ResourceExhausted, "a prepared statement has at most %d bytes; run this one without preparing it", maxPreparedText)
	}
	types, rows, err := s.describe(ctx, sql)
	if err != nil {
		return out, err
	}
	if out.ParameterSchema, err = columnar.SchemaOf(parameters(types)); err != nil {
		return out, s.failure(ctx, err)
	}
	out.DatasetSchema = rows
	handle := make([]byte, 16)
	_, _ = rand.Read(handle) // never fails
	out.Handle = handle
	s.prepared.put(string(handle), preparedStatement{owner: callOf(ctx).who.Name, sql: sql, params: types, rows: out.DatasetSchema})
	return out, nil
}

// ClosePreparedStatement forgets one; that it does not exist is no error.
func (s *service) ClosePreparedStatement(ctx context.Context, q flightsql.ActionClosePreparedStatementRequest) error {
	if _, err := s.prepared.get(ctx, q.GetPreparedStatementHandle()); err == nil {
		s.prepared.drop(q.GetPreparedStatementHandle())
	}
	return nil
}

// GetFlightInfoPreparedStatement gives the ticket to run a prepared statement, the command itself.
func (s *service) GetFlightInfoPreparedStatement(ctx context.Context, q flightsql.PreparedStatementQuery, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	st, err := s.prepared.get(ctx, q.GetPreparedStatementHandle())
	if err != nil {
		return nil, err
	}
	return info(d, d.Cmd, st.rows), nil
}

// GetSchemaPreparedStatement tells the columns.
func (s *service) GetSchemaPreparedStatement(ctx context.Context, q flightsql.PreparedStatementQuery, _ *flight.FlightDescriptor) (*flight.SchemaResult, error) {
	st, err := s.prepared.get(ctx, q.GetPreparedStatementHandle())
	if err != nil {
		return nil, err
	}
	return &flight.SchemaResult{Schema: flight.SerializeSchema(st.rows, s.Alloc)}, nil
}

// DoPutPreparedStatementQuery puts the parameters of the next run.
func (s *service) DoPutPreparedStatementQuery(ctx context.Context, q flightsql.PreparedStatementQuery, in flight.MessageReader, _ flight.MetadataWriter) ([]byte, error) {
	st, err := s.prepared.get(ctx, q.GetPreparedStatementHandle())
	if err != nil {
		return nil, err
	}
	rows, err := s.readParams(ctx, st, in)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, status.Errorf(codes.InvalidArgument, "a query takes one row of parameters, got %d", len(rows))
	}
	st.row = rows[0]
	s.prepared.put(string(q.GetPreparedStatementHandle()), st)
	return q.GetPreparedStatementHandle(), nil
}

// DoGetPreparedStatement runs a prepared statement with the parameters put for it.
func (s *service) DoGetPreparedStatement(ctx context.Context, q flightsql.PreparedStatementQuery) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	st, err := s.prepared.get(ctx, q.GetPreparedStatementHandle())
	if err != nil {
		return nil, nil, err
	}
	return s.run(ctx, oneshot.Statement{SQL: st.sql, Params: [][][]byte{st.row}, Format: face.Binary})
}

// DoPutPreparedStatementUpdate runs a prepared statement once for each row of parameters, all in
// one transaction.
func (s *service) DoPutPreparedStatementUpdate(ctx context.Context, q flightsql.PreparedStatementUpdate, in flight.MessageReader) (int64, error) {
	st, err := s.prepared.get(ctx, q.GetPreparedStatementHandle())
	if err != nil {
		return 0, err
	}
	run := oneshot.Statement{SQL: st.sql, Format: face.Binary}
	if len(st.params) > 0 {
		if run.Params, err = s.readParams(ctx, st, in); err != nil {
			return 0, err
		}
		if len(run.Params) == 0 {
			return 0, nil // executemany over nothing
		}
	}
	return s.update(ctx, run)
}
