package codec

import (
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

func applyNumericMod(d decimal.Dec, mod int32) (decimal.Dec, error) {
	p, s, ok := sqltype.NumericMod(mod)
	if !ok {
		return d, nil
	}
	return decimal.ApplyMod(d, p, s)
}

// cutChars splits text after n characters.
func cutChars(v []byte, n int) (head, tail []byte) {
	if len(v) <= n {
		return v, nil
	}
	i := 0
	for ; n > 0 && i < len(v); n-- {
		_, k := utf8.DecodeRune(v[i:])
		i += k
	}
	return v[:i], v[i:]
}

func blank(v []byte) bool {
	for _, c := range v {
		if c != ' ' {
			return false
		}
	}
	return true
}

// CheckVarchar brings text to varchar's typmod: an explicit cast cuts, an assignment cuts only
// blanks and refuses other text with 22001. The result is part of v.
func CheckVarchar(v []byte, mod int32, explicit bool) ([]byte, error) {
	if mod < 4 {
		return v, nil
	}
	head, tail := cutChars(v, int(mod-4))
	if !explicit && !blank(tail) {
		return nil, sqlerr.New(sqlerr.StringDataRightTruncation, "value too long for type character varying(%d)", mod-4)
	}
	return head, nil
}

// AppendBPChar appends text brought to char's typmod: cut as varchar is, padded with blanks.
func AppendBPChar(dst, v []byte, mod int32, explicit bool) ([]byte, error) {
	if mod < 4 {
		return append(dst, v...), nil
	}
	n := int(mod - 4)
	head, tail := cutChars(v, n)
	if !explicit && !blank(tail) {
		return dst, sqlerr.New(sqlerr.StringDataRightTruncation, "value too long for type character(%d)", n)
	}
	dst = append(dst, head...)
	for k := utf8.RuneCount(head); k < n; k++ {
		dst = append(dst, ' ')
	}
	return dst, nil
}

// HasMod reports whether t's typmod changes values, so that a cast to it needs ApplyMod.
func HasMod(t sqltype.Type) bool {
	if t.Mod < 0 {
		return false
	}
	switch t.OID {
	case sqltype.Varchar, sqltype.BPChar, sqltype.Numeric, sqltype.Time, sqltype.Timestamp, sqltype.Timestamptz, sqltype.Interval:
		return true
	}
	return false
}

// ApplyMod appends row of col, a value of type t.OID, brought to t's typmod: the length
// coercion of casts. NULL stays NULL.
func ApplyMod(b *delta.Builder, t sqltype.Type, col *delta.Column, row int32, explicit bool) error {
	if !HasMod(t) || col.Null(row) {
		b.AppendFrom(col, row)
		return nil
	}
	i := col.At(row)
	switch t.OID {
	case sqltype.Varchar:
		v, err := CheckVarchar(col.Bytes(row), t.Mod, explicit)
		if err != nil {
			return err
		}
		b.AppendBytes(v)
	case sqltype.BPChar:
		return appendVar(b, col.Bytes(row), func(dst, src []byte) ([]byte, error) {
			return AppendBPChar(dst, src, t.Mod, explicit)
		})
	case sqltype.Numeric:
		d, err := applyNumericMod(col.Numeric(row), t.Mod)
		if err != nil {
			return err
		}
		b.AppendNumeric(d)
	case sqltype.Interval:
		v := delta.Values[delta.Interval](col)[i]
		delta.Append(b, datetime.ApplyIntervalMod(v, sqltype.IntervalFields(t.Mod), sqltype.IntervalPrecision(t.Mod)))
	default:
		delta.Append(b, datetime.RoundMicros(delta.Values[int64](col)[i], t.Mod))
	}
	return nil
}
