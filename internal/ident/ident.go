// Package ident writes names as SQL text.
package ident

import "strings"

// Quote is a name as SQL text, in quotes where it needs them: PostgreSQL's quote_ident.
func Quote(s string) string {
	safe := s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] == '_') && !mustQuote[s]
	for i := 0; safe && i < len(s); i++ {
		c := s[i]
		safe = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
	}
	if safe {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// Text is a string literal.
func Text(s string) string {
	out := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(out, `\`, `\\`)
	}
	return out
}
