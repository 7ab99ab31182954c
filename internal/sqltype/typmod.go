package sqltype

import (
	"fmt"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Bits of an interval's typmod: fields << 16 | precision.
const (
	intervalFullRange     = 0x7fff
	intervalFullPrecision = 0xffff
	maxPrecision          = 6
	maxVarcharLen         = 10485760
)

// IntervalFields is the mask of fields of an interval typmod, all without one.
func IntervalFields(mod int32) int32 {
	if mod < 0 {
		return intervalFullRange
	}
	return mod >> 16 & intervalFullRange
}

// IntervalPrecision is the precision of an interval typmod, -1 = full.
func IntervalPrecision(mod int32) int32 {
	if mod < 0 || mod&intervalFullPrecision == intervalFullPrecision {
		return -1
	}
	return mod & intervalFullPrecision
}

// NumericMod splits a numeric typmod; ok is false without one.
func NumericMod(mod int32) (precision, scale int, ok bool) {
	if mod < 4 {
		return 0, 0, false
	}
	mod -= 4
	return int(mod>>16) & 0xffff, int((mod&0x7ff)^1024) - 1024, true
}

// ModOf builds a typmod from the numbers written after a type's name, as its typmodin function
// does.
func ModOf(t OID, args []int64) (int32, error) {
	if len(args) == 0 {
		return -1, nil
	}
	if e := t.Elem(); e != Invalid {
		t = e
	}
	switch t {
	case Varchar, BPChar:
		return charMod(t, args)
	case Numeric:
		return numericMod(args)
	case Bit, Varbit:
		return bitMod(t, args)
	case Time, Timetz, Timestamp, Timestamptz:
		if len(args) != 1 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid type modifier")
		}
		if args[0] < 0 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "%s(%d)%s precision must not be negative",
				strings.ToUpper(strings.SplitN(infoOf(t).Name, "tz", 2)[0]), args[0], zoneWords(t))
		}
		return int32(min(args[0], maxPrecision)), nil
	case Interval:
		return intervalMod(args)
	}
	return 0, sqlerr.New(sqlerr.SyntaxError, "type modifier is not allowed for type \"%s\"", infoOf(t).Name)
}

func zoneWords(t OID) string {
	if t == Timestamptz || t == Timetz {
		return " WITH TIME ZONE"
	}
	return ""
}

func charMod(t OID, args []int64) (int32, error) {
	name := "varchar"
	if t == BPChar {
		name = "char"
	}
	switch {
	case len(args) != 1:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid type modifier")
	case args[0] < 1:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "length for type %s must be at least 1", name)
	case args[0] > maxVarcharLen:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "length for type %s cannot exceed %d", name, maxVarcharLen)
	}
	return int32(args[0]) + 4, nil
}

func bitMod(t OID, args []int64) (int32, error) {
	switch name := infoOf(t).Name; {
	case len(args) != 1:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid type modifier")
	case args[0] < 1:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "length for type %s must be at least 1", name)
	case args[0] > 8*maxVarcharLen:
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "length for type %s cannot exceed %d", name, 8*maxVarcharLen)
	}
	return int32(args[0]), nil
}

func numericMod(args []int64) (int32, error) {
	if len(args) > 2 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid NUMERIC type modifier")
	}
	scale := int64(0)
	if len(args) == 2 {
		scale = args[1]
	}
	if args[0] < 1 || args[0] > 1000 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "NUMERIC precision %d must be between 1 and 1000", args[0])
	}
	if scale < -1000 || scale > 1000 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "NUMERIC scale %d must be between -1000 and 1000", scale)
	}
	return int32(args[0])<<16 | int32(scale)&0x7ff + 4, nil
}

// intervalMod takes the field mask and, optionally, a precision.
func intervalMod(args []int64) (int32, error) {
	if _, known := intervalRanges[int32(args[0])]; !known && args[0] != intervalFullRange || len(args) > 2 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid INTERVAL type modifier")
	}
	precision := int32(intervalFullPrecision)
	if len(args) == 2 {
		if args[1] < 0 {
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "INTERVAL(%d) precision must not be negative", args[1])
		}
		precision = int32(min(args[1], maxPrecision))
	} else if args[0] == intervalFullRange {
		return -1, nil
	}
	return int32(args[0])<<16 | precision, nil
}

// intervalRanges are the masks that SQL can write, bits numbered as in PostgreSQL.
var intervalRanges = map[int32]string{
	1 << 2: " year", 1 << 1: " month", 1 << 3: " day", 1 << 10: " hour", 1 << 11: " minute", 1 << 12: " second",
	1<<2 | 1<<1: " year to month", 1<<3 | 1<<10: " day to hour",
	1<<3 | 1<<10 | 1<<11: " day to minute", 1<<3 | 1<<10 | 1<<11 | 1<<12: " day to second",
	1<<10 | 1<<11: " hour to minute", 1<<10 | 1<<11 | 1<<12: " hour to second", 1<<11 | 1<<12: " minute to second",
}

// TypeName is what format_type shows: "integer", "character varying(10)", "numeric(10,2)",
// "timestamp(3) without time zone".
func TypeName(t Type) string {
	i := infoOf(t.OID)
	switch {
	case t.OID == Invalid:
		return "-"
	case i == nil:
		return "???"
	}
	if i.Elem != Invalid && t.OID != Int2Vector && t.OID != OIDVector {
		return TypeName(Type{i.Elem, t.Mod}) + "[]"
	}
	if t.Mod < 0 {
		if t.OID == BPChar {
			return "bpchar" // character without a length is character(1); this is not that
		}
		return i.SQLName
	}
	switch t.OID {
	case Varchar, BPChar:
		return fmt.Sprintf("%s(%d)", i.SQLName, t.Mod-4)
	case Bit, Varbit:
		return fmt.Sprintf("%s(%d)", i.SQLName, t.Mod)
	case Numeric:
		if p, s, ok := NumericMod(t.Mod); ok {
			return fmt.Sprintf("numeric(%d,%d)", p, s)
		}
	case Time, Timetz, Timestamp, Timestamptz:
		head, tail, _ := strings.Cut(i.SQLName, " ")
		return fmt.Sprintf("%s(%d) %s", head, t.Mod, tail)
	case Interval:
		s := "interval" + intervalRanges[IntervalFields(t.Mod)]
		if p := IntervalPrecision(t.Mod); p >= 0 {
			s += fmt.Sprintf("(%d)", p)
		}
		return s
	}
	return i.SQLName
}

// String is TypeName.
func (t Type) String() string { return TypeName(t) }

// String is the name without a modifier, as error messages of functions show it.
func (t OID) String() string {
	if i := infoOf(t); i != nil {
		return i.SQLName
	}
	return TypeName(Of(t))
}
