package sqltype

import (
	"hash/fnv"
	"slices"
	"sync"
)

// ShapeField is a field of a row type.
type ShapeField struct {
	Name string
	Type Type
}

// Shape is the fields of a row type, in their order.
type Shape []ShapeField

// Field is the place of the field called name, -1 if there is none.
func (s Shape) Field(name string) int {
	return slices.IndexFunc(s, func(f ShapeField) bool { return f.Name == name })
}

// maxShapes bounds the shapes that a process remembers. Past it a record is one whose fields are not known.
const maxShapes = 1 << 16

// shapes are those of the records that were bound, by the modifier that stands for them.
var shapes struct {
	sync.RWMutex
	of map[int32]Shape
}

// RecordOf is the type of records with these fields. As in PostgreSQL its modifier stands for them; here the number
// is made of the fields, so that a plan has the same type after a restart.
func RecordOf(s Shape) Type {
	h := fnv.New32a()
	for _, f := range s {
		_, _ = h.Write([]byte(f.Name)) // a hash takes anything
		for _, n := range []uint32{uint32(f.Type.OID), uint32(f.Type.Mod)} {
			_, _ = h.Write([]byte{0, byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
		}
	}
	mod := int32(h.Sum32() &^ (1 << 31))
	shapes.Lock()
	defer shapes.Unlock()
	have, known := shapes.of[mod]
	switch {
	case known && !slices.Equal(have, s), !known && len(shapes.of) >= maxShapes:
		return Of(Record)
	case !known:
		if shapes.of == nil {
			shapes.of = map[int32]Shape{}
		}
		shapes.of[mod] = slices.Clone(s)
	}
	return Type{OID: Record, Mod: mod}
}

// ShapeOf are the fields of a type's values; nil for what has none, or none that are known.
func ShapeOf(t Type) Shape {
	if d := definedOf(t.OID); d != nil {
		if shape := d.shape.Load(); shape != nil {
			return *shape
		}
		return nil
	}
	if t.OID != Record || t.Mod < 0 {
		return nil
	}
	shapes.RLock()
	defer shapes.RUnlock()
	return shapes.of[t.Mod]
}

// IsComposite: t is a composite type of users.
func IsComposite(t OID) bool {
	d := definedOf(t)
	return d != nil && d.shape.Load() != nil
}

// RecordMod is what values of a type of rows say of their fields.
func RecordMod(t Type) int32 {
	if t.OID == Record {
		return t.Mod
	}
	return RecordOf(ShapeOf(t)).Mod
}
