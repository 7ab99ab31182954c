package columnar

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// maxHead bounds the metadata of one IPC message (1,600 columns, the most there are, need
// 200 KiB).
const maxHead = 1 << 20

// Reader reads records of an Arrow IPC stream. Not safe for concurrent use.
type Reader struct {
	schema *arrow.Schema
	next   func() (arrow.Record, error)
	close  func()
}

// NewReader reads an IPC stream as it comes. maxBytes bounds the memory of one record; more is
// 54000.
func NewReader(in io.Reader, maxBytes int64) (r *Reader, err error) {
	defer guard(&err)
	limit := &bounded{max: maxBytes}
	br := bufio.NewReaderSize(in, maxHead+8) // a head is looked at as a whole
	ir, err := ipc.NewReaderFromMessageReader(&messages{MessageReader: ipc.NewMessageReader(br, ipc.WithAllocator(limit)), in: br}, ipc.WithAllocator(limit))
	if err != nil {
		return nil, badFile(err)
	}
	return &Reader{schema: ir.Schema(), close: ir.Release, next: func() (arrow.Record, error) {
		rec, err := ir.Read()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, badFile(err)
		}
		return rec, err
	}}, nil
}

// Names of the fields, in order; one may come twice.
func (r *Reader) Names() []string {
	names := make([]string, r.schema.NumFields())
	for i, f := range r.schema.Fields() {
		names[i] = f.Name
	}
	return names
}

// Record is rows of a stream.
type Record struct{ rec arrow.Record }

// RecordOf is a record that something else has read.
func RecordOf(rec arrow.Record) Record { return Record{rec} }

// Rows is the number of rows.
func (r Record) Rows() int { return int(r.rec.NumRows()) }

// Append appends rows [from, to) of a field to b, a builder of t's type: exactly,
// rounded to t's modifier as an assignment does, or an error. Text is read as t's input function
// reads it. On an error b has some of the rows.
func (r Record) Append(b *delta.Builder, t sqltype.Type, field, from, to int, env *codec.Env) (err error) {
	defer guard(&err)
	part := array.NewSlice(r.rec.Column(field), int64(from), int64(to))
	defer part.Release()
	return appendArray(b, t, part, env)
}

// Next is the next record, borrowed until the call after; io.EOF at the end.
func (r *Reader) Next() (rec Record, err error) {
	defer guard(&err)
	rec.rec, err = r.next()
	if err == nil && int(rec.rec.NumCols()) != r.schema.NumFields() {
		err = badFile(errors.New("a record has another number of columns than the schema"))
	}
	return rec, err
}

// Close gives back what the reader holds.
func (r *Reader) Close() {
	var err error
	defer guard(&err) // the library panics on what a broken file left half made
	r.close()
}

// messages checks the head of every message before the library believes it.
type messages struct {
	ipc.MessageReader
	in *bufio.Reader
}

func (m *messages) Message() (*ipc.Message, error) {
	prefix, err := m.in.Peek(8)
	if len(prefix) < 4 {
		return m.MessageReader.Message() // the end, or an error, as the library tells it
	}
	// Before Arrow 0.15 the length came without the mark in front.
	at, size := 4, le.Uint32(prefix)
	if size == 0xFFFFFFFF {
		if len(prefix) < 8 {
			return nil, fmt.Errorf("message cut off: %w", err)
		}
		at, size = 8, le.Uint32(prefix[4:])
	}
	if size == 0 {
		return m.MessageReader.Message()
	}
	if size > maxHead {
		return nil, fmt.Errorf("message head of %d bytes, most is %d", size, maxHead)
	}
	head, err := m.in.Peek(at + int(size))
	if err != nil {
		return nil, fmt.Errorf("message cut off: %w", err)
	}
	if err := verifyHead(head[at:]); err != nil {
		return nil, err
	}
	return m.MessageReader.Message()
}

// badFile is the library's complaint in PostgreSQL's terms; an error of ours stays.
func badFile(err error) error {
	var e *sqlerr.Error
	if errors.As(err, &e) {
		return e
	}
	return sqlerr.New(sqlerr.BadCopyFileFormat, "not a readable Arrow stream").WithDetail("%s.", err)
}

// guard turns a panic of the library over bad bytes into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		if e, ok := p.(error); ok {
			*err = badFile(e)
			return
		}
		*err = badFile(fmt.Errorf("%v", p))
	}
}
