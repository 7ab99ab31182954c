package sqltype

// A domain is a type whose values are those of another that its constraints hold for: their form, order and texts are the other's.

// IsDomain: t is a domain.
func IsDomain(t OID) bool {
	d := definedOf(t)
	return d != nil && d.base.OID != Invalid
}

// DomainOf is the type that a domain is over, which may be a domain itself; ok is false for what is no domain.
func DomainOf(t OID) (over Type, ok bool) {
	if d := definedOf(t); d != nil && d.base.OID != Invalid {
		return d.base, true
	}
	return Type{}, false
}

// BaseOf is the type that a domain is made of in the end, with its modifier; of what is no domain itself.
func BaseOf(t Type) Type {
	for {
		over, ok := DomainOf(t.OID)
		if !ok {
			return t
		}
		t = over
	}
}

// Base is BaseOf of a type without a modifier.
func (t OID) Base() OID { return BaseOf(Of(t)).OID }

// Plain is t without domains, of arrays also without those of their elements.
func Plain(t Type) Type {
	t = BaseOf(t)
	if elem := t.OID.Elem(); elem != Invalid && elem >= FirstDefined {
		if over := Plain(Type{elem, t.Mod}); over.OID != elem {
			return Type{over.OID.Array(), over.Mod}
		}
	}
	return t
}
