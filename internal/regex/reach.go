package regex

import (
	"math/bits"
	"unicode"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxReach bounds what a search remembers, in words of eight bytes: some 32 MiB.
const maxReach = 4 << 20

// ends are places in a text, as bits.
type ends []uint64

func (s ends) has(i int) bool { return s[i>>6]>>(i&63)&1 != 0 }
func (s ends) put(i int)      { s[i>>6] |= 1 << (i & 63) }

func (s ends) add(o ends) (more bool) {
	for i, w := range o {
		more = more || w&^s[i] != 0
		s[i] |= w
	}
	return more
}

// each visits the places, ascending.
func (s ends) each(visit func(i int) bool) {
	for at, w := range s {
		for ; w != 0; w &= w - 1 {
			if !visit(at<<6 + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}

// search looks for matches of a tree in one text.
type search struct {
	tree    *tree
	text    []rune
	offsets []int // in bytes, of the characters and of the end
	reached [][]ends
	words   int
	breathe Breathe
	steps   int
	err     *sqlerr.Error
	groups  []int // pairs of places, -1 = unset
}

func (t *tree) search(s string, breathe Breathe) *search {
	x := &search{tree: t, breathe: breathe, reached: make([][]ends, t.nodes), groups: make([]int, 2*(t.groups+1))}
	for i, r := range s {
		x.text, x.offsets = append(x.text, r), append(x.offsets, i)
	}
	x.offsets = append(x.offsets, len(s))
	return x
}

func errTooLong() *sqlerr.Error {
	return errUnsupported("a regular expression of this kind in a text so long")
}

// step counts work; false = the search has ended with an error.
func (x *search) step() bool {
	if x.steps++; x.steps&0x3ff == 0 && x.err == nil {
		x.err = x.breathe()
	}
	return x.err == nil
}

func (x *search) empty() ends { return make(ends, len(x.text)>>6+1) }

// reach are the places where a match of n that begins at from may end; of what has no back reference it is just those.
func (x *search) reach(n *node, from int) ends {
	memo := x.reached[n.id]
	if memo == nil {
		memo = make([]ends, len(x.text)+1)
		x.reached[n.id] = memo
		x.words += 3 * len(memo)
	}
	if memo[from] != nil {
		return memo[from]
	}
	out := x.empty()
	if x.words += len(out); x.words > maxReach && x.err == nil {
		x.err = errTooLong()
	}
	if x.step() {
		x.fill(n, from, out)
	}
	memo[from] = out
	return out
}

//lint:dispatch
func (x *search) fill(n *node, from int, out ends) {
	switch n.op {
	case opEmpty:
		out.put(from)
	case opRunes:
		for i, r := range n.runes {
			if from+i >= len(x.text) || !sameRune(r, x.text[from+i], n.fold) {
				return
			}
		}
		out.put(from + len(n.runes))
	case opClass:
		if from < len(x.text) && inClass(n.runes, x.text[from]) {
			out.put(from + 1)
		}
	case opPlace:
		if x.holds(n, from) {
			out.put(from)
		}
	case opConcat:
		x.reach(n.left, from).each(func(mid int) bool {
			out.add(x.reach(n.right, mid))
			return x.step()
		})
	case opEither:
		for _, s := range n.subs {
			out.add(x.reach(s, from))
		}
	case opGroup:
		out.add(x.reach(n.left, from))
	case opBack, opRepeat:
		x.fillRepeat(n, from, out)
	}
}

// fillRepeat goes in rounds: after each, where so many repetitions may end.
func (x *search) fillRepeat(n *node, from int, out ends) {
	now := x.empty()
	now.put(from)
	for round := 0; ; round++ {
		more := true
		if round >= n.min {
			more = out.add(now)
		}
		if round == n.max || !more && round > n.min {
			return
		}
		next, any := x.empty(), false
		now.each(func(mid int) bool {
			any = next.add(x.reach(n.left, mid)) || any
			return x.step()
		})
		if !any || x.err != nil {
			return
		}
		now = next
	}
}

func sameRune(a, b rune, fold bool) bool {
	if a == b || !fold {
		return a == b
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}

func inClass(bounds []rune, r rune) bool {
	for i := 0; i < len(bounds); i += 2 {
		if r <= bounds[i+1] {
			return r >= bounds[i]
		}
	}
	return false
}

func isWordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// holds reports whether the condition of a place is true.
//
//lint:dispatch
func (x *search) holds(n *node, at int) bool {
	before := at > 0 && isWordRune(x.text[at-1])
	after := at < len(x.text) && isWordRune(x.text[at])
	switch n.place {
	case textStart:
		return at == 0
	case textEnd:
		return at == len(x.text)
	case lineStart:
		return at == 0 || x.text[at-1] == '\n'
	case lineEnd:
		return at == len(x.text) || x.text[at] == '\n'
	case wordStart:
		return after && !before
	case wordEnd:
		return before && !after
	case wordEdge:
		return before != after
	case noWordEdge:
		return before == after
	}
	found := false
	if n.place == ahead || n.place == notAhead {
		x.reach(n.look, at).each(func(int) bool { found = true; return false })
	} else {
		for from := at; from >= 0 && !found && x.step(); from-- {
			found = x.reach(n.look, from).has(at)
		}
	}
	return found == (n.place == ahead || n.place == behind)
}
