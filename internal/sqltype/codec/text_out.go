package codec

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// FormatText appends the text of a value that is not NULL, as its output function does. Who formats
// many values of a type takes sqltype.Ops.Text once instead.
func FormatText(dst []byte, col *delta.Column, row int32, env *Env) []byte {
	return sqltype.OpsOf(col.Type).Text(dst, &col.Vec, row, env)
}

// FormatBinary appends the binary form of a value that is not NULL, as its send function does.
func FormatBinary(dst []byte, col *delta.Column, row int32) []byte {
	return sqltype.OpsOf(col.Type).Binary(dst, &col.Vec, row, nil)
}
