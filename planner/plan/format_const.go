package plan

import (
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// formatConst prints a literal with its type unless the literal shows it.
func formatConst(c *Const) string {
	v := &c.Value
	if v.Null(0) {
		if c.T.OID == sqltype.Unknown {
			return "NULL"
		}
		return "NULL::" + typeName(c.T)
	}
	switch c.T.OID {
	case sqltype.Bool:
		return strconv.FormatBool(delta.Values[uint8](v)[0] != 0)
	case sqltype.Int4, sqltype.Numeric:
		return constText(c)
	case sqltype.Unknown:
		return quote(string(v.Bytes(0)))
	}
	return quote(constText(c)) + "::" + typeName(c.T)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func constText(c *Const) string { return string(codec.FormatText(nil, &c.Value, 0, codec.UTC)) }

func typeName(t sqltype.Type) string { return sqltype.TypeName(t) }
