package pgwire

import "github.com/tributary-db/tributary/internal/sqltype"

// typeLen is pg_type.typlen: the size that RowDescription tells, -1 = variable.
func typeLen(t sqltype.OID) int {
	switch t {
	case sqltype.Bool, sqltype.Char:
		return 1
	case sqltype.Int2:
		return 2
	case sqltype.Int4, sqltype.Float4, sqltype.Date, sqltype.OIDType, sqltype.Regproc, sqltype.Void:
		return 4
	case sqltype.Int8, sqltype.Float8, sqltype.Timestamp, sqltype.Timestamptz, sqltype.Time:
		return 8
	case sqltype.Interval, sqltype.UUID:
		return 16
	case sqltype.Name:
		return 64
	case sqltype.Unknown:
		return -2
	}
	return -1
}
