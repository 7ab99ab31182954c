package bootstrap

import (
	"sync"

	"github.com/tributary-db/tributary/internal/sqltype"
)

// Access methods of indexes that are here.
const (
	Btree uint32 = 403
	Hash  uint32 = 405
)

// OperatorClass is a row of pg_opclass.
type OperatorClass struct {
	OID     uint32
	Method  uint32
	Name    string
	Type    sqltype.OID // of what it orders
	Default bool
}

// OperatorClasses are all of an access method.
func OperatorClasses(method uint32) []OperatorClass { return operatorClasses()[method] }

var operatorClasses = sync.OnceValue(func() map[uint32][]OperatorClass {
	m := map[uint32][]OperatorClass{}
	for _, row := range Rows("pg_opclass") {
		c := OperatorClass{Number(row[0]), Number(row[1]), row[2], sqltype.OID(Number(row[6])), row[7] == "t"}
		m[c.Method] = append(m[c.Method], c)
	}
	return m
})

// Takes reports whether values of a type are values of the class's as they are.
func (c *OperatorClass) Takes(t sqltype.OID) bool {
	t = t.Base()
	t = t.Base()
	switch {
	case c.Type == t:
		return true
	case t.Elem() != sqltype.Invalid && t != sqltype.Int2Vector && t != sqltype.OIDVector:
		return c.Type == sqltype.AnyArray
	case sqltype.IsEnum(t):
		return c.Type == sqltype.AnyEnum
	case sqltype.IsComposite(t):
		return c.Type == sqltype.Record
	}
	if row := ByOID("pg_type", uint32(t)); row != nil && row[6] == "r" {
		return c.Type == sqltype.AnyRange
	}
	return binary()[[2]sqltype.OID{t, c.Type}]
}

// binary are the casts that need not be said and do nothing.
var binary = sync.OnceValue(func() map[[2]sqltype.OID]bool {
	m := map[[2]sqltype.OID]bool{}
	for _, row := range Rows("pg_cast") {
		if row[4] == "i" && row[5] == "b" {
			m[[2]sqltype.OID{sqltype.OID(Number(row[1])), sqltype.OID(Number(row[2]))}] = true
		}
	}
	return m
})

// DefaultClass is the operator class that an access method has for a type where none is named, nil = none: its own, else that of a type which
// it is as it stands.
func DefaultClass(method uint32, t sqltype.OID) *OperatorClass {
	t = t.Base()
	t = t.Base()
	list := operatorClasses()[method]
	var found *OperatorClass
	for i := range list {
		c := &list[i]
		switch {
		case !c.Default:
		case c.Type == t:
			return c
		case (found == nil || c.Type == sqltype.Text) && c.Takes(t):
			found = c
		}
	}
	return found
}
