package parquet

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"
)

// physical is how values of a column are stored: parquet.thrift's Type.
type physical uint8

const (
	physBoolean physical = iota
	physInt32
	physInt64
	physInt96
	physFloat
	physDouble
	physBytes
	physFixed
)

// maxColumns is the most columns of a file: that of a table.
const maxColumns = 1600

// column is a leaf of the schema.
type column struct {
	name     string
	phys     physical
	width    int // bytes of a stored value; 0: as long as it says itself
	optional bool
	typ      arrow.DataType
	form     form
}

// form is how stored values become those of the Arrow type.
type form uint8

const (
	formSame     form = iota
	formBits          // bytes become bits
	formInt96         // nanoseconds of a Julian day become microseconds since 1970
	formDecimal       // little-endian integers, or big-endian bytes
	formInterval      // months, days, milliseconds
	formHalf          // float16
)

// element is a SchemaElement.
type element struct {
	phys, length, repetition int64 // -1: not there
	children                 int64
	converted                int64 // -1: none
	scale, precision         int64
	logical                  logical
	name                     string
}

// logical is a LogicalType: id is the field that is set, 0 none.
type logical struct {
	id               int
	scale, precision int64
	utc              bool
	unit             int // 1 ms, 2 us, 3 ns
	bits             int64
	signed           bool
}

// Fields of LogicalType, and values of ConvertedType, which came before it.
const (
	logicalString, logicalEnum, logicalDecimal  = 1, 4, 5
	logicalDate, logicalTime, logicalTimestamp  = 6, 7, 8
	logicalInteger, logicalJSON, logicalUUID    = 10, 12, 14
	logicalFloat16                              = 15
	convertedUTF8, convertedEnum                = 0, 4
	convertedDecimal, convertedDate             = 5, 6
	convertedTimeMillis, convertedTimeMicros    = 7, 8
	convertedTimestampMillis, convertedTSMicros = 9, 10
	convertedUint8, convertedInt64              = 11, 18
	convertedJSON, convertedInterval            = 19, 21
)

func (t *thrift) element() element {
	e := element{phys: -1, length: -1, repetition: -1, converted: -1}
	t.fields(func(id int, kind byte) bool {
		switch id {
		case 1:
			return t.integer(kind, &e.phys, 0, int64(physFixed))
		case 2:
			return t.integer(kind, &e.length, 0, math.MaxInt32)
		case 3:
			return t.integer(kind, &e.repetition, 0, 2)
		case 4:
			e.name = string(t.binary(kind))
			return true
		case 5:
			return t.integer(kind, &e.children, 0, math.MaxInt32)
		case 6:
			return t.integer(kind, &e.converted, 0, math.MaxInt32)
		case 7:
			return t.integer(kind, &e.scale, 0, math.MaxInt32)
		case 8:
			return t.integer(kind, &e.precision, 0, math.MaxInt32)
		case 10:
			return t.structure(kind, func(id int, kind byte) bool {
				e.logical.id = id
				return t.structure(kind, func(id int, kind byte) bool { return t.logical(&e.logical, id, kind) })
			})
		}
		return false
	})
	return e
}

// logical reads a field of the struct of a logical type.
func (t *thrift) logical(l *logical, id int, kind byte) bool {
	switch {
	case l.id == logicalDecimal && id == 1:
		return t.integer(kind, &l.scale, 0, math.MaxInt32)
	case l.id == logicalDecimal && id == 2:
		return t.integer(kind, &l.precision, 0, math.MaxInt32)
	case (l.id == logicalTime || l.id == logicalTimestamp) && id == 1:
		return t.boolean(kind, &l.utc)
	case (l.id == logicalTime || l.id == logicalTimestamp) && id == 2:
		return t.structure(kind, func(id int, _ byte) bool { l.unit = id; return false })
	case l.id == logicalInteger && id == 1:
		return t.integer(kind, &l.bits, 8, 64)
	case l.id == logicalInteger && id == 2:
		return t.boolean(kind, &l.signed)
	}
	return false
}

// column checks that e is a leaf that can be read.
func (e *element) column() (column, error) {
	c := column{name: e.name, optional: e.repetition == 1}
	if e.children > 0 || e.repetition == 2 {
		return c, nested(e.name)
	}
	if e.phys < 0 || e.repetition < 0 {
		return c, bad("column %q has no type", e.name)
	}
	c.phys = physical(e.phys)
	c.width = [...]int{1, 4, 8, 12, 4, 8, 0, int(e.length)}[c.phys]
	if c.phys == physFixed && (e.length <= 0 || e.length > maxPage) {
		return c, bad("column %q has values of %d bytes", e.name, e.length)
	}
	return c, e.annotate(&c)
}

func nested(name string) error {
	return withHint(unsupported("column %q of a nested type", name), "Write its fields as columns of their own, or the column as JSON text.")
}

