package face

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// EncodeIn is the output function of a type in a format. env, which is read at each call and may be nil
// for Binary, holds the settings that texts depend on.
func EncodeIn(t sqltype.OID, f Format, env *sqltype.Env) Encode {
	form := sqltype.OpsOf(t).Text
	if f == Binary {
		form = sqltype.OpsOf(t).Binary
	}
	return func(dst []byte, c *delta.Column, row int32) []byte { return form(dst, &c.Vec, row, env) }
}
