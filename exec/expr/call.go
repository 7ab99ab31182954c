package expr

import (
	"github.com/tributary-db/tributary/exec/expr/kernel"
	"github.com/tributary-db/tributary/internal/delta"
)

// callNode applies a kernel. It does for every kernel what must not differ between them:
// arguments first, failed rows out, NULLs of strict functions, constants once.
type callNode struct {
	kernel   kernel.Kernel
	strict   bool
	volatile bool
	args     []node
	call     kernel.Call
	out      kernel.Out

	alive, notNull []int32 // scratch selections
	null           delta.Column
}

// rebind: the call reads everything else of its Env when it is made.
func (d *callNode) rebind(env *Env) error {
	d.out.Rebind(env.Meter)
	return nil
}

var firstRow = []int32{0}

func (d *callNode) eval(x *run, sel []int32) *delta.Column {
	c := &d.call
	for i, a := range d.args {
		c.Args[i] = a.eval(x, sel)
		if x.failures > 0 {
			d.alive = x.live(d.alive[:0], sel)
			sel = d.alive
		}
	}
	constant := !d.volatile
	for _, a := range c.Args {
		constant = constant && a.Const
	}
	d.out.Reset(c.Type.OID, x.n, constant)
	if len(sel) == 0 {
		return d.out.Column()
	}
	c.N, c.Sel = x.n, sel
	if constant {
		c.N, c.Sel = 1, firstRow
	}
	if d.strict && !d.skipNulls(c) {
		return d.allNull(x)
	}
	d.kernel(c)
	c.EndScratch()
	if failed := c.Errors(); len(failed) > 0 {
		d.report(x, failed, constant, sel)
		c.ResetErrors()
	}
	return d.out.Column()
}

// skipNulls narrows c.Sel to the rows without a NULL argument and makes the others NULL; false
// when a constant argument is NULL and so is every row.
func (d *callNode) skipNulls(c *kernel.Call) bool {
	nulls := false
	for _, a := range c.Args {
		if a.Valid == nil {
			continue
		}
		if a.Const {
			if a.Null(0) {
				return false
			}
			continue
		}
		valid := d.out.Valids()
		words := a.Valid[:len(valid)]
		if !nulls {
			copy(valid, words)
		} else {
			delta.AndBits(valid, valid, words)
		}
		nulls = true
	}
	if !nulls {
		return true
	}
	valid := d.out.Valids()
	d.notNull = d.notNull[:0]
	for _, row := range c.Sel {
		if delta.Bit(valid, row) {
			d.notNull = append(d.notNull, row)
		}
	}
	c.Sel = d.notNull
	return true
}

func (d *callNode) allNull(x *run) *delta.Column {
	if d.null.Type != d.call.Type.OID {
		d.null = delta.NullColumn(d.call.Type.OID, 1)
	}
	d.null.Len = x.n
	return &d.null
}

// report passes the kernel's row errors on; the error of a constant call is every row's.
func (d *callNode) report(x *run, failed []delta.RowError, constant bool, sel []int32) {
	if constant {
		for _, row := range sel {
			e := *failed[0].Err
			x.fail(delta.RowError{Row: row, Err: &e})
		}
		return
	}
	for _, e := range failed {
		x.fail(e)
	}
}
