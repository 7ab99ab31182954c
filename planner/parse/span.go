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

// tokenAt is the token that begins at an offset of a text, and the lexer behind it.
func tokenAt(text string, at int) (t token, lx *lexer, ok bool) {
	lx = &lexer{src: text}
	for t = lx.next(); t.kind != tokEOF && int(t.start) < at; {
		t = lx.next()
	}
	return t, lx, t.kind != tokEOF && int(t.start) == at
}

// BareNameEnd is where a name ends that stands at an offset without a schema; false: something else stands there.
func BareNameEnd(text string, at int, name string) (end int, ok bool) {
	t, lx, ok := tokenAt(text, at)
	if !ok || nameIn(lx.text(t), t.kind) != name {
		return 0, false
	}
	end = int(t.end)
	dot := lx.next()
	return end, dot.kind != tokOp || lx.text(dot) != "."
}

// nameIn is what an identifier means.
func nameIn(text string, kind tokenKind) string {
	switch {
	case kind == tokWord:
		return strings.ToLower(text)
	case kind == tokQuoted && text[0] == '"' && len(text) > 1:
		return strings.ReplaceAll(text[1:len(text)-1], `""`, `"`)
	}
	return ""
}

// StringEnd is where a plain string constant of a value ends that stands at an offset.
func StringEnd(text string, at int, value string) (end int, ok bool) {
	t, lx, ok := tokenAt(text, at)
	if s := lx.text(t); !ok || t.kind != tokString || s[0] != '\'' || strings.ReplaceAll(s[1:len(s)-1], "''", "'") != value {
		return 0, false
	}
	return int(t.end), true
}

// StarEnd is where * or t.* ends that stands at an offset.
func StarEnd(text string, at int) (end int, ok bool) {
	t, lx, ok := tokenAt(text, at)
	for ; ok; t = lx.next() {
		switch {
		case t.kind == tokOp && lx.src[t.start] == '*':
			return int(t.start) + 1, true
		case t.kind != tokWord && t.kind != tokQuoted && (t.kind != tokOp || lx.text(t) != "."):
			return 0, false
		}
	}
	return 0, false
}

// behindTargets are the words that may follow the last item of a SELECT list.
var behindTargets = map[string]bool{
	"from": true, "where": true, "group": true, "having": true, "window": true, "order": true, "limit": true, "offset": true, "fetch": true,
	"for": true, "union": true, "intersect": true, "except": true, "into": true, "emit": true,
}

// TargetEnd is where the item of a SELECT list ends that stands at an offset, and where its last token begins.
func TargetEnd(text string, at int) (last, end int) {
	t, lx, _ := tokenAt(text, at)
	depth, before := 0, ""
	for ; t.kind != tokEOF; t = lx.next() {
		word := strings.ToLower(lx.text(t))
		switch {
		case t.kind == tokOp && (word == "(" || word == "["):
			depth++
		case t.kind == tokOp && (word == ")" || word == "]"):
			depth--
		}
		ends := depth < 0 || depth == 0 && t.kind == tokOp && (word == "," || word == ";")
		if depth == 0 && t.kind == tokWord && behindTargets[word] && before != "as" && before != "." {
			ends = ends || (before != "distinct" || word != "from") && (before != "within" || word != "group") // a IS DISTINCT FROM b
		}
		if ends {
			break
		}
		last, end, before = int(t.start), int(t.end), word
	}
	return last, end
}
