package sqltype_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// TestEnumKeys: labels that come before and behind others at random order as they were put, keep their keys, and are read back;
// what was put beside one label a hundred thousand times still has room.
func TestEnumKeys(t *testing.T) {
	const oid = sqltype.OID(4_000_000)
	defer sqltype.Forget(oid)
	random := rand.New(rand.NewPCG(3, 4))
	var want []sqltype.Label // in the order that they should have
	for i, key := range sqltype.FirstKeys(3) {
		want = append(want, sqltype.Label{Name: fmt.Sprint("first", i), Key: key})
	}
	for i := range 500 {
		at, before := random.IntN(len(want)), random.IntN(2) == 0
		key, ok := sqltype.KeyBeside(want, at, before)
		if !ok {
			t.Fatalf("no room beside label %d of %d", at, len(want))
		}
		if !before {
			at++
		}
		want = slices.Insert(want, at, sqltype.Label{Name: fmt.Sprint("label", i), Key: key})
	}
	shuffled := slices.Clone(want)
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	sqltype.Define(sqltype.Defined{OID: oid, Name: "big", SQLName: "big", Labels: shuffled})
	b, ops := delta.NewBuilder(oid), sqltype.OpsOf(oid)
	for _, l := range want {
		if err := codec.AppendText(b, sqltype.Of(oid), []byte(l.Name), nil); err != nil {
			t.Fatal(err)
		}
	}
	v := b.Column().Vec
	for i := range want {
		row := int32(i)
		if text := string(ops.Text(nil, &v, row, nil)); text != want[i].Name || i > 0 && ops.Compare(&v, row-1, &v, row) >= 0 {
			t.Fatalf("value %d is %s, want %s behind %s", i, text, want[i].Name, want[max(i-1, 0)].Name)
		}
	}
	if err := codec.AppendText(b, sqltype.Of(oid), []byte("nope"), nil); err == nil || err.Error() != `invalid input value for enum big: "nope"` {
		t.Errorf("a label that is none: %v", err)
	}

	for _, before := range []bool{true, false} {
		list := []sqltype.Label{{Key: 1 << 40}, {Key: 2 << 40}}
		for range 100_000 {
			at := 0
			if before {
				at = len(list) - 1
			}
			key, ok := sqltype.KeyBeside(list, at, before)
			if !ok {
				t.Fatalf("no room after %d labels", len(list))
			}
			// Of those between only the neighbour of the fixed one counts.
			if before {
				list[0] = sqltype.Label{Key: key}
			} else {
				list[1] = sqltype.Label{Key: key}
			}
			if list[0].Key >= list[1].Key {
				t.Fatal("keys are out of order")
			}
		}
	}
}

// TestEnumRenamed: what was written under a name that a label had is read where records are, nowhere else; an alteration reaches who
// holds the type's Ops.
func TestEnumRenamed(t *testing.T) {
	const oid = sqltype.OID(4_000_001)
	defer sqltype.Forget(oid)
	d := sqltype.Defined{OID: oid, Name: "m", SQLName: "m", Labels: []sqltype.Label{{Name: "old", Key: 1}}}
	sqltype.Define(d)
	ops, array := sqltype.OpsOf(oid), oid.Array()
	v := delta.Const(oid, int64(1), 1).Vec
	d.Labels = []sqltype.Label{{Name: "new", Key: 1, Was: []string{"old"}}}
	sqltype.Define(d)
	if text := string(ops.Text(nil, &v, 0, nil)); text != "new" {
		t.Errorf("text %s", text)
	}
	for text, ok := range map[string][2]bool{"new": {true, true}, "old": {false, true}, "none": {false, false}} {
		for i, env := range []*codec.Env{nil, codec.UTC} {
			if err := codec.AppendText(delta.NewBuilder(oid), sqltype.Of(oid), []byte(text), env); (err == nil) != ok[i] {
				t.Errorf("%s, stored %v: %v", text, i == 1, err)
			}
		}
	}
	if array.Elem() != oid || array.String() != "m[]" || sqltype.OpsOf(array).Elem != ops {
		t.Errorf("the array type is %s of %s", array, array.Elem())
	}
}
