package acl

import (
	"cmp"
	"errors"
	"slices"
)

// Errors of a change.
var (
	// ErrDependent: others have what goes from who loses it.
	ErrDependent = errors.New("dependent privileges exist")
	// ErrBack: a grant option would come back to who gave it.
	ErrBack = errors.New("grant options cannot be granted back to your own grantor")
)

// Inherits reports whether a role has the privileges of another.
type Inherits func(member, role uint32) bool

// Object is what a list belongs to: who owns it, and who is in whom.
type Object struct {
	Owner    uint32
	Inherits Inherits
}

// Mask is which of want a role has: itself, as everybody or by the roles that it is in.
func (o Object) Mask(a ACL, role uint32, want Privs) (have Privs) {
	for _, i := range a {
		if i.Privs&want&^have != 0 && (i.Grantee == 0 || i.Grantee == role || o.Inherits(role, i.Grantee)) {
			have |= i.Privs & want
		}
	}
	return have
}

// Options is which of want a role may give on; owners may all.
func (o Object) Options(a ACL, role uint32, want Privs) (have Privs) {
	if o.Inherits(role, o.Owner) {
		return want
	}
	for _, i := range a {
		if i.Options&want&^have != 0 && (i.Grantee == role || i.Grantee != 0 && o.Inherits(role, i.Grantee)) {
			have |= i.Options & want
		}
	}
	return have
}

// direct is Options without what comes by way of other roles.
func (o Object) direct(a ACL, role uint32, want Privs) (have Privs) {
	if role == o.Owner {
		return want
	}
	for _, i := range a {
		if i.Grantee == role {
			have |= i.Options & want
		}
	}
	return have
}

// BestGrantor is the role as which one grants or revokes: the one among roles, who asks first, that may give the most of privs,
// and which it may. Superusers do as the owner.
func (o Object) BestGrantor(a ACL, roles []uint32, super bool, privs Privs) (grantor uint32, may Privs) {
	if super || roles[0] == o.Owner {
		return o.Owner, privs
	}
	grantor = roles[0]
	for _, r := range roles {
		got := o.direct(a, r, privs)
		if got == privs {
			return r, got
		}
		if got.count() > may.count() {
			grantor, may = r, got
		}
	}
	return grantor, may
}

// Grant adds an item. ErrBack: its options would go round in a circle.
func (o Object) Grant(a ACL, add Item) (ACL, error) {
	if add.Options != 0 && add.Grantor != o.Owner && o.circular(a, add) {
		return nil, ErrBack
	}
	a = slices.Clone(a)
	at := a.find(add)
	if at < 0 {
		return append(a, add), nil
	}
	a[at].Privs |= add.Privs
	a[at].Options |= add.Options
	return a, nil
}

func (a ACL) find(i Item) int {
	return slices.IndexFunc(a, func(x Item) bool { return x.Grantee == i.Grantee && x.Grantor == i.Grantor })
}

// circular: without what the grantee has, the grantor may not give the options of add.
func (o Object) circular(a ACL, add Item) bool {
	for {
		at := slices.IndexFunc(a, func(x Item) bool { return x.Grantee == add.Grantee && x.Options != 0 })
		if at < 0 {
			return add.Options&^o.Options(a, add.Grantor, add.Options) != 0
		}
		a, _ = o.Revoke(a, a[at], true) // a cascade does not fail
	}
}

// Revoke takes privileges and options away, and with cascade what others have by them; without it that is ErrDependent.
func (o Object) Revoke(a ACL, less Item, cascade bool) (ACL, error) {
	at := a.find(less)
	if at < 0 {
		return a, nil
	}
	a = slices.Clone(a)
	lost := a[at].Options & less.Options
	a[at].Privs &^= less.Privs
	a[at].Options &^= less.Options
	if a[at].Privs == 0 && a[at].Options == 0 {
		a = slices.Delete(a, at, at+1)
	}
	if lost == 0 || less.Grantee == o.Owner {
		return a, nil
	}
	return o.abandoned(a, less.Grantee, lost, cascade)
}

// abandoned revokes what a role has given that may not give it any more.
func (o Object) abandoned(a ACL, role uint32, lost Privs, cascade bool) (ACL, error) {
	lost &^= o.Options(a, role, lost)
	for {
		at := slices.IndexFunc(a, func(x Item) bool { return x.Grantor == role && x.Privs&lost != 0 })
		if at < 0 || lost == 0 {
			return a, nil
		}
		if !cascade {
			return nil, ErrDependent
		}
		var err error
		if a, err = o.Revoke(a, Item{Grantee: a[at].Grantee, Grantor: role, Privs: lost, Options: lost}, true); err != nil {
			return nil, err
		}
	}
}

// Owned is the list after the object went from one owner to another: what the old one had and gave, the new one has and gives.
func (a ACL) Owned(from, to uint32) ACL {
	swap := func(r uint32) uint32 {
		if r == from {
			return to
		}
		return r
	}
	out := ACL{} // an empty list is not none
	for _, i := range a {
		i.Grantee, i.Grantor = swap(i.Grantee), swap(i.Grantor)
		if at := out.find(i); at >= 0 {
			out[at].Privs |= i.Privs
			out[at].Options |= i.Options
			continue
		}
		out = append(out, i)
	}
	return out
}

// Without is the list without a role, as grantee or as grantor.
func (a ACL) Without(role uint32) ACL {
	return slices.DeleteFunc(slices.Clone(a), func(i Item) bool { return i.Grantee == role || i.Grantor == role })
}

// Names reports whether the list names a role.
func (a ACL) Names(role uint32) bool {
	return slices.ContainsFunc(a, func(i Item) bool { return i.Grantee == role || i.Grantor == role })
}

// Same reports whether two lists have the same items, in whatever order.
func (a ACL) Same(b ACL) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(i Item) bool { return !slices.Contains(b, i) })
}

// Sorted is the list by grantee and grantor, PUBLIC first: the order in which defaults are kept. It is never nil.
func (a ACL) Sorted() ACL {
	out := append(ACL{}, a...)
	slices.SortFunc(out, func(x, y Item) int {
		return cmp.Or(cmp.Compare(x.Grantee, y.Grantee), cmp.Compare(x.Grantor, y.Grantor))
	})
	return out
}
