package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// free grants everything.
func free(int64) error { return nil }

// read is the rows of a file, by column, as text.
func read(file []byte, charge func(int64) error) (names []string, columns [][]string, err error) {
	r, err := Open(bytes.NewReader(file), int64(len(file)), charge)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range r.Schema().Fields() {
		names = append(names, f.Name)
	}
	columns = make([][]string, len(names))
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names, columns, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if rec.NumRows() < 1 || rec.NumRows() > maxRows {
			return nil, nil, fmt.Errorf("a record of %d rows", rec.NumRows())
		}
		appendText(columns, rec)
	}
}

func appendText(columns [][]string, rec arrow.Record) {
	for i, a := range rec.Columns() {
		for j := range a.Len() {
			columns[i] = append(columns[i], textOf(a, j))
		}
	}
}

// textOf is a value; times in nanoseconds, so that units do not matter.
func textOf(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return "NULL"
	}
	switch a := a.(type) {
	case *array.Timestamp:
		return a.Value(i).ToTime(a.DataType().(*arrow.TimestampType).Unit).String()
	case *array.Float16:
		return fmt.Sprint(a.Value(i).Float32())
	case *array.String:
		return strings.Clone(a.Value(i)) // the bytes are borrowed
	}
	return a.ValueStr(i)
}

// stream is the rows of an Arrow stream, as read's.
func stream(t *testing.T, path string) (names []string, columns [][]string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Schema().Fields() {
		names = append(names, f.Name)
	}
	columns = make([][]string, len(names))
	for r.Next() {
		appendText(columns, r.Record())
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return names, columns
}

func files(t testing.TB, dir string) (paths []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	return paths
}

func compare(t *testing.T, path string) {
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var most int64
	names, got, err := read(file, func(n int64) error { most = max(most, n); return nil })
	if err != nil {
		t.Fatalf("%s: %v %+v", path, err, err)
	}
	wantNames, want := stream(t, strings.TrimSuffix(path, ".parquet")+".arrow")
	if strings.Join(names, ",") != strings.Join(wantNames, ",") {
		t.Fatalf("columns %v, want %v", names, wantNames)
	}
	for i, name := range names {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: column %s has %d rows, want %d", path, name, len(got[i]), len(want[i]))
		}
		for j, v := range got[i] {
			if v != want[i][j] {
				t.Fatalf("%s: column %s, row %d: %q, want %q", path, name, j, v, want[i][j])
			}
		}
	}
	t.Logf("%d columns, %d rows, %d KiB of %d KiB", len(names), len(got[0]), most>>10, len(file)>>10)
}

// TestPeersFiles: files of pyarrow and DuckDB that are kept here.
func TestPeersFiles(t *testing.T) {
	for _, path := range files(t, "testdata/files") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".parquet"), func(t *testing.T) { compare(t, path) })
	}
}

// TestPeersWrite: pyarrow and DuckDB, where they are there, write every codec, page version and
// encoding, with NULLs, pages and row groups of any size.
func TestPeersWrite(t *testing.T) {
	python := os.Getenv("TRIBUTARY_TEST_PYTHON")
	if python == "" {
		python = "python3"
	}
	if osexec.Command(python, "-c", "import pyarrow, duckdb").Run() != nil {
		t.Skip("no Python with pyarrow and duckdb (TRIBUTARY_TEST_PYTHON): skipped")
	}
	dir := t.TempDir()
	if out, err := osexec.Command(python, "testdata/write.py", dir, "1", "9000").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, path := range files(t, dir) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".parquet"), func(t *testing.T) { compare(t, path) })
	}
}
