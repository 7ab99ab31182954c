package codec

import (
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
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

// FitBPChar brings text to char's typmod: cut as varchar is, to be followed by so many blanks. head is
// a part of v.
func FitBPChar(v []byte, mod int32, explicit bool) (head []byte, blanks int, err error) {
	if mod < 4 {
		return v, 0, nil
	}
	n := int(mod - 4)
	head, tail := cutChars(v, n)
	if !explicit && !blank(tail) {
		return nil, 0, sqlerr.New(sqlerr.StringDataRightTruncation, "value too long for type character(%d)", n)
	}
	return head, n - utf8.RuneCount(head), nil
}

// AppendBPChar appends what FitBPChar gives.
func AppendBPChar(dst, v []byte, mod int32, explicit bool) ([]byte, error) {
	head, blanks, err := FitBPChar(v, mod, explicit)
	if err != nil {
		return dst, err
	}
	return AppendBlanks(append(dst, head...), blanks), nil
}

const someBlanks = "                                                                "

// AppendBlanks appends n blanks.
func AppendBlanks(dst []byte, n int) []byte {
	for ; n > len(someBlanks); n -= len(someBlanks) {
		dst = append(dst, someBlanks...)
	}
	return append(dst, someBlanks[:n]...)
}
