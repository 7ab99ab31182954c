package catalog

import (
	"cmp"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// KindType is a type that CREATE TYPE makes. Types have a namespace of their own, beside that of relations.
const KindType Kind = "type"

// UserType is what a relation of KindType is.
type UserType struct {
	// Labels of an enum in the order in which they came; their keys have them in the type's.
	Labels []sqltype.Label `json:"labels,omitempty"`
	// Attributes of a composite type; Composite says that it is one, which may have none.
	Attributes []Attribute `json:"attributes,omitempty"`
	Composite  bool        `json:"composite,omitempty"`
	// Domain is what a domain is.
	Domain *Domain `json:"domain,omitempty"`
}

// Domain is a type whose values are those of another that its constraints hold for.
type Domain struct {
	Base    sqltype.Type `json:"base"`
	NotNull bool         `json:"not_null,omitempty"`
	// Default is an SQL expression, empty = NULL.
	Default string  `json:"default,omitempty"`
	Checks  []Check `json:"checks,omitempty"`
}

// Attribute is a column of a composite type.
type Attribute struct {
	Name string       `json:"name"`
	Type sqltype.Type `json:"type"`
}

// Label is the place of a label, -1 if there is none of that name.
func (t *UserType) Label(name string) int {
	return slices.IndexFunc(t.Labels, func(l sqltype.Label) bool { return l.Name == name })
}

// define makes the type known to who reads its values.
func define(r *Relation) {
	name := ident.Quote(r.Name)
	if r.Schema != "public" {
		name = ident.Quote(r.Schema) + "." + name
	}
	d := sqltype.Defined{OID: sqltype.OID(r.OID), Name: r.Name, SQLName: name, Labels: r.UserType.Labels}
	if r.UserType.Composite {
		d.Fields = sqltype.Shape{}
		for _, a := range r.UserType.Attributes {
			d.Fields = append(d.Fields, sqltype.ShapeField{Name: a.Name, Type: a.Type})
		}
	}
	if r.UserType.Domain != nil {
		d.Base = r.UserType.Domain.Base
	}
	sqltype.Define(d)
}

// dropped are the types that went last. why: who reads a version of before still shows their values.
var dropped struct {
	sync.Mutex
	oids []OID
}

// maxDropped is how many types are remembered that are gone.
const maxDropped = 1024

func forgetLater(oid OID) {
	dropped.Lock()
	defer dropped.Unlock()
	dropped.oids = append(dropped.oids, oid)
	for len(dropped.oids) > maxDropped {
		sqltype.Forget(sqltype.OID(dropped.oids[0]))
		dropped.oids = dropped.oids[1:]
	}
}

// publish makes the types of a change that was committed known.
func (s *Snapshot) publish(c change) {
	for _, oid := range c.Drop {
		if r, ok := s.ByOID(oid); ok && r.Kind == KindType {
			forgetLater(oid)
		}
	}
	types := slices.DeleteFunc(slices.Clone(c.Put), func(r *Relation) bool { return r.Kind != KindType })
	slices.SortFunc(types, func(a, b *Relation) int { return cmp.Compare(a.OID, b.OID) }) // what a domain is over was there before it
	for _, r := range types {
		define(r)
	}
}

// Type finds the type schema.name; an empty schema searches path in order.
func (s *Snapshot) Type(schema, name string, path []string) (*Relation, bool) {
	if schema != "" {
		path = []string{schema}
	}
	for _, p := range path {
		if r := s.user(qualified{p, name, types}); r != nil {
			return r, true
		}
	}
	return nil, false
}

// TypesOf are the types of users among those of columns, of whose elements arrays are.
func TypesOf(columns []Column) []OID {
	var out []OID
	for i := range columns {
		t := columns[i].Type.OID
		if e := t.Elem(); e != sqltype.Invalid {
			t = e
		}
		if oid := OID(t); t >= sqltype.FirstDefined && !slices.Contains(out, oid) {
			out = append(out, oid)
		}
	}
	return out
}
