package kernel

import "github.com/tributary-db/tributary/internal/ident"

import "strings"

// appendLiteral appends s as a SQL string literal.
func appendLiteral(dst []byte, s string) []byte {
	if strings.IndexByte(s, '\\') >= 0 {
		dst = append(dst, 'E')
	}
	dst = append(dst, '\'')
	for i := 0; i < len(s); i++ {
		if s[i] == '\'' || s[i] == '\\' {
			dst = append(dst, s[i])
		}
		dst = append(dst, s[i])
	}
	return append(dst, '\'')
}

// appendIdent appends s as a SQL identifier, quoted where it must be.
func appendIdent(dst []byte, s string) []byte { return append(dst, ident.Quote(s)...) }
