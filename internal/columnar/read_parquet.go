package columnar

import (
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/tributary-db/tributary/internal/columnar/parquet"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// NewParquetReader reads a Parquet file of size bytes. charge is told how many bytes the Reader
// will have before it takes them; its error ends the call.
func NewParquetReader(in io.ReaderAt, size int64, charge func(total int64) error) (r *Reader, err error) {
	defer guardParquet(&err)
	file, err := parquet.Open(in, size, charge)
	if err != nil {
		return nil, err
	}
	return &Reader{schema: file.Schema(), close: func() {}, next: func() (rec arrow.Record, err error) {
		defer guardParquet(&err)
		return file.Next()
	}}, nil
}

// guardParquet turns a panic of a decompressor over bad bytes into an error.
func guardParquet(err *error) {
	if p := recover(); p != nil {
		*err = sqlerr.New(sqlerr.BadCopyFileFormat, "not a readable Parquet file").WithDetail("%s.", fmt.Sprint(p))
	}
}
