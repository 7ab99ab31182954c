package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/bitstring"
)

// bitsCollector is bit_and, bit_or and bit_xor of bit strings, which must have one length.
type bitsCollector struct {
	combine func(a, b []byte) ([]byte, error)
	twice   bool // a value that is there an even number of times is not there: of bit_xor
	col     delta.Column
	made    []byte
}

func newBitsCollector(kind bitKind) *bitsCollector {
	switch kind {
	case bitAnd:
		return &bitsCollector{combine: bitstring.Combine("AND", func(a, b byte) byte { return a & b })}
	case bitOr:
		return &bitsCollector{combine: bitstring.Combine("OR", func(a, b byte) byte { return a | b })}
	}
	return &bitsCollector{combine: bitstring.Combine("XOR", func(a, b byte) byte { return a ^ b }), twice: true}
}

func (c *bitsCollector) open(exec.Env) error { return nil }

func (c *bitsCollector) load(args []delta.Column, _ int) error {
	c.col = args[0]
	return nil
}

func (c *bitsCollector) begin() { c.made = nil }

func (c *bitsCollector) row(i int32, times int64) *sqlerr.Error {
	v := c.col.Bytes(i)
	if c.made == nil {
		c.made = append([]byte(nil), v...)
		times--
	}
	if c.twice {
		times = min(times, 2-times%2) // the same twice more changes nothing
	} else {
		times = min(times, 1)
	}
	for range times {
		out, err := c.combine(c.made, v)
		if err != nil {
			if e, ok := err.(*sqlerr.Error); ok {
				return e
			}
			return bugs(err)
		}
		c.made = out
	}
	return nil
}

func (c *bitsCollector) end(b *delta.Builder) *sqlerr.Error {
	if c.made == nil {
		b.AppendNull()
		return nil
	}
	b.AppendBytes(c.made)
	return nil
}

func (c *bitsCollector) size() int { return cap(c.made) }
