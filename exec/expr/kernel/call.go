package kernel

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/plan"
)

// Err is a row's error, nil for none.
type Err = *sqlerr.Error

// Env is what expressions depend on besides their row.
type Env struct {
	Settings plan.Settings
	// Params are the values of $1…, one constant column each.
	Params []delta.Column
	// Now is the transaction's start in microseconds since 2000-01-01 for now() and its kin;
	// HasNow is false where the statement may not depend on it.
	Now    int64
	HasNow bool
	// Meter bounds the work of which the expressions are a part; nil = unbounded.
	Meter *meter.Meter

	codec *codec.Env // of Settings, see Prepare
}

// Call is one evaluation of a kernel over the selected rows of a batch.
type Call struct {
	Env *Env
	// Args have N rows each; constant ones hold one value.
	Args []*delta.Column
	// N is the number of physical rows of the result, Sel the rows to compute, ascending.
	// All rows are wanted when len(Sel) = N.
	N   int
	Sel []int32
	Out *Out
	// Type is the call's result type, with its modifier.
	Type sqltype.Type
	// State is the kernel's own, kept from one call of the same expression to the next: a
	// compiled pattern, say. It starts as nil.
	State any

	errs []delta.RowError
	// scratch is memory charged for the time of this call, see Scratch.
	scratch int64
}

// Kernel computes Out for the rows of Sel.
type Kernel func(c *Call)

// Fail gives row an error instead of a value.
func (c *Call) Fail(row int32, err Err) {
	c.errs = append(c.errs, delta.RowError{Row: row, Err: err})
}

// Errors are the rows failed so far; the slice is reused after ResetErrors.
func (c *Call) Errors() []delta.RowError { return c.errs }

// ResetErrors forgets them.
func (c *Call) ResetErrors() {
	clear(c.errs)
	c.errs = c.errs[:0]
}

// errNull is no error: it makes the row NULL.
var errNull = &sqlerr.Error{Message: "null"}

// ErrStopped is no row's error: the work that the call is a part of has ended, see Env.Meter.
var ErrStopped = &sqlerr.Error{Message: "stopped"}

// finish handles what a row function returned instead of a value.
func (c *Call) finish(row int32, err Err) {
	switch err {
	case errNull:
		c.Out.SetNull(row)
	case ErrStopped:
	default:
		c.Fail(row, err)
	}
}

// stopped reports whether to leave the rest of the rows alone; loops over rows ask for each.
func (c *Call) stopped() bool { return c.Env.Meter.Breathe() != nil }

// step is how much of a value, bytes, a function works through between two calls of breathe.
const step = 64 << 10

// breathe is ErrStopped when the work has ended: functions whose work grows with a value call it
// at least once a step.
func (c *Call) breathe() Err {
	if c.Env.Meter.Breathe() != nil {
		return ErrStopped
	}
	return nil
}

// Scratch charges memory that the kernel is about to take beside its result, until the call
// ends; ErrStopped when there is none.
func (c *Call) Scratch(bytes int) Err {
	if err := c.Env.Meter.Charge(int64(bytes)); err != nil {
		_ = c.Env.Meter.Stop(err) // kept there: it is the statement's error, not the row's
		return ErrStopped
	}
	c.scratch += int64(bytes)
	return nil
}

// EndScratch gives that memory back.
func (c *Call) EndScratch() {
	if c.scratch != 0 {
		_ = c.Env.Meter.Charge(-c.scratch) // giving back never fails
		c.scratch = 0
	}
}

// asErr makes a row error of a lower package's error.
func asErr(err error) Err {
	if err == nil {
		return nil
	}
	if e, ok := err.(*sqlerr.Error); ok {
		return e
	}
	return &sqlerr.Error{Code: sqlerr.CodeOf(err), Message: err.Error(), Cause: err}
}
