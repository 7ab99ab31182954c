package flight

import (
	"context"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tributary-db/tributary/internal/columnar"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

type batch = delta.Batch

// maxParamRows bounds the rows of parameters of one request: COPY and ingest are for more.
const maxParamRows = 100_000

// parameters are columns that stand for parameters of types.
func parameters(types []sqltype.OID) []columnar.Field {
	out := make([]columnar.Field, len(types))
	for i, t := range types {
		out[i] = columnar.Field{Name: "$" + strconv.Itoa(i+1), Type: sqltype.Of(t)}
	}
	return out
}

// readParams reads rows of parameters into their binary wire form, converted to the types that
// the statement has for them.
func (s *service) readParams(ctx context.Context, st preparedStatement, in flight.MessageReader) (rows [][][]byte, err error) {
	for in.Next() {
		rec := in.Record()
		if int(rec.NumCols()) != len(st.params) {
			return nil, status.Errorf(codes.InvalidArgument, "the statement has %d parameters, got %d", len(st.params), rec.NumCols())
		}
		n := int(rec.NumRows())
		if len(rows)+n > maxParamRows {
			return nil, status.Errorf(codes.ResourceExhausted, "more than %d rows of parameters; ingest them, or use COPY", maxParamRows)
		}
		first := len(rows)
		for range n {
			rows = append(rows, make([][]byte, len(st.params)))
		}
		for j, t := range st.params {
			b := delta.NewBuilder(t)
			if err := columnar.RecordOf(rec).Append(b, sqltype.Of(t), j, 0, n, codec.UTC); err != nil {
				return nil, s.failure(ctx, err)
			}
			c := b.Column()
			for i := range n {
				if !c.Null(int32(i)) {
					rows[first+i][j] = codec.FormatBinary([]byte{}, &c, int32(i))
				}
			}
		}
	}
	if err := in.Err(); err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "the parameters could not be read: %v", err)
	}
	return rows, nil
}
