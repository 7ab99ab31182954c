package columnar

import (
	"io"

	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/tributary-db/tributary/internal/delta"
)

// Format is a columnar file format.
type Format uint8

const (
	// Arrow is the IPC streaming format, which needs no end to be read.
	Arrow Format = iota + 1
	Parquet
)

func (f Format) String() string { return [...]string{"", "arrow", "parquet"}[f] }

// rowGroup is how many rows a Parquet row group gets: readers skip and decode by group.
const rowGroup = 128 << 10

// Writer writes batches in a columnar format. Not safe for concurrent use.
type Writer struct {
	wrap *Wrapper
	ipc  *ipc.Writer
	pq   *pqarrow.FileWriter
	rows int64
}

// NewWriter begins a file or stream of rows of fields on out.
func NewWriter(out io.Writer, f Format, fields []Field) (*Writer, error) {
	wrap, err := NewWrapper(f, fields)
	if err != nil {
		return nil, err
	}
	w := &Writer{wrap: wrap}
	if f == Arrow {
		w.ipc = ipc.NewWriter(out, ipc.WithSchema(wrap.Schema()))
		return w, nil
	}
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithMaxRowGroupLength(rowGroup))
	w.pq, err = pqarrow.NewFileWriter(wrap.Schema(), keepOpen{out}, props, pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	return w, err
}

// Write appends the live rows of b, which is borrowed. The first row error of b is returned
// and nothing of b is written.
func (w *Writer) Write(b *delta.Batch) error {
	rec, err := w.wrap.Record(b)
	if err != nil || rec.NumRows() == 0 {
		return err
	}
	w.rows += rec.NumRows()
	if w.ipc != nil {
		return w.ipc.Write(rec)
	}
	return w.pq.WriteBuffered(rec)
}

// Rows written so far.
func (w *Writer) Rows() int64 { return w.rows }

// Close writes the end; out stays open.
func (w *Writer) Close() error {
	if w.ipc != nil {
		return w.ipc.Close()
	}
	return w.pq.Close()
}

// keepOpen hides that a writer may be closed: the Parquet writer would close it.
type keepOpen struct{ io.Writer }
