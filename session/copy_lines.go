package session

import "github.com/tributary-db/tributary/internal/sqlerr"

// lineEnd is how the lines of COPY data end: the first one decides, as in PostgreSQL.
type lineEnd uint8

const (
	lineEndUnknown lineEnd = iota
	lineEndNL
	lineEndCR
	lineEndCRNL
)

// rowScan is where the search for the end of the first row stands; what was searched is not
// searched again when more data comes.
type rowScan struct {
	at      int
	quoted  bool // csv: inside quotes
	escaped bool // the byte before was an escape
}

// rowEnd finds the end of the first row, and where the next begins; -1 when it is not there
// yet. A line end inside csv's quotes or behind text's backslash is data.
func (r *copyReader) rowEnd() (end, size int, err error) {
	for ; r.scan.at < len(r.buf); r.scan.at++ {
		b := r.buf[r.scan.at]
		if r.plainByte(b) {
			continue
		}
		if b == '\r' && r.eol != lineEndNL && r.eol != lineEndCR && r.scan.at+1 == len(r.buf) && !r.eof {
			return -1, 0, nil // a newline may follow
		}
		size, err = r.lineEnds(b)
		return r.scan.at, r.scan.at + size, err
	}
	return -1, 0, nil
}

// plainByte notes what b means for the bytes to come; true unless it is a line end.
func (r *copyReader) plainByte(b byte) bool {
	s := &r.scan
	if !r.format.csv {
		if s.escaped {
			s.escaped = false
			return true
		}
		s.escaped = b == '\\'
		return b != '\n' && b != '\r'
	}
	escape := r.format.escape
	if escape == r.format.quote {
		escape = 0 // a doubled quote ends and begins
	}
	if s.quoted && b == escape && escape != 0 {
		s.escaped = !s.escaped
	}
	if b == r.format.quote && !s.escaped {
		s.quoted = !s.quoted
	}
	if b != escape {
		s.escaped = false
	}
	return s.quoted || (b != '\n' && b != '\r')
}

// lineEnds checks the line end at hand against the first one's form; size is its length.
func (r *copyReader) lineEnds(b byte) (size int, err error) {
	if b == '\n' {
		if r.eol == lineEndCR || r.eol == lineEndCRNL {
			return 0, r.strayLineEnd("newline", `\n`)
		}
		r.eol = lineEndNL
		return 1, nil
	}
	pair := r.scan.at+1 < len(r.buf) && r.buf[r.scan.at+1] == '\n'
	switch {
	case r.eol == lineEndCR:
		return 1, nil
	case r.eol == lineEndNL, r.eol == lineEndCRNL && !pair:
		return 0, r.strayLineEnd("carriage return", `\r`)
	case pair:
		r.eol = lineEndCRNL
		return 2, nil
	}
	r.eol = lineEndCR
	return 1, nil
}

func (r *copyReader) strayLineEnd(what, escape string) error {
	if r.format.csv {
		return sqlerr.New(sqlerr.BadCopyFileFormat, "unquoted %s found in data", what).
			WithHint("Use quoted CSV field to represent %s.", what)
	}
	return sqlerr.New(sqlerr.BadCopyFileFormat, "literal %s found in data", what).
		WithHint("Use \"%s\" to represent %s.", escape, what)
}
