package tsearch

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Bounds of vectors and queries.
const (
	maxLexeme    = 1<<11 - 2 // bytes
	maxLexemes   = 1<<20 - 1 // bytes of all of them, with their positions
	maxPositions = 255       // of a lexeme
	maxPosition  = 1<<14 - 1
)

// Position is a place in a document, with its weight: 3 is A, 0 is D.
type Position uint16

// At is the place without the weight.
func (p Position) At() int { return int(p & maxPosition) }

// Weight is 0 to 3.
func (p Position) Weight() int { return int(p >> 14) }

func position(at, weight int) Position { return Position(min(at, maxPosition) | weight<<14) }

// Word is a lexeme of a vector. Its bytes are those of the vector, its positions are its own.
type Word struct {
	Text []byte
	Pos  []Position // ascending; none where they were stripped
}

// A Vector's stored form is PostgreSQL's binary one: how many words, and each: its text, a NUL, how many positions, the positions; numbers
// are big-endian. A value that is stored is well formed.

// Len is how many words a vector has.
func Len(v []byte) int { return int(binary.BigEndian.Uint32(v)) }

// Words are the words of a vector.
func Words(v []byte) []Word {
	words := make([]Word, 0, Len(v))
	positions := make([]Position, 0, len(v)/2)
	for rest := v[4:]; len(rest) > 0; {
		var w Word
		from := len(positions)
		w.Text, positions, rest = nextWord(rest, positions)
		w.Pos = positions[from:len(positions):len(positions)]
		words = append(words, w)
	}
	return words
}

func nextWord(v []byte, positions []Position) (text []byte, pos []Position, rest []byte) {
	end := bytes.IndexByte(v, 0)
	n := int(binary.BigEndian.Uint16(v[end+1:]))
	rest = v[end+3:]
	for i := range n {
		positions = append(positions, Position(binary.BigEndian.Uint16(rest[2*i:])))
	}
	return v[:end:end], positions, rest[2*n:]
}

// AppendWords appends the vector of words, which are in order.
func AppendWords(dst []byte, words []Word) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(words)))
	for _, w := range words {
		dst = append(append(dst, w.Text...), 0)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(w.Pos)))
		for _, p := range w.Pos {
			dst = binary.BigEndian.AppendUint16(dst, uint16(p))
		}
	}
	return dst
}

// appendChecked is AppendWords for words that may be too many.
func appendChecked(dst []byte, words []Word) ([]byte, error) {
	if n := weight(words); n > maxLexemes {
		return dst, errTooLong(n)
	}
	return AppendWords(dst, words), nil
}

func errTooLong(n int) error {
	return sqlerr.New(sqlerr.ProgramLimitExceeded, "string is too long for tsvector (%d bytes, max %d bytes)", n, maxLexemes)
}

// weight is how many bytes PostgreSQL needs for words: it bounds them, and is what vectors are ordered by first.
func weight(words []Word) (n int) {
	for _, w := range words {
		n += len(w.Text)
		if len(w.Pos) > 0 {
			n += n&1 + 2 + 2*len(w.Pos)
		}
	}
	return n
}

// unite orders words and makes those of one text one.
func unite(words []Word) []Word {
	slices.SortStableFunc(words, func(a, b Word) int { return bytes.Compare(a.Text, b.Text) })
	out := words[:0]
	for i, w := range words {
		if i > 0 && bytes.Equal(w.Text, out[len(out)-1].Text) {
			last := &out[len(out)-1]
			last.Pos = append(last.Pos, w.Pos...)
			continue
		}
		out = append(out, w)
	}
	for i := range out {
		out[i].Pos = unitePositions(out[i].Pos)
	}
	return out
}

