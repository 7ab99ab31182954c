package codec

import (
	"github.com/tributary-db/tributary/internal/geometric"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// geometricIn are how the geometric types are read, from text and from what a client sends.
var geometricIn = map[sqltype.OID]struct {
	parse  func(dst, src []byte, num geometric.Number) ([]byte, error)
	decode func(src []byte) ([]byte, error)
}{
	sqltype.Point: {geometric.ParsePoint, geometric.DecodePoint}, sqltype.Lseg: {geometric.ParseLseg, geometric.DecodeLseg},
	sqltype.Path: {geometric.ParsePath, geometric.DecodePath}, sqltype.Box: {geometric.ParseBox, geometric.DecodeBox},
	sqltype.Polygon: {geometric.ParsePolygon, geometric.DecodePolygon}, sqltype.Line: {geometric.ParseLine, geometric.DecodeLine},
	sqltype.Circle: {geometric.ParseCircle, geometric.DecodeCircle},
}

func float8In(text []byte) (float64, error) { return sqltype.ParseFloat(text, 64) }
