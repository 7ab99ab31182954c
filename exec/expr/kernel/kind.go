package kernel

import (
	"fmt"
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/geometric"
)

// kind says how the Go form of a type is read from and written to columns. The Go forms are
// bool, int16, int32, int64, float32, float64, string and []byte (both PhysBytes), decimal.Dec,
// delta.Interval, [16]byte, and those of package geometric.
type kind[T any] struct {
	load  func(c *delta.Column) func(row int32) T
	store func(c *Call) func(row int32, v T)
}

// kindOf returns the kind of T; it panics for a type that has none, at registration.
func kindOf[T any]() kind[T] {
	var zero T
	var k any
	switch any(zero).(type) {
	case bool:
		k = boolKind()
	case int16:
		k = fixedKind[int16]()
	case int32:
		k = fixedKind[int32]()
	case int64:
		k = fixedKind[int64]()
	case float32:
		k = fixedKind[float32]()
	case float64:
		k = fixedKind[float64]()
	case delta.Interval:
		k = fixedKind[delta.Interval]()
	case [16]byte:
		k = fixedKind[[16]byte]()
	case string:
		k = stringKind()
	case []byte:
		k = bytesKind()
	case decimal.Dec:
		k = numericKind()
	case geometric.Point:
		k = storedKind(geometric.PointOf)
	case geometric.Lseg:
		k = storedKind(geometric.LsegOf)
	case geometric.Path:
		k = storedKind(geometric.PathOf)
	case geometric.Box:
		k = storedKind(geometric.BoxOf)
	case geometric.Polygon:
		k = storedKind(geometric.PolygonOf)
	case geometric.Line:
		k = storedKind(geometric.LineOf)
	case geometric.Circle:
		k = storedKind(geometric.CircleOf)
	default:
		panic(fmt.Sprintf("no column kind for %T", zero))
	}
	return k.(kind[T])
}

func fixedKind[T delta.Fixed]() kind[T] {
	return kind[T]{
		load: func(c *delta.Column) func(int32) T {
			values := delta.Values[T](c)
			if c.Const {
				v := values[0]
				return func(int32) T { return v }
			}
			return func(row int32) T { return values[row] }
		},
		store: func(c *Call) func(int32, T) {
			values := fixed[T](c.Out)
			return func(row int32, v T) { values[row] = v }
		},
	}
}

func boolKind() kind[bool] {
	return kind[bool]{
		load: func(c *delta.Column) func(int32) bool {
			if c.Const {
				v := c.Data[0] != 0
				return func(int32) bool { return v }
			}
			return func(row int32) bool { return c.Data[row] != 0 }
		},
		store: func(c *Call) func(int32, bool) {
			values := c.Out.Bools()
			return func(row int32, v bool) { values[row] = b2u(v) }
		},
	}
}

func b2u(v bool) uint8 {
	var r uint8
	if v {
		r = 1
	}
	return r
}

// view is b as a string, without a copy: valid as long as b is.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func stringKind() kind[string] {
	return kind[string]{
		load: func(c *delta.Column) func(int32) string {
			offs, vars := delta.Offsets(c), c.Var
			if c.Const {
				v := view(vars[offs[0]:offs[1]])
				return func(int32) string { return v }
			}
			return func(row int32) string { return view(vars[offs[row]:offs[row+1]]) }
		},
		store: func(c *Call) func(int32, string) {
			return func(row int32, v string) {
				if err := c.Out.PutString(row, v); err != nil {
					c.finish(row, err)
				}
			}
		},
	}
}

func bytesKind() kind[[]byte] {
	return kind[[]byte]{
		load: func(c *delta.Column) func(int32) []byte { return c.Bytes },
		store: func(c *Call) func(int32, []byte) {
			return func(row int32, v []byte) {
				if err := c.Out.PutBytes(row, v); err != nil {
					c.finish(row, err)
				}
			}
		},
	}
}

// storedKind is of what is made of the bytes of a value.
func storedKind[T interface{ AppendTo([]byte) []byte }](of func([]byte) T) kind[T] {
	return kind[T]{
		load: func(c *delta.Column) func(int32) T { return func(row int32) T { return of(c.Bytes(row)) } },
		store: func(c *Call) func(int32, T) {
			return func(row int32, v T) { c.take(row, v.AppendTo(c.Out.Start(row)), nil) }
		},
	}
}

func numericKind() kind[decimal.Dec] {
	return kind[decimal.Dec]{
		load: func(c *delta.Column) func(int32) decimal.Dec {
			values, arena := delta.Values[decimal.Num](c), c.Var
			if c.Const {
				v := values[0].Load(arena)
				return func(int32) decimal.Dec { return v }
			}
			return func(row int32) decimal.Dec { return values[row].Load(arena) }
		},
		store: func(c *Call) func(int32, decimal.Dec) { return c.Out.PutNumeric },
	}
}
