package regex

import (
	"io"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Breathe ends a search when it returns an error; it is called every few milliseconds of work.
type Breathe func() *sqlerr.Error

const (
	// maxPattern and maxProgram bound a pattern, in bytes and in instructions: PostgreSQL calls
	// what is larger too complex as well.
	maxPattern = 32 << 10
	maxProgram = 64 << 10
	// directWork is how much work, bytes times instructions, a search does without a look at
	// whether to go on: some 20 ms.
	directWork = 1 << 20
	// maxAnchored bounds a text in which all matches of a pattern with anchors are looked for:
	// what stands before a match is not known to a search that begins behind it, so this one
	// cannot be done in parts.
	maxAnchored = 4 << 20
)

// direct reports whether a search of s may run to its end at once.
func (r *Regexp) direct(size int) bool { return size*r.program <= directWork }

// text gives s to a search, until it is to stop.
type text struct {
	s       string
	breathe Breathe
	every   int // runes between two calls of breathe
	left    int
	err     *sqlerr.Error
}

func (r *Regexp) text(s string, breathe Breathe) *text {
	every := max(directWork/r.program/4, 1)
	return &text{s: s, breathe: breathe, every: every, left: every}
}

// ReadRune implements io.RuneReader; an end that is asked for looks like the text's.
func (t *text) ReadRune() (rune, int, error) {
	if t.left--; t.left == 0 {
		t.left = t.every
		t.err = t.breathe()
	}
	if t.s == "" || t.err != nil {
		return 0, 0, io.EOF
	}
	if c := t.s[0]; c < utf8.RuneSelf {
		t.s = t.s[1:]
		return rune(c), 1, nil
	}
	c, size := utf8.DecodeRuneInString(t.s)
	t.s = t.s[size:]
	return c, size, nil
}

// Match reports whether s contains a match.
func (r *Regexp) Match(s string, breathe Breathe) (bool, *sqlerr.Error) {
	if r.re == nil {
		at, err := r.Find(s, breathe)
		return at != nil, err
	}
	if r.direct(len(s)) {
		return r.re.MatchString(s), nil
	}
	t := r.text(s, breathe)
	found := r.re.MatchReader(t)
	return found, t.err
}

// Find returns the offsets of the first match and its groups, nil when there is none.
func (r *Regexp) Find(s string, breathe Breathe) ([]int, *sqlerr.Error) {
	if r.dissected() {
		x := r.tree.search(s, breathe)
		at := x.find(0)
		return at, x.err
	}
	return r.find(s, breathe)
}

// dissected: the tree finds what PostgreSQL does, and re does not.
func (r *Regexp) dissected() bool { return r.re == nil || r.mixed }

// eachDissected visits the matches from a place on, which see what stands before it.
func (r *Regexp) eachDissected(s string, from int, breathe Breathe, visit func(at []int) *sqlerr.Error) *sqlerr.Error {
	x := r.tree.search(s, breathe)
	at := 0
	for at < len(x.text) && x.offsets[at] < from {
		at++
	}
	for at <= len(x.text) {
		found := x.find(at)
		if found == nil || x.err != nil {
			break
		}
		if err := visit(found); err != nil {
			return err
		}
		for at <= len(x.text) && x.offsets[min(at, len(x.text))] < found[1] {
			at++
		}
		if found[0] == found[1] {
			at++
		}
	}
	return x.err
}

func (r *Regexp) find(s string, breathe Breathe) ([]int, *sqlerr.Error) {
	if r.direct(len(s)) {
		return r.grouped(s, r.re.FindStringSubmatchIndex(s), breathe)
	}
	t := r.text(s, breathe)
	at := r.re.FindReaderSubmatchIndex(t)
	if t.err != nil {
		return nil, t.err
	}
	return r.grouped(s, at, breathe)
}

// grouped is a match of re with the groups that PostgreSQL notes: where groups are repeated, re has other ones.
func (r *Regexp) grouped(s string, at []int, breathe Breathe) ([]int, *sqlerr.Error) {
	if at == nil || r.tree == nil || !r.tree.nested {
		return at, nil
	}
	// The characters beside the match are all that its conditions on places look at.
	_, before := utf8.DecodeLastRuneInString(s[:at[0]])
	_, after := utf8.DecodeRuneInString(s[at[1]:])
	from := at[0] - before
	x := r.tree.search(s[from:at[1]+after], breathe)
	first, last := min(before, 1), len(x.text)-min(after, 1)
	for i := range x.groups {
		x.groups[i] = -1
	}
	if !x.dissect(r.tree.root, first, last) {
		return at, x.err // the two agree about what matches
	}
	for i := 2; i < len(at); i++ {
		if at[i] = -1; x.groups[i] >= 0 {
			at[i] = from + x.offsets[x.groups[i]]
		}
	}
	return at, nil
}

// Each visits the offsets of every match and its groups, left to right, none overlapping; they
// are valid until visit returns. As in PostgreSQL, and unlike Go, an empty match may follow
// another match at once.
func (r *Regexp) Each(s string, breathe Breathe, visit func(at []int) *sqlerr.Error) *sqlerr.Error {
	switch {
	case r.dissected(), r.anchors && r.empty != nil:
		return r.eachDissected(s, 0, breathe, visit)
	case !r.anchors:
		return r.eachFrom(s, 0, breathe, visit)
	case len(s) > maxAnchored || len(s)*r.program > 64*directWork:
		return errUnsupported("finding all matches of a regular expression with anchors in a text so long")
	}
	for _, at := range r.re.FindAllStringSubmatchIndex(s, -1) {
		at, err := r.grouped(s, at, breathe)
		if err == nil {
			err = visit(at)
		}
		if err != nil {
			return err
		}
	}
	return breathe()
}

// EachFrom is Each of the matches that begin at offset from or behind it.
func (r *Regexp) EachFrom(s string, from int, breathe Breathe, visit func(at []int) *sqlerr.Error) *sqlerr.Error {
	switch {
	case from == 0:
		return r.Each(s, breathe, visit)
	case r.dissected(), r.anchors:
		return r.eachDissected(s, from, breathe, visit)
	}
	return r.eachFrom(s, from, breathe, visit)
}

// eachFrom searches what is behind each match anew: without anchors it does not matter what
// stands before.
func (r *Regexp) eachFrom(s string, done int, breathe Breathe, visit func(at []int) *sqlerr.Error) *sqlerr.Error {
	for done <= len(s) {
		at, err := r.find(s[done:], breathe)
		if err == nil {
			err = breathe()
		}
		if err != nil || at == nil {
			return err
		}
		for i := range at {
			if at[i] >= 0 {
				at[i] += done
			}
		}
		if err := visit(at); err != nil {
			return err
		}
		if done = at[1]; at[0] == at[1] {
			_, size := utf8.DecodeRuneInString(s[done:])
			done += max(size, 1)
		}
	}
	return nil
}
