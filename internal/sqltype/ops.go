package sqltype

import (
	"github.com/tributary-db/tributary/internal/jsonb"
)

// Comparer orders row i of a against row j of b, vectors of one type. NULL is equal to NULL and above
// every value.
type Comparer func(a *Vec, i int32, b *Vec, j int32) int

// HashFunc writes to out[i] the hash of the i-th row of sel (nil = rows 0 to len(out)-1). Equal values
// have equal hashes; the hash is the same in every process and release.
type HashFunc func(v *Vec, sel []int32, out []uint64)

// FormatFunc appends a form of a value that is not NULL. env may be nil.
type FormatFunc func(dst []byte, v *Vec, row int32, env *Env) []byte

// Ops is what the engine knows of a type's values: whoever works with values of a type finds its Ops
// once, when the work is opened, and asks nothing by type after that. A type that is made of others (an
// array, a domain, an enum) is Ops made of theirs. An Ops is not written to once it is used.
type Ops struct {
	Phys Physical
	// Version changes with anything that stored state depends on: order, hash, physical form. It is in
	// the fingerprints of what is stored.
	Version uint32

	// Compare orders by SQL value as PostgreSQL's default btree does: text by bytes (collation C), NaN
	// above all numbers. Image goes on where that is 0, by what tells equal values apart: it is 0 only
	// for what looks the same.
	Compare, Image Comparer
	// OneImage: equal values always look the same; 1.0 and 1.00 do not.
	OneImage bool
	Hash     HashFunc
	// Equal clears eq[k] where row ai[k] of a and row bi[k] of b differ by SQL value, NULL being equal
	// to NULL, and leaves the others. All have one length.
	Equal func(a *Vec, ai []int32, b *Vec, bi []int32, eq []bool)
	// Words are the values of v as words. nil: there are none.
	Words func(v *Vec) Words

	// Text is the output function, Binary the send function.
	Text, Binary FormatFunc
	// JSON is the value's kind of JSON.
	JSON JSONKind
	// Elem is of the elements of an array, nil for what is none.
	Elem *Ops
	// Range is what a range or multirange type is made of, nil for any other.
	Range *RangeType
	// Opaque: the bytes of a PhysBytes value are a form of this engine's own, which is never shown.
	Opaque bool
}

// JSONKind says how a value stands in JSON.
type JSONKind uint8

const (
	JSONString  JSONKind = iota // its text, quoted
	JSONInteger                 // its text
	JSONNumber                  // its text; NaN and the infinities, which are no JSON, quoted
	JSONBool
	JSONItself      // the value is JSON
	JSONTimestamp   // its text in ISO 8601, quoted
	JSONTimestamptz // likewise, with its zone
	JSONArray       // of the JSON of its elements, nested by dimension
	JSONRecord      // an object of its fields, f1, f2, …
)

// form is the Ops of most types of a physical form.
func form(p Physical, compare Comparer, hash HashFunc) Ops {
	compare = NullsLast(compare)
	return Ops{
		Phys: p, Version: 1, Compare: compare, Image: compare, OneImage: true, Hash: nullsHashed(hash),
		Equal: equalBy(compare), Text: noText, Binary: noText,
	}
}

func noText(dst []byte, _ *Vec, _ int32, _ *Env) []byte { return dst }

// with is o after some changes.
func (o Ops) with(change func(o *Ops)) *Ops {
	change(&o)
	return &o
}

// none is of types that have no values here.
var none = form(PhysNone, compareStrings, func(*Vec, []int32, []uint64) {}).with(func(*Ops) {})

