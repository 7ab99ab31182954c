package codec

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// ParseLSN reads a pg_lsn: two numbers to the base 16, of eight digits at most.
func ParseLSN(src []byte) (int64, error) {
	high, low, ok := bytes.Cut(src, []byte("/"))
	part := func(digits []byte) uint64 {
		n, err := strconv.ParseUint(string(digits), 16, 32)
		ok = ok && err == nil && len(digits) <= 8 && digits[0] != '+'
		return n
	}
	n := part(high)<<32 | part(low)
	if !ok {
		return 0, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type pg_lsn: \"%s\"", src)
	}
	return sqltype.FromUnsigned(n), nil
}

// parseXID8 reads an xid8 as C reads numbers: 0x and 0 in front say the base.
func parseXID8(src []byte) (int64, error) {
	text := string(bytes.Trim(src, " \t\n\r\v\f"))
	base := 10
	switch {
	case len(text) > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'):
		text, base = text[2:], 16
	case len(text) > 1 && text[0] == '0':
		base = 8
	}
	negative := len(text) > 1 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	n, err := strconv.ParseUint(text, base, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "value \"%s\" is out of range for type xid8", src)
	case err != nil:
		return 0, sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type xid8: \"%s\"", src)
	}
	if negative {
		n = -n
	}
	return sqltype.FromUnsigned(n), nil
}
