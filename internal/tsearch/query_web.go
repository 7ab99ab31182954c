package tsearch

import "strings"

// nextWeb reads words with AND between them, phrases in quotes, or, and - for NOT. It refuses nothing.
func (t *tokens) nextWeb() (queryToken, error) {
	for {
		t.skip()
		if t.behind {
			return t.nextWebOperator()
		}
		switch {
		case strings.HasPrefix(t.rest, "-"):
			t.rest, t.operand = t.rest[1:], true
			return queryToken{kind: tokenOperator, op: Not}, nil
		case strings.HasPrefix(t.rest, `"`):
			phrase, rest, _ := strings.Cut(t.rest[1:], `"`)
			t.rest = rest
			return t.valueToken(phrase, 0, false)
		case operatorAt(t.rest):
			t.rest, t.operand = t.rest[1:], true
			continue
		}
		r := &words{all: t.all, rest: t.rest, query: true, web: true}
		word, _, ok, err := r.next()
		switch {
		case err != nil:
			return queryToken{}, err
		case ok:
			t.rest = r.rest
			return t.valueToken(string(word), 0, false)
		case t.operand: // an operator needs one
			t.operand, t.behind = false, true
			return queryToken{kind: tokenValue, node: &Node{Op: stop}}, nil
		}
		return queryToken{}, nil
	}
}

func (t *tokens) nextWebOperator() (queryToken, error) {
	switch {
	case t.rest == "":
		return queryToken{}, nil
	case t.isOr():
		return t.operatorToken(Or, 0, 2)
	}
	return t.operatorToken(And, 0, 0)
}

// isOr reports the word or, behind which something stands.
func (t *tokens) isOr() bool {
	if len(t.rest) < 3 || !strings.EqualFold(t.rest[:2], "or") {
		return false
	}
	after := t.rest[2:]
	if after[0] == '-' || after[0] == '_' || letterAt(after) || digitAt(after) {
		return false
	}
	after = after[width(after):]
	for spaceAt(after) {
		after = after[width(after):]
	}
	return after != ""
}
