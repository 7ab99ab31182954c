package pgwire

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// validText refuses bytes that are no text: invalid UTF-8 and NUL.
func validText(texts ...[]byte) error {
	for _, b := range texts {
		if bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) {
			continue
		}
		return sqlerr.New(sqlerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": %s", firstInvalid(b))
	}
	return nil
}

// firstInvalid prints the first bytes that are no character, as PostgreSQL does: as many as
// the first byte announces.
func firstInvalid(b []byte) string {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if (r == utf8.RuneError && size == 1) || b[0] == 0 {
			break
		}
		b = b[size:]
	}
	if len(b) == 0 {
		return ""
	}
	n := 1
	switch {
	case b[0]&0xe0 == 0xc0:
		n = 2
	case b[0]&0xf0 == 0xe0:
		n = 3
	case b[0]&0xf8 == 0xf0:
		n = 4
	}
	var out []string
	for _, v := range b[:min(n, len(b))] {
		out = append(out, fmt.Sprintf("0x%02x", v))
	}
	return strings.Join(out, " ")
}
