package sqltype_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Types that are made of others are Ops made of theirs. These two stand for all of them: an enum, whose
// values are keys that order as its labels do, and an array, whose values hold a vector of elements.

// label of an enum. Its key never changes: a label put between two others gets a key between theirs.
type label struct {
	key  int32
	name string
}

func enumOf(version uint32, labels ...label) *sqltype.Ops {
	o := *sqltype.OpsOf(sqltype.Int4) // form, order and hash are those of the keys
	o.Version, o.JSON = version, sqltype.JSONString
	names := map[int32]string{}
	for _, l := range labels {
		names[l.key] = l.name
	}
	o.Text = func(dst []byte, v *sqltype.Vec, row int32, _ *sqltype.Env) []byte {
		return append(dst, names[sqltype.Values[int32](v)[v.At(row)]]...)
	}
	o.Binary = o.Text
	return &o
}

// arrayOf makes one-dimensional arrays: count, a byte for each element that is 1 for NULL, then the
// elements' Data and, behind its length, Var.
func arrayOf(elem *sqltype.Ops) *sqltype.Ops {
	o := *sqltype.OpsOf(sqltype.Bytea)
	o.Version = elem.Version
	ordered := func(by sqltype.Comparer) sqltype.Comparer {
		return sqltype.NullsLast(func(a *sqltype.Vec, i int32, b *sqltype.Vec, j int32) int {
			x, y := elements(elem, a.Bytes(i)), elements(elem, b.Bytes(j))
			for k := range int32(min(x.Len, y.Len)) {
				if c := by(&x, k, &y, k); c != 0 {
					return c
				}
			}
			return cmp.Compare(x.Len, y.Len)
		})
	}
	o.Compare, o.Image = ordered(elem.Compare), ordered(elem.Image)
	o.OneImage, o.Prefix = elem.OneImage, nil
	o.Equal = func(a *sqltype.Vec, ai []int32, b *sqltype.Vec, bi []int32, eq []bool) {
		for k := range eq {
			eq[k] = eq[k] && o.Compare(a, ai[k], b, bi[k]) == 0
		}
	}
	o.Hash = func(v *sqltype.Vec, sel []int32, out []uint64) {
		for i := range out {
			row := int32(i)
			if sel != nil {
				row = sel[i]
			}
			if v.Null(row) {
				continue
			}
			x := elements(elem, v.Bytes(row))
			hashes := make([]uint64, x.Len)
			elem.Hash(&x, nil, hashes)
			out[i] = uint64(x.Len)
			for _, h := range hashes {
				out[i] = sqltype.Combine(out[i], h)
			}
		}
		sqltype.HashNulls(v, sel, out)
	}
	o.Text = func(dst []byte, v *sqltype.Vec, row int32, env *sqltype.Env) []byte {
		x := elements(elem, v.Bytes(row))
		dst = append(dst, '{')
		for k := range int32(x.Len) {
			if k > 0 {
				dst = append(dst, ',')
			}
			if x.Null(k) {
				dst = append(dst, "NULL"...)
				continue
			}
			dst = elem.Text(dst, &x, k, env)
		}
		return append(dst, '}')
	}
	return &o
}

func appendArray(dst []byte, c *delta.Column) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(c.Len))
	for k := range int32(c.Len) {
		null := byte(0)
		if c.Null(k) {
			null = 1
		}
		dst = append(dst, null)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(c.Data)))
	return append(append(dst, c.Data...), c.Var...)
}

func elements(elem *sqltype.Ops, b []byte) sqltype.Vec {
	n := int(binary.LittleEndian.Uint32(b))
	nulls, b := b[4:4+n], b[4+n:]
	size := int(binary.LittleEndian.Uint32(b))
	aligned := make([]uint64, (size+7)/8)
	v := sqltype.Vec{Phys: elem.Phys, Len: n, Data: unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(aligned))), 8*len(aligned))[:size], Var: b[4+size:]}
	copy(v.Data, b[4:4+size])
	if bytes.IndexByte(nulls, 1) >= 0 {
		v.Valid = make([]uint64, (n+63)/64)
		for k, null := range nulls {
			if null == 0 {
				v.Valid[k>>6] |= 1 << (k & 63)
			}
		}
	}
	return v
}

