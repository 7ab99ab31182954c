package sqltype

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// Enum is the labels of an enum, which may grow while values are read.
type Enum struct {
	oid OID
	now atomic.Pointer[labels]
}

type labels struct {
	list  []Label // by key
	byKey map[int64]string
	keys  map[string]int64
	were  map[string]int64
}

// Compare orders labels of one enum.
func (l Label) Compare(m Label) int { return cmp.Compare(l.Key, m.Key) }

func (e *Enum) set(list []Label) {
	l := &labels{byKey: map[int64]string{}, keys: map[string]int64{}, were: map[string]int64{}}
	l.list = slices.SortedFunc(slices.Values(list), Label.Compare)
	for _, v := range l.list {
		l.byKey[v.Key], l.keys[v.Name] = v.Name, v.Key
		for _, was := range v.Was {
			l.were[was] = v.Key
		}
	}
	e.now.Store(l)
}

// EnumOf is the enum of that OID, nil for any other type.
func EnumOf(t OID) *Enum {
	if d := definedOf(t); d != nil {
		return d.enum
	}
	return nil
}

// IsEnum: t is an enum.
func IsEnum(t OID) bool { return EnumOf(t) != nil }

// Labels are all, in their order; not to be changed.
func (e *Enum) Labels() []Label { return e.now.Load().list }

// Key is the value of a label.
func (e *Enum) Key(label []byte) (key int64, ok bool) {
	key, ok = e.now.Load().keys[string(label)]
	return key, ok
}

// KeyOnce is Key for what was written before labels were renamed.
func (e *Enum) KeyOnce(label []byte) (key int64, ok bool) {
	if key, ok = e.Key(label); !ok {
		key, ok = e.now.Load().were[string(label)]
	}
	return key, ok
}

// Has reports whether a value is one of the labels.
func (e *Enum) Has(key int64) bool {
	_, ok := e.now.Load().byKey[key]
	return ok
}

// enumOps: form, order and hash of an enum are those of its keys.
func enumOps(e *Enum) *Ops {
	o := *builtins[Int8]
	o.JSON = JSONString
	o.Text = func(dst []byte, v *Vec, row int32, _ *Env) []byte {
		return append(dst, e.now.Load().byKey[valueAt[int64](v, row)]...)
	}
	o.Binary = o.Text
	return &o
}

// Keys of labels: the first labels of a type are enumGap apart. One that comes between two keeps close to the one that it was not
// put beside, so that a million can be put before, or behind, the same label; then there is no room left.
const (
	enumGap  = int64(1) << 40
	enumStep = int64(1) << 20
)

// FirstKeys are keys for n labels of a new enum.
func FirstKeys(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i+1) * enumGap
	}
	return out
}

// KeyBeside is a key for a label right before or behind that of index at, of labels in their order; past the end for none. ok is false
// where there is no room.
func KeyBeside(list []Label, at int, before bool) (key int64, ok bool) {
	if len(list) == 0 {
		return enumGap, true
	}
	if before && at == 0 {
		return list[0].Key - enumGap, list[0].Key > -1<<62
	}
	if !before && at == len(list)-1 {
		return list[at].Key + enumGap, list[at].Key < 1<<62
	}
	low, high := at, at+1
	if before {
		low, high = at-1, at
	}
	room := list[high].Key - list[low].Key
	step := min(enumStep, room/2)
	if before {
		key = list[low].Key + step
	} else {
		key = list[high].Key - step
	}
	return key, step > 0
}
