package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"
	lib "github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// compact writes values of Thrift's compact protocol.
type compact []byte

func (c *compact) head(id int, kind byte) {
	*c = binary.AppendVarint(append(*c, kind), int64(id))
}

func (c *compact) int(id int, v int64) *compact {
	c.head(id, kindI64)
	*c = binary.AppendVarint(*c, v)
	return c
}

func (c *compact) bytes(id int, v string) *compact {
	c.head(id, kindBinary)
	*c = append(binary.AppendUvarint(*c, uint64(len(v))), v...)
	return c
}

func (c *compact) in(id int, fields *compact) *compact {
	c.head(id, kindStruct)
	*c = append(append(*c, *fields...), kindStop)
	return c
}

func (c *compact) list(id int, kind byte, elements ...string) *compact {
	c.head(id, kindList)
	*c = append(*c, 0xf0|kind)
	*c = binary.AppendUvarint(*c, uint64(len(elements)))
	for _, e := range elements {
		*c = append(*c, e...)
	}
	return c
}

func (c *compact) done() string { return string(*c) + "\x00" }

func fields() *compact { return new(compact) }

// file is a Parquet file of one column in one row group.
type handmade struct {
	phys, repetition int64
	codec            int64
	rows             int64
	pages            string
	extra            func(chunk, meta *compact)
}

func (f handmade) bytes() []byte {
	root := fields().bytes(4, "root").int(5, 1).done()
	leaf := fields().int(1, f.phys).int(3, f.repetition).bytes(4, "c").done()
	meta := fields().int(1, f.phys).list(3, kindBinary, "\x01c").int(4, f.codec).int(5, f.rows).int(7, int64(len(f.pages))).int(9, 4)
	chunk := fields()
	if f.extra != nil {
		f.extra(chunk, meta)
	}
	chunk.in(3, meta)
	group := fields().list(1, kindStruct, chunk.done()).int(3, f.rows).done()
	footer := fields().list(2, kindStruct, root, leaf).int(3, f.rows).list(4, kindStruct, group).done()
	out := append([]byte(magic+f.pages), footer...)
	return append(le.AppendUint32(out, uint32(len(footer))), magic...)
}

func dataPage(values, encoding, claimed int64, b string) string {
	h := fields().int(1, values).int(2, encoding).int(3, encodingRLE).int(4, encodingRLE)
	return fields().int(1, pageData).int(2, claimed).int(3, int64(len(b))).in(5, h).done() + b
}

func dictionaryPage(values int64, b string) string {
	return fields().int(1, pageDictionary).int(2, int64(len(b))).int(3, int64(len(b))).in(7, fields().int(1, values).int(2, 0)).done() + b
}

func framed(b string) string { return string(le.AppendUint32(nil, uint32(len(b)))) + b }

func run(n uint64, value string) string { return string(binary.AppendUvarint(nil, n<<1)) + value }

// differences are up to 129 numbers in one miniblock of 64 bits each.
func differences(v []int64) string {
	b := binary.AppendUvarint(append(binary.AppendUvarint(nil, 128), 1), uint64(len(v)))
	b = append(binary.AppendVarint(b, v[0]), 0, 64)
	for i := range 128 {
		d := int64(0)
		if i+1 < len(v) {
			d = v[i+1] - v[i]
		}
		b = le.AppendUint64(b, uint64(d))
	}
	return string(b)
}

// TestFewBytesManyRows: what a file truly says at length is read a batch at a time.
func TestFewBytesManyRows(t *testing.T) {
	const many = math.MaxInt32
	value := strings.Repeat("v", 500_000)
	nulls, zeros := framed(run(many, "\x00")), "\x01"+run(many, "\x00")
	var prefixes, sizes []int64
	for i := range 129 {
		prefixes, sizes = append(prefixes, int64(len(value))), append(sizes, 0)
		if i == 0 {
			prefixes[0], sizes[0] = 0, int64(len(value))
		}
	}
	// Lengths of 0, in blocks of 16 Mi in no bits.
	lengths := string(binary.AppendUvarint(append(binary.AppendUvarint(nil, 1<<24), 1), many)) + strings.Repeat("\x00", 1+2*128)
	shared := differences(prefixes) + differences(sizes) + value
	for name, f := range map[string]handmade{
		"nulls":      {phys: int64(physInt64), repetition: 1, rows: many, pages: dataPage(many, encodingPlain, int64(len(nulls)), nulls)},
		"dictionary": {phys: int64(physBytes), rows: many, pages: dictionaryPage(1, framed(value)) + dataPage(many, encodingDictionary, int64(len(zeros)), zeros)},
		"lengths":    {phys: int64(physBytes), rows: many, pages: dataPage(many, encodingDeltaLengths, int64(len(lengths)), lengths)},
		"prefixes":   {phys: int64(physBytes), rows: 129, pages: dataPage(129, encodingDeltaStrings, int64(len(shared)), shared)},
	} {
		t.Run(name, func(t *testing.T) {
			file := f.bytes()
			most := int64(0)
			r, err := Open(bytes.NewReader(file), int64(len(file)), func(n int64) error { most = max(most, n); return nil })
			if err != nil {
				t.Fatal(err)
			}
			rows := int64(0)
			for rows < 20_000 && err == nil {
				var rec arrow.Record
				if rec, err = r.Next(); err != nil {
					break
				}
				rows += rec.NumRows()
				if s, ok := rec.Column(0).(*array.Binary); ok {
					for i := range s.Len() {
						if want := map[bool]string{false: value}[name == "lengths"]; string(s.Value(i)) != want {
							t.Fatalf("row %d has %d bytes", i, len(s.Value(i)))
						}
					}
				}
			}
			if err != nil && !errors.Is(err, io.EOF) {
				t.Fatalf("%v %+v", err, err)
			}
			if rows < min(f.rows, 20_000) {
				t.Fatalf("%d rows", rows)
			}
			if most > 8<<20 {
				t.Errorf("%d MiB for %d rows of a file of %d KiB", most>>20, rows, len(file)>>10)
			}
		})
	}
}