// TestMadeTypes: order, equality, hash and text of arrays are those of their elements, over elements
// of each kind; arrays of arrays too.
func TestMadeTypes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	column := func(t sqltype.OID, fill func(b *delta.Builder)) delta.Column {
		b := delta.NewBuilder(t)
		for range random.IntN(4) {
			if random.IntN(4) == 0 {
				b.AppendNull()
			} else {
				fill(b)
			}
		}
		return b.Column()
	}
	mood := enumOf(7, label{10, "sad"}, label{15, "ok"}, label{20, "happy"})
	ints := func() delta.Column {
		return column(sqltype.Int4, func(b *delta.Builder) { delta.Append(b, int32(random.IntN(3))) })
	}
	for _, c := range []struct {
		name string
		elem *sqltype.Ops
		make func() delta.Column
	}{
		{"int4", sqltype.OpsOf(sqltype.Int4), ints},
		{"text", sqltype.OpsOf(sqltype.Text), func() delta.Column {
			return column(sqltype.Text, func(b *delta.Builder) { b.AppendBytes([]byte(strings.Repeat("a", random.IntN(3)))) })
		}},
		{"bpchar", sqltype.OpsOf(sqltype.BPChar), func() delta.Column {
			return column(sqltype.BPChar, func(b *delta.Builder) { b.AppendBytes([]byte("a" + strings.Repeat(" ", random.IntN(3)))) })
		}},
		{"float8", sqltype.OpsOf(sqltype.Float8), func() delta.Column {
			return column(sqltype.Float8, func(b *delta.Builder) { delta.Append(b, [...]float64{0, math.Copysign(0, -1), 1}[random.IntN(3)]) })
		}},
		{"enum", mood, func() delta.Column {
			return column(sqltype.Int4, func(b *delta.Builder) { delta.Append(b, 10+5*int32(random.IntN(3))) })
		}},
		{"int4[]", arrayOf(sqltype.OpsOf(sqltype.Int4)), func() delta.Column {
			return column(sqltype.Bytea, func(b *delta.Builder) { e := ints(); b.AppendBytes(appendArray(nil, &e)) })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			array := arrayOf(c.elem)
			b, parts := delta.NewBuilder(sqltype.Bytea), []delta.Column{}
			for range 60 {
				e := c.make()
				parts = append(parts, e)
				b.AppendBytes(appendArray(nil, &e))
			}
			v := b.Column().Vec
			hashes := make([]uint64, v.Len)
			array.Hash(&v, nil, hashes)
			rows := make([]int32, v.Len)
			for i := range rows {
				rows[i] = int32(i)
				want := make([]string, parts[i].Len)
				for k := range want {
					if want[k] = "NULL"; !parts[i].Null(int32(k)) {
						want[k] = string(c.elem.Text(nil, &parts[i].Vec, int32(k), nil))
					}
				}
				if got := string(array.Text(nil, &v, int32(i), nil)); got != "{"+strings.Join(want, ",")+"}" {
					t.Fatalf("%s of %v", got, want)
				}
			}
			for _, i := range rows {
				for _, j := range rows {
					want := slices.CompareFunc(index(&parts[i]), index(&parts[j]), func(x, y int32) int {
						return c.elem.Compare(&parts[i].Vec, x, &parts[j].Vec, y)
					})
					if got := array.Compare(&v, i, &v, j); got != want {
						t.Fatalf("%s against %s: %d, want %d", array.Text(nil, &v, i, nil), array.Text(nil, &v, j, nil), got, want)
					}
					eq := []bool{true}
					array.Equal(&v, []int32{i}, &v, []int32{j}, eq)
					if eq[0] != (want == 0) || want == 0 && hashes[i] != hashes[j] {
						t.Fatalf("equal %v, order %d, hashes %x %x", eq[0], want, hashes[i], hashes[j])
					}
				}
			}
		})
	}
	if fmt.Sprint(mood.Version, arrayOf(mood).Version) != "7 7" {
		t.Error("an array does not have its elements' version")
	}
}

func index(c *delta.Column) []int32 {
	rows := make([]int32, c.Len)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}
