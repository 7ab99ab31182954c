package parse

import "strings"

// RelationSpan is where the name of a relation that stands at an offset of a text ends, and where its alias does, if it is
// said to have one. within: it stands where no alias may stand, behind the word TABLE or as the argument of a function.
func RelationSpan(text string, at int, alias bool) (nameEnd, aliasEnd int, within bool) {
	lx := lexer{src: text}
	before := token{kind: tokEOF}
	t := lx.next()
	for ; t.kind != tokEOF && int(t.start) < at; t = lx.next() {
		before = t
	}
	within = before.kind == tokWord && strings.ToLower(lx.text(before)) == "table"
	nameEnd = int(t.end)
	for t = lx.next(); t.kind == tokOp && lx.text(t) == "."; t = lx.next() {
		if t = lx.next(); t.kind == tokWord || t.kind == tokQuoted {
			nameEnd = int(t.end)
		}
	}
	within = within || t.kind == tokOp && lx.text(t) == "," && before.kind == tokOp && lx.text(before) == "("
	if !alias {
		return nameEnd, nameEnd, within
	}
	if t.kind == tokWord && strings.ToLower(lx.text(t)) == "for" { // SYSTEM_TIME AS OF … AS alias
		return nameEnd, nameEnd, true
	}
	if t.kind == tokOp && lx.text(t) == "*" {
		t = lx.next()
	}
	if t.kind == tokWord && strings.ToLower(lx.text(t)) == "as" {
		t = lx.next()
	}
	aliasEnd = int(t.end)
	if t = lx.next(); t.kind == tokOp && lx.text(t) == "(" {
		for t.kind != tokEOF && lx.text(t) != ")" {
			t = lx.next()
		}
		return nameEnd, int(t.end), within
	}
	return nameEnd, aliasEnd, within
}