// TestRefused: what is not read says so, with a code for its client.
func TestRefused(t *testing.T) {
	list := arrow.NewSchema([]arrow.Field{{Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)}}, nil)
	flat := arrow.NewSchema([]arrow.Field{{Name: "c", Type: arrow.PrimitiveTypes.Int64}}, nil)
	empty := func(schema *arrow.Schema) arrow.Record {
		return array.NewRecordBuilder(arrowmemory.DefaultAllocator, schema).NewRecord()
	}
	one := array.NewRecordBuilder(arrowmemory.DefaultAllocator, flat)
	one.Field(0).(*array.Int64Builder).Append(7)
	eight := strings.Repeat("\x01", 8)
	good := handmade{phys: int64(physInt64), rows: 1, pages: dataPage(1, encodingPlain, 8, eight)}
	with := func(change func(f *handmade)) []byte {
		f := good
		change(&f)
		return f.bytes()
	}
	if _, got, err := read(good.bytes(), free); err != nil || got[0][0] != "72340172838076673" {
		t.Fatalf("the good one: %v %+v", got, err)
	}
	long := append([]byte(magic), make([]byte, maxFooter+1)...)
	long = append(le.AppendUint32(long, maxFooter+1), magic...)
	for name, c := range map[string]struct {
		file []byte
		code sqlerr.Code
		says string
	}{
		"nested":        {write(t, list, empty(list)), sqlerr.FeatureNotSupported, `column "l" of a nested type`},
		"brotli":        {write(t, flat, one.NewRecord(), lib.WithCompression(compress.Codecs.Brotli)), sqlerr.FeatureNotSupported, "compressed with Brotli"},
		"lzo":           {with(func(f *handmade) { f.codec = 3 }), sqlerr.FeatureNotSupported, "compressed with LZO"},
		"codec":         {with(func(f *handmade) { f.codec = 77 }), sqlerr.FeatureNotSupported, "an unknown codec"},
		"encrypted":     {append(good.bytes()[:len(good.bytes())-4], magicEncrypted...), sqlerr.FeatureNotSupported, "an encrypted footer"},
		"other file":    {with(func(f *handmade) { f.extra = func(chunk, _ *compact) { chunk.bytes(1, "/etc/passwd") } }), sqlerr.FeatureNotSupported, "columns in another file"},
		"bit-packed":    {with(func(f *handmade) { f.pages = dataPage(1, 4, 8, eight) }), sqlerr.FeatureNotSupported, "encoding BIT_PACKED"},
		"repeated":      {with(func(f *handmade) { f.repetition = 2 }), sqlerr.FeatureNotSupported, "nested type"},
		"nothing":       {nil, sqlerr.BadCopyFileFormat, "it has 0 bytes"},
		"csv":           {[]byte("id,name\n1,one\n2,two\n"), sqlerr.BadCopyFileFormat, "does not begin and end with PAR1"},
		"long footer":   {long, sqlerr.ProgramLimitExceeded, "a footer of 16777217 bytes"},
		"no dictionary": {with(func(f *handmade) { f.pages = dataPage(1, encodingDictionary, 8, eight) }), sqlerr.BadCopyFileFormat, "has no dictionary"},
		"large page":    {with(func(f *handmade) { f.codec, f.pages = int64(codecZstd), dataPage(1, encodingPlain, 1<<28, eight) }), sqlerr.ProgramLimitExceeded, "a page of 268435456 bytes"},
		"claims":        {with(func(f *handmade) { f.codec, f.pages = int64(codecSnappy), dataPage(1, encodingPlain, 1<<20, eight) }), sqlerr.BadCopyFileFormat, "claims to be 1048576"},
		"few rows":      {with(func(f *handmade) { f.rows = 2 }), sqlerr.BadCopyFileFormat, "fewer values than rows"},
		"many values":   {with(func(f *handmade) { f.pages = dataPage(2, encodingPlain, 16, eight+eight) }), sqlerr.BadCopyFileFormat, "2 values where 1 are left"},
		"outside":       {with(func(f *handmade) { f.extra = func(_, meta *compact) { meta.int(9, 1<<40) } }), sqlerr.BadCopyFileFormat, "the data at"},
		"index": {with(func(f *handmade) {
			f.phys, f.pages = int64(physBytes), dictionaryPage(1, framed("a"))+dataPage(1, encodingDictionary, 3, "\x02"+run(1, "\x03"))
		}), sqlerr.BadCopyFileFormat, "dictionary index 3 of 1 values"},
	} {
		_, _, err := read(c.file, free)
		var e *sqlerr.Error
		if !errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Message+": "+e.Detail, c.says) {
			t.Errorf("%s: %v %+v, want %s %q", name, err, e, c.code, c.says)
		}
	}
}
