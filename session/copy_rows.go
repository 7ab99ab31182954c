package session

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxCopyLine bounds one row of COPY data, as PostgreSQL's 1 GiB field limit does.
const maxCopyLine = 256 << 20

// copyReader cuts COPY data into rows of fields. Feed it chunks, then take rows.
type copyReader struct {
	format copyFormat
	buf    []byte // what is not cut yet
	scan   rowScan
	eol    lineEnd
	eof    bool
	done   bool // the end-of-data mark \. was seen
	line   int
	raw    []byte   // of the last row
	fields [][]byte // of the last row; nil = NULL
	store  []byte   // unescaped fields
}

func (r *copyReader) feed(chunk []byte) { r.buf = append(r.buf, chunk...) }

// next gives the next row; false: more data is needed, or all has been given.
func (r *copyReader) next() ([][]byte, bool, error) {
	if r.done {
		r.buf = r.buf[:0]
		return nil, false, nil
	}
	r.raw = nil
	end, size, err := r.rowEnd()
	if err != nil {
		r.line++
		return nil, false, err
	}
	if end < 0 {
		if len(r.buf) > maxCopyLine {
			return nil, false, sqlerr.New(sqlerr.ProgramLimitExceeded, "COPY data row is longer than %d bytes", maxCopyLine)
		}
		if !r.eof || len(r.buf) == 0 {
			return nil, false, nil
		}
		end, size = len(r.buf), len(r.buf)
	}
	row := r.buf[:end]
	r.raw = row
	r.scan = rowScan{}
	r.line++
	if r.format.csv { // quoted line ends are lines too
		end := byte('\n')
		if r.eol == lineEndCR {
			end = '\r'
		}
		r.line += bytes.Count(row, []byte{end})
	}
	if string(row) == `\.` {
		if end == size && !r.format.csv {
			return nil, false, sqlerr.New(sqlerr.BadCopyFileFormat, "end-of-copy marker corrupt")
		}
		r.done = true
		return nil, false, nil
	}
	r.fields, r.store = r.fields[:0], r.store[:0]
	if r.format.csv {
		err = r.cutCSV(row)
	} else {
		r.cutText(row)
	}
	fields := r.fields
	r.buf = r.buf[size:]
	return fields, err == nil, err
}

// cutText follows COPY's text format: backslash escapes, the null string before unescaping.
func (r *copyReader) cutText(row []byte) {
	for {
		at := nextDelimiter(row, r.format.delimiter)
		field := row
		if at >= 0 {
			field = row[:at]
		}
		if string(field) == r.format.null {
			r.fields = append(r.fields, nil)
		} else {
			r.fields = append(r.fields, r.unescape(field))
		}
		if at < 0 {
			return
		}
		row = row[at+1:]
	}
}

func nextDelimiter(row []byte, d byte) int {
	for i := 0; i < len(row); i++ {
		switch row[i] {
		case '\\':
			i++
		case d:
			return i
		}
	}
	return -1
}

var copyEscapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

func (r *copyReader) unescape(field []byte) []byte {
	if bytes.IndexByte(field, '\\') < 0 {
		return field[:len(field):len(field)]
	}
	start := len(r.store)
	for i := 0; i < len(field); i++ {
		b := field[i]
		if b != '\\' || i+1 == len(field) {
			r.store = append(r.store, b)
			continue
		}
		i++
		b = field[i]
		switch {
		case copyEscapes[b] != 0:
			b = copyEscapes[b]
		case b >= '0' && b <= '7':
			v := 0
			for n := 0; n < 3 && i < len(field) && field[i] >= '0' && field[i] <= '7'; n++ {
				v = v*8 + int(field[i]-'0')
				i++
			}
			i--
			b = byte(v)
		case b == 'x' && i+1 < len(field) && hexDigit(field[i+1]) >= 0:
			v := 0
			for n := 0; n < 2 && i+1 < len(field) && hexDigit(field[i+1]) >= 0; n++ {
				v = v*16 + hexDigit(field[i+1])
				i++
			}
			b = byte(v)
		}
		r.store = append(r.store, b)
	}
	return r.store[start:len(r.store):len(r.store)]
}

func hexDigit(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

// cutCSV follows COPY's csv format: an unquoted field equal to the null string is NULL.
func (r *copyReader) cutCSV(row []byte) error {
	for {
		field, size, quoted, err := r.csvField(row)
		if err != nil {
			return err
		}
		column := len(r.fields)
		if string(field) == r.format.null && (!quoted && !forced(r.format.force.noNull, column) || quoted && forced(r.format.force.emptyNull, column)) {
			field = nil
		}
		r.fields = append(r.fields, field)
		if size == len(row) {
			return nil
		}
		row = row[size+1:] // behind the delimiter there is one more field, perhaps an empty one
	}
}

// csvField reads the first field of a row; size is its length there. The field is never nil.
func (r *copyReader) csvField(row []byte) (field []byte, size int, wasQuoted bool, err error) {
	plain := bytes.IndexByte(row, r.format.delimiter)
	if plain < 0 {
		plain = len(row)
	}
	if bytes.IndexByte(row[:plain], r.format.quote) < 0 {
		return row[:plain:plain], plain, false, nil
	}
	start, quoted, i := len(r.store), false, 0
	for ; i < len(row) && (quoted || row[i] != r.format.delimiter); i++ {
		b := row[i]
		switch {
		case quoted && b == r.format.escape && i+1 < len(row) && (row[i+1] == r.format.quote || row[i+1] == r.format.escape):
			r.store = append(r.store, row[i+1])
			i++
		case b == r.format.quote:
			quoted, wasQuoted = !quoted, true
		default:
			r.store = append(r.store, b)
		}
	}
	if quoted {
		return nil, 0, true, sqlerr.New(sqlerr.BadCopyFileFormat, "unterminated CSV quoted field")
	}
	return r.store[start:len(r.store):len(r.store)], i, wasQuoted, nil
}
