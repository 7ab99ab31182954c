package builtin

import "github.com/tributary-db/tributary/internal/sqltype"

// Btree are a type's default ordering: the functions behind its comparison operators and the
// three-way one behind ORDER BY, DISTINCT and keys.
type Btree struct {
	// On is the type whose ordering it is: text for varchar, else the type itself.
	On                          sqltype.OID
	Eq, Ne, Lt, Le, Gt, Ge, Cmp uint32
}

// cmpFuncs are the support functions 1 of the default btree operator classes (pg_amproc).
var cmpFuncs = map[sqltype.OID]uint32{
	sqltype.Bool: 1693, sqltype.Bytea: 1954, sqltype.Char: 358, sqltype.Name: 359, sqltype.Int8: 842,
	sqltype.Int2: 350, sqltype.Int4: 351, sqltype.Text: 360, sqltype.OIDType: 356, sqltype.Float4: 354,
	sqltype.Float8: 355, sqltype.BPChar: 1078, sqltype.Date: 1092, sqltype.Time: 1107, sqltype.Timestamp: 2045,
	sqltype.Timestamptz: 1314, sqltype.Interval: 1315, sqltype.Numeric: 1769, sqltype.UUID: 2960, sqltype.JSONB: 4044,
	sqltype.Timetz: 1358, sqltype.Bit: 1596, sqltype.Varbit: 1672, sqltype.Money: 377, sqltype.Inet: 926, sqltype.MACAddr: 836, sqltype.MACAddr8: 4119,
	sqltype.LSN: 3251, sqltype.XID8: 5096, sqltype.TSVector: 3622, sqltype.TSQuery: 3668,
}

// Those of all arrays, whose elements have one, of ranges, multiranges, records and enums.
const (
	arrayCmp      = 382
	rangeCmp      = 3870
	multirangeCmp = 4273
	recordCmp     = 2987
	enumCmp       = 3514
)

// BtreeOf returns a type's default ordering; ok is false for types without one (json).
func BtreeOf(t sqltype.OID) (b Btree, ok bool) {
	t = t.Base()
	switch {
	case t == sqltype.Varchar, t == sqltype.Unknown:
		t = sqltype.Text
	case t == sqltype.CIDR:
		t = sqltype.Inet
	case sqltype.IsReg(t):
		t = sqltype.OIDType
	}
	if b.Cmp, ok = cmpFuncs[t]; !ok {
		b.On = t
		if b.Cmp, t = anyCmp(t); t == sqltype.Invalid {
			return Btree{}, false
		}
	} else {
		b.On = t
	}
	b.Eq, b.Ne = operatorFunc("=", t), operatorFunc("<>", t)
	b.Lt, b.Le = operatorFunc("<", t), operatorFunc("<=", t)
	b.Gt, b.Ge = operatorFunc(">", t), operatorFunc(">=", t)
	return b, true
}

// anyCmp is the comparison of types that are made of others, and the pseudo-type that stands for t there.
func anyCmp(t sqltype.OID) (cmp uint32, stand sqltype.OID) {
	switch {
	case t == sqltype.Record, sqltype.IsComposite(t):
		return recordCmp, sqltype.Record
	case sqltype.IsEnum(t):
		return enumCmp, sqltype.AnyEnum
	}
	if elem := t.Elem(); elem != sqltype.Invalid {
		if _, ok := BtreeOf(elem); ok {
			return arrayCmp, sqltype.AnyArray
		}
	}
	switch r := sqltype.RangeOf(t); {
	case r == nil:
		return 0, sqltype.Invalid
	case r.Multi == t:
		return multirangeCmp, sqltype.AnyMultirange
	}
	return rangeCmp, sqltype.AnyRange
}

// EqualityOf returns the function behind = of a type; ok is false when it has none.
func EqualityOf(t sqltype.OID) (fn uint32, ok bool) {
	b, ok := BtreeOf(t)
	return b.Eq, ok
}

// CompareOf returns the three-way comparison of a type.
func CompareOf(t sqltype.OID) (fn uint32, ok bool) {
	b, ok := BtreeOf(t)
	return b.Cmp, ok
}

func operatorFunc(name string, t sqltype.OID) uint32 {
	for _, o := range OperatorsByName(name) {
		if o.Left == t && o.Right == t {
			return o.Func
		}
	}
	return 0
}
