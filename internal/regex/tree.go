package regex

// op is what a node of a pattern's tree matches.
type op uint8

const (
	opEmpty  op = iota
	opNever     // nothing
	opRunes     // these characters
	opClass     // one character of a class
	opPlace     // no characters, at some places
	opConcat    // left, then right
	opEither    // one of subs
	opRepeat    // left, min to max times
	opGroup     // left, which is noted
	opBack      // what a group matched
)

// traits are what a part of a pattern wants and has, as PostgreSQL tells it apart.
type traits uint8

const (
	longer   traits = 1 << iota // the longest match
	shorter                     // the shortest
	mixed                       // parts that want one and parts that want the other
	hasGroup                    // groups whose matches are noted
	hasBack                     // back references
)

// prefers is what is wanted of t.
func (t traits) prefers() traits { return t & (longer | shorter) }

// up is what goes for whatever a part stands in.
func (t traits) up() traits {
	out := t & (mixed | hasGroup | hasBack)
	if t.prefers() == longer|shorter {
		out |= mixed
	}
	return out
}

// messy parts have to be dissected.
func (t traits) messy() bool { return t&(mixed|hasGroup|hasBack) != 0 }

// and is the traits of t and what follows it: the first that wants something decides.
func (t traits) and(o traits) traits {
	wants := t.prefers()
	if wants == 0 {
		wants = o.prefers()
	}
	return (t | o).up() | wants
}

// node is a part of a pattern.
type node struct {
	op          op
	id          int // place in the memory of a search
	left, right *node
	subs        []*node
	runes       []rune // characters, or pairs of bounds
	fold        bool   // characters match in any case
	min, max    int    // of a repetition or back reference; max -1 = any number
	traits      traits
	plain       bool // it is not dissected
	group       int
	groups      []int // inside
	place       place
	look        *node // of a place that looks ahead or behind
}

// place is a condition on a place in the text.
type place uint8

const (
	textStart place = iota
	textEnd
	lineStart
	lineEnd
	wordStart
	wordEnd
	wordEdge
	noWordEdge
	ahead
	notAhead
	behind
	notBehind
)

// special is what RE2's syntax has no words for: in a translation a rune stands for it.
type special struct {
	back  int // a group, 0 = it is a place
	place place
	look  string // translation of what is looked for
	wants traits // it says what the quantifier before it wants
}

// firstSpecial is the rune of the first special: of a private plane, whose runes no pattern may have then.
const (
	firstSpecial  = 0x10F000
	besideSpecial = firstSpecial - 1
	maxSpecials   = 0x1000
)

// tree is a pattern whose matches are found by dissecting the text; a search holds its memory. It is read-only.
type tree struct {
	root   *node
	nodes  int
	groups int
	nested bool // groups are repeated
}
