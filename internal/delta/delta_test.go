package delta

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqltype"
)

var allTypes = []sqltype.OID{
	sqltype.Bool, sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8, sqltype.Numeric,
	sqltype.Text, sqltype.BPChar, sqltype.Bytea, sqltype.Date, sqltype.Timestamptz, sqltype.Interval, sqltype.UUID, sqltype.JSONB, sqltype.OIDType,
}

var numerics = []string{"0", "0.00", "1", "1.0", "1.00", "-1.5", "NaN", "Infinity", "-Infinity", "10", "1e1",
	"123456789012345678901234567890123456789012", "123456789012345678901234567890123456789012.000",
	"170141183460469231731687303715884105728", "-170141183460469231731687303715884105728", "0.0000001", "99999999999999999999.5"}

var jsons = []string{`null`, `1`, `1.0`, `"a"`, `true`, `false`, `[]`, `{}`, `[1, 2]`, `[1.0, 2]`, `{"a": 1}`, `{"a": 1.0}`, `{"a": [1.50, "x1.5"]}`}

// appendRandom appends a random value of b's type, sometimes NULL.
func appendRandom(t *rapid.T, b *Builder) {
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		b.AppendNull()
		return
	}
	small := rapid.Int64Range(-3, 3)
	switch b.Type() {
	case sqltype.Numeric:
		d, err := decimal.Parse([]byte(rapid.SampledFrom(numerics).Draw(t, "num")))
		if err != nil {
			t.Fatal(err)
		}
		b.AppendNumeric(d)
		return
	case sqltype.JSONB:
		b.AppendString(rapid.SampledFrom(jsons).Draw(t, "json"))
		return
	}
	switch b.Type().Phys() {
	case sqltype.PhysBool:
		b.AppendBool(rapid.Bool().Draw(t, "b"))
	case sqltype.PhysInt16:
		Append(b, int16(small.Draw(t, "i")))
	case sqltype.PhysInt32:
		Append(b, int32(small.Draw(t, "i")))
	case sqltype.PhysInt64:
		Append(b, small.Draw(t, "i"))
	case sqltype.PhysFloat32:
		Append(b, float32(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Inf(1)}).Draw(t, "f")))
	case sqltype.PhysFloat64:
		Append(b, rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Inf(-1)}).Draw(t, "f"))
	case sqltype.PhysInterval:
		Append(b, Interval{Micros: small.Draw(t, "us") * 86400e6, Days: int32(small.Draw(t, "d") * 30), Months: int32(small.Draw(t, "m"))})
	case sqltype.PhysUUID:
		Append(b, [16]byte{15: byte(small.Draw(t, "u"))})
	default:
		b.AppendString(rapid.SampledFrom([]string{"", "a", "a ", "ab", "a longer text, past sixteen bytes", "A"}).Draw(t, "s"))
	}
}

func randomColumn(t *rapid.T, typ sqltype.OID, n int) Column {
	b := NewBuilder(typ)
	for range n {
		appendRandom(t, b)
	}
	return b.Take()
}

// Order, equality, hashes and images agree with one another for every type.
func TestOrderHashImage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(allTypes).Draw(t, "type")
		c := randomColumn(t, typ, 12)
		hashes := make([]uint64, c.Len)
		HashKeys([]Column{c}, c.Len, nil, hashes)
		for i := int32(0); i < 12; i++ {
			for j := int32(0); j < 12; j++ {
				key, image := CompareKey(&c, i, &c, j), CompareImage(&c, i, &c, j)
				if key != 0 && sgn(key) != sgn(image) {
					t.Fatalf("%d: rows %d %d: key %d, image %d", typ, i, j, key, image)
				}
				if key == 0 && hashes[i] != hashes[j] {
					t.Fatalf("%d: rows %d %d equal, hashes differ", typ, i, j)
				}
				if sgn(image) != -sgn(CompareImage(&c, j, &c, i)) {
					t.Fatalf("%d: order not antisymmetric", typ)
				}
				ri, rj := AppendRow(nil, []Column{c}, i), AppendRow(nil, []Column{c}, j)
				if (image == 0) != bytes.Equal(ri, rj) {
					t.Fatalf("%d: rows %d %d: image %d, bytes %x %x", typ, i, j, image, ri, rj)
				}
				eq := []bool{false}
				EqualKeys([]Column{c}, []int32{i}, []Column{c}, []int32{j}, eq)
				if eq[0] != (key == 0) {
					t.Fatalf("%d: EqualKeys %v, order %d", typ, eq[0], key)
				}
				for k := int32(0); k < 12; k++ {
					if image <= 0 && CompareImage(&c, j, &c, k) <= 0 && CompareImage(&c, i, &c, k) > 0 {
						t.Fatalf("%d: order not transitive", typ)
					}
				}
			}
		}
	})
}

