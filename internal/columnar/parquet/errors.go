package parquet

import (
	"fmt"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// bad is an error of a file that is not what the specification says.
func bad(format string, args ...any) error {
	return sqlerr.New(sqlerr.BadCopyFileFormat, "not a readable Parquet file").WithDetail("%s.", fmt.Sprintf(format, args...))
}

// unsupported is an error of a file that may be right.
func unsupported(format string, args ...any) error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "the Parquet file has "+format+", which is not supported", args...)
}

// tooLarge is an error of a file whose pieces are larger than any that is read.
func tooLarge(format string, args ...any) error {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "the Parquet file has "+format, args...).
		WithHint("Write it with smaller pages, or with fewer rows in a row group.")
}
