package parquet

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

const (
	magic, magicEncrypted = "PAR1", "PARE"
	maxFooter             = 16 << 20
	tail                  = 8 // the footer's length and the magic number, behind it
)

var le = binary.LittleEndian

// footer is a FileMetaData.
type footer struct {
	rows    int64
	columns []column
	groups  []group
}

type group struct {
	rows   int64
	chunks []chunk
}

// chunk is a column of a row group: its pages are the bytes [at, end).
type chunk struct {
	at, end int64
	codec   codec
}

// readFooter reads and checks the footer of a file.
func readFooter(in io.ReaderAt, size int64, charge func(int64) error) (*footer, error) {
	var ends [4 + tail]byte
	if size < int64(len(ends)) {
		return nil, bad("it has %d bytes", size)
	}
	if err := errors.Join(readAt(in, ends[:4], 0), readAt(in, ends[4:], size-tail)); err != nil {
		return nil, err
	}
	if string(ends[8:]) == magicEncrypted {
		return nil, unsupported("an encrypted footer")
	}
	if string(ends[:4]) != magic || string(ends[8:]) != magic {
		return nil, bad("it does not begin and end with %s", magic)
	}
	n := int64(le.Uint32(ends[4:]))
	if n > size-int64(len(ends)) {
		return nil, bad("its footer of %d bytes is longer than the file", n)
	}
	if n > maxFooter {
		return nil, tooLarge("a footer of %d bytes; the most is %d", n, maxFooter)
	}
	if err := charge(3 * n); err != nil { // a chunk of 24 bytes here is one of 25 there, or more
		return nil, err
	}
	b := make([]byte, n)
	if err := readAt(in, b, size-tail-n); err != nil {
		return nil, err
	}
	f := &footer{}
	t := &thrift{b: b}
	f.read(t)
	if t.err != nil {
		return nil, cutOff(t.err, "its footer")
	}
	return f, f.verify(size - tail - n)
}

func readAt(in io.ReaderAt, b []byte, at int64) error {
	n, err := in.ReadAt(b, at)
	if n == len(b) || errors.Is(err, io.EOF) && n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return bad("it ends early")
	}
	return err
}

// cutOff says what is cut off.
func cutOff(err error, what string) error {
	if errors.Is(err, errCut) {
		return bad("%s is cut off", what)
	}
	return err
}

func withHint(err error, hint string) error {
	var e *sqlerr.Error
	if errors.As(err, &e) {
		return e.WithHint("%s", hint)
	}
	return err
}

func (f *footer) read(t *thrift) {
	schema, groups := false, false
	f.rows = -1
	t.fields(func(id int, kind byte) bool {
		switch id {
		case 2:
			if schema {
				t.failf("it has two schemas")
			}
			schema = true
			return t.schema(kind, f)
		case 3:
			return t.integer(kind, &f.rows, 0, math.MaxInt64)
		case 4:
			if !schema || groups {
				t.failf("its row groups are before its schema, or there twice")
			}
			groups = true
			return t.list(kind, func(n int) { f.groups = make([]group, 0, min(n, 1024)) }, func(kind byte) {
				f.groups = append(f.groups, t.group(kind, f.columns))
			})
		case 8:
			t.fail(unsupported("encrypted columns"))
		}
		return false
	})
	if t.err == nil && (!schema || !groups || f.rows < 0) {
		t.failf("its footer has no schema, rows or row groups")
	}
}

func (t *thrift) schema(kind byte, f *footer) bool {
	first, want := true, 0
	t.list(kind, nil, func(kind byte) {
		if !t.must(kind == kindStruct) {
			return
		}
		e := t.element()
		if t.err != nil {
			return
		}
		if first {
			first = false
			if e.children > maxColumns {
				t.fail(tooLarge("%d columns; the most is %d", e.children, maxColumns))
			}
			want = int(e.children)
			return
		}
		c, err := e.column()
		if err != nil {
			t.fail(err)
			return
		}
		if f.columns = append(f.columns, c); len(f.columns) > want {
			t.failf("its schema has more columns than it says")
		}
	})
	if t.err == nil && (want < 1 || len(f.columns) != want) {
		t.failf("its schema has %d columns and says %d", len(f.columns), want)
	}
	return true
}