func sgn(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// Gather, Slice, AppendFrom, Truncate and row images keep every value.
func TestGatherSliceImage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(allTypes).Draw(t, "type")
		n := rapid.IntRange(1, 150).Draw(t, "n")
		c := randomColumn(t, typ, n)
		if rapid.Bool().Draw(t, "const") {
			c = ConstFrom(&c, 0, n)
		}
		sel := rapid.SliceOfN(rapid.Int32Range(-1, int32(n-1)), 0, 200).Draw(t, "sel")
		b := NewBuilder(typ)
		prefix := rapid.IntRange(0, 70).Draw(t, "prefix")
		for range prefix {
			appendRandom(t, b)
		}
		before := Copy(ptr(b.Column()), nil)
		b.Gather(&c, sel)
		b.Gather(&c, nil)
		for i := range n {
			b.AppendFrom(&c, int32(i))
		}
		got := b.Column()
		wantLen := prefix + 2*n
		rows := make([]int32, 0, wantLen)
		if sel == nil {
			for i := range n {
				rows = append(rows, int32(i))
			}
		}
		rows = append(rows, sel...)
		for range 2 {
			for i := range n {
				rows = append(rows, int32(i))
			}
		}
		if got.Len != prefix+len(rows) {
			t.Fatalf("%d rows, want %d", got.Len, prefix+len(rows))
		}
		for i := range prefix {
			same(t, &got, int32(i), &before, int32(i))
		}
		for i, r := range rows {
			if r < 0 {
				if !got.Null(int32(prefix + i)) {
					t.Fatalf("row %d is not NULL", i)
				}
				continue
			}
			same(t, &got, int32(prefix+i), &c, r)
		}
		from := rapid.IntRange(0, got.Len).Draw(t, "from")
		to := rapid.IntRange(from, got.Len).Draw(t, "to")
		s := got.Slice(from, to)
		d := NewBuilder(typ)
		var image []byte
		for i := range s.Len {
			same(t, &s, int32(i), &got, int32(from+i))
			image = AppendRow(image, []Column{s}, int32(i))
		}
		for len(image) > 0 {
			rest, err := DecodeRow(image, []*Builder{d})
			if err != nil {
				t.Fatal(err)
			}
			image = rest
		}
		for i := range s.Len {
			same(t, ptr(d.Column()), int32(i), &s, int32(i))
		}
		keep := rapid.IntRange(0, d.Len()).Draw(t, "keep")
		d.Truncate(keep)
		d.Gather(&s, nil)
		dc := d.Column()
		for i := range s.Len {
			same(t, &dc, int32(keep+i), &s, int32(i))
		}
	})
}

func ptr(c Column) *Column { return &c }

func same(t *rapid.T, a *Column, i int32, b *Column, j int32) {
	t.Helper()
	if !EqualImage(a, i, b, j) {
		t.Fatalf("type %d: row %d (null %v) is not row %d (null %v)", a.Type, i, a.Null(i), j, b.Null(j))
	}
}

