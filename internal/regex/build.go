package regex

import (
	"regexp/syntax"
	"slices"
	"strconv"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// treeBuilder makes a tree of what Go's parser reads of a translation in which all brackets and branches are named groups: (?P<gN> of one
// whose match is noted, (?P<n> of one whose is not, (?P<b> of a branch.
type treeBuilder struct {
	t        *tree
	specials []special
	byGroup  map[int]*node
	flags    string
}

func buildTree(flags, text string, specials []special) (*tree, *sqlerr.Error) {
	b := &treeBuilder{t: &tree{}, specials: specials, byGroup: map[int]*node{}, flags: flags}
	root, err := b.parse(text)
	if err != nil {
		return nil, err
	}
	b.t.root = root
	return b.t, nil
}

func (b *treeBuilder) parse(text string) (*node, *sqlerr.Error) {
	parsed, err := syntax.Parse(b.flags+text, syntax.Perl)
	if err != nil {
		return nil, errGo(err)
	}
	return b.node(parsed)
}

// new numbers a node; what has no groups, back references or clashes of preference inside is plain.
func (b *treeBuilder) new(n node) *node {
	n.id = b.t.nodes
	b.t.nodes++
	n.plain = n.plain || !n.traits.messy()
	for _, s := range append([]*node{n.left, n.right}, n.subs...) {
		if s != nil && !n.plain && n.op != opBack { // what a back reference reaches is no part of it
			n.groups = append(n.groups, s.groups...)
		}
	}
	if n.op == opGroup {
		n.groups = append(n.groups, n.group)
	}
	return &n
}

//lint:dispatch
func (b *treeBuilder) node(re *syntax.Regexp) (*node, *sqlerr.Error) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return b.new(node{op: opEmpty}), nil
	case syntax.OpCharClass:
		return b.new(node{op: opClass, runes: slices.Clone(re.Rune)}), nil
	case syntax.OpAnyChar:
		return b.new(node{op: opClass, runes: []rune{0, 0x10FFFF}}), nil
	case syntax.OpAnyCharNotNL:
		return b.new(node{op: opClass, runes: []rune{0, '\n' - 1, '\n' + 1, 0x10FFFF}}), nil
	case syntax.OpBeginText:
		return b.new(node{op: opPlace, place: textStart}), nil
	case syntax.OpEndText:
		return b.new(node{op: opPlace, place: textEnd}), nil
	case syntax.OpBeginLine:
		return b.new(node{op: opPlace, place: lineStart}), nil
	case syntax.OpEndLine:
		return b.new(node{op: opPlace, place: lineEnd}), nil
	case syntax.OpCapture:
		return b.capture(re)
	case syntax.OpLiteral, syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat, syntax.OpConcat:
		parts, err := b.parts(nil, re)
		if err != nil {
			return nil, err
		}
		return b.branch(parts), nil
	case syntax.OpAlternate:
		n := node{op: opEither, traits: longer}
		for _, s := range re.Sub {
			sub, err := b.node(s)
			if err != nil {
				return nil, err
			}
			n.subs = append(n.subs, sub)
			n.traits |= (n.traits | sub.traits).up()
		}
		return b.new(n), nil
	}
	return b.new(node{op: opNever}), nil
}

func (b *treeBuilder) capture(re *syntax.Regexp) (*node, *sqlerr.Error) {
	sub, err := b.node(re.Sub[0])
	if err != nil || re.Name[0] != 'g' {
		return sub, err
	}
	group, _ := strconv.Atoi(re.Name[1:]) // the translator wrote it
	b.t.groups = max(b.t.groups, group)
	n := b.new(node{op: opGroup, left: sub, group: group, traits: sub.traits | hasGroup})
	b.byGroup[group] = n
	return n, nil
}

// part is a quantified atom of a branch.
type part struct {
	atom     *node
	brackets bool
	min, max int
	wants    traits // of its quantifier
}

// parts appends those that re is.
func (b *treeBuilder) parts(out []part, re *syntax.Regexp) (_ []part, err *sqlerr.Error) {
	one := part{min: 1, max: 1, wants: longer}
	if re.Flags&syntax.NonGreedy != 0 {
		one.wants = shorter
	}
	switch re.Op {
	case syntax.OpConcat:
		for _, s := range re.Sub {
			if out, err = b.parts(out, s); err != nil {
				return nil, err
			}
		}
		return out, nil
	case syntax.OpLiteral:
		return b.literal(out, re)
	case syntax.OpStar:
		one.min, one.max = 0, -1
	case syntax.OpPlus:
		one.max = -1
	case syntax.OpQuest:
		one.min = 0
	case syntax.OpRepeat:
		if one.min, one.max = re.Min, re.Max; re.Min == re.Max {
			one.wants = 0
		}
	default:
		one.wants, one.brackets = 0, re.Op == syntax.OpCapture
		one.atom, err = b.node(re)
		return append(out, one), err
	}
	atom := re.Sub[0]
	one.brackets = atom.Op == syntax.OpCapture
	one.atom, err = b.node(atom)
	return append(out, one), err
}

