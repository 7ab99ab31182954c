package kernel

import (
	"bytes"
	"strings"

	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Times as a format says how they are written, and written so.
func init() {
	kernels(map[string]Kernel{
		"to_timestamp": fn2c(func(c *Call, s, format string) (int64, Err) {
			t, err := c.template(format)
			if err != nil {
				return 0, err
			}
			ts, terr := t.ToTimestamp(s, c.zone())
			return ts, asErr(terr)
		}),
		"to_date": fn2c(func(c *Call, s, format string) (int32, Err) {
			t, err := c.template(format)
			if err != nil {
				return 0, err
			}
			d, terr := t.ToDate(s)
			return d, asErr(terr)
		}),
	})
}

// templateState keeps the last format read.
type templateState struct {
	text     string
	template *datetime.Template
}

func (c *Call) template(format string) (*datetime.Template, Err) {
	if st, ok := c.State.(*templateState); ok && st.text == format {
		return st.template, nil
	}
	if err := c.Scratch(len(format) * datetime.TemplateSize); err != nil {
		return nil, err
	}
	own := strings.Clone(format)
	t := datetime.NewTemplate(own, c.stopped)
	if t == nil {
		return nil, ErrStopped
	}
	if len(own) <= maxKeptFormat {
		c.State = &templateState{own, t}
	}
	return t, nil
}

// charState keeps the last format of to_char read.
type charState struct {
	text   []byte
	format *datetime.CharFormat
}

// charFormat is a format of to_char for times and intervals.
func (c *Call) charFormat(format []byte) (*datetime.CharFormat, Err) {
	if st, ok := c.State.(*charState); ok && bytes.Equal(st.text, format) {
		return st.format, nil
	}
	if err := c.Scratch(len(format) * datetime.CharFormatSize); err != nil {
		return nil, err
	}
	f := datetime.NewCharFormat(format, c.stopped)
	if f == nil {
		return nil, ErrStopped
	}
	if len(format) <= maxKeptFormat {
		c.State = &charState{bytes.Clone(format), f}
	}
	return f, nil
}