func (t *thrift) group(kind byte, columns []column) (g group) {
	g.rows = -1
	var values []int64
	t.structure(kind, func(id int, kind byte) bool {
		switch id {
		case 1:
			return t.list(kind, func(n int) {
				if n != len(columns) {
					t.failf("a row group has %d columns, the schema %d", n, len(columns))
					return
				}
				g.chunks = make([]chunk, 0, n)
			}, func(kind byte) {
				c, n := t.chunk(kind, &columns[len(g.chunks)])
				g.chunks, values = append(g.chunks, c), append(values, n)
			})
		case 3:
			return t.integer(kind, &g.rows, 0, math.MaxInt64)
		}
		return false
	})
	if t.err == nil && (g.rows < 0 || len(g.chunks) != len(columns)) {
		t.failf("a row group has no rows or columns")
	}
	for _, n := range values {
		if t.err == nil && n != g.rows {
			t.failf("a row group of %d rows has a column of %d values", g.rows, n)
		}
	}
	return g
}

// chunk reads a ColumnChunk, and how many values it has.
func (t *thrift) chunk(kind byte, col *column) (c chunk, values int64) {
	phys, pack, data, dictionary, size := int64(-1), int64(-1), int64(-1), int64(-1), int64(-1)
	values = -1
	t.structure(kind, func(id int, kind byte) bool {
		switch id {
		case 1:
			if len(t.binary(kind)) > 0 {
				t.fail(unsupported("columns in another file"))
			}
			return true
		case 3:
			return t.structure(kind, func(id int, kind byte) bool {
				switch id {
				case 1:
					return t.integer(kind, &phys, 0, int64(physFixed))
				case 3:
					return t.path(kind, col.name)
				case 4:
					return t.integer(kind, &pack, 0, math.MaxInt32)
				case 5:
					return t.integer(kind, &values, 0, math.MaxInt64)
				case 7:
					return t.integer(kind, &size, 0, math.MaxInt64)
				case 9:
					return t.integer(kind, &data, 0, math.MaxInt64)
				case 11:
					return t.integer(kind, &dictionary, math.MinInt64, math.MaxInt64)
				}
				return false
			})
		case 8, 9:
			t.fail(unsupported("encrypted columns"))
		}
		return false
	})
	if t.err != nil {
		return c, values
	}
	if phys < 0 || pack < 0 || data < 0 || size < 0 || values < 0 {
		t.failf("column %q has no type, codec, place, size or number of values in a row group", col.name)
	} else if physical(phys) != col.phys {
		t.failf("column %q has another type in a row group than in the schema", col.name)
	}
	c.at = data
	if dictionary > 0 && dictionary < data { // 0 and -1 mean none with some writers
		c.at = dictionary
	}
	if size > math.MaxInt64-c.at {
		size = math.MaxInt64 - c.at
	}
	c.end, c.codec = c.at+size, codec(min(pack, math.MaxUint8))
	if values > 0 && t.err == nil {
		if err := c.codec.known(); err != nil {
			t.fail(err)
		}
	}
	return c, values
}

// path checks that a chunk is that of the column at its place.
func (t *thrift) path(kind byte, name string) bool {
	parts := 0
	return t.list(kind, func(n int) { parts = n }, func(kind byte) {
		if part := t.binary(kind); t.err == nil && (parts != 1 || string(part) != name) {
			t.failf("the columns of a row group are not in the schema's order")
		}
	})
}

// verify checks what the footer says as a whole; data ends where the footer begins.
func (f *footer) verify(dataEnd int64) error {
	var rows int64
	var places []chunk
	for _, g := range f.groups {
		if g.rows > f.rows-rows {
			return bad("its row groups have more rows than the %d it says", f.rows)
		}
		rows += g.rows
		for i, c := range g.chunks {
			switch {
			case g.rows == 0:
				continue
			case c.at < int64(len(magic)) || c.end > dataEnd || c.at >= c.end:
				return bad("column %q lies at bytes %d to %d, the data at %d to %d", f.columns[i].name, c.at, c.end, len(magic), dataEnd)
			}
			places = append(places, c)
		}
	}
	if rows != f.rows {
		return bad("its row groups have %d rows, it says %d", rows, f.rows)
	}
	slices.SortFunc(places, func(a, b chunk) int { return cmp.Compare(a.at, b.at) })
	for i := 1; i < len(places); i++ {
		if places[i].at < places[i-1].end {
			return bad("two of its columns lie at the same place")
		}
	}
	return nil
}
