package kernel

import (
	"math"
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Out is a result column in the making, with buffers that live from one evaluation to the
// next. Rows are written in ascending order, each at most once; rows never written hold
// anything (fixed width) or nothing (bytes).
type Out struct {
	col   delta.Column
	phys  sqltype.Physical
	n     int // stored values: 1 for a constant
	words []uint64
	valid []uint64
	vars  []byte
	next  int32 // PhysBytes: first row whose start offset is not written yet
	start int   // of the row under way, in vars

	meter   *meter.Meter
	charged int64 // of the buffers
}

// NewOut makes a result whose memory is charged to m, until m is closed.
func NewOut(m *meter.Meter) Out { return Out{meter: m} }

// keptBound is what a result keeps of its buffers from one binding to the next, where nobody is
// charged for them.
const keptBound = 4 << 10

// Rebind charges to m from now on; the meter before it was closed.
func (o *Out) Rebind(m *meter.Meter) {
	o.meter, o.charged = m, 0
	if cap(o.vars) > keptBound {
		o.vars = nil
	}
	if 8*cap(o.words) > keptBound {
		o.words = nil
	}
}

// keptVars is what a result keeps of its buffer for the next rows though they need less.
const keptVars = 1 << 20

// settle charges what the buffers have grown by, or gives back what they shrank by. What grows
// by more than a little asks first, see Grow.
func (o *Out) settle() Err {
	held := int64(cap(o.vars) + 8*cap(o.words) + 8*cap(o.valid))
	if held == o.charged {
		return nil
	}
	if err := o.charge(held - o.charged); err != nil {
		return err
	}
	o.charged = held
	return nil
}

func (o *Out) charge(bytes int64) Err {
	if err := o.meter.Charge(bytes); err != nil {
		_ = o.meter.Stop(err) // kept there: it is the statement's error, not the row's
		return ErrStopped
	}
	return nil
}

// Grow makes room for n more bytes behind dst, which is what Start gave and the row's bytes so
// far. It is asked before the memory is taken: a value past PostgreSQL's limit is 54000.
func (o *Out) Grow(dst []byte, n int) ([]byte, Err) {
	switch {
	case n > maxText-(len(dst)-o.start):
		return dst, errLengthTooLarge()
	case len(dst)+n > math.MaxInt32:
		return dst, ErrTooLarge()
	case n <= cap(dst)-len(dst):
		return dst, nil
	}
	size := max(len(dst)+n, min(2*cap(dst), cap(dst)+cap(dst)/4+keptVars))
	// Both are there while one is copied to the other.
	if err := o.charge(int64(size)); err != nil {
		return dst, err
	}
	grown := append(make([]byte, 0, size), dst...)
	_ = o.meter.Charge(-int64(cap(o.vars))) // giving back never fails
	o.charged += int64(size - cap(o.vars))
	o.vars = grown[:len(o.vars)]
	return grown, nil
}

// Reset starts a result of n rows; a constant one stores a single value.
func (o *Out) Reset(t sqltype.OID, n int, constant bool) {
	o.phys, o.n, o.next = t.Phys(), n, 0
	if constant {
		o.n = 1
	}
	if cap(o.vars) > keptVars && len(o.vars) < cap(o.vars)/4 {
		o.vars = nil
	}
	o.vars, o.start = o.vars[:0], 0
	size := o.n * o.phys.Size()
	if o.phys == sqltype.PhysBytes {
		size = (o.n + 1) * 4
	}
	o.col = delta.Column{Type: t, Vec: sqltype.Vec{Phys: o.phys, Len: n, Const: constant, Data: o.alloc(size)}}
	if o.phys == sqltype.PhysNumeric {
		clear(o.col.Data) // Rows not written must not point anywhere.
	}
	_ = o.settle() // kept in the meter, which is looked at
}

// alloc returns size bytes, aligned to 8, of the reused buffer.
func (o *Out) alloc(size int) []byte {
	words := (size + 7) / 8
	if words == 0 {
		return nil
	}
	if cap(o.words) < words {
		o.words = make([]uint64, words, words+words/4)
	}
	o.words = o.words[:words]
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(o.words))), words*8)[:size]
}

// Column ends the writing and returns the column; it is valid until the next Reset.
func (o *Out) Column() *delta.Column {
	if o.phys == sqltype.PhysBytes {
		o.pad(int32(o.n) + 1)
	}
	o.col.Var = o.vars
	return &o.col
}

// Valids makes the result's validity bitmap, all valid, and returns it.
func (o *Out) Valids() []uint64 {
	if o.col.Valid == nil {
		words := (o.n + 63) / 64
		if cap(o.valid) < words {
			o.valid = make([]uint64, words)
		}
		o.valid = o.valid[:words]
		for i := range o.valid {
			o.valid[i] = math.MaxUint64
		}
		o.col.Valid = o.valid
	}
	return o.col.Valid
}

// SetNull makes row NULL.
func (o *Out) SetNull(row int32) { o.Valids()[row>>6] &^= 1 << (uint(row) & 63) }

// fixed are the result's values.
func fixed[T delta.Fixed](o *Out) []T { return delta.Values[T](&o.col) }

// Bools are a boolean result's values, one byte each.
func (o *Out) Bools() []uint8 { return o.col.Data }

// pad gives rows before upTo that were not written an empty value.
func (o *Out) pad(upTo int32) {
	offs := fixed[int32](o)
	end := int32(len(o.vars))
	for ; o.next < upTo; o.next++ {
		offs[o.next] = end
	}
}

// Start begins the bytes of row: append to the result and hand it to End.
func (o *Out) Start(row int32) []byte {
	o.pad(row + 1)
	o.start = len(o.vars)
	return o.vars
}

// End takes the bytes appended since Start, unless they are more than a value or a column may
// have.
func (o *Out) End(vars []byte) Err {
	switch {
	case len(vars)-o.start > maxText:
		return errLengthTooLarge()
	case len(vars) > math.MaxInt32:
		return ErrTooLarge()
	case cap(vars) == cap(o.vars):
		o.vars = vars
		return nil
	}
	old := o.vars
	o.vars = vars
	if err := o.settle(); err != nil {
		o.vars = old
		return err
	}
	return nil
}

// PutBytes writes a row of bytes.
func (o *Out) PutBytes(row int32, v []byte) Err {
	dst, err := o.Grow(o.Start(row), len(v))
	if err != nil {
		return err
	}
	return o.End(append(dst, v...))
}

// PutString writes a row of text.
func (o *Out) PutString(row int32, v string) Err {
	dst, err := o.Grow(o.Start(row), len(v))
	if err != nil {
		return err
	}
	return o.End(append(dst, v...))
}

// PutNumeric writes a row of numeric.
func (o *Out) PutNumeric(row int32, v decimal.Dec) {
	fixed[decimal.Num](o)[row], o.vars = v.Store(o.vars)
	_ = o.settle() // kept in the meter, which is looked at
}

// ErrTooLarge is the error of a row that a column has no room for.
func ErrTooLarge() Err {
	return sqlerr.New(sqlerr.OutOfMemory, "out of memory").WithDetail("The values of one step of the query exceed 2 GB.")
}

// HasValids reports whether the result has a validity bitmap.
func (o *Out) HasValids() bool { return o.col.Valid != nil }

// ShareValid gives the result c's NULLs; the bitmap is c's and may not be written any more.
func (o *Out) ShareValid(c *delta.Column) { o.col.Valid = c.Valid }

// Values are the values of a fixed-width result, for who fills it outside a kernel.
func Values[T delta.Fixed](o *Out) []T { return fixed[T](o) }
