package sqltype_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Types that are made of others are Ops made of theirs: an enum, whose values are keys that order as its
// labels do, and arrays.

// moodType is an enum of three labels, of which one came between the others.
const moodType = sqltype.OID(4_000_002)

// quoted is an element's text as arrays show it.
func quoted(s string) string {
	if s == "" || strings.Contains(s, " ") {
		return `"` + s + `"`
	}
	return s
}

// TestMadeTypes: order, equality, hash and text of arrays are those of their elements, over elements
// of each kind.
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
	sqltype.Define(sqltype.Defined{OID: moodType, Name: "mood", SQLName: "mood", Labels: []sqltype.Label{
		{Name: "sad", Key: 10}, {Name: "happy", Key: 20}, {Name: "ok", Key: 15},
	}})
	defer sqltype.Forget(moodType)
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
		{"enum", sqltype.OpsOf(moodType), func() delta.Column {
			return column(moodType, func(b *delta.Builder) { delta.Append(b, 10+5*int64(random.IntN(3))) })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			array := sqltype.ArrayOf(c.elem, sqltype.Int4)
			b, parts := delta.NewBuilder(sqltype.Bytea), []delta.Column{}
			for range 60 {
				e := c.make()
				parts = append(parts, e)
				b.AppendBytes(sqltype.AppendVector(nil, &e.Vec))
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
						want[k] = quoted(string(c.elem.Text(nil, &parts[i].Vec, int32(k), nil)))
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
	if two := sqltype.OpsOf(sqltype.Int4); sqltype.ArrayOf(two, 0).Version != two.Version {
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
