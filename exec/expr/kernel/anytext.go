package kernel

import (
	"bytes"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Functions over arguments of any type, which they take as text.
func init() {
	kernels(map[string]Kernel{
		"text_concat":     concatAny,
		"text_concat_ws":  concatSeparated,
		"pg_num_nulls":    countNulls(true),
		"pg_num_nonnulls": countNulls(false),
		"quote_literal":   app1(func(_ *Call, dst []byte, s string) ([]byte, Err) { return appendLiteral(dst, s), nil }),
		"quote_ident":     app1(func(_ *Call, dst []byte, s string) ([]byte, Err) { return appendIdent(dst, s), nil }),
		"quote_nullable":  quoteNullable,
		"text_format_nv":  formatText,
		"text_format":     formatText,
	})
	both := func(c *Call) {
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			dst := c.castText(c.Out.Start(i), c.Args[0], i)
			c.take(i, c.castText(dst, c.Args[1], i), nil)
		}
	}
	kernelsOf(map[uint32]Kernel{
		2003: both, // text || any
		2004: both, // any || text
		1285: quoteAnyLiteral,
		1290: quoteNullable,
	})
}

// string is the output form of a value that is not NULL.
func (c *Call) string(col *delta.Column, row int32) string { return string(c.text(nil, col, row)) }

// castText appends what a cast to text gives, which for some types is not their output form.
func (c *Call) castText(dst []byte, col *delta.Column, row int32) []byte {
	switch col.Type {
	case sqltype.Bool:
		return append(dst, boolText(col.Data[col.At(row)] != 0)...)
	case sqltype.BPChar:
		return append(dst, bytes.TrimRight(col.Bytes(row), " ")...)
	}
	return c.text(dst, col, row)
}

func concatAny(c *Call) {
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		dst := c.Out.Start(i)
		for _, a := range c.Args {
			if !a.Null(i) {
				dst = c.text(dst, a, i)
			}
		}
		c.take(i, dst, nil)
	}
}

func concatSeparated(c *Call) {
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		if c.Args[0].Null(i) {
			c.Out.SetNull(i)
			continue
		}
		dst := c.Out.Start(i)
		first := true
		for _, a := range c.Args[1:] {
			if a.Null(i) {
				continue
			}
			if !first {
				dst = append(dst, c.Args[0].Bytes(i)...)
			}
			dst, first = c.text(dst, a, i), false
		}
		c.take(i, dst, nil)
	}
}

func countNulls(null bool) Kernel {
	return func(c *Call) {
		out := fixed[int32](c.Out)
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			n := int32(0)
			for _, a := range c.Args {
				if a.Null(i) == null {
					n++
				}
			}
			out[i] = n
		}
	}
}

func quoteNullable(c *Call) {
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		if c.Args[0].Null(i) {
			c.Out.PutString(i, "NULL")
			continue
		}
		c.take(i, appendLiteral(c.Out.Start(i), view(c.castText(nil, c.Args[0], i))), nil)
	}
}

func quoteAnyLiteral(c *Call) {
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		c.take(i, appendLiteral(c.Out.Start(i), view(c.castText(nil, c.Args[0], i))), nil)
	}
}
