package face

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// EncodeIn is the output function of every type in a format. env, which is read at each call
// and may be nil for Binary, holds the settings that texts depend on.
func EncodeIn(f Format, env *codec.Env) Encode {
	if f == Binary {
		return codec.FormatBinary
	}
	return func(dst []byte, c *delta.Column, row int32) []byte { return codec.FormatText(dst, c, row, env) }
}
