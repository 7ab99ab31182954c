package typetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// lexemes is a tsvector of few lexemes.
func lexemes(r *rand.Rand) string {
	words := make([]string, r.IntN(4))
	for i := range words {
		words[i] = lexeme(r)
		if r.IntN(2) == 0 {
			words[i] += fmt.Sprintf(":%d%s,%d", 1+r.IntN(5), pick(r, "", "A", "C"), 1+r.IntN(20000))
		}
	}
	return strings.Join(words, " ")
}

func lexeme(r *rand.Rand) string { return pick(r, "a", "b", "ab", "'it''s'", "ü") }

// searched is a tsquery of no more than so many levels.
func searched(r *rand.Rand, depth int) string {
	if depth == 0 || r.IntN(4) == 0 {
		return lexeme(r) + pick(r, "", "", ":*", ":A", ":*BD")
	}
	left := searched(r, depth-1)
	switch r.IntN(4) {
	case 0:
		return "!(" + left + ")"
	case 1:
		return "(" + left + " & " + searched(r, depth-1) + ")"
	case 2:
		return "(" + left + " | " + searched(r, depth-1) + ")"
	}
	return "(" + left + pick(r, " <-> ", " <2> ") + searched(r, depth-1) + ")"
}
