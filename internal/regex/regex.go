package regex

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Regexp is a compiled pattern.
type Regexp struct {
	re *regexp.Regexp // nil = RE2 has no words for the pattern
	// tree is for what re does not do, or not as PostgreSQL does; nil = re does all.
	tree *tree
	// mixed: greedy and non-greedy quantifiers, or the latter and groups, so that only Match of re is PostgreSQL's.
	mixed bool
	// empty are the offsets of the match in the empty string, nil when there is none.
	empty   []int
	anchors bool // the pattern has ^, $ or their kin
	program int  // instructions
}

// options are the flags of the regexp functions and of (?flags) at a pattern's start.
type options struct {
	ignoreCase bool
	literal    bool
	dotNewline bool // dot and negated brackets match newline
	lineEnds   bool // ^ and $ match at newlines
}

// Compile translates and compiles an ARE; ignoreCase is that of ~*.
func Compile(pattern string, ignoreCase bool) (*Regexp, *sqlerr.Error) {
	return compile(pattern, options{ignoreCase: ignoreCase, dotNewline: true})
}

// Modes is how a pattern is read and matched, as SQL/JSON has it.
type Modes struct {
	IgnoreCase bool
	Literal    bool // the pattern stands for itself
	DotNewline bool // dot and negated brackets match newline
	LineEnds   bool // ^ and $ match at newlines
}

// CompileModes is Compile with modes.
func CompileModes(pattern string, m Modes) (*Regexp, error) {
	re, err := compile(pattern, options{ignoreCase: m.IgnoreCase, literal: m.Literal, dotNewline: m.DotNewline, lineEnds: m.LineEnds})
	if err != nil {
		return nil, err
	}
	return re, nil
}

// CompileFlags is Compile with the flags of a regexp function; g says that flag g was among
// them.
func CompileFlags(pattern, flags string) (re *Regexp, g bool, err *sqlerr.Error) {
	o := options{dotNewline: true}
	for _, c := range flags {
		if c == 'g' {
			g = true
			continue
		}
		if ok, err := o.set(c); err != nil || !ok {
			if err == nil {
				err = sqlerr.New(sqlerr.InvalidParameterValue, `invalid regular expression option: "%c"`, c)
			}
			return nil, false, err
		}
	}
	re, err = compile(pattern, o)
	return re, g, err
}

// set applies one flag; ok is false for one that is none.
func (o *options) set(c rune) (ok bool, err *sqlerr.Error) {
	switch c {
	case 'c':
		o.ignoreCase = false
	case 'i':
		o.ignoreCase = true
	case 'm', 'n':
		o.dotNewline, o.lineEnds = false, true
	case 'p':
		o.dotNewline, o.lineEnds = false, false
	case 'q':
		o.literal = true
	case 's':
		o.dotNewline, o.lineEnds = true, false
	case 't':
	case 'w':
		o.dotNewline, o.lineEnds = true, true
	case 'b', 'e', 'x':
		return true, errUnsupported("regular expression flag " + string(c))
	default:
		return false, nil
	}
	return true, nil
}

func errUnsupported(what string) *sqlerr.Error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "%s is not supported yet", what)
}

func errInvalid(why string) *sqlerr.Error {
	return sqlerr.New(sqlerr.InvalidRegularExpression, "invalid regular expression: %s", why)
}

func compile(pattern string, o options) (*Regexp, *sqlerr.Error) {
	if len(pattern) > maxPattern {
		return nil, errTooComplex()
	}
	pattern, err := o.director(pattern)
	if err != nil {
		return nil, err
	}
	t := translator{options: o, src: pattern}
	text := regexp.QuoteMeta(pattern)
	forTree := text
	if !o.literal {
		if err := t.run(); err != nil {
			return nil, err
		}
		text, forTree = t.out.engine.String(), t.out.tree.String()
	}
	flags := "(?s)"
	if o.ignoreCase {
		flags = "(?si)"
	}
	size, err := programSize(flags + text)
	if err != nil {
		return nil, err
	}
	if len(t.specials) > 0 {
		if len(t.specials) > maxSpecials || strings.ContainsFunc(pattern, func(r rune) bool { return r >= besideSpecial }) {
			return nil, errTooComplex()
		}
		tree, err := buildTree(flags, forTree, t.specials)
		return &Regexp{tree: tree, program: size}, err
	}
	re, goErr := regexp.Compile(flags + text)
	if goErr != nil {
		return nil, errGo(goErr)
	}
	if !t.lazy {
		re.Longest()
	}
	out := &Regexp{re: re, mixed: t.lazy && (t.greedy || t.branches || t.groups > 0), empty: re.FindStringSubmatchIndex(""), anchors: t.anchors, program: size}
	if out.mixed || out.anchors || t.groups > 0 {
		out.tree, err = buildTree(flags, forTree, nil)
	}
	return out, err
}

// programSize is how many instructions a pattern becomes.
func programSize(text string) (int, *sqlerr.Error) {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 0, errGo(err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0, errGo(err)
	}
	if len(prog.Inst) > maxProgram {
		return 0, errTooComplex()
	}
	return max(len(prog.Inst), 1), nil
}

func errTooComplex() *sqlerr.Error { return errInvalid("regular expression is too complex") }

// director reads *** and (?flags) at the start of a pattern.
func (o *options) director(pattern string) (string, *sqlerr.Error) {
	if o.literal {
		return pattern, nil
	}
	switch {
	case strings.HasPrefix(pattern, "***="):
		o.literal = true
		return pattern[4:], nil
	case strings.HasPrefix(pattern, "***:"):
		pattern = pattern[4:]
	case strings.HasPrefix(pattern, "***"):
		return "", errInvalid("quantifier operand invalid")
	}
	if !strings.HasPrefix(pattern, "(?") || len(pattern) < 3 || !isLetter(pattern[2]) {
		return pattern, nil
	}
	end := strings.IndexByte(pattern, ')')
	if end < 0 {
		return "", errInvalid("invalid embedded option")
	}
	for _, c := range pattern[2:end] {
		if ok, err := o.set(c); err != nil {
			return "", err
		} else if !ok {
			return "", errInvalid("invalid embedded option")
		}
	}
	return pattern[end+1:], nil
}

func errGo(err error) *sqlerr.Error {
	if strings.Contains(err.Error(), "repeat count") || strings.Contains(err.Error(), "too large") || strings.Contains(err.Error(), "nests too deeply") {
		return errTooComplex()
	}
	return errInvalid(strings.TrimPrefix(err.Error(), "error parsing regexp: "))
}

// Groups is the number of capturing groups.
func (r *Regexp) Groups() int {
	if r.re == nil {
		return r.tree.groups
	}
	return r.re.NumSubexp()
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
