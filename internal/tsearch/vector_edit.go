package tsearch

import (
	"bytes"
	"slices"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Strip takes the positions away.
func Strip(v []byte) []byte {
	words := Words(v)
	for i := range words {
		words[i].Pos = nil
	}
	return AppendWords(nil, words)
}

// WeightNamed is the weight that a letter means.
func WeightNamed(c byte) (int, error) {
	if w := weightOf(c); w >= 0 && c != '*' {
		return w, nil
	}
	return 0, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized weight: %d", int8(c))
}

// SetWeight gives all positions a weight, or those of some lexemes.
func SetWeight(v []byte, w int, lexemes [][]byte, all bool) []byte {
	words := Words(v)
	set := func(x *Word) {
		for i, p := range x.Pos {
			x.Pos[i] = position(p.At(), w)
		}
	}
	for i := range words {
		if all {
			set(&words[i])
		}
	}
	for _, lexeme := range lexemes {
		if i, ok := find(words, lexeme); ok {
			set(&words[i])
		}
	}
	return AppendWords(nil, words)
}

func find(words []Word, text []byte) (int, bool) {
	return slices.BinarySearchFunc(words, text, func(w Word, t []byte) int { return bytes.Compare(w.Text, t) })
}

// Concat puts b behind a: its positions follow a's last.
func Concat(a, b []byte) ([]byte, error) {
	x, y := Words(a), Words(b)
	last := 0
	for _, w := range x {
		if n := len(w.Pos); n > 0 {
			last = max(last, w.Pos[n-1].At())
		}
	}
	out := make([]Word, 0, len(x)+len(y))
	for len(x) > 0 || len(y) > 0 {
		c := 0
		switch {
		case len(y) == 0:
			c = -1
		case len(x) == 0:
			c = 1
		default:
			c = bytes.Compare(x[0].Text, y[0].Text)
		}
		var w Word
		if c <= 0 {
			w, x = x[0], x[1:]
		}
		if c >= 0 {
			w.Text, w.Pos = y[0].Text, appendMoved(w.Pos, y[0].Pos, last)
			y = y[1:]
		}
		out = append(out, w)
	}
	return appendChecked(nil, out)
}

// appendMoved appends positions some places on, until there is no room or no later place.
func appendMoved(dst, pos []Position, by int) []Position {
	for _, p := range pos {
		if n := len(dst); n > maxPositions || n > 0 && dst[n-1].At() == maxPosition {
			break
		}
		dst = append(dst, position(p.At()+by, p.Weight()))
	}
	return dst
}

// Delete takes lexemes out.
func Delete(v []byte, lexemes [][]byte) []byte {
	words := Words(v)
	drop := make([]bool, len(words))
	for _, lexeme := range lexemes {
		if i, ok := find(words, lexeme); ok {
			drop[i] = true
		}
	}
	i := -1
	return AppendWords(nil, slices.DeleteFunc(words, func(Word) bool { i++; return drop[i] }))
}

// Filter keeps the positions of some weights, given as bits, and the lexemes that have one.
func Filter(v []byte, weights int) []byte {
	words := Words(v)
	out := words[:0]
	for _, w := range words {
		w.Pos = slices.DeleteFunc(w.Pos, func(p Position) bool { return weights&(1<<p.Weight()) == 0 })
		if len(w.Pos) > 0 {
			out = append(out, w)
		}
	}
	return AppendWords(nil, out)
}

// count is how many words a text has to rank: the positions, and one for each lexeme without any.
func count(words []Word) (n int) {
	for _, w := range words {
		n += max(len(w.Pos), 1)
	}
	return n
}

// FromTexts is array_to_tsvector.
func FromTexts(texts [][]byte) ([]byte, error) {
	words := make([]Word, 0, len(texts))
	for _, t := range texts {
		if len(t) == 0 {
			return nil, sqlerr.New(sqlerr.ZeroLengthCharacterString, "lexeme array may not contain empty strings")
		}
		if len(t) > maxLexeme {
			return nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "word is too long (%d bytes, max %d bytes)", len(t), maxLexeme)
		}
		words = append(words, Word{Text: t})
	}
	return appendChecked(nil, unite(words))
}
