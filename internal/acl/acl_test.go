package acl

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
)

// nobodyInherits: no role is in another.
func nobodyInherits(member, role uint32) bool { return member == role }

// TestItemText: what is written is read, whatever privileges and options; what is no item is refused.
func TestItemText(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		p := Privs(r.UintN(1 << len(letters)))
		want := Item{Grantee: r.Uint32N(5), Grantor: 1 + r.Uint32N(1<<31), Privs: p, Options: p & Privs(r.UintN(1<<len(letters)))}
		text, err := json.Marshal(ACL{want})
		if err != nil {
			t.Fatal(err)
		}
		var got ACL
		if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, ACL{want}) {
			t.Fatalf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, bad := range []string{"", "=", "a=r/1", "1=r", "1=q/1", "1=*/1", "1=r**/1", "1=r/", "1=r/x", "1=r/1=", `"1=r/1`} {
		var i Item
		if err := i.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was read as %v", bad, i)
		}
	}
	name := func(role uint32) string { return map[uint32]string{1: "bob", 2: `we"ird name`}[role] }
	texts := ACL{{1, 2, Select | Insert, Insert}, {0, 7, Usage, 0}}.Texts(name)
	if want := []string{`bob=a*r/"we""ird name"`, "=U/7"}; !reflect.DeepEqual(texts, want) {
		t.Errorf("%q, want %q", texts, want)
	}
}

// TestChains: what was given on goes with what it was given by, or keeps it, and never comes back to its giver.
func TestChains(t *testing.T) {
	o := Object{Owner: 1, Inherits: nobodyInherits}
	give := func(a ACL, from, to uint32, p, options Privs) ACL {
		t.Helper()
		a, err := o.Grant(a, Item{to, from, p, options})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := Default(Table, 1)
	a = give(a, 1, 2, Select, Select)
	a = give(a, 2, 3, Select, Select)
	a = give(a, 3, 4, Select, 0)
	if _, err := o.Grant(a, Item{2, 3, Select, Select}); !errors.Is(err, ErrBack) {
		t.Errorf("a grant option came back to who gave it: %v", err)
	}
	all := Item{2, 1, Select, Select}
	if _, err := o.Revoke(a, all, false); !errors.Is(err, ErrDependent) {
		t.Errorf("a dependent privilege was left alone: %v", err)
	}
	less, err := o.Revoke(a, all, true)
	if err != nil || len(less) != 1 || less[0].Grantee != 1 {
		t.Errorf("after a cascade: %v, %v", less, err)
	}
	b := give(a, 1, 3, Select, Select) // 3 has it from the owner too
	if less, err = o.Revoke(b, all, true); err != nil || o.Mask(less, 4, Select) == 0 {
		t.Errorf("4 lost what 3 may still give: %v, %v", less, err)
	}
	if grantor, may := o.BestGrantor(a, []uint32{9, 3}, false, Select|Insert); grantor != 3 || may != Select {
		t.Errorf("the best grantor is %d with %v", grantor, may.Words())
	}
	if got := a.Owned(1, 2); got[0] != (Item{2, 2, All(Table), Select}) {
		t.Errorf("a new owner has %v", got)
	}
}
