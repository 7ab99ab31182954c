package tsearch

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// words reads the words of a vector's or a query's text, with quotes and escapes.
type words struct {
	all  string // for messages
	rest string
	// query: operators end a word, and a colon is not this reader's. web: quotes and backslashes are nothing, " ends a word.
	query, web bool
}

func (r *words) wrong() error {
	kind := "tsvector"
	if r.query {
		kind = "tsquery"
	}
	return sqlerr.New(sqlerr.SyntaxError, `syntax error in %s: "%s"`, kind, r.all)
}

// take appends the character at the front to word.
func (r *words) take(word []byte) []byte {
	n := width(r.rest)
	word = append(word, r.rest[:n]...)
	r.rest = r.rest[n:]
	return word
}

// next is the next word and, of a vector, its positions; ok is false at the end.
func (r *words) next() (word []byte, pos []Position, ok bool, err error) {
	for spaceAt(r.rest) {
		r.rest = r.rest[width(r.rest):]
	}
	switch {
	case r.rest == "":
		return nil, nil, false, nil
	case !r.web && r.rest[0] == '\'':
		r.rest = r.rest[1:]
		word, err = r.quoted()
	case r.query && operatorAt(r.rest) || r.web && r.rest[0] == '"':
		return nil, nil, false, r.wrong()
	default:
		word, err = r.bare()
	}
	if err == nil && len(word) == 0 {
		err = r.wrong()
	}
	if err != nil {
		return nil, nil, false, err
	}
	if !r.query && strings.HasPrefix(r.rest, ":") {
		r.rest = r.rest[1:]
		pos, err = r.positions()
	}
	return word, pos, err == nil, err
}

// escaped takes the character behind a backslash.
func (r *words) escaped(word []byte) ([]byte, error) {
	if r.rest = r.rest[1:]; r.rest == "" {
		return nil, sqlerr.New(sqlerr.SyntaxError, `there is no escaped character: "%s"`, r.all)
	}
	return r.take(word), nil
}

func (r *words) bare() (word []byte, err error) {
	for first := true; ; first = false {
		switch {
		case r.rest == "":
			return word, nil
		case !r.web && r.rest[0] == '\\':
			if word, err = r.escaped(word); err != nil {
				return nil, err
			}
		case first:
			word = r.take(word)
		case spaceAt(r.rest), r.rest[0] == ':', r.query && operatorAt(r.rest), r.web && r.rest[0] == '"':
			return word, nil
		default:
			word = r.take(word)
		}
	}
}

func (r *words) quoted() (word []byte, err error) {
	for {
		switch {
		case r.rest == "":
			return nil, r.wrong()
		case r.rest[0] == '\\':
			if word, err = r.escaped(word); err != nil {
				return nil, err
			}
		case r.rest[0] != '\'':
			word = r.take(word)
		case strings.HasPrefix(r.rest, "''"):
			word, r.rest = append(word, '\''), r.rest[2:]
		default:
			r.rest = r.rest[1:]
			return word, nil
		}
	}
}

// positions are numbers with a weight behind them, and commas between them.
func (r *words) positions() (pos []Position, err error) {
	for {
		if !digitAt(r.rest) {
			return nil, r.wrong()
		}
		at := 0
		for ; digitAt(r.rest); r.rest = r.rest[1:] {
			at = min(10*at+int(r.rest[0]-'0'), maxPosition)
		}
		if at == 0 {
			return nil, sqlerr.New(sqlerr.SyntaxError, `wrong position info in tsvector: "%s"`, r.all)
		}
		weight := 0
		for {
			if r.rest == "" || spaceAt(r.rest) {
				return append(pos, position(at, weight)), nil
			}
			c := r.rest[0]
			r.rest = r.rest[1:]
			if c == ',' {
				break
			}
			w := weightOf(c)
			switch {
			case c >= '0' && c <= '9':
			case w < 0 || weight != 0:
				return nil, r.wrong()
			default:
				weight = w
			}
		}
		pos = append(pos, position(at, weight))
	}
}

// weightOf is the weight of a letter, -1 = it is none. A star is A.
func weightOf(c byte) int {
	switch c {
	case 'a', 'A', '*':
		return 3
	case 'b', 'B':
		return 2
	case 'c', 'C':
		return 1
	case 'd', 'D':
		return 0
	}
	return -1
}

// AppendVector is tsvectorin.
func AppendVector(dst, src []byte) ([]byte, error) {
	text := string(src)
	r := &words{all: text, rest: text}
	var list []Word
	total := 0
	for {
		word, pos, ok, err := r.next()
		switch {
		case err != nil:
			return dst, err
		case !ok:
			return appendChecked(dst, unite(list))
		case len(word) > maxLexeme:
			return dst, sqlerr.New(sqlerr.ProgramLimitExceeded, "word is too long (%d bytes, max %d bytes)", len(word), maxLexeme)
		case total > maxLexemes:
			return dst, errTooLong(total)
		}
		total += len(word)
		list = append(list, Word{word, pos})
	}
}
