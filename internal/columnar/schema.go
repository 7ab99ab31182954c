package columnar

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Field is a column by name and type.
type Field struct {
	Name string
	Type sqltype.Type
}

// sqlTypeKey is the metadata key of a field that holds its SQL type.
const sqlTypeKey = "sql_type"

// maxDecimal is the most digits that an Arrow Decimal128 holds.
const maxDecimal = 38

// schemaOf is the Arrow schema of rows of fields; 0A000 for a type without an Arrow form.
func schemaOf(format Format, fields []Field) (*arrow.Schema, error) {
	out := make([]arrow.Field, len(fields))
	for i, f := range fields {
		t := arrowType(f.Type)
		if f.Type.OID == sqltype.Interval && format == Parquet {
			t = arrow.BinaryTypes.String // the library writes no Parquet form of months and days
		}
		if t == nil {
			return nil, sqlerr.New(sqlerr.FeatureNotSupported, "column %q of type %s has no Arrow form", f.Name, f.Type).
				WithHint("Cast it to text.")
		}
		out[i] = arrow.Field{
			Name: f.Name, Type: t, Nullable: true,
			Metadata: arrow.NewMetadata([]string{sqlTypeKey}, []string{f.Type.String()}),
		}
	}
	return arrow.NewSchema(out, nil), nil
}

// arrowType is the Arrow form of a type, nil without one.
func arrowType(t sqltype.Type) arrow.DataType {
	switch t.OID {
	case sqltype.Bool:
		return arrow.FixedWidthTypes.Boolean
	case sqltype.Int2:
		return arrow.PrimitiveTypes.Int16
	case sqltype.Int4:
		return arrow.PrimitiveTypes.Int32
	case sqltype.Int8:
		return arrow.PrimitiveTypes.Int64
	case sqltype.OIDType, sqltype.Regproc:
		return arrow.PrimitiveTypes.Uint32
	case sqltype.Float4:
		return arrow.PrimitiveTypes.Float32
	case sqltype.Float8:
		return arrow.PrimitiveTypes.Float64
	case sqltype.Date:
		return arrow.FixedWidthTypes.Date32
	case sqltype.Time:
		return arrow.FixedWidthTypes.Time64us
	case sqltype.Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case sqltype.Timestamptz:
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case sqltype.Interval:
		return arrow.FixedWidthTypes.MonthDayNanoInterval
	case sqltype.UUID:
		return &arrow.FixedSizeBinaryType{ByteWidth: 16}
	case sqltype.Bytea:
		return arrow.BinaryTypes.Binary
	case sqltype.Numeric:
		if p, s, ok := decimalOf(t); ok {
			return &arrow.Decimal128Type{Precision: p, Scale: s}
		}
		return arrow.BinaryTypes.String
	}
	if t.OID.Phys() == sqltype.PhysNone {
		return nil
	}
	return arrow.BinaryTypes.String
}

// decimalOf is precision and scale of a numeric that a Decimal128 holds.
func decimalOf(t sqltype.Type) (precision, scale int32, ok bool) {
	p, s, ok := sqltype.NumericMod(t.Mod)
	if !ok || p > maxDecimal || s < 0 || s > p {
		return 0, 0, false
	}
	return int32(p), int32(s), true
}

// SchemaOf is the Arrow schema of rows of fields; 0A000 for a type without an Arrow form.
func SchemaOf(fields []Field) (*arrow.Schema, error) { return schemaOf(Arrow, fields) }
