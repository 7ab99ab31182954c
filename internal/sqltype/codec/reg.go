package codec

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// parseReg reads a value of a reg type: a dash is none, digits are the OID, anything else is a name.
func parseReg(src []byte, t sqltype.OID, env *Env) (uint32, error) {
	if len(src) == 1 && src[0] == '-' {
		return 0, nil
	}
	digits := len(src) > 0
	for _, c := range src {
		digits = digits && c >= '0' && c <= '9'
	}
	switch {
	case digits:
		return parseOID(src, sqltype.OIDType)
	case env.Names == nil:
		return 0, sqlerr.New(sqlerr.FeatureNotSupported, "a value of type %s cannot be read by name here", t)
	}
	return env.Names.OIDOf(t, string(src))
}

// appendTextVector reads int2vector and oidvector: numbers with blanks between them.
func appendTextVector(b *delta.Builder, t sqltype.Type, src []byte, env *Env) error {
	elem := sqltype.Of(t.OID.Elem())
	return withElements(b, elem.OID, func(elems *delta.Builder) ([]sqltype.Dim, error) {
		for _, word := range bytes.Fields(src) {
			if err := appendTextFixed(elems, elem, word, env); err != nil {
				return nil, err
			}
		}
		return []sqltype.Dim{{Len: int32(elems.Len())}}, nil
	})
}
