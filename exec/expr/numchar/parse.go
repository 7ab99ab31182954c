package numchar

import (
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// element is one piece of a format: a keyword, or literal text when kind is "".
type element struct {
	kind string
	text string
}

type signPlace uint8

const (
	signNone signPlace = iota
	signBefore
	signAfter
)

// Format is a parsed format.
type Format struct {
	elements []element
	pre      int // digit positions before the point
	Post     int // and after it
	// zeroStart and zeroEnd are the position of the first 0 and the one after the last 0.
	zeroStart, zeroEnd int
	preSign            int // digit positions before S
	sign               signPlace

	zero, decimal, fill, bracket, minus, plus bool
}

// keywords in the order they are tried, in upper or in lower case.
var keywords = []string{"EEEE", "FM", "MI", "PL", "PR", "RN", "SG", "SP", "TH", ",", ".", "0", "9", "B", "C", "D", "E", "G", "L", "S", "V"}

// byFirst are the keywords, in both cases, by their first byte.
var byFirst = func() (table [256][]keywordForm) {
	for _, k := range keywords {
		table[k[0]] = append(table[k[0]], keywordForm{k, k})
		if low := strings.ToLower(k); low != k {
			table[low[0]] = append(table[low[0]], keywordForm{low, k})
		}
	}
	return table
}()

type keywordForm struct{ written, name string }

// ElementSize is the memory of a parsed format for each byte of its text, at most.
const ElementSize = 80

// Breathe ends the work on a long format when it returns an error.
type Breathe func() *sqlerr.Error

// breath is after how many elements it is called.
const breath = 4096

// Parse reads a format.
func Parse(s string, breathe Breathe) (*Format, *sqlerr.Error) {
	f := &Format{}
	for s != "" {
		if len(f.elements)%breath == breath-1 {
			if err := breathe(); err != nil {
				return nil, err
			}
		}
		if s[0] == '"' || s[0] == '\\' {
			s = f.literal(s)
			continue
		}
		k := keyword(s)
		if k == "" {
			f.addText(s[:1])
			s = s[1:]
			continue
		}
		if err := f.add(k, s[:len(k)]); err != nil {
			return nil, err
		}
		s = s[len(k):]
	}
	return f, nil
}

func keyword(s string) string {
	for _, k := range byFirst[s[0]] {
		if strings.HasPrefix(s, k.written) {
			return k.name
		}
	}
	return ""
}

func (f *Format) addText(s string) { f.elements = append(f.elements, element{text: s}) }

// literal takes quoted text, or a backslash, which only hides a quote.
func (f *Format) literal(s string) (rest string) {
	if s[0] == '\\' {
		if len(s) > 1 && s[1] == '"' {
			f.addText(`"`)
			return s[2:]
		}
		f.addText(`\`)
		return s[1:]
	}
	for s = s[1:]; s != "" && s[0] != '"'; s = s[1:] {
		if s[0] == '\\' && len(s) > 1 {
			s = s[1:]
		}
		f.addText(s[:1])
	}
	if s == "" {
		return ""
	}
	return s[1:]
}

func errSyntax(format string, args ...any) *sqlerr.Error {
	return sqlerr.New(sqlerr.SyntaxError, format, args...)
}

//lint:dispatch
func (f *Format) add(k, written string) *sqlerr.Error {
	switch k {
	case "9":
		if f.bracket {
			return errSyntax(`"9" must be ahead of "PR"`)
		}
		f.position()
	case "0":
		if f.bracket {
			return errSyntax(`"0" must be ahead of "PR"`)
		}
		if !f.zero && !f.decimal {
			f.zero, f.zeroStart = true, f.pre
		}
		f.position()
		f.zeroEnd = f.pre + f.Post
	case "D", ".":
		if f.decimal {
			return errSyntax("multiple decimal points")
		}
		f.decimal = true
	case "FM":
		f.fill = true
		return nil
	case "S":
		switch {
		case f.sign != signNone:
			return errSyntax(`cannot use "S" twice`)
		case f.plus || f.minus || f.bracket:
			return errSyntax(`cannot use "S" and "PL"/"MI"/"SG"/"PR" together`)
		case !f.decimal:
			f.sign, f.preSign = signBefore, f.pre
		default:
			f.sign = signAfter
		}
		return nil
	case "MI":
		if f.sign != signNone {
			return errSyntax(`cannot use "S" and "MI" together`)
		}
		f.minus = true
	case "PL":
		if f.sign != signNone {
			return errSyntax(`cannot use "S" and "PL" together`)
		}
		f.plus = true
	case "SG":
		if f.sign != signNone {
			return errSyntax(`cannot use "S" and "SG" together`)
		}
		f.minus, f.plus = true, true
	case "PR":
		if f.sign != signNone || f.plus || f.minus {
			return errSyntax(`cannot use "PR" and "S"/"PL"/"MI"/"SG" together`)
		}
		f.bracket = true
		return nil
	case ",", "G", "L", "TH":
	default:
		return sqlerr.New(sqlerr.FeatureNotSupported, `number format "%s" is not supported yet`, k)
	}
	f.elements = append(f.elements, element{kind: k, text: written})
	return nil
}

func (f *Format) position() {
	if f.decimal {
		f.Post++
	} else {
		f.pre++
	}
}