// literal is characters, among which specials may stand.
func (b *treeBuilder) literal(out []part, re *syntax.Regexp) ([]part, *sqlerr.Error) {
	fold := re.Flags&syntax.FoldCase != 0
	plain := 0
	flush := func(to int) {
		if plain < to {
			out = append(out, part{atom: b.new(node{op: opRunes, runes: slices.Clone(re.Rune[plain:to]), fold: fold}), min: 1, max: 1})
		}
	}
	for i, r := range re.Rune {
		at := int(r) - firstSpecial
		if at < 0 || at >= len(b.specials) {
			continue
		}
		flush(i)
		plain = i + 2 // past the rune beside it
		if wants := b.specials[at].wants; wants != 0 {
			out[len(out)-1].wants = wants
			continue
		}
		n, err := b.special(b.specials[at], fold)
		if err != nil {
			return nil, err
		}
		out = append(out, part{atom: n, min: 1, max: 1})
	}
	flush(len(re.Rune))
	return out, nil
}

// branch is one part after the other: as many as go together are one plain part, then one that has to be dissected, then the rest.
func (b *treeBuilder) branch(parts []part) *node {
	var prefix []*node
	var before traits
	for i, p := range parts {
		now := before | p.wants | p.atom.traits
		if !p.brackets && !now.up().messy() {
			prefix, before = append(prefix, b.repeat(p, true)), now
			continue
		}
		atom := b.repeat(p, false)
		tail := atom
		if i+1 < len(parts) {
			rest := b.branch(parts[i+1:])
			tail = b.new(node{op: opConcat, left: atom, right: rest, traits: atom.traits.and(rest.traits)})
			if len(prefix) > 0 && atom.plain && rest.plain && !(atom.traits | rest.traits).up().messy() {
				tail.plain = true
			}
		}
		if len(prefix) == 0 {
			return tail
		}
		head := b.plainChain(prefix, before)
		return b.new(node{op: opConcat, left: head, right: tail, traits: before | before.and(tail.traits)})
	}
	return b.plainChain(prefix, before)
}

// plainChain is parts that are not told apart.
func (b *treeBuilder) plainChain(parts []*node, t traits) *node {
	if len(parts) == 0 {
		return b.new(node{op: opEmpty})
	}
	out := parts[len(parts)-1]
	for i := len(parts) - 2; i >= 0; i-- {
		out = b.new(node{op: opConcat, left: parts[i], right: out, plain: true, traits: t})
	}
	if len(parts) == 1 && out.traits != t {
		out = b.new(node{op: opConcat, left: out, right: b.new(node{op: opEmpty}), plain: true, traits: t})
	}
	return out
}

// repeat is a part with its quantifier; plain says that nothing in it is told apart.
func (b *treeBuilder) repeat(p part, plain bool) *node {
	a := p.atom
	wants := p.wants.and(a.traits)
	b.t.nested = b.t.nested || a.traits&hasGroup != 0 && (p.min != 1 || p.max != 1)
	switch {
	case a.op == opBack && !p.brackets:
		a.min, a.max = p.min, p.max
		a.traits |= wants
		return a
	case p.max == 0:
		return b.new(node{op: opEmpty})
	case p.min == 1 && p.max == 1 && (p.wants == 0 || a.traits&(longer|shorter|mixed) == 0 || p.wants == a.traits&(longer|shorter|mixed)):
		return a
	case plain || a.traits&(hasGroup|hasBack) == 0:
		return b.new(node{op: opRepeat, left: a, min: p.min, max: p.max, traits: wants, plain: true})
	case p.min > 0 && a.traits&hasBack == 0:
		// What a group matched in the last round counts, so that only that one is dissected.
		most := p.max
		if most > 0 {
			most--
		}
		rounds := b.new(node{op: opRepeat, left: a, min: p.min - 1, max: most, traits: wants.prefers(), plain: true})
		return b.new(node{op: opConcat, left: rounds, right: a, traits: wants})
	}
	return b.new(node{op: opRepeat, left: a, min: p.min, max: p.max, traits: wants})
}

func (b *treeBuilder) special(s special, fold bool) (*node, *sqlerr.Error) {
	if s.back > 0 {
		// What a group may match is more than what it has matched, and bounds where it can end.
		return b.new(node{op: opBack, group: s.back, left: b.anywhere(b.byGroup[s.back]), min: 1, max: 1, traits: hasBack, fold: fold}), nil
	}
	n := node{op: opPlace, place: s.place}
	if s.place >= ahead {
		var err *sqlerr.Error
		if n.look, err = b.parse(s.look); err != nil {
			return nil, err
		}
	}
	return b.new(n), nil
}

// anywhere is n without conditions on places: the same text matches it elsewhere.
func (b *treeBuilder) anywhere(n *node) *node {
	if n == nil {
		return nil
	}
	out := *n
	if n.op == opPlace {
		out = node{op: opEmpty}
	}
	out.left, out.right = b.anywhere(n.left), b.anywhere(n.right)
	out.subs, out.groups = nil, nil
	for _, s := range n.subs {
		out.subs = append(out.subs, b.anywhere(s))
	}
	return b.new(out)
}