// builtins are the types that are always there. A type's entry is all there is to say of it.
var builtins = func() map[OID]*Ops {
	ints16 := form(PhysInt16, compareOrdered[int16], hashInts[int16])
	ints16.Equal, ints16.Words = equalFixed[int16], wordsInts[int16]
	ints32 := form(PhysInt32, compareOrdered[int32], hashInts[int32])
	ints32.Equal, ints32.Words = equalFixed[int32], wordsInts[int32]
	ints64 := form(PhysInt64, compareOrdered[int64], hashInts[int64])
	ints64.Equal, ints64.Words = equalFixed[int64], wordsInts[int64]
	ints16.Binary, ints32.Binary, ints64.Binary = sendInt16, sendInt32, sendInt64
	bytes := form(PhysBytes, compareStrings, hashBytes(hashString))
	bytes.Words, bytes.Text, bytes.Binary = wordsBytes, textBytes, textBytes

	text := func(f FormatFunc, kind JSONKind) func(o *Ops) {
		return func(o *Ops) { o.Text, o.JSON = f, kind }
	}
	oids := ints32.with(func(o *Ops) {
		o.Compare, o.Words, o.Text = NullsLast(compareOIDs), nil, textOID
		o.Image = o.Compare
	})
	types := map[OID]*Ops{
		Bool: form(PhysBool, compareOrdered[uint8], hashInts[uint8]).with(func(o *Ops) {
			o.Equal, o.Words, o.Text, o.Binary, o.JSON = equalFixed[uint8], wordsInts[uint8], textBool, sendBool, JSONBool
		}),
		Int2:        ints16.with(text(textInts[int16], JSONInteger)),
		Int4:        ints32.with(text(textInts[int32], JSONInteger)),
		Int8:        ints64.with(text(textInts[int64], JSONInteger)),
		OIDType:     oids,
		XID:         ints32.with(func(o *Ops) { o.Text, o.Words = textOID, nil }),
		CID:         ints32.with(func(o *Ops) { o.Text, o.Words = textOID, nil }),
		Date:        ints32.with(text(textDate, JSONString)),
		Time:        ints64.with(text(textTime, JSONString)),
		Timestamp:   ints64.with(text(textTimestamp, JSONTimestamp)),
		Timestamptz: ints64.with(text(textTimestamptz, JSONTimestamptz)),
		Float4: form(PhysFloat32, compareFloats[float32], hashFloats[float32]).with(func(o *Ops) {
			o.Image, o.OneImage, o.Text, o.Binary, o.JSON = NullsLast(thenSign[float32]), false, textFloat4, sendFloat4, JSONNumber
		}),
		Float8: form(PhysFloat64, compareFloats[float64], hashFloats[float64]).with(func(o *Ops) {
			o.Image, o.OneImage, o.Text, o.Binary, o.JSON = NullsLast(thenSign[float64]), false, textFloat8, sendFloat8, JSONNumber
		}),
		Numeric: form(PhysNumeric, compareNumerics, hashNumerics).with(func(o *Ops) {
			o.Image, o.OneImage, o.Text, o.Binary, o.JSON = NullsLast(compareNumericImages), false, textNumeric, sendNumeric, JSONNumber
		}),
		Interval: form(PhysInterval, compareIntervals, hashIntervals).with(func(o *Ops) {
			o.Image, o.OneImage, o.Text, o.Binary = NullsLast(compareIntervalImages), false, textInterval, sendInterval
		}),
		UUID: form(PhysUUID, compareUUIDs, hashUUIDs).with(func(o *Ops) {
			o.Equal, o.Words, o.Text, o.Binary = equalFixed[[16]byte], wordsUUIDs, textUUID, sendUUID
		}),
		Timetz: form(PhysUUID, compareUUIDs, hashUUIDs).with(func(o *Ops) {
			o.Equal, o.Words, o.Text, o.Binary = equalFixed[[16]byte], wordsUUIDs, textTimetz, sendTimetz
		}),
		Money:    ints64.with(text(textMoney, JSONString)),
		Bit:      bytes.with(bitStrings),
		Varbit:   bytes.with(bitStrings),
		Text:     &bytes,
		Varchar:  &bytes,
		Name:     &bytes,
		Bytea:    bytes.with(func(o *Ops) { o.Text = textBytea }),
		Unknown:  bytes.with(func(o *Ops) { o.Words = nil }),
		JSON:     bytes.with(func(o *Ops) { o.Words, o.JSON = nil, JSONItself }),
		JSONPath: bytes.with(func(o *Ops) { o.Words, o.Binary = nil, sendVersioned }),
		Char:     bytes.with(func(o *Ops) { o.Words, o.Text, o.Binary = nil, textChar, sendChar }),
		BPChar: bytes.with(func(o *Ops) {
			o.Compare, o.Image = NullsLast(compareBlankPadded), NullsLast(thenBytes(compareBlankPadded))
			o.OneImage, o.Words, o.Equal = false, nil, equalBy(o.Compare)
			o.Hash = nullsHashed(hashBytes(func(v []byte) uint64 { return hashString(trimBlanks(v)) }))
		}),
		JSONB: bytes.with(func(o *Ops) {
			o.Compare, o.Image = NullsLast(compareJSONB), NullsLast(thenBytes(compareJSONB))
			o.OneImage, o.Words, o.Equal = false, nil, equalBy(o.Compare)
			o.Hash, o.Binary, o.JSON = nullsHashed(hashBytes(jsonb.Hash)), sendVersioned, JSONItself
		}),
	}
	for _, t := range RegTypes {
		types[t] = oids.with(text(textReg(t), JSONString))
	}
	for _, t := range []OID{NodeTree, ACLItem, NDistinct, Dependencies, MCVList, AnyArray, Void} {
		types[t] = bytes.with(func(o *Ops) { o.Words = nil })
	}
	for _, v := range []struct{ vector, elem OID }{{Int2Vector, Int2}, {OIDVector, OIDType}} {
		types[v.vector] = ArrayOf(types[v.elem], v.elem).with(func(o *Ops) { o.Text, o.JSON = textVector(types[v.elem]), JSONString })
	}
	addNetworkTypes(types, ints64, bytes)
	addRanges(types, bytes)
	addTextSearch(types, bytes)
	addGeometric(types, bytes)
	addTransactions(types, ints64, bytes)
	for _, t := range elements {
		if t.Array != Invalid && types[t.OID] != nil {
			types[t.Array] = ArrayOf(types[t.OID], t.OID)
		}
	}
	return types
}()

// OpsVersion stands for the versions of all types that are always there: those of arrays are their elements'
// and the one of the form.
func OpsVersion() (sum uint64) {
	for t, o := range byOIDOps {
		if o.Elem == nil {
			sum += uint64(t) * uint64(o.Version)
		}
	}
	return sum + arrayForm - 1
}

// byOIDOps are builtins by OID: all of these are small.
var byOIDOps = func() (table [8192]*Ops) {
	for t := range table {
		if table[t] = builtins[OID(t)]; table[t] == nil {
			table[t] = none
		}
	}
	return table
}()

// OpsOf is the Ops of a type that is always there or defined; of any other, one whose values have no form.
func OpsOf(t OID) *Ops {
	if t < OID(len(byOIDOps)) {
		return byOIDOps[t]
	}
	if d := definedOf(t); d != nil {
		return d.ops
	}
	return none
}
