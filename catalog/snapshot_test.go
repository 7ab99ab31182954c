package catalog

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tributary-db/tributary/storage/log"
)

// TestSnapshotModel: after any sequence of changes a snapshot finds what a plain map finds, and
// older snapshots still find what they found.
func TestSnapshotModel(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		s := emptySnapshot(newLayer(nil))
		public, _ := s.Schema(Public)
		first, _ := s.RoleNamed(Superuser)
		model := map[OID]*Relation{public.OID: public, first.OID: first}
		var older []*Snapshot
		var was []map[OID]*Relation
		for v := log.CommitSeq(1); v <= 2000; v++ {
			c := randomChange(rnd, model, s.nextOID)
			s = s.with(v, c)
			for _, oid := range c.Drop {
				delete(model, oid)
			}
			for _, r := range c.Put {
				model[r.OID], _ = s.ByOID(r.OID)
			}
			if v%97 == 0 {
				older, was = append(older, s), append(was, maps.Clone(model))
			}
		}
		for i, s := range older {
			compareSnapshot(t, fmt.Sprintf("seed %d, version %d", seed, s.version), s, was[i])
		}
		if t.Failed() {
			return
		}
	}
}

// randomChange creates, replaces, renames or drops; relations use some of those there.
func randomChange(rnd *rand.Rand, model map[OID]*Relation, next OID) change {
	there := slices.Sorted(maps.Keys(model))
	pick := func() OID { return there[rnd.IntN(len(there))] }
	switch {
	case len(there) > 5 && rnd.IntN(3) == 0:
		return change{Drop: []OID{pick()}}
	case len(there) > 5 && rnd.IntN(4) == 0:
		r := *model[pick()]
		r.Name += "r"
		return change{Put: []*Relation{&r}}
	}
	r := &Relation{OID: next, Schema: "public", Name: fmt.Sprintf("r%d", rnd.IntN(50)*100_000+int(next)), Kind: KindView}
	if len(there) > 0 {
		r.DependsOn = []OID{pick(), pick()}
		if rnd.IntN(2) == 0 {
			r.Parent, r.Kind = pick(), KindIndex
		}
	}
	return change{Put: []*Relation{r}}
}

func compareSnapshot(t *testing.T, what string, s *Snapshot, model map[OID]*Relation) {
	t.Helper()
	if got := s.filter(func(*Relation) bool { return true }); len(got) != len(model) {
		t.Errorf("%s: %d relations, want %d", what, len(got), len(model))
	}
	for oid := FirstOID; oid < s.nextOID; oid++ {
		want := model[oid]
		got, ok := s.ByOID(oid)
		if got != want || ok != (want != nil) {
			t.Fatalf("%s: OID %d is %v, want %v", what, oid, got, want)
		}
		if want != nil {
			if got, ok := s.Relation("public", want.Name, nil); !ok || got != want {
				t.Errorf("%s: name %q is %v", what, want.Name, got)
			}
		}
		var users, indexes []OID
		for _, r := range model {
			if r.Parent == oid || slices.Contains(r.DependsOn, oid) {
				users = append(users, r.OID)
			}
			if r.Parent == oid && r.Kind == KindIndex {
				indexes = append(indexes, r.OID)
			}
		}
		if got := oids(s.Dependents(oid)); !slices.Equal(got, oids(pickAll(model, users))) {
			t.Errorf("%s: dependents of %d are %v, want %v", what, oid, got, users)
		}
		if got := oids(s.Indexes(oid)); !slices.Equal(got, oids(pickAll(model, indexes))) {
			t.Errorf("%s: indexes of %d are %v, want %v", what, oid, got, indexes)
		}
	}
	for _, name := range []string{"gone", ""} {
		if r, ok := s.Relation("public", name, nil); ok {
			t.Errorf("%s: found %v by the name %q", what, r, name)
		}
	}
}

func pickAll(model map[OID]*Relation, ids []OID) []*Relation {
	var out []*Relation
	for _, id := range ids {
		out = append(out, model[id])
	}
	return out
}

func oids(rels []*Relation) []OID {
	var out []OID
	for _, r := range rels {
		out = append(out, r.OID)
	}
	slices.Sort(out)
	return out
}
