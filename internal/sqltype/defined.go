package sqltype

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// FirstDefined is the first OID of types that are not always there: those that CREATE TYPE makes.
const FirstDefined OID = 16384

// definedArrays is where the OIDs of arrays over defined types begin: an array's is its element's and this.
const definedArrays OID = 0x2000_0000

// Defined is a type that CREATE TYPE made, as the catalog has it. Who reads values knows a type by its OID alone, so those that are
// committed, and those that open transactions have made, are known to the whole process.
type Defined struct {
	OID     OID
	Name    string // pg_type.typname
	SQLName string // as format_type shows it
	// Labels of an enum, in their order.
	Labels []Label
	// Fields of a composite type, not nil of one.
	Fields Shape
	// Base of a domain, which is known already; Invalid of what is none.
	Base Type
}

// Label of an enum. Values are its Key, which never changes: a label that comes between two others has a key between theirs.
type Label struct {
	Name string `json:"name"`
	Key  int64  `json:"key"`
	// Was are the names that the label had before. No other label of the type ever has them: records that were written then say them.
	Was []string `json:"was,omitempty"`
}

// defined is a type in the registry, or the array over it. Ops and Info stay when the type is altered: they read what is there then.
type defined struct {
	info atomic.Pointer[Info]
	ops  *Ops
	enum *Enum // of an enum itself
	base Type  // of a domain itself
	// shape is of a composite type itself.
	shape atomic.Pointer[Shape]
}

var definitions struct {
	sync.Mutex
	of atomic.Pointer[map[OID]*defined]
}

func definedOf(t OID) *defined {
	if t < FirstDefined {
		return nil
	}
	m := definitions.of.Load()
	if m == nil {
		return nil
	}
	return (*m)[t]
}

// IsDefined reports whether the OID is that of a type that Define was told of.
func IsDefined(t OID) bool { return definedOf(t) != nil }

// Define makes a type known, or what has changed of it.
func Define(d Defined) {
	definitions.Lock()
	defer definitions.Unlock()
	array := d.OID + definedArrays
	own, over := definedOf(d.OID), definedOf(array)
	if own == nil {
		own = &defined{base: d.Base}
		switch {
		case d.Base.OID != Invalid:
			own.ops = OpsOf(d.Base.OID)
		case d.Fields != nil:
			own.ops = OpsOf(Record)
		default:
			own.enum = &Enum{oid: d.OID}
			own.ops = enumOps(own.enum)
		}
		over = &defined{ops: ArrayOf(own.ops, d.OID)}
		next := map[OID]*defined{}
		if m := definitions.of.Load(); m != nil {
			next = maps.Clone(*m)
		}
		next[d.OID], next[array] = own, over
		defer definitions.of.Store(&next)
	}
	if d.Fields != nil {
		shape := slices.Clone(d.Fields)
		own.shape.Store(&shape)
		RecordOf(shape) // values say by its number what their fields are
	}
	category, size := CatEnum, int16(4)
	if base := infoOf(d.Base.OID); base != nil {
		category, size = base.Category, base.Len
	} else if own.enum != nil {
		own.enum.set(d.Labels)
	} else {
		category, size = CatComposite, -1
	}
	own.info.Store(&Info{d.OID, d.Name, d.SQLName, category, false, size, array, Invalid})
	over.info.Store(&Info{array, "_" + d.Name, d.SQLName + "[]", CatArray, false, -1, Invalid, d.OID})
}

// Forget takes a type out that no transaction of the past or to come has.
func Forget(t OID) {
	definitions.Lock()
	defer definitions.Unlock()
	if m := definitions.of.Load(); m != nil && (*m)[t] != nil {
		next := maps.Clone(*m)
		delete(next, t)
		delete(next, t+definedArrays)
		definitions.of.Store(&next)
	}
}

// infoOf is a type's row, of the registry or defined; nil if there is none.
func infoOf(t OID) *Info {
	if i, ok := byOID[t]; ok {
		return i
	}
	if d := definedOf(t); d != nil {
		return d.info.Load()
	}
	return nil
}

// InfoOf is what is known of a type.
func InfoOf(t OID) (Info, bool) {
	if i := infoOf(t); i != nil {
		return *i, true
	}
	return Info{}, false
}
