package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// maxText is PostgreSQL's limit for the bytes of a value.
const maxText = 1<<30 - 1

// stringCollector is string_agg of text and of bytea: a NULL delimiter is none.
type stringCollector struct {
	value, delimiter delta.Column
	made             []byte
	some             bool
}

func (c *stringCollector) open(exec.Env) error { return nil }

func (c *stringCollector) load(args []delta.Column, _ int) error {
	c.value, c.delimiter = args[0], args[1]
	return nil
}

func (c *stringCollector) begin() { c.made, c.some = emptied(c.made), false }

func (c *stringCollector) row(i int32, times int64) *sqlerr.Error {
	v := c.value.Bytes(i)
	var by []byte
	if !c.delimiter.Null(i) {
		by = c.delimiter.Bytes(i)
	}
	if err := checkRoom(len(c.made), len(by)+len(v), times); err != nil {
		return err
	}
	for range times {
		if c.some {
			c.made = append(c.made, by...)
		}
		c.some = true
		c.made = append(c.made, v...)
	}
	return nil
}

// checkRoom refuses a value that gets too long by so many times more bytes.
func checkRoom(made, more int, times int64) *sqlerr.Error {
	if more > 0 && times > int64((maxText-made)/more) {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "out of memory").
			WithDetail("Cannot enlarge string buffer containing %d bytes by %d more bytes.", made, more)
	}
	return nil
}

// emptied is b without its content, a new one where that was large.
func emptied(b []byte) []byte {
	if cap(b) > 1<<20 {
		return nil
	}
	return b[:0]
}

func (c *stringCollector) end(b *delta.Builder) *sqlerr.Error {
	if !c.some {
		b.AppendNull()
		return nil
	}
	b.AppendBytes(c.made)
	return nil
}

func (c *stringCollector) size() int { return cap(c.made) }
