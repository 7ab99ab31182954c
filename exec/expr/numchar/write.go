package numchar

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// writer lays out one number.
type writer struct {
	*Format
	dst      []byte
	digits   string // unsigned, with a point if the format has decimals
	negative bool
	at       int // next of digits
	blanks   int // positions before the number
	relevant int // fill mode: the last of digits that is shown, -1 = all are
	position int // positions done
	last     int // the last position that a sign may follow, without blanks and point

	sign      signPlace
	bracketed bool
	signDone  bool
	started   bool // a digit was written
}

// Append appends a number: its digits without sign, with post digits after a point if post is
// not 0. post is f.Post or, where the number is not known so well, less.
func (f *Format) Append(dst []byte, digits string, negative bool, post int, breathe Breathe) ([]byte, *sqlerr.Error) {
	if post != f.Post {
		own := *f
		own.Post = post
		f = &own
	}
	whole := strings.IndexByte(digits, '.')
	if whole < 0 {
		whole = len(digits)
	}
	w := writer{Format: f, dst: dst, digits: digits, negative: negative, relevant: -1, sign: f.sign, bracketed: f.bracket}
	if whole < f.pre {
		w.blanks = f.pre - whole
	} else if whole > f.pre {
		w.digits = strings.Repeat("#", f.pre) + "." + strings.Repeat("#", f.Post)
	}
	w.begin()
	for i, e := range f.elements {
		if i%breath == breath-1 {
			if err := breathe(); err != nil {
				return w.dst, err
			}
		}
		w.element(e)
	}
	return w.dst, nil
}

func (w *writer) begin() {
	switch {
	case w.plus || w.minus:
		w.signDone = w.minus
	default:
		if !w.negative && w.fill {
			w.bracketed = false
		}
		w.signDone = !w.negative && w.fill && w.sign == signNone
		if w.sign == signBefore && w.pre == w.preSign {
			w.sign = signAfter
		}
	}
	w.last = w.Post + w.pre - 1
	if w.fill && w.decimal {
		w.relevant = lastRelevant(w.digits)
		if w.relevant >= 0 && w.zeroEnd > w.blanks {
			w.relevant = max(w.relevant, min(w.zeroEnd-w.blanks, len(w.digits)))
		}
	}
	if !w.signDone && w.blanks == 0 {
		w.last++
	}
}

// lastRelevant is the last digit after the point that is not 0, else the point; -1 without one.
func lastRelevant(digits string) int {
	point := strings.IndexByte(digits, '.')
	if point < 0 {
		return -1
	}
	last := point
	for i := point + 1; i < len(digits); i++ {
		if digits[i] != '0' {
			last = i
		}
	}
	return last
}

func (w *writer) put(c byte) { w.dst = append(w.dst, c) }

// blank is a blank, left out in fill mode.
func (w *writer) blank() {
	if !w.fill {
		w.put(' ')
	}
}

//lint:dispatch
func (w *writer) element(e element) {
	switch e.kind {
	case "":
		w.dst = append(w.dst, e.text...)
	case "9", "0", ".", "D":
		w.number(e.kind)
	case ",", "G":
		if w.started {
			w.put(',')
		} else {
			w.blank()
		}
	case "L":
		w.put(' ')
	case "MI":
		if w.negative {
			w.put('-')
		} else {
			w.blank()
		}
	case "PL":
		if w.negative {
			w.blank()
		} else {
			w.put('+')
		}
	case "SG":
		if w.negative {
			w.put('-')
		} else {
			w.put('+')
		}
	case "TH":
		if w.digits[0] != '#' && !w.negative && !w.decimal {
			w.dst = append(w.dst, ordinal(w.digits, e.text)...)
		}
	}
}

// ordinal is the English ending of a number, in the case of how TH was written.
func ordinal(digits, written string) string {
	end := "th"
	n := len(digits)
	if n < 2 || digits[n-2] != '1' {
		switch digits[n-1] {
		case '1':
			end = "st"
		case '2':
			end = "nd"
		case '3':
			end = "rd"
		}
	}
	if written == "TH" {
		return strings.ToUpper(end)
	}
	return end
}

// leadingZero says that the 0 before the point of a number below one stands at w.at, where only
// a 0 in the format shows it.
func (w *writer) leadingZero() bool {
	return !w.zero && w.at == 0 && w.digits != "" && w.digits[0] == '0' && w.Post != 0
}

func (w *writer) point() bool {
	return w.relevant >= 0 && w.digits[min(w.relevant, len(w.digits)-1)] == '.'
}

// number writes one digit position or the point, with the sign before the first that shows.
func (w *writer) number(kind string) {
	w.started = false
	if !w.signDone && (w.position >= w.blanks || w.zero && w.zeroStart == w.position) &&
		(!w.leadingZero() || w.point()) {
		w.leadingSign()
	}
	switch {
	case w.position < w.blanks && (w.zeroStart > w.position || !w.zero):
		w.blank()
	case w.zero && w.position < w.blanks && w.zeroStart <= w.position:
		w.put('0')
		w.started = true
	default:
		w.digit(kind)
	}
	w.trailingSign()
	w.position++
}

func (w *writer) leadingSign() {
	switch {
	case w.sign == signBefore:
		w.put(map[bool]byte{true: '-', false: '+'}[w.negative])
		w.signDone = true
	case w.sign == signAfter:
	case w.bracketed:
		w.put(map[bool]byte{true: '<', false: ' '}[w.negative])
		w.signDone = true
	case w.negative:
		w.put('-')
		w.signDone = true
	default:
		w.blank()
		w.signDone = true
	}
}

func (w *writer) digit(kind string) {
	if w.at >= len(w.digits) {
		return
	}
	c := w.digits[w.at]
	switch {
	case c == '.':
		w.put('.')
	case w.relevant >= 0 && w.at > w.relevant && kind != "0":
	case w.leadingZero():
		if !w.fill {
			w.put(' ')
		} else if w.point() {
			w.put('0')
		}
	default:
		w.put(c)
		w.started = true
	}
	w.at++
}

// trailingSign closes a bracket or writes a sign that stands behind the last digit.
func (w *writer) trailingSign() {
	end := w.last
	if w.blanks > 0 {
		end++
	}
	if w.decimal {
		end++
	}
	if w.position+1 != end || w.relevant >= 0 && w.relevant == w.at {
		return
	}
	switch {
	case w.signDone && w.bracketed:
		w.put(map[bool]byte{true: '>', false: ' '}[w.negative])
	case w.sign == signAfter:
		w.put(map[bool]byte{true: '-', false: '+'}[w.negative])
	}
}
