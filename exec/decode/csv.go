package decode

import (
	"fmt"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// csv reads one line by the rules of COPY csv: quote and escape are ", an unquoted empty
// field is NULL.
type csv struct {
	*Decoder
	delim byte
	buf   []byte
}

func newCSV(d *Decoder, opts Options) *csv {
	c := &csv{Decoder: d, delim: ','}
	if opts.Delimiter != 0 {
		c.delim = opts.Delimiter
	}
	return c
}

func (c *csv) decode(value []byte, dst []*delta.Builder) *Fault {
	if err := codec.CheckText(value); err != nil {
		return &Fault{Reason: Undecodable, Message: err.Error()}
	}
	line := trimLineEnd(value)
	more := true
	for i := range c.columns {
		if !more {
			c.undo(i, dst)
			return &Fault{Reason: Undecodable, Column: c.columns[i].Name, Message: fmt.Sprintf("missing data for column %q", c.columns[i].Name)}
		}
		field, quoted, rest, last, f := c.field(line)
		line, more = rest, !last
		if f == nil {
			f = c.appendField(i, field, quoted, dst)
		}
		if f != nil {
			c.undo(i, dst)
			return f
		}
	}
	if more {
		c.undo(len(c.columns), dst)
		return &Fault{Reason: Undecodable, Message: "extra data after last expected column"}
	}
	return nil
}

func (c *csv) appendField(i int, field []byte, quoted bool, dst []*delta.Builder) *Fault {
	b := c.builder(i, dst)
	if len(field) == 0 && !quoted {
		if c.columns[i].NotNull {
			return c.nullFault(i)
		}
		b.AppendNull()
		return nil
	}
	if err := codec.AppendText(b, c.columns[i].Type, field, codec.UTC); err != nil {
		return c.typeFault(i, err)
	}
	return nil
}

func trimLineEnd(v []byte) []byte {
	if n := len(v); n > 0 && v[n-1] == '\n' {
		v = v[:n-1]
	}
	if n := len(v); n > 0 && v[n-1] == '\r' {
		v = v[:n-1]
	}
	return v
}

// field cuts the next field off the line; last says that none follows. The field is borrowed
// from the line or from c.buf.
func (c *csv) field(line []byte) (field []byte, quoted bool, rest []byte, last bool, f *Fault) {
	c.buf = c.buf[:0]
	in := false
	for i := 0; i < len(line); i++ {
		b := line[i]
		switch {
		case in && b == '"':
			if i+1 < len(line) && line[i+1] == '"' {
				c.buf = append(c.buf, '"')
				i++
				continue
			}
			in = false
		case in:
			c.buf = append(c.buf, b)
		case b == '"':
			in, quoted = true, true
		case b == c.delim:
			return c.buf, quoted, line[i+1:], false, nil
		case b == '\n' || b == '\r':
			return nil, false, nil, true, &Fault{Reason: Undecodable, Message: "unquoted newline found in data"}
		default:
			c.buf = append(c.buf, b)
		}
	}
	if in {
		return nil, false, nil, true, &Fault{Reason: Undecodable, Message: "unterminated CSV quoted field"}
	}
	return c.buf, quoted, nil, true, nil
}
