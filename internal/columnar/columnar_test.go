package columnar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/sqltype/typetest"
)

// Batches of every type, with NULLs, selections, weights and constants, written and read back
// are the same rows; memory of a batch is overwritten after each call, as its owner may.
func TestRoundTrip(t *testing.T) {
	for _, format := range []Format{Arrow, Parquet} {
		for _, typ := range typetest.Types() {
			t.Run(fmt.Sprintf("%s/%s", format, typ.SQL), func(t *testing.T) {
				roundTrip(t, format, typ.Type, rand.New(rand.NewPCG(7, uint64(typ.Type.OID))))
			})
		}
	}
}

func roundTrip(t *testing.T, format Format, typ sqltype.Type, r *rand.Rand) {
	fields := []Field{{Name: "id", Type: sqltype.Of(sqltype.Int8)}, {Name: "v", Type: typ}}
	var file bytes.Buffer
	w, err := NewWriter(&file, format, fields)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for n := range 6 {
		b := randomBatch(r, typ, n)
		want = append(want, rowsOf(&b)...)
		if err := w.Write(&b); err != nil {
			t.Fatal(err)
		}
		for i := range b.Cols {
			poison(&b.Cols[i])
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if int(w.Rows()) != len(want) {
		t.Fatalf("%d rows written, want %d", w.Rows(), len(want))
	}
	got, err := readBack(format, file.Bytes(), fields)
	if err != nil {
		var e *sqlerr.Error
		if errors.As(err, &e) {
			t.Log(e.Detail)
		}
		t.Fatal(err)
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("row %d of %d (want %d): got %q, want %q", i, len(got), len(want), at(got, i), at(want, i))
		}
	}
}

func at(rows []string, i int) string {
	if i < len(rows) {
		return rows[i]
	}
	return "nothing"
}

// randomBatch has rows (id, v): some NULL, some not selected, some with weight 0 to 2.
func randomBatch(r *rand.Rand, typ sqltype.Type, n int) delta.Batch {
	ids, vs := delta.NewBuilder(sqltype.Int8), delta.NewBuilder(typ.OID)
	rows := []int{0, 1, 7, 64, 300, 1024}[n%6]
	for i := 0; i < rows; {
		switch {
		case r.IntN(5) == 0:
			vs.AppendNull()
		case codec.AppendText(vs, typ, []byte(typetest.Value(r, typ)), nil) != nil:
			continue
		}
		delta.Append(ids, int64(i))
		i++
	}
	b := delta.Batch{Len: rows, Cols: []delta.Column{ids.Take(), vs.Take()}}
	dropUnrepresentable(&b, typ)
	if n%2 == 1 {
		b.Weights = make([]int64, rows)
		for i := range b.Weights {
			b.Weights[i] = int64(r.IntN(3))
		}
	}
	if n%3 == 2 {
		b.Cols[1] = b.Cols[1].Slice(1, rows)
		b.Cols[0] = b.Cols[0].Slice(1, rows)
		b.Len--
		if b.Weights != nil {
			b.Weights = b.Weights[1:]
		}
	}
	return b
}

// dropUnrepresentable makes rows NULL that Arrow has no form of: writing them is an error.
func dropUnrepresentable(b *delta.Batch, typ sqltype.Type) {
	w, _ := NewWrapper(Arrow, []Field{{Name: "v", Type: typ}})
	for i := range int32(b.Len) {
		one := delta.Batch{Len: b.Len, Cols: b.Cols[1:], Sel: []int32{i}}
		if _, err := w.Record(&one); err != nil {
			b.Cols[1].SetNull(i)
		}
	}
}

func rowsOf(b *delta.Batch) (out []string) {
	_ = b.EachRow(func(row int32) error {
		text := ""
		for i := range b.Cols {
			if b.Cols[i].Null(row) {
				text += "|NULL"
			} else {
				text += "|" + string(codec.FormatText(nil, &b.Cols[i], row, nil))
			}
		}
		for range b.Weight(row) {
			out = append(out, text)
		}
		return nil
	})
	return out
}

func poison(c *delta.Column) {
	for i := range c.Data {
		c.Data[i] = 0xAA
	}
	for i := range c.Var {
		c.Var[i] = 0xAA
	}
}

func readBack(format Format, file []byte, fields []Field) ([]string, error) {
	next, done, err := open(format, file)
	if err != nil {
		return nil, err
	}
	defer done()
	var out []string
	for {
		rec, err := next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if int(rec.rec.NumCols()) != len(fields) {
			return nil, errors.New("another number of columns")
		}
		b := delta.Batch{Len: rec.Rows()}
		for i, f := range fields {
			col := delta.NewBuilder(f.Type.OID)
			if err := rec.Append(col, f.Type, i, 0, b.Len, nil); err != nil {
				return nil, err
			}
			b.Cols = append(b.Cols, col.Take())
		}
		out = append(out, rowsOf(&b)...)
	}
}

func open(format Format, file []byte) (next func() (Record, error), done func(), err error) {
	if format == Arrow {
		r, err := NewReader(bytes.NewReader(file), 16<<20)
		if err != nil {
			return nil, nil, err
		}
		return r.Next, r.Close, nil
	}
	r, err := NewParquetReader(bytes.NewReader(file), int64(len(file)), func(int64) error { return nil })
	if err != nil {
		return nil, nil, err
	}
	return r.Next, r.Close, nil
}

// A column in Arrow's layout is shown where it lies.
func TestWrapsWithoutACopy(t *testing.T) {
	for _, typ := range []sqltype.OID{sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8, sqltype.UUID, sqltype.Text, sqltype.JSONB, sqltype.Bytea, sqltype.Time} {
		b := randomBatch(rand.New(rand.NewPCG(1, 2)), sqltype.Of(typ), 4)
		b.Sel, b.Weights = nil, nil
		w, err := NewWrapper(Arrow, []Field{{"v", sqltype.Of(typ)}})
		if err != nil {
			t.Fatal(err)
		}
		rec, err := w.Record(&delta.Batch{Len: b.Len, Cols: b.Cols[1:]})
		if err != nil {
			t.Fatal(err)
		}
		buffers := rec.Column(0).Data().Buffers()
		if &buffers[1].Bytes()[0] != &b.Cols[1].Data[0] {
			t.Errorf("%s: values are copied", typ)
		}
		if typ.Phys() == sqltype.PhysBytes && &buffers[2].Bytes()[0] != &b.Cols[1].Var[0] {
			t.Errorf("%s: bytes are copied", typ)
		}
	}
}

// What Arrow cannot hold is an error, not another value.
func TestUnrepresentable(t *testing.T) {
	decimal := sqltype.Type{OID: sqltype.Numeric, Mod: 4 + (12<<16 | 4)}
	for _, c := range []struct {
		typ  sqltype.Type
		text string
		code sqlerr.Code
	}{
		{decimal, "NaN", sqlerr.NumericValueOutOfRange},
		{sqltype.Of(sqltype.Interval), "2562047788 hours", sqlerr.IntervalFieldOverflow},
		{sqltype.Of(sqltype.Timestamp), "294276-12-31 23:59:59", sqlerr.DatetimeFieldOverflow},
	} {
		b := delta.NewBuilder(c.typ.OID)
		if err := codec.AppendText(b, c.typ, []byte(c.text), nil); err != nil {
			t.Fatal(err)
		}
		w, _ := NewWrapper(Arrow, []Field{{"v", c.typ}})
		_, err := w.Record(&delta.Batch{Len: 1, Cols: []delta.Column{b.Take()}})
		var e *sqlerr.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s %q: %v, want %s", c.typ, c.text, err, c.code)
		}
	}
}

