package parquet

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"
	lib "github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// granted is what readers of damaged files may have.
const granted = 8 << 20

func grant(n int64) error {
	if n > granted {
		return sqlerr.New(sqlerr.OutOfMemory, "no more memory")
	}
	return nil
}

// scan reads a file, up to 200,000 rows: a few bytes may truly mean billions.
func scan(file []byte) (rows int64, err error) {
	r, err := Open(bytes.NewReader(file), int64(len(file)), grant)
	for err == nil && rows < 200_000 {
		var rec arrow.Record
		if rec, err = r.Next(); err == nil {
			rows += rec.NumRows()
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return rows, err
}

// try reads a damaged file: it must end with rows or an error for its client, within the bound.
func try(t *testing.T, file []byte) error {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := scan(file)
	runtime.ReadMemStats(&after)
	switch sqlerr.CodeOf(err) {
	case sqlerr.BadCopyFileFormat, sqlerr.FeatureNotSupported, sqlerr.ProgramLimitExceeded, sqlerr.OutOfMemory,
		sqlerr.DatetimeFieldOverflow, sqlerr.IntervalFieldOverflow:
	default:
		if err != nil {
			t.Fatalf("%v", err)
		}
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 4*granted {
		t.Fatalf("%d MiB taken, %d granted", taken>>20, granted>>20)
	}
	return err
}

// contents are the places of the pages of a file, without their headers.
func contents(t *testing.T, file []byte) (places [][2]int64) {
	f, err := readFooter(bytes.NewReader(file), int64(len(file)), free)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range f.groups {
		for _, c := range g.chunks {
			for at := c.at; at < c.end; {
				p := &thrift{b: file[at:c.end]}
				h := p.header()
				at += int64(p.at)
				places = append(places, [2]int64{at, at + h.packed})
				at += h.packed
			}
		}
	}
	return places
}

// TestEveryBit of a file whose pages have checksums: changed in a page it is an error, elsewhere an
// error or rows.
func TestEveryBit(t *testing.T) {
	file, err := os.ReadFile("testdata/files/pyarrow-checksums.parquet")
	if err != nil {
		t.Fatal(err)
	}
	places := contents(t, file)
	told := 0
	for i := range file {
		inside := false
		for _, p := range places {
			inside = inside || int64(i) >= p[0] && int64(i) < p[1]
		}
		for bit := range 8 {
			bad := bytes.Clone(file)
			bad[i] ^= 1 << bit
			err := try(t, bad)
			if err != nil {
				told++
			} else if inside {
				t.Fatalf("bit %d of byte %d of a page is changed, and nothing is said", bit, i)
			}
		}
	}
	t.Logf("%d of %d changed bits are errors", told, 8*len(file))
}

// TestDamage: bytes changed, cut off, doubled, exchanged; small files and one of many pages.
func TestDamage(t *testing.T) {
	corpus := [][]byte{large(t)}
	for _, path := range files(t, "testdata/files") {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		corpus = append(corpus, file)
	}
	rounds := 20_000
	if testing.Short() {
		rounds = 2000
	}
	r := rand.New(rand.NewPCG(5, 6))
	told := 0
	for range rounds {
		if try(t, damage(r, corpus[r.IntN(len(corpus))])) != nil {
			told++
		}
	}
	t.Logf("%d of %d are errors", told, rounds)
}

// damage changes a file, in half of the rounds where its footer is.
func damage(r *rand.Rand, file []byte) []byte {
	bad := bytes.Clone(file)
	from := 0
	if r.IntN(2) == 0 {
		from = max(0, len(bad)-8-int(le.Uint32(bad[len(bad)-8:])))
	}
	for range 1 + r.IntN(4) {
		i := from + r.IntN(len(bad)-from)
		switch r.IntN(6) {
		case 0:
			bad[i] ^= 1 << r.IntN(8)
		case 1:
			bad[i] = byte(r.IntN(256))
		case 2:
			bad[i] = 0xff
		case 3:
			copy(bad[i:], []byte{0xff, 0xff, 0xff, 0xff, 0x0f})
		case 4:
			copy(bad[i:], []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
		default:
			copy(bad[i:], bad[r.IntN(len(bad)):])
		}
	}
	if r.IntN(20) == 0 {
		bad = append(bad[:r.IntN(len(bad))], file[len(file)-8:]...)
	}
	return bad
}

// large is a file of several row groups with many pages.
func large(t testing.TB) []byte {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "i", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "n", Type: &arrow.Decimal128Type{Precision: 20, Scale: 3}},
	}, nil)
	b := array.NewRecordBuilder(arrowmemory.DefaultAllocator, schema)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 20_000 {
		if r.IntN(9) == 0 {
			b.Field(0).AppendNull()
			b.Field(1).AppendNull()
		} else {
			b.Field(0).(*array.Int64Builder).Append(r.Int64())
			b.Field(1).(*array.StringBuilder).Append("value " + string(rune('a'+r.IntN(2000))))
		}
		if err := b.Field(2).AppendValueFromString("1." + string(rune('0'+i%10))); err != nil {
			t.Fatal(err)
		}
	}
	return write(t, schema, b.NewRecord(), lib.WithMaxRowGroupLength(7000), lib.WithDataPageSize(4096), lib.WithCompression(compress.Codecs.Zstd))
}

func write(t testing.TB, schema *arrow.Schema, rec arrow.Record, options ...lib.WriterProperty) []byte {
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, lib.NewWriterProperties(options...), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.WriteBuffered(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// FuzzReader: no bytes make a Reader panic or take more than it is granted.
func FuzzReader(f *testing.F) {
	for _, path := range files(f, "testdata/files") {
		file, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, err := scan(file); err != nil && sqlerr.CodeOf(err) == sqlerr.InternalError {
			t.Fatal(err)
		}
	})
}
