package sqltype_test

import (
	"slices"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// TestRecordShape: equal fields are one type, others another, and a value tells the names of its fields; values of before
// that, without a modifier, are read too, and equal those with one.
func TestRecordShape(t *testing.T) {
	ab := sqltype.Shape{{Name: "a", Type: sqltype.Of(sqltype.Int4)}, {Name: "b", Type: sqltype.Of(sqltype.Text)}}
	typ := sqltype.RecordOf(ab)
	if got := sqltype.ShapeOf(typ); !slices.Equal(got, ab) || typ != sqltype.RecordOf(slices.Clone(ab)) {
		t.Fatalf("%v has the fields %v", typ, got)
	}
	for _, other := range []sqltype.Shape{{ab[1], ab[0]}, ab[:1], {{Name: "x", Type: ab[0].Type}, ab[1]}} {
		if sqltype.RecordOf(other) == typ {
			t.Errorf("%v is the type of %v too", other, ab)
		}
	}
	if ab.Field("b") != 1 || ab.Field("c") != -1 {
		t.Error("a field is not found by its name")
	}
	a, b := delta.Const(sqltype.Int4, int32(5), 1), delta.ConstBytes(sqltype.Text, []byte("x"), 1)
	types, fields := []sqltype.OID{sqltype.Int4, sqltype.Text}, []*sqltype.Vec{&a.Vec, &b.Vec}
	rows := delta.NewBuilder(sqltype.Record)
	for _, mod := range []int32{typ.Mod, -1} {
		rows.AppendBytes(sqltype.AppendRecord(nil, mod, types, fields, 0))
	}
	v, ops := rows.Column().Vec, sqltype.OpsOf(sqltype.Record)
	if got := sqltype.RecordShape(v.Bytes(0)); !slices.Equal(got, ab) || sqltype.RecordShape(v.Bytes(1)) != nil {
		t.Errorf("the value says %v", got)
	}
	hashes := make([]uint64, 2)
	ops.Hash(&v, nil, hashes)
	if ops.Compare(&v, 0, &v, 1) != 0 || hashes[0] != hashes[1] {
		t.Error("values of the same fields differ")
	}
	for i := range int32(2) {
		if text := string(ops.Text(nil, &v, i, nil)); text != "(5,x)" {
			t.Errorf("text %s", text)
		}
	}
}