func TestHashAcrossTypesAndSelections(t *testing.T) {
	c2, c8 := NewColumn(sqltype.Int2, 3000), NewColumn(sqltype.Int8, 3000)
	for i := range 3000 {
		Values[int16](&c2)[i] = int16(i - 1500)
		Values[int64](&c8)[i] = int64(i - 1500)
	}
	a, b := make([]uint64, 3000), make([]uint64, 3000)
	HashKeys([]Column{c2}, 3000, nil, a)
	HashKeys([]Column{c8}, 3000, nil, b)
	sel := []int32{5, 7, 2999}
	s := make([]uint64, 3)
	HashKeys([]Column{c8}, 3000, sel, s)
	seen := map[uint64]bool{}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("row %d: int2 and int8 hash differently", i)
		}
		seen[a[i]] = true
	}
	if len(seen) != 3000 {
		t.Fatalf("%d distinct hashes of 3000 values", len(seen))
	}
	for k, row := range sel {
		if s[k] != b[row] {
			t.Fatalf("selection changes the hash of row %d", row)
		}
	}
	k := Const(sqltype.Int8, int64(-1495), 3000)
	HashKeys([]Column{k}, 3000, nil, a)
	if a[0] != b[5] || a[2999] != b[5] {
		t.Fatal("a constant column hashes differently")
	}
}

// The hash is stored in checkpoints: these values may never change.
func TestHashIsStable(t *testing.T) {
	b := NewBuilder(sqltype.Text)
	for _, s := range []string{"", "a", "orders", "a text of more than sixteen bytes"} {
		b.AppendString(s)
	}
	n := NewBuilder(sqltype.Numeric)
	for _, s := range []string{"0", "1.50", "NaN", "-123456789012345678901234567890123456789012.5"} {
		d, _ := decimal.Parse([]byte(s))
		n.AppendNumeric(d)
	}
	got := make([]uint64, 4)
	HashKeys([]Column{b.Column(), n.Column()}, 4, nil, got)
	want := []uint64{0x4782e233f73cbd15, 0x7a92ab59d26144f4, 0xf81c2ae3039a6daf, 0x11e21325e7ba94fb}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("hashes are %#x, were %#x", got, want)
		}
	}
}

func TestBatchBuilder(t *testing.T) {
	b := NewBatchBuilder([]sqltype.OID{sqltype.Int4, sqltype.Text})
	Append(b.Cols[0], int32(1))
	b.Cols[1].AppendString("x")
	b.End(1)
	if out := b.Batch(); out.Weights != nil || out.Sel != nil || out.Rows() != 1 {
		t.Fatalf("plain rows: %+v", out)
	}
	b.AppendError(RowError{}, -2)
	in := b.Batch()
	if in.Rows() != 1 || in.Weight(1) != -2 || len(in.Errs) != 1 {
		t.Fatalf("%+v", in)
	}
	c := NewBatchBuilder([]sqltype.OID{sqltype.Int4, sqltype.Text})
	c.AppendBatch(&in)
	c.AppendRow(in.Cols, 0, 5)
	out := c.Batch()
	if out.Len != 3 || out.Rows() != 2 || out.Errs[0].Row != 1 || out.Weight(1) != -2 || out.Weight(2) != 5 {
		t.Fatalf("%+v", out)
	}
	if string(out.Cols[1].Bytes(2)) != "x" {
		t.Fatal("text lost")
	}
}

func FuzzDecodeRow(f *testing.F) {
	b := NewBuilder(sqltype.Numeric)
	d, _ := decimal.Parse([]byte("-12.50"))
	b.AppendNumeric(d)
	f.Add(AppendRow(nil, []Column{b.Column()}, 0))
	types := []sqltype.OID{sqltype.Numeric, sqltype.Text, sqltype.Int8, sqltype.Bool}
	f.Fuzz(func(t *testing.T, src []byte) {
		var bs []*Builder
		for _, typ := range types {
			bs = append(bs, NewBuilder(typ))
		}
		if _, err := DecodeRow(src, bs); err != nil {
			return
		}
		var cols []Column
		for _, x := range bs {
			cols = append(cols, x.Column())
		}
		if !cols[0].Null(0) && cols[0].Numeric(0).String() == "" {
			t.Fatal("a numeric without text")
		}
	})
}
