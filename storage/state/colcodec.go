package state

import (
	"errors"
	"fmt"
	"hash/crc32"
	"unsafe"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// ErrCorrupt: state in a checkpoint or on disk is damaged, or of another schema.
var ErrCorrupt = errors.New("corrupt state")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// IsDamage reports whether err says that state on disk or in a checkpoint cannot be read.
func IsDamage(err error) bool {
	return errors.Is(err, ErrCorrupt) || errors.Is(err, ErrUnreadable)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func bytesOf[T any](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(v[0])))
}

// sliceOf views 8-aligned bytes.
func sliceOf[T any](b []byte) []T {
	if len(b) == 0 {
		return nil
	}
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(zero)))
}

// validate checks everything that code reading a column relies on.
func validate(c *delta.Column) error {
	switch c.Phys {
	case sqltype.PhysBytes:
		last := int32(0)
		for i, o := range delta.Offsets(c) {
			if o < last || i == 0 && o != 0 {
				return corrupt("offsets")
			}
			last = o
		}
		if int(last) != len(c.Var) {
			return corrupt("bytes of a column")
		}
	case sqltype.PhysBool:
		for _, b := range c.Data {
			if b > 1 {
				return corrupt("boolean %d", b)
			}
		}
	case sqltype.PhysNumeric:
		for i, v := range delta.Values[decimal.Num](c) {
			if !c.Null(int32(i)) && !validNumeric(v, c.Var) {
				return corrupt("numeric")
			}
		}
	}
	return nil
}

func validNumeric(v decimal.Num, arena []byte) bool {
	if v.Flag > decimal.NegInf || v.Scale > decimal.MaxScale {
		return false
	}
	if v.Flag != decimal.FiniteBig {
		return true
	}
	at, size := v.Lo>>32, v.Lo&0xffffffff
	if at+size > uint64(len(arena)) || size < 17 {
		return false
	}
	big := arena[at : at+size]
	return big[0] <= 1 && big[1] != 0 && (size > 17 || big[1] >= 0x80)
}
