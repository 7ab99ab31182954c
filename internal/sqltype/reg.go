package sqltype

// RegTypes are the types whose values are OIDs that are shown, and may be written, as the names of
// what they mean.
var RegTypes = []OID{Regproc, Regprocedure, Regoper, Regoperator, Regclass, Regtype, Regnamespace, Regrole, Regconfig, Regdict}

// IsReg reports whether t is one of RegTypes.
func IsReg(t OID) bool {
	switch t {
	case Regproc, Regprocedure, Regoper, Regoperator, Regclass, Regtype, Regnamespace, Regrole, Regconfig, Regdict:
		return true
	}
	return false
}

// Names resolves the values of reg types in one version of the catalog, for one search path.
type Names interface {
	// NameOf is how a value is shown; "" when nothing has that OID.
	NameOf(t OID, oid uint32) string
	// OIDOf is what a text that is no number means; an error is the user's.
	OIDOf(t OID, text string) (uint32, error)
}

// textReg shows a name where the environment knows one, else the number; 0 is a dash.
func textReg(t OID) FormatFunc {
	return func(dst []byte, v *Vec, row int32, env *Env) []byte {
		oid := uint32(valueAt[int32](v, row))
		if oid == 0 {
			return append(dst, '-')
		}
		if env != nil && env.Names != nil {
			if name := env.Names.NameOf(t, oid); name != "" {
				return append(dst, name...)
			}
		}
		return textOID(dst, v, row, env)
	}
}

// textVector is the text of int2vector and oidvector: numbers with blanks between them.
func textVector(elem *Ops) FormatFunc {
	return func(dst []byte, v *Vec, row int32, env *Env) []byte {
		a := OpenArray(elem.Phys, v.Bytes(row))
		for i := range int32(a.Elems.Len) {
			if i > 0 {
				dst = append(dst, ' ')
			}
			dst = elem.Text(dst, &a.Elems, i, env)
		}
		return dst
	}
}