// unitePositions orders positions; of two at one place the heavier stays. There are at most maxPositions.
func unitePositions(pos []Position) []Position {
	if len(pos) <= 1 {
		return pos
	}
	slices.SortStableFunc(pos, func(a, b Position) int { return cmp.Compare(a.At(), b.At()) })
	out := pos[:1]
	for _, p := range pos[1:] {
		last := &out[len(out)-1]
		if p.At() == last.At() {
			*last = max(*last, p)
			continue
		}
		out = append(out, p)
		if len(out) >= maxPositions || p.At() == maxPosition {
			break
		}
	}
	return out
}

// CompareVectors is the order of tsvectors: by size, number of words, and then word by word.
func CompareVectors(a, b []byte) int {
	if bytes.Equal(a, b) {
		return 0
	}
	x, y := Words(a), Words(b)
	if c := cmp.Or(cmp.Compare(weight(x)+4*len(x), weight(y)+4*len(y)), cmp.Compare(len(x), len(y))); c != 0 {
		return c
	}
	for i := range x {
		if c := compareWords(&x[i], &y[i]); c != 0 {
			return c
		}
	}
	return 0
}

func compareWords(a, b *Word) int {
	if len(a.Pos) == 0 != (len(b.Pos) == 0) {
		return cmp.Compare(len(b.Pos), len(a.Pos))
	}
	if c := cmp.Or(bytes.Compare(a.Text, b.Text), cmp.Compare(len(b.Pos), len(a.Pos))); c != 0 {
		return c
	}
	for i, p := range a.Pos {
		q := b.Pos[i]
		if c := cmp.Or(cmp.Compare(q.At(), p.At()), cmp.Compare(q.Weight(), p.Weight())); c != 0 {
			return c
		}
	}
	return 0
}

// AppendVectorText is tsvectorout.
func AppendVectorText(dst, v []byte) []byte {
	for i, w := range Words(v) {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = appendQuoted(dst, w.Text)
		for k, p := range w.Pos {
			c := byte(',')
			if k == 0 {
				c = ':'
			}
			dst = append(appendInt(append(dst, c), p.At()), "\x00CBA"[p.Weight()])
			if p.Weight() == 0 {
				dst = dst[:len(dst)-1]
			}
		}
	}
	return dst
}

func appendQuoted(dst, word []byte) []byte {
	dst = append(dst, '\'')
	for _, c := range word {
		if c == '\'' || c == '\\' {
			dst = append(dst, c)
		}
		dst = append(dst, c)
	}
	return append(dst, '\'')
}

// DecodeVector is tsvectorrecv.
func DecodeVector(src []byte) ([]byte, error) {
	bad := func(text string) ([]byte, error) {
		return nil, sqlerr.New(sqlerr.InvalidBinaryRepresentation, "%s", text)
	}
	if len(src) < 4 {
		return nil, errShort()
	}
	n := int32(binary.BigEndian.Uint32(src))
	if n < 0 || n > 1<<28 {
		return bad("invalid size of tsvector")
	}
	var words []Word
	rest := src[4:]
	for range n {
		end := bytes.IndexByte(rest, 0)
		if end < 0 || len(rest) < end+3 {
			return nil, errShort()
		}
		npos := int(binary.BigEndian.Uint16(rest[end+1:]))
		switch {
		case end > maxLexeme+1:
			return bad("invalid tsvector: lexeme too long")
		case npos > maxPositions+1:
			return bad("unexpected number of tsvector positions")
		case len(rest) < end+3+2*npos:
			return nil, errShort()
		}
		if err := checkText(rest[:end]); err != nil {
			return nil, err
		}
		var w Word
		w.Text, w.Pos, rest = nextWord(rest, nil)
		for i, p := range w.Pos {
			if i > 0 && p.At() <= w.Pos[i-1].At() {
				return bad("position information is misordered")
			}
		}
		words = append(words, w)
	}
	if len(rest) > 0 {
		return nil, errExtra()
	}
	words = unite(words)
	if weight(words) > maxLexemes {
		return bad("invalid tsvector: maximum total lexeme length exceeded")
	}
	return AppendWords(nil, words), nil
}