// Values of another type fit exactly or are refused.
func TestConversions(t *testing.T) {
	file := func(typ sqltype.Type, values ...string) []byte {
		col := delta.NewBuilder(typ.OID)
		for _, v := range values {
			if err := codec.AppendText(col, typ, []byte(v), nil); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		w, err := NewWriter(&out, Arrow, []Field{{"v", typ}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&delta.Batch{Len: len(values), Cols: []delta.Column{col.Take()}}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	num := sqltype.Type{OID: sqltype.Numeric, Mod: 4 + (5<<16 | 2)}
	for _, c := range []struct {
		from  sqltype.Type
		value string
		to    sqltype.Type
		want  string
	}{
		{sqltype.Of(sqltype.Int8), "7", sqltype.Of(sqltype.Int2), "|7"},
		{sqltype.Of(sqltype.Int8), "70000", sqltype.Of(sqltype.Int2), "22003"},
		{sqltype.Of(sqltype.Int4), "12", num, "|12.00"},
		{sqltype.Of(sqltype.Text), "2026-01-02 03:04:05", sqltype.Of(sqltype.Timestamp), "|2026-01-02 03:04:05"},
		{sqltype.Of(sqltype.Text), "no", sqltype.Of(sqltype.Int4), "22P02"},
		{sqltype.Of(sqltype.Timestamp), "2026-01-02 03:04:05", sqltype.Of(sqltype.Timestamptz), "42804"},
		{sqltype.Of(sqltype.Timestamp), "2026-01-02 03:04:05.678", sqltype.Type{OID: sqltype.Timestamp, Mod: 1}, "|2026-01-02 03:04:05.7"},
		{sqltype.Of(sqltype.Float8), "1.5", num, "|1.50"},
		{sqltype.Of(sqltype.Float8), "1.5", sqltype.Of(sqltype.Int4), "42804"},
		{sqltype.Of(sqltype.Bool), "t", sqltype.Of(sqltype.Int4), "42804"},
	} {
		got, err := readBack(Arrow, file(c.from, c.value), []Field{{"v", c.to}})
		have := at(got, 0)
		var e *sqlerr.Error
		if errors.As(err, &e) {
			have = string(e.Code)
		}
		if have != c.want {
			t.Errorf("%s %q as %s: %s (%v), want %s", c.from, c.value, c.to, have, err, c.want)
		}
	}
}

// No bytes make a reader panic or take memory that the file merely announces.
func FuzzArrowReader(f *testing.F) {
	fields := []Field{{"a", sqltype.Of(sqltype.Int8)}, {"b", sqltype.Of(sqltype.Text)}}
	f.Add(sample(f, Arrow, fields))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0})
	f.Fuzz(func(t *testing.T, file []byte) { _, _ = readBack(Arrow, file, fields) })
}

func sample(f testing.TB, format Format, fields []Field) []byte {
	var out bytes.Buffer
	w, err := NewWriter(&out, format, fields)
	if err != nil {
		f.Fatal(err)
	}
	b := randomBatch(rand.New(rand.NewPCG(3, 4)), sqltype.Of(sqltype.Text), 3)
	if err := errors.Join(w.Write(&b), w.Close()); err != nil {
		f.Fatal(err)
	}
	return out.Bytes()
}

// A stream with some bytes changed or its end cut off is an error or other rows: no panic, and
// no more memory than the bound explains.
func TestDamagedStreams(t *testing.T) {
	fields := []Field{{"a", sqltype.Of(sqltype.Int8)}, {"b", sqltype.Of(sqltype.Text)}}
	stream := sample(t, Arrow, fields)
	r := rand.New(rand.NewPCG(11, 12))
	var most uint64
	for range 3000 {
		bad := damage(r, stream)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = readBack(Arrow, bad, fields)
		runtime.ReadMemStats(&after)
		most = max(most, after.TotalAlloc-before.TotalAlloc)
	}
	t.Logf("at most %d KiB taken for a stream of %d KiB", most>>10, len(stream)>>10)
	if most > 128<<20 { // a few buffers of the bound, 16 MiB
		t.Errorf("%d MiB taken for a damaged stream", most>>20)
	}
}

func damage(r *rand.Rand, file []byte) []byte {
	bad := bytes.Clone(file)
	for range 1 + r.IntN(4) {
		i := r.IntN(len(bad))
		switch r.IntN(4) {
		case 0:
			bad[i] ^= 1 << r.IntN(8)
		case 1:
			bad[i] = byte(r.IntN(256))
		case 2:
			bad[i] = 0xff
		default:
			copy(bad[i:], []byte{0xff, 0xff, 0xff, 0x7f})
		}
	}
	if r.IntN(10) == 0 {
		bad = bad[:r.IntN(len(bad))]
	}
	return bad
}
