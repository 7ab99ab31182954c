package plan

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

func boolConst(v bool) *Const {
	value := uint8(0)
	if v {
		value = 1
	}
	return &Const{T: boolean(), Value: delta.Const(sqltype.Bool, value, 1)}
}

// Int4Const is an int4.
func Int4Const(v int32) *Const {
	return &Const{T: sqltype.Of(sqltype.Int4), Value: delta.Const(sqltype.Int4, v, 1)}
}

// NullConst is NULL of a type.
func NullConst(t sqltype.Type) *Const { return &Const{T: t, Value: delta.NullColumn(t.OID, 1)} }