// annotate finds the Arrow type of c.
func (e *element) annotate(c *column) error {
	l := e.logical
	if l.id == 0 {
		l = e.fromConverted()
	}
	var fits bool
	switch l.id {
	case logicalString, logicalEnum, logicalJSON:
		c.typ, fits = arrow.BinaryTypes.String, c.phys == physBytes
	case logicalDecimal:
		return e.decimal(c, l)
	case logicalDate:
		c.typ, fits = arrow.FixedWidthTypes.Date32, c.phys == physInt32
	case logicalTime:
		if l.unit == 1 {
			c.typ, fits = arrow.FixedWidthTypes.Time32ms, c.phys == physInt32
		} else {
			c.typ, fits = &arrow.Time64Type{Unit: unitOf(l.unit)}, c.phys == physInt64 && l.unit != 0
		}
	case logicalTimestamp:
		t := &arrow.TimestampType{Unit: unitOf(l.unit)}
		if l.utc {
			t.TimeZone = "UTC"
		}
		c.typ, fits = t, c.phys == physInt64 && l.unit >= 1 && l.unit <= 3
	case logicalInteger:
		c.typ, fits = integerType(c.phys, l)
	case logicalUUID:
		c.typ, fits = &arrow.FixedSizeBinaryType{ByteWidth: 16}, c.phys == physFixed && c.width == 16
	case logicalFloat16:
		c.typ, fits, c.form = arrow.PrimitiveTypes.Float32, c.phys == physFixed && c.width == 2, formHalf
	case convertedInterval + convertedOnly:
		c.typ, fits, c.form = arrow.FixedWidthTypes.MonthDayNanoInterval, c.phys == physFixed && c.width == 12, formInterval
	default: // none, or one that says nothing about the values
		e.plain(c)
		fits = true
	}
	if !fits {
		return bad("column %q has a logical type that does not go with how it is stored", e.name)
	}
	return nil
}

// plain is the type of values without a logical type.
func (e *element) plain(c *column) {
	switch c.phys {
	case physBoolean:
		c.typ, c.form = arrow.FixedWidthTypes.Boolean, formBits
	case physInt32:
		c.typ = arrow.PrimitiveTypes.Int32
	case physInt64:
		c.typ = arrow.PrimitiveTypes.Int64
	case physInt96:
		c.typ, c.form = &arrow.TimestampType{Unit: arrow.Microsecond}, formInt96
	case physFloat:
		c.typ = arrow.PrimitiveTypes.Float32
	case physDouble:
		c.typ = arrow.PrimitiveTypes.Float64
	case physBytes:
		c.typ = arrow.BinaryTypes.Binary
	case physFixed:
		c.typ = &arrow.FixedSizeBinaryType{ByteWidth: c.width}
	}
}

func integerType(p physical, l logical) (arrow.DataType, bool) {
	switch {
	case p == physInt32 && l.bits <= 32 && l.signed:
		return arrow.PrimitiveTypes.Int32, true
	case p == physInt32 && l.bits <= 32:
		return arrow.PrimitiveTypes.Uint32, true
	case p == physInt64 && l.bits == 64 && l.signed:
		return arrow.PrimitiveTypes.Int64, true
	case p == physInt64 && l.bits == 64:
		return arrow.PrimitiveTypes.Uint64, true
	}
	return nil, false
}

// decimal: up to 38 digits are 16 bytes in Arrow, up to 76 are 32.
func (e *element) decimal(c *column, l logical) error {
	c.form = formDecimal
	switch {
	case c.phys != physInt32 && c.phys != physInt64 && c.phys != physBytes && c.phys != physFixed:
		return bad("column %q has a logical type that does not go with how it is stored", e.name)
	case l.precision < 1 || l.scale > l.precision:
		return bad("column %q has precision %d and scale %d", e.name, l.precision, l.scale)
	case l.precision <= 38:
		c.typ = &arrow.Decimal128Type{Precision: int32(l.precision), Scale: int32(l.scale)}
	case l.precision <= 76:
		c.typ = &arrow.Decimal256Type{Precision: int32(l.precision), Scale: int32(l.scale)}
	default:
		return unsupported("column %q with decimals of %d digits", e.name, l.precision)
	}
	return nil
}

// convertedOnly sets the number of a converted type without a logical one apart from theirs.
const convertedOnly = 1000

// fromConverted is the logical type that the older annotation means. Its times are UTC's
// (LogicalTypes.md, "Compatibility").
func (e *element) fromConverted() logical {
	switch c := e.converted; {
	case c == convertedUTF8:
		return logical{id: logicalString}
	case c == convertedEnum:
		return logical{id: logicalEnum}
	case c == convertedJSON:
		return logical{id: logicalJSON}
	case c == convertedDecimal:
		return logical{id: logicalDecimal, precision: e.precision, scale: e.scale}
	case c == convertedDate:
		return logical{id: logicalDate}
	case c == convertedTimeMillis, c == convertedTimeMicros:
		return logical{id: logicalTime, utc: true, unit: int(c-convertedTimeMillis) + 1}
	case c == convertedTimestampMillis, c == convertedTSMicros:
		return logical{id: logicalTimestamp, utc: true, unit: int(c-convertedTimestampMillis) + 1}
	case c >= convertedUint8 && c <= convertedInt64:
		k := c - convertedUint8
		return logical{id: logicalInteger, bits: 8 << (k % 4), signed: k >= 4}
	case c == convertedInterval:
		return logical{id: convertedInterval + convertedOnly}
	}
	return logical{}
}

func unitOf(unit int) arrow.TimeUnit {
	switch unit {
	case 1:
		return arrow.Millisecond
	case 3:
		return arrow.Nanosecond
	}
	return arrow.Microsecond
}
