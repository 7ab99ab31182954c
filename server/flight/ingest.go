package flight

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/flight/flightsql"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tributary-db/tributary/server/oneshot"
)

// DoPutCommandStatementIngest appends records to a relation that exists, as COPY FROM STDIN
// (FORMAT arrow) does: columns by name, all rows or none.
func (s *service) DoPutCommandStatementIngest(ctx context.Context, q flightsql.StatementIngest, in flight.MessageReader) (int64, error) {
	if len(q.GetTransactionId()) > 0 {
		return 0, errTransaction
	}
	if err := appends(q); err != nil {
		return 0, err
	}
	var sql strings.Builder
	sql.WriteString("COPY ")
	if q.GetSchema() != "" {
		sql.WriteString(quoted(q.GetSchema()) + ".")
	}
	sql.WriteString(quoted(q.GetTable()) + " (")
	for i, f := range in.Schema().Fields() {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(quoted(f.Name))
	}
	sql.WriteString(") FROM STDIN (FORMAT arrow)")

	out, into := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		into.CloseWithError(reencode(into, in)) // nil: the end
	}()
	n, err := s.update(ctx, oneshot.Statement{SQL: sql.String(), Data: out})
	_ = out.CloseWithError(io.ErrClosedPipe) // never fails; ends the other side, whatever it does
	<-done
	return n, err
}

// reencode writes records as the stream that COPY reads.
func reencode(w io.Writer, in flight.MessageReader) (err error) {
	defer func() {
		if p := recover(); p != nil { // the library's, over bad bytes
			err = status.Errorf(codes.InvalidArgument, "the records could not be read: %v", p)
		}
	}()
	out := ipc.NewWriter(w, ipc.WithSchema(in.Schema()))
	for in.Next() {
		if err := out.Write(in.Record()); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return status.Errorf(codes.InvalidArgument, "the records could not be read: %v", err)
	}
	return out.Close()
}

// appends refuses what is not appending to a relation that exists.
func appends(q flightsql.StatementIngest) error {
	o := q.GetTableDefinitionOptions()
	switch {
	case q.GetTemporary():
		return status.Error(codes.Unimplemented, "temporary tables are not supported")
	case o.GetIfNotExist() == flightsql.TableDefinitionOptionsTableNotExistOptionCreate:
		return status.Error(codes.Unimplemented, "ingest does not create tables: run CREATE TABLE, then append")
	case o.GetIfExists() == flightsql.TableDefinitionOptionsTableExistsOptionFail, o.GetIfExists() == flightsql.TableDefinitionOptionsTableExistsOptionReplace:
		return status.Error(codes.Unimplemented, "ingest appends to a table that exists")
	}
	return nil
}

func quoted(name string) string { return fmt.Sprintf(`"%s"`, strings.ReplaceAll(name, `"`, `""`)) }
