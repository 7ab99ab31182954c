package kernel

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// formatText is format(): %s, %I and %L with position, flag - and width.
func formatText(c *Call) {
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		if c.Args[0].Null(i) {
			c.Out.SetNull(i)
			continue
		}
		f := formatter{c: c, row: i, text: view(c.Args[0].Bytes(i)), next: 1}
		dst, err := f.run(c.Out.Start(i))
		c.take(i, dst, err)
	}
}

type formatter struct {
	c    *Call
	row  int32
	text string
	next int
}

func errFormat(format string, args ...any) Err {
	return sqlerr.New(sqlerr.InvalidParameterValue, format, args...)
}

func errUnterminated() Err {
	return errFormat("unterminated format() type specifier").WithHint(`For a single "%%" use "%%%%".`)
}

func (f *formatter) run(dst []byte) ([]byte, Err) {
	for f.text != "" {
		if err := f.c.breathe(); err != nil {
			return dst, err
		}
		at := strings.IndexByte(f.text, '%')
		if at < 0 {
			return append(dst, f.text...), nil
		}
		dst, f.text = append(dst, f.text[:at]...), f.text[at+1:]
		if f.text == "" {
			return dst, errUnterminated()
		}
		if f.text[0] == '%' {
			dst, f.text = append(dst, '%'), f.text[1:]
			continue
		}
		var err Err
		if dst, err = f.directive(dst); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// directive is [position$][-][width]type.
func (f *formatter) directive(dst []byte) ([]byte, Err) {
	position, leftAlign, width := 0, false, 0
	n, ok, err := f.number()
	if err != nil {
		return dst, err
	}
	if ok && strings.HasPrefix(f.text, "$") {
		if n == 0 {
			return dst, errFormat("format specifies argument 0, but arguments are numbered from 1")
		}
		position, f.text = n, f.text[1:]
		n, ok = 0, false
	}
	if !ok {
		for strings.HasPrefix(f.text, "-") {
			leftAlign, f.text = true, f.text[1:]
		}
		if width, leftAlign, err = f.width(leftAlign); err != nil {
			return dst, err
		}
	} else {
		width = n
	}
	if f.text == "" {
		return dst, errUnterminated()
	}
	verb := f.text[0]
	if verb != 's' && verb != 'I' && verb != 'L' {
		r, _ := utf8.DecodeRuneInString(f.text)
		return dst, errFormat(`unrecognized format() type specifier "%c"`, r).WithHint(`For a single "%%" use "%%%%".`)
	}
	f.text = f.text[1:]
	if position == 0 {
		position, f.next = f.next, f.next+1
	} else {
		f.next = position + 1
	}
	if position >= len(f.c.Args) {
		return dst, errFormat("too few arguments for format()")
	}
	return f.value(dst, verb, position, leftAlign, width)
}

func (f *formatter) width(leftAlign bool) (int, bool, Err) {
	if !strings.HasPrefix(f.text, "*") {
		n, _, err := f.number()
		return n, leftAlign, err
	}
	f.text = f.text[1:]
	position := f.next
	n, ok, err := f.number()
	if err != nil {
		return 0, leftAlign, err
	}
	if ok {
		if !strings.HasPrefix(f.text, "$") {
			return 0, leftAlign, errFormat(`width argument position must be ended by "$"`)
		}
		if n == 0 {
			return 0, leftAlign, errFormat("format specifies argument 0, but arguments are numbered from 1")
		}
		position, f.text = n, f.text[1:]
	}
	f.next = position + 1
	if position >= len(f.c.Args) {
		return 0, leftAlign, errFormat("too few arguments for format()")
	}
	a := f.c.Args[position]
	if a.Null(f.row) {
		return 0, leftAlign, nil
	}
	w, perr := strconv.ParseInt(f.c.string(a, f.row), 10, 32)
	if perr != nil {
		return 0, leftAlign, errFormat("number is out of range")
	}
	if w < 0 {
		return int(-w), true, nil
	}
	return int(w), leftAlign, nil
}

// number reads digits; ok is false when there are none.
func (f *formatter) number() (n int, ok bool, err Err) {
	i := 0
	for i < len(f.text) && f.text[i] >= '0' && f.text[i] <= '9' {
		i++
	}
	if i == 0 {
		return 0, false, nil
	}
	v, perr := strconv.ParseInt(f.text[:i], 10, 32)
	if perr != nil {
		return 0, false, sqlerr.New(sqlerr.NumericValueOutOfRange, "number is out of range")
	}
	f.text = f.text[i:]
	return int(v), true, nil
}

func (f *formatter) value(dst []byte, verb byte, position int, leftAlign bool, width int) ([]byte, Err) {
	a, s := f.c.Args[position], ""
	null := a.Null(f.row)
	if !null {
		s = f.c.string(a, f.row)
	}
	switch {
	case verb == 'I' && null:
		return dst, sqlerr.New(sqlerr.NullValueNotAllowed, "null values cannot be formatted as an SQL identifier")
	case verb == 'I':
		s = string(appendIdent(nil, s))
	case verb == 'L' && null:
		s = "NULL"
	case verb == 'L':
		s = string(appendLiteral(nil, s))
	}
	if int64(width) > maxText {
		return dst, errLengthTooLarge()
	}
	have, err := f.c.runes(s)
	if err != nil {
		return dst, err
	}
	blanks := max(width-have, 0)
	if leftAlign {
		if dst, err = f.c.appendSized(dst, s); err != nil {
			return dst, err
		}
	}
	if dst, err = f.c.appendTimes(dst, " ", blanks); err != nil || leftAlign {
		return dst, err
	}
	return f.c.appendSized(dst, s)
}
