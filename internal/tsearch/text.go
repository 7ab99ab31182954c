package tsearch

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func appendInt(dst []byte, v int) []byte { return strconv.AppendInt(dst, int64(v), 10) }

func errShort() error {
	return sqlerr.New(sqlerr.ProtocolViolation, "insufficient data left in message")
}

func errExtra() error {
	return sqlerr.New(sqlerr.InvalidBinaryRepresentation, "incorrect binary data format")
}

func checkText(text []byte) error {
	if utf8.Valid(text) {
		return nil
	}
	return sqlerr.New(sqlerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8"`)
}

// width is how many bytes the character at the beginning of s has, 0 at the end.
func width(s string) int {
	if s == "" {
		return 0
	}
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func spaceAt(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	if r < 0x80 {
		return s != "" && (r == ' ' || r >= '\t' && r <= '\r')
	}
	return unicode.In(r, unicode.Z) && r != 0xa0 && r != 0x2007 && r != 0x202f
}

func digitAt(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

func letterAt(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && (unicode.IsLetter(r) || r >= 0x80 && unicode.In(r, unicode.Nd, unicode.Nl, unicode.Other_Alphabetic))
}

// operatorAt reports one of the operators that end a word of a query.
func operatorAt(s string) bool {
	if s == "" {
		return false
	}
	switch s[0] {
	case '!', '&', '|', '(', ')', '<':
		return true
	}
	return false
}
