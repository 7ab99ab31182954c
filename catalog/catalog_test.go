package catalog_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/log/logtest"
)

func relation(schema, name string) *catalog.Relation {
	return &catalog.Relation{Schema: schema, Name: name, Kind: catalog.KindTable, TimestampColumn: -1}
}

func put(rel *catalog.Relation) func(*catalog.Txn) error {
	return func(t *catalog.Txn) error {
		rel.OID = 0
		t.Put(rel)
		return nil
	}
}

func TestTxnConflict(t *testing.T) {
	cat := catalog.New()
	db := logtest.Open(t, logtest.WithParts(cat))
	a, b := cat.Begin(), cat.Begin()
	a.Put(relation("public", "a"))
	b.Put(relation("public", "b"))
	v, err := a.Commit(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(db); !errors.Is(err, catalog.ErrChanged) {
		t.Fatalf("the second gives %v", err)
	}
	now := cat.Now()
	if _, ok := now.Relation("public", "b", nil); ok || now.Version() != v {
		t.Fatalf("version %d, want %d", now.Version(), v)
	}
	if r, ok := now.Relation("public", "a", nil); !ok || r.CreatedAt != v || r.OID != catalog.FirstOID {
		t.Fatalf("%+v", r)
	}
}

// TestRunRetries: writers beside each other all get through, each with OIDs of its own.
func TestRunRetries(t *testing.T) {
	cat := catalog.New()
	db := logtest.Open(t, logtest.WithParts(cat))
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 10 {
				if _, err := cat.Run(t.Context(), db, put(relation("public", fmt.Sprintf("r%d_%d", w, i)))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[catalog.OID]bool{}
	for _, r := range cat.Now().Relations(catalog.KindTable) {
		seen[r.OID] = true
	}
	if len(seen) != 40 {
		t.Fatalf("%d relations, want 40", len(seen))
	}
	stop := errors.New("stop")
	if _, err := cat.Run(t.Context(), db, func(*catalog.Txn) error { return stop }); !errors.Is(err, stop) {
		t.Fatal(err)
	}
}

// entries makes a history of changes: creations, replacements, renames, drops.
func entries(t *testing.T) []log.Change {
	cat := catalog.New()
	var all []log.Change
	step := func(v log.CommitSeq, build func(*catalog.Txn)) {
		txn := cat.Begin()
		build(txn)
		e, err := txn.Entry()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Changes...)
		for _, c := range e.Changes {
			if err := cat.Apply(v, c); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 10 {
		step(log.CommitSeq(i+1), func(txn *catalog.Txn) {
			txn.Put(relation("public", fmt.Sprintf("t%d", i)))
			if i%3 == 2 {
				txn.Drop(catalog.FirstOID + catalog.OID(i-2))
			}
			if i == 5 {
				moved := *cat.Now().Relations(catalog.KindTable)[0]
				moved.Name = "renamed"
				txn.Put(&moved)
			}
		})
	}
	return all
}

// TestFold: the same changes give the same catalog wherever a snapshot cuts them.
func TestFold(t *testing.T) {
	all := entries(t)
	save := func(c *catalog.Catalog) string {
		var b bytes.Buffer
		if err := c.Save()(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	apply := func(c *catalog.Catalog, from, to int) {
		for i := from; i < to; i++ {
			if err := c.Apply(log.CommitSeq(i+1), all[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole := catalog.New()
	apply(whole, 0, len(all))
	want := save(whole)
	a := whole.Begin().Put(relation("public", "next"))
	for cut := range len(all) {
		head, tail := catalog.New(), catalog.New()
		apply(head, 0, cut)
		if err := tail.Load(bytes.NewReader([]byte(save(head)))); err != nil {
			t.Fatal(err)
		}
		apply(tail, cut, len(all))
		if diff := cmp.Diff(want, save(tail)); diff != "" {
			t.Fatalf("cut at %d:\n%s", cut, diff)
		}
		// OIDs go on where they were: a dropped one is not given again.
		b := tail.Begin().Put(relation("public", "next"))
		if a.OID != b.OID {
			t.Fatalf("cut at %d: next OID %d, want %d", cut, b.OID, a.OID)
		}
	}
	if _, ok := whole.Now().Relation("public", "renamed", nil); !ok {
		t.Fatal("the renamed relation is not found")
	}
}

func TestNames(t *testing.T) {
	sys := relation("pg_catalog", "pg_class")
	sys.Kind, sys.OID = catalog.KindSystem, 1259
	cat := catalog.New(sys)
	db := logtest.Open(t, logtest.WithParts(cat))
	for _, r := range []*catalog.Relation{relation("public", "t"), relation("tributary", "t"), relation("public", "pg_class"), relation("public", "T")} {
		if _, err := cat.Run(t.Context(), db, put(r)); err != nil {
			t.Fatal(err)
		}
	}
	now := cat.Now()
	for _, c := range []struct {
		schema, name string
		path         []string
		want         string // schema, "" = none
	}{
		{"", "t", []string{"public"}, "public"},
		{"", "t", []string{"tributary", "public"}, "tributary"},
		{"", "t", nil, ""},
		{"", "T", []string{"public"}, "public"},
		{"", "pg_class", []string{"public"}, "pg_catalog"},
		{"", "pg_class", []string{"public", "pg_catalog"}, "public"},
		{"", "pg_class", nil, "pg_catalog"},
		{"public", "pg_class", nil, "public"},
		{"pg_catalog", "t", []string{"public"}, ""},
		{"", "nope", []string{"public"}, ""},
	} {
		r, ok := now.Relation(c.schema, c.name, c.path)
		got := ""
		if ok {
			got = r.Schema
		}
		if got != c.want {
			t.Errorf("%q.%q with path %v is in %q, want %q", c.schema, c.name, c.path, got, c.want)
		}
	}
	if r, ok := now.ByOID(1259); !ok || r != sys {
		t.Error("a system relation is not found by its OID")
	}
}

func TestDamaged(t *testing.T) {
	for _, bad := range []string{"", "{", `{"v":99}`, `{"v":5,"put":[{"oid":16384,"name":"m","kind":"type"}],"relations":[{"oid":16384,"name":"m","kind":"type"}]}`, `{"v":1,"put":[null]}`, `{"v":1,"put":[{"oid":"x"}]}`, `[]`, `{"v":1,"put":{}}`, "\x00\x01", `{"v":1,"drop":[-1]}`} {
		c := catalog.New()
		if err := c.Apply(1, log.Change{Kind: log.KindCatalog, Payload: []byte(bad)}); err == nil {
			t.Errorf("change %q was applied", bad)
		}
		if c.Now().Version() != 0 {
			t.Errorf("change %q moved the catalog", bad)
		}
	}
	for _, bad := range []string{"", "{", `{"v":99}`, `{"v":5,"put":[{"oid":16384,"name":"m","kind":"type"}],"relations":[{"oid":16384,"name":"m","kind":"type"}]}`, `{"v":2,"relations":[null]}`, `{"v":1,"relations":[{"columns":3}]}`, "\xff"} {
		if err := catalog.New().Load(bytes.NewReader([]byte(bad))); err == nil {
			t.Errorf("snapshot %q was loaded", bad)
		}
	}
}

// TestTxnSteps: a Txn sees what it did over what others committed meanwhile, goes back to a mark, and what it made
// and dropped again is not in its entry. Two relations may swap their names.
func TestTxnSteps(t *testing.T) {
	cat := catalog.New()
	db := logtest.Open(t, logtest.WithParts(cat))
	x, y := relation("public", "x"), relation("public", "y")
	if _, err := cat.Run(t.Context(), db, func(txn *catalog.Txn) error {
		txn.Put(x)
		txn.Put(y)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	txn := cat.Begin()
	made := txn.Put(relation("public", "made"))
	other := relation("public", "other")
	if _, err := cat.Run(t.Context(), db, put(other)); err != nil {
		t.Fatal(err)
	}
	if other.OID == made.OID {
		t.Fatalf("OID %d was handed out twice", made.OID)
	}
	for _, name := range []string{"x", "y", "made", "other"} {
		if _, ok := txn.At().Relation("public", name, nil); !ok {
			t.Errorf("the Txn does not see %q", name)
		}
	}
	if !txn.Created(made.OID) || txn.Created(other.OID) {
		t.Error("the Txn does not know what it made")
	}
	mark, before := txn.Mark(), txn.At().Version()
	txn.Drop(made.OID)
	txn.Drop(other.OID)
	if txn.At().Version() == before || txn.Created(made.OID) {
		t.Error("a step did not make another version")
	}
	txn.RollbackTo(mark)
	if _, ok := txn.At().ByOID(made.OID); !ok {
		t.Error("what was dropped behind the mark is gone")
	}
	txn.Drop(made.OID)
	nx, ny := *x, *y
	nx.Name, ny.Name = "y", "x"
	txn.Put(&nx)
	txn.Put(&ny)
	if _, err := txn.Commit(db); err != nil {
		t.Fatal(err)
	}
	now := cat.Now()
	for name, want := range map[string]catalog.OID{"x": y.OID, "y": x.OID, "other": other.OID, "made": 0} {
		if got, ok := now.Relation("public", name, nil); ok != (want != 0) || ok && got.OID != want {
			t.Errorf("%q is %v, want OID %d", name, got, want)
		}
	}
}
