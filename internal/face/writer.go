package face

import (
	"context"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Format is the form of a value on the wire, numbered as PostgreSQL does.
type Format int16

const (
	Text   Format = 0
	Binary Format = 1
)

// Field describes a result column.
type Field struct {
	Name   string
	Type   sqltype.Type
	Format Format
	// Table and Attr are the OID of the relation and the number of the column in it (from 1)
	// when the column is one of a relation's, else 0.
	Table uint32
	Attr  int16
	// Encode is the type's output function in Format, under the session's settings. Nil only
	// where a field is merely described.
	Encode Encode
}

// Encode appends the value of row, which is not NULL, to dst without its length.
type Encode func(dst []byte, c *delta.Column, row int32) []byte

// Writer takes the results of one execution. An error it returns ends the statement: the
// session returns it unchanged, wrapped at most.
//
// Of a statement that returns rows a session calls Fields, Rows any number of times, then
// Complete or Suspended; of another one only Complete. A Simple query does so for each of its
// statements in turn, and calls Empty if there is none.
type Writer interface {
	// Fields announces the columns of the rows to come. The slice must stay unchanged until
	// Complete or Suspended.
	Fields(fields []Field) error
	// Rows writes the live rows of b, one column for each field, each as many times as its
	// weight says. The first row error of b is returned as the statement's error, before
	// anything of b is written. A weight below zero is a bug (XX000).
	Rows(b *delta.Batch) error
	// Complete ends the statement with its command tag ("SELECT 3").
	Complete(tag string) error
	// Suspended ends an execution whose row limit was reached while rows remain.
	Suspended() error
	// Empty answers a query string without a statement.
	Empty() error
	// Flush sends what was written so far: for results that have no end in sight.
	Flush() error

	// CopyIn asks the client for data of a COPY FROM STDIN with so many columns.
	CopyIn(columns int, format Format) (CopyIn, error)
	// CopyOut announces a COPY TO STDOUT; CopyData and CopyDone follow.
	CopyOut(columns int, format Format) error
	// CopyData sends one chunk; clients expect one row each.
	CopyData(data []byte) error
	CopyDone() error
}

// CopyIn is the data of a COPY FROM STDIN, in the chunks that the client made, which end
// anywhere. It need not be read to its end.
type CopyIn interface {
	// Next returns the next chunk, which is borrowed until the next call; io.EOF after the
	// last one; 57014 when the client gave up.
	Next(ctx context.Context) ([]byte, error)
}
