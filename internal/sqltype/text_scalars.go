package sqltype

import (
	"encoding/hex"
)

// AppendUUID appends a UUID's text.
func AppendUUID(dst []byte, u [16]byte) []byte {
	for i, cut := range [...]int{4, 6, 8, 10, 16} {
		from := 0
		if i > 0 {
			dst = append(dst, '-')
			from = [...]int{0, 4, 6, 8, 10}[i]
		}
		dst = hex.AppendEncode(dst, u[from:cut])
	}
	return dst
}

// AppendBytea appends bytea's text: hex, or escape.
func AppendBytea(dst, v []byte, escape bool) []byte {
	if !escape {
		return hex.AppendEncode(append(dst, '\\', 'x'), v)
	}
	for _, c := range v {
		switch {
		case c == '\\':
			dst = append(dst, '\\', '\\')
		case c < 0x20 || c > 0x7e:
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
