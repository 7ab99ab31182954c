package table_test

import (
	"slices"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// computedIndex is ON t ((v + 1)) WHERE id > 1.
func computedIndex(t *catalog.Relation) *catalog.Relation {
	ix := newIndex(t, "computed", false, catalog.NoColumn)
	ix.Index = &catalog.Index{Keys: []catalog.IndexKey{{Expr: "(v + 1)", Name: "expr", Type: sqltype.Of(sqltype.Int4)}}, Where: "(id > 1)"}
	return ix
}

// TestVerify: an index that has not the rows of its table is found, and made right.
func TestVerify(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", []int{0})
	f.write(tb, "1 5", "2 6", "3 -")
	for _, ix := range []*catalog.Relation{newIndex(tb.Relation(), "plain", false, 1), computedIndex(tb.Relation())} {
		if err := f.createIndex(tb, ix); err != nil {
			t.Fatal(err)
		}
	}
	f.write(tb, "4 7")
	rows := map[string][]string{"plain": f.contents(nil, tb), "computed": {"2 6", "3 -", "4 7"}}
	for _, ix := range f.cat.Now().Indexes(tb.Relation().OID) {
		check := func() {
			t.Helper()
			if err := f.set.Verify(t.Context(), tb.Relation().OID, ix.OID); err != nil {
				t.Fatal(err)
			}
			if got := f.contentsAt(nil, tb, ix.OID, latest); !slices.Equal(got, rows[ix.Name]) {
				t.Fatalf("index %s has %v", ix.Name, got)
			}
		}
		before := f.set.Stats().Rebuilds
		check()
		if f.set.Stats().Rebuilds != before {
			t.Fatalf("index %s was right, and the table was made anew", ix.Name)
		}
		if err := tb.Spoil(ix.OID); err != nil {
			t.Fatal(err)
		}
		check()
		if f.set.Stats().Rebuilds != before+1 {
			t.Fatalf("index %s was wrong, and the table was not made anew", ix.Name)
		}
	}
}

// TestComputedIndexIsRestored: from the log alone, and followed by who has no notes.
func TestComputedIndexIsRestored(t *testing.T) {
	f := open(t)
	tb := f.create("t", "id int, v int", nil)
	f.write(tb, "1 5", "2 6")
	ix := computedIndex(tb.Relation())
	if err := f.createIndex(tb, ix); err != nil {
		t.Fatal(err)
	}
	f.write(tb, "3 6", "4 -", "0 6")
	want := []string{"2 6", "3 6", "4 -"}
	for _, one := range []*fixture{f, f.restored()} {
		oid := one.cat.Now().Indexes(tb.Relation().OID)[0].OID
		if got := one.contentsAt(nil, one.get(tb.Relation().OID), oid, latest); !slices.Equal(got, want) {
			t.Fatalf("the index has %v", got)
		}
		if err := one.set.Verify(t.Context(), tb.Relation().OID, oid); err != nil {
			t.Fatal(err)
		}
	}
}
