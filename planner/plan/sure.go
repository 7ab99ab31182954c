package plan

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
)

// sure: a function that can refuse a row does not with the constants that it has here. What cannot fail goes below joins.
func sure(e *Call, f *builtin.Func) bool {
	switch f.Symbol {
	case "textlike", "textnlike", "texticlike", "texticnlike", "namelike", "namenlike", "nameiclike", "nameicnlike":
		return len(e.Args) == 2 && wholePattern(e.Args[1])
	case "text_substr":
		return len(e.Args) == 3 && notBelow(e.Args[2], 0) && notBelow(e.Args[1], 0)
	}
	return false
}

// wholePattern: a pattern of LIKE that does not end in the midst of an escape.
func wholePattern(e Expr) bool {
	k, ok := e.(*Const)
	if !ok || k.Value.Null(0) {
		return false
	}
	p := k.Value.Bytes(0)
	for i := 0; i < len(p); i++ {
		if p[i] == '\\' {
			if i++; i == len(p) {
				return false
			}
		}
	}
	return true
}

func notBelow(e Expr, least int32) bool {
	k, ok := e.(*Const)
	return ok && !k.Value.Null(0) && delta.Values[int32](&k.Value)[0] >= least
}
