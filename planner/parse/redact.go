package parse

import "strings"

// Redacted is a statement's text for a log, at most max bytes and a mark where it was cut: strings
// and numbers are "?", and so is what follows PASSWORD, whatever it is; comments are gone.
func Redacted(sql string, max int) string {
	var out strings.Builder
	x := lexer{src: sql}
	end := int32(0)
	secret := false
	for t := x.next(); t.kind != tokEOF; t = x.next() {
		if out.Len() >= max {
			out.WriteString(" …")
			break
		}
		if t.start > end && out.Len() > 0 {
			out.WriteByte(' ')
		}
		end = t.end
		text := x.text(t)
		if secret || t.kind == tokString || t.kind == tokNumber {
			text = "?"
		}
		if room := max - out.Len(); len(text) > room {
			text = strings.ToValidUTF8(text[:room], "")
		}
		out.WriteString(text)
		secret = t.kind == tokWord && strings.EqualFold(x.text(t), "password")
	}
	return out.String()
}
