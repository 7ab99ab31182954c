package numchar

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// reader takes a number out of a text as a format says it is written. It is lenient as PostgreSQL is: each
// element takes what fits it, and passes over the rest.
type reader struct {
	*Format
	s         string
	at        int
	digits    []byte
	sign      byte // ' ' = none yet
	pre, post int  // digits read before the point and after it
	point     bool
}

// Read is the number in s, as text that numeric reads, with the digits of precision and scale that it may have.
func (f *Format) Read(s string, breathe Breathe) (number string, precision, scale int, err *sqlerr.Error) {
	r := reader{Format: f, s: s, sign: ' '}
	for i := range f.elements {
		if i%breath == breath-1 {
			if err := breathe(); err != nil {
				return "", 0, 0, err
			}
		}
		if r.over() {
			break
		}
		r.element(&f.elements[i])
	}
	digits := strings.TrimSuffix(string(r.digits), ".")
	return string(r.sign) + digits, f.pre + r.post, r.post, nil
}

func (r *reader) over() bool { return r.at >= len(r.s) }

//lint:dispatch
func (r *reader) element(e *element) {
	switch e.kind {
	case "9", "0", ".", "D":
		r.part(e.kind)
		r.at++
	case ",", "G":
		if !r.fill && r.s[r.at] == ',' {
			r.at++
		}
	case "L":
		r.pass(1)
	case "TH":
		if !r.decimal {
			r.pass(2)
		}
	case "MI", "PL", "SG":
		switch c := r.s[r.at]; {
		case c == '-' && e.kind != "PL", c == '+' && e.kind != "MI":
			r.sign = c
			r.at++
		default:
			r.pass(1)
		}
	case "":
		if c := e.text[0]; c < 0x80 || c >= 0xc0 { // a character of several bytes is an element for each
			r.character()
		}
	}
}

// character passes over a character.
func (r *reader) character() {
	r.at++
	for !r.over() && r.s[r.at]&0xc0 == 0x80 {
		r.at++
	}
}

// pass passes over up to n characters that can be of no number.
func (r *reader) pass(n int) {
	for ; n > 0 && !r.over() && strings.IndexByte("0123456789.,+-", r.s[r.at]) < 0; n-- {
		r.character()
	}
}

// part reads a digit or the point, and a sign beside it.
func (r *reader) part(kind string) {
	if r.over() {
		return
	}
	if r.s[r.at] == ' ' {
		r.at++
	}
	if r.over() {
		return
	}
	if r.sign == ' ' && (kind == "0" || kind == "9") && r.pre+r.post == 0 {
		r.signBefore()
	}
	if r.over() {
		return
	}
	read := false
	switch c := r.s[r.at]; {
	case c >= '0' && c <= '9':
		if r.point && r.post == r.Post {
			return
		}
		r.digits = append(r.digits, c)
		if read = true; r.point {
			r.post++
		} else {
			r.pre++
		}
	case r.decimal && !r.point && c == '.':
		r.digits = append(r.digits, '.')
		r.point, read = true, true
	}
	if r.sign == ' ' && r.pre+r.post > 0 {
		r.signBehind(read)
	}
}

func (r *reader) signBefore() {
	switch c := r.s[r.at]; {
	case c == '-', c == '<' && r.bracket && r.Format.sign != signBefore:
		r.sign = '-'
	case c == '+':
		r.sign = '+'
	default:
		return
	}
	r.at++
}

// signBehind reads a sign that stands at once behind the last digit, or where none was read.
func (r *reader) signBehind(read bool) {
	isSign := func(at int) bool { return r.s[at] == '-' || r.s[at] == '+' }
	switch {
	case r.Format.sign != signNone && read && r.at+1 < len(r.s) && !(r.s[r.at+1] >= '0' && r.s[r.at+1] <= '9'):
		if isSign(r.at + 1) {
			r.at++
			r.sign = r.s[r.at]
		}
	case !read && r.Format.sign == signNone && (r.plus || r.minus) && isSign(r.at):
		r.sign = r.s[r.at]
	}
}
