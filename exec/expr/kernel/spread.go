package kernel

import (
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
)

// spreadMemory is about what an argument takes that was an element.
const spreadMemory = 512

// Spread is a kernel of a function of any number of arguments of any types, for calls whose last argument is an array: its elements are the
// arguments. A NULL in its place is NULL, but for format, to which it is none at all.
func Spread(k Kernel, f *builtin.Func) Kernel {
	format := strings.HasPrefix(f.Symbol, "text_format")
	return func(c *Call) {
		out := NewOut(c.Env.Meter)
		one := Call{Env: c.Env, N: 1, Sel: []int32{0}, Out: &out, Type: c.Type, State: c.State}
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			if array := c.Args[len(c.Args)-1]; array.Null(i) && !format {
				c.Out.SetNull(i)
				continue
			}
			args, err := c.spread(i)
			if err != nil {
				c.finish(i, err)
				continue
			}
			one.Args = args
			out.Reset(c.Type.OID, 1, false)
			k(&one)
			one.EndScratch()
			if failed := one.Errors(); len(failed) > 0 {
				c.finish(i, failed[0].Err)
				one.ResetErrors()
				continue
			}
			c.copy(i, out.Column())
		}
		c.State = one.State
	}
}

// spread are the arguments of row, each a column of one value.
func (c *Call) spread(row int32) (args []*delta.Column, _ Err) {
	add := func(from *delta.Column, at int32) {
		b := delta.NewBuilder(from.Type)
		b.AppendFrom(from, at)
		col := b.Take()
		args = append(args, &col)
	}
	last := len(c.Args) - 1
	for _, a := range c.Args[:last] {
		add(a, row)
	}
	array := c.Args[last]
	if array.Null(row) {
		return args, nil
	}
	a := arrayOf(array, row)
	elems := elementsOf(array.Type, &a)
	if err := c.Scratch(spreadMemory * elems.Len); err != nil {
		return nil, err
	}
	for i := range int32(elems.Len) {
		add(&elems, i)
	}
	return args, nil
}

// copy makes row what the first row of col is.
func (c *Call) copy(row int32, col *delta.Column) {
	size := col.Phys.Size()
	switch {
	case col.Null(0):
		c.Out.SetNull(row)
	case size == 0:
		c.take(row, append(c.Out.Start(row), col.Bytes(0)...), nil)
	default:
		copy(c.Out.col.Data[int(row)*size:], col.Data[:size])
	}
}
