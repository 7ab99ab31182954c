package sqltype

import "github.com/tributary-db/tributary/internal/geometric"

// geometricText are how values are shown, by type.
var geometricText = map[OID]func(f geometric.Float, dst, v []byte) []byte{
	Point: geometric.Float.AppendPoint, Lseg: geometric.Float.AppendLseg, Path: geometric.Float.AppendPath, Box: geometric.Float.AppendBox,
	Polygon: geometric.Float.AppendPolygon, Line: geometric.Float.AppendLine, Circle: geometric.Float.AppendCircle,
}

// addGeometric adds the geometric types, whose stored form is their binary one. None of them has an order or equality that groups and keys
// could go by: what state tells apart is images.
func addGeometric(types map[OID]*Ops, bytes Ops) {
	for t, text := range geometricText {
		types[t] = bytes.with(func(o *Ops) {
			o.Words, o.Opaque = nil, true
			o.Text = func(dst []byte, v *Vec, row int32, env *Env) []byte {
				return text(func(dst []byte, f float64) []byte { return env.float(dst, f, 64) }, dst, v.Bytes(row))
			}
		})
	}
}
