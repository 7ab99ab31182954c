package source

import (
	"context"
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// Columns of the arrangement that keeps the failed rows of a view, sink or derived stream, and those
// that its closing windows left out: reason tells which (ReasonFailed, or an exec.LateReason). A row
// that was left out has no SQLSTATE. The last three are NULL where a row was not made from one record.
const (
	ErrReason = iota
	ErrSQLState
	ErrMessage
	ErrTopic
	ErrPartition
	ErrOffset
)

// ErrorRow are the types of those columns.
var ErrorRow = []sqltype.OID{sqltype.Text, sqltype.Text, sqltype.Text, sqltype.Text, sqltype.Int4, sqltype.Int8}

// ErrorKey is what those rows are kept by: all that failed lie side by side.
var ErrorKey = []int{ErrReason, ErrSQLState, ErrMessage}

// ReasonFailed is the reason of rows that failed: reads of the relation tell of them.
const ReasonFailed = "failed"

// FailedRows is the part of the arrangement that are rows which failed.
func FailedRows() state.Range {
	b := delta.NewBuilder(sqltype.Text)
	b.AppendString(ReasonFailed)
	return state.Range{Equal: []delta.Column{b.Column()}}
}

// Failed reports whether row of a batch of an error arrangement is one that failed.
func Failed(b *delta.Batch, row int32) bool {
	return string(b.Cols[ErrReason].Bytes(row)) == ReasonFailed
}

// Columns of the error relation that shows them. How many rows are alike and the record's value
// are not in the arrangement.
const (
	shownCount  = 2
	shownValue  = 6
	shownReason = 7
)

// kept says where the arrangement has the columns that are shown.
var kept = map[int]int{0: ErrSQLState, 1: ErrMessage, 3: ErrTopic, 4: ErrPartition, 5: ErrOffset, shownReason: ErrReason}

// RowErrorColumns are the columns of the error relation of a view, sink or derived stream.
var RowErrorColumns = []catalog.Column{
	{Name: "sqlstate", Type: sqltype.Of(sqltype.Text)},
	{Name: "message", Type: sqltype.Of(sqltype.Text)},
	{Name: "count", Type: sqltype.Of(sqltype.Int8)},
	{Name: "topic", Type: sqltype.Of(sqltype.Text)},
	{Name: "_partition", Type: sqltype.Of(sqltype.Int4)},
	{Name: "_offset", Type: sqltype.Of(sqltype.Int8)},
	{Name: "value", Type: sqltype.Of(sqltype.Bytea)},
	{Name: "reason", Type: sqltype.Of(sqltype.Text)},
}

// ErrorAt is row of a batch of an error arrangement, one that failed.
func ErrorAt(b *delta.Batch, row int32) delta.RowError {
	return delta.RowError{
		Row: row, From: originAt(b, row),
		Err: sqlerr.New(sqlerr.Code(b.Cols[ErrSQLState].Bytes(row)), "%s", b.Cols[ErrMessage].Bytes(row)),
	}
}

// originAt is the record behind row of a batch of an error arrangement, nil if there is none.
func originAt(b *delta.Batch, row int32) *delta.Origin {
	if b.Cols[ErrOffset].Null(row) {
		return nil
	}
	return &delta.Origin{
		Topic:     string(b.Cols[ErrTopic].Bytes(row)),
		Partition: int32At(&b.Cols[ErrPartition], row),
		Offset:    int64At(&b.Cols[ErrOffset], row),
	}
}

func int32At(c *delta.Column, row int32) int32 { return delta.Values[int32](c)[c.At(row)] }
func int64At(c *delta.Column, row int32) int64 { return delta.Values[int64](c)[c.At(row)] }

// Standing is what a reader is told of a relation that has a failed row: the row's own error,
// where it comes from, and both ways out.
func Standing(rel *catalog.Relation, e delta.RowError) *sqlerr.Error {
	told := sqlerr.New(e.Err.Code, "%s", e.Err.Message)
	told.Detail = fmt.Sprintf("A row of %s %q failed", rel.Kind, rel.QualifiedName())
	if e.From != nil {
		told.Detail += fmt.Sprintf(", made from the record at offset %d of partition %d of topic %q", e.From.Offset, e.From.Partition, e.From.Topic)
	}
	told.Detail += "."
	return told.WithHint("ALTER %s %s SET (on_error = 'skip') leaves such rows out; %s_errors lists them: what removes them from the input heals it too.",
		strings.ToUpper(string(rel.Kind)), rel.QualifiedName(), rel.QualifiedName())
}

// recordValue fetches the value of the record behind a failed row; nil if it is a tombstone or not
// there any more.
func recordValue(ctx context.Context, l log.Log, o *delta.Origin) ([]byte, error) {
	topic, ok := l.TopicByName(o.Topic)
	if !ok {
		return nil, nil
	}
	var res log.FetchResult
	defer res.Release()
	read := log.PartitionRead{Partition: log.Partition{Topic: topic.ID, Index: o.Partition}, Offset: o.Offset, MaxBytes: 1}
	if err := l.Fetch(ctx, []log.PartitionRead{read}, log.Budget{MaxBytes: 1}, &res); err != nil {
		return nil, err
	}
	if res.Partitions[0].Err != nil {
		return nil, nil // dropped meanwhile, or no longer retained
	}
	return valueAt(res.Partitions[0].RecordBatches, o.Offset)
}

// valueAt finds a record in record batches.
func valueAt(raw []byte, offset int64) ([]byte, error) {
	var reader recordbatch.Reader
	defer reader.Release()
	for len(raw) > 0 {
		_, one, rest, err := recordbatch.Next(raw)
		if err != nil {
			return nil, err
		}
		if err := reader.Reset(one, decoded.MaxDecoded); err != nil {
			return nil, err
		}
		for reader.Next() {
			if r := reader.Record(); r.Offset == offset {
				return append([]byte(nil), r.Value...), nil
			}
		}
		if err := reader.Err(); err != nil {
			return nil, err
		}
		raw = rest
	}
	return nil, nil
}
