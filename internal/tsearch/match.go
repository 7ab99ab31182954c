package tsearch

import "bytes"

// answer is whether a part of a query is true of a document; maybe where the positions that it needs are not there.
type answer uint8

const (
	no answer = iota
	yes
	maybe
)

// places are where a part of a query matches: at these positions, or with negate everywhere else. A match is width positions long and
// ends there.
type places struct {
	at     []int
	negate bool
	width  int
}

// lookup answers for a lexeme; where is nil if nobody asks where it is.
type lookup func(n *Node, where *places) answer

// matcher runs a query over what lookup knows.
type matcher struct{ lookup lookup }

// Match reports whether a vector matches a query.
func Match(v, q []byte) bool {
	root := Tree(q)
	if root == nil {
		return false
	}
	words := Words(v)
	m := matcher{func(n *Node, where *places) answer { return lookIn(words, n, where) }}
	return m.matches(root)
}

func (m matcher) matches(root *Node) bool { return m.run(root) != no }

func (m matcher) run(n *Node) answer {
	switch n.Op {
	case 0:
		return m.lookup(n, nil)
	case Not:
		switch m.run(n.Right) {
		case no:
			return yes
		case yes:
			return no
		}
		return maybe
	case And:
		left := m.run(n.Left)
		if left == no {
			return no
		}
		if right := m.run(n.Right); right != yes {
			return right
		}
		return left
	case Or:
		left := m.run(n.Left)
		if left == yes {
			return yes
		}
		if right := m.run(n.Right); right != no {
			return right
		}
		return left
	}
	if m.phrase(n, nil) == yes { // what may be is not, in a phrase
		return yes
	}
	return no
}

// phrase answers where n matches.
func (m matcher) phrase(n *Node, out *places) answer {
	switch n.Op {
	case 0:
		return m.lookup(n, out)
	case Not:
		return m.phraseNot(n, out)
	}
	var l, r places
	left := m.phrase(n.Left, &l)
	if left == no && n.Op != Or {
		return no
	}
	right := m.phrase(n.Right, &r)
	switch {
	case right == no && (n.Op != Or || left == no):
		return no
	case left == maybe || right == maybe:
		return maybe
	}
	if left == no {
		l.width = 0
	}
	if right == no {
		r.width = 0
	}
	// The narrower of two sides is aligned to the end of the wider; of a phrase, the left to where the right begins.
	width := max(l.width, r.width)
	j := joint{l: &l, r: &r, byL: width - l.width, byR: width - r.width, out: out}
	if n.Op == Phrase {
		width = n.Distance + l.width + r.width
		j.byL, j.byR = n.Distance+r.width, 0
	}
	if out != nil {
		out.width = width
	}
	if n.Op == Or {
		return j.or()
	}
	return j.and()
}

func (m matcher) phraseNot(n *Node, out *places) answer {
	if out == nil {
		out = new(places)
	}
	switch m.phrase(n.Right, out) {
	case no:
		out.negate = true
		return yes
	case maybe:
		return maybe
	}
	if len(out.at) > 0 {
		out.negate = !out.negate
		return yes
	}
	if out.negate {
		out.negate = false
		return no
	}
	return yes
}

// joint merges the positions of two sides, each moved on by so many.
type joint struct {
	l, r     *places
	byL, byR int
	out      *places
}

func (j *joint) and() answer {
	switch {
	case j.l.negate && j.r.negate:
		return j.negated(true, true, true)
	case j.l.negate:
		return j.merge(false, false, true)
	case j.r.negate:
		return j.merge(false, true, false)
	}
	return j.merge(true, false, false)
}

func (j *joint) or() answer {
	switch {
	case j.l.negate && j.r.negate:
		return j.negated(true, false, false)
	case j.l.negate:
		return j.negated(false, true, false)
	case j.r.negate:
		return j.negated(false, false, true)
	}
	return j.merge(true, true, true)
}

// negated is everywhere but where merge finds.
func (j *joint) negated(both, onlyL, onlyR bool) answer {
	j.merge(both, onlyL, onlyR)
	if j.out != nil {
		j.out.negate = true
	}
	return yes
}

// merge gives the positions that both sides have, or one of them alone.
func (j *joint) merge(both, onlyL, onlyR bool) answer {
	found := no
	l, r := j.l.at, j.r.at
	for len(l) > 0 && (len(r) > 0 || onlyL) || len(r) > 0 && onlyR {
		at := 0
		switch {
		case len(r) == 0 || len(l) > 0 && l[0]+j.byL < r[0]+j.byR:
			if onlyL {
				at = l[0] + j.byL
			}
			l = l[1:]
		case len(l) == 0 || l[0]+j.byL > r[0]+j.byR:
			if onlyR {
				at = r[0] + j.byR
			}
			r = r[1:]
		default:
			if both {
				at = r[0] + j.byR
			}
			l, r = l[1:], r[1:]
		}
		if at <= 0 {
			continue
		}
		found = yes
		if j.out == nil {
			return yes
		}
		j.out.at = append(j.out.at, at)
	}
	return found
}

// lookIn looks a lexeme up in the words of a vector.
func lookIn(words []Word, n *Node, where *places) answer {
	i, found := find(words, n.Word)
	end := i
	if found {
		end++
	}
	if n.Prefix {
		for end < len(words) && bytes.HasPrefix(words[end].Text, n.Word) {
			end++
		}
	}
	result := no
	for ; i < end; i++ {
		w := &words[i]
		if len(w.Pos) == 0 {
			if where != nil {
				where.at = nil
				return maybe
			}
			return yes // whatever its weight
		}
		for _, p := range w.Pos {
			if n.Weights != 0 && n.Weights&(1<<p.Weight()) == 0 {
				continue
			}
			if result = yes; where == nil {
				return yes
			}
			where.at = append(where.at, p.At())
		}
	}
	if where != nil && n.Prefix {
		where.at = ordered(where.at)
	}
	return result
}
