package sqltype

import (
	"strconv"

	"github.com/tributary-db/tributary/internal/xid"
)

// A macaddr8, a pg_lsn and an xid8 have no sign, an int64 has one: its highest bit is turned, so that the order is that of the numbers.

// Unsigned is the number that a value is.
func Unsigned(v int64) uint64 { return uint64(v) ^ 1<<63 }

// FromUnsigned is the value of a number.
func FromUnsigned(n uint64) int64 { return int64(n ^ 1<<63) }

// AppendLSN appends the text of a pg_lsn.
func AppendLSN(dst []byte, n uint64) []byte {
	start := len(dst)
	dst = strconv.AppendUint(dst, n>>32, 16)
	dst = strconv.AppendUint(append(dst, '/'), n&(1<<32-1), 16)
	for i := start; i < len(dst); i++ {
		if dst[i] >= 'a' {
			dst[i] -= 'a' - 'A'
		}
	}
	return dst
}

// addTransactions adds pg_lsn, xid8 and the snapshots, which are stored as their text.
func addTransactions(types map[OID]*Ops, ints64, bytes Ops) {
	send := func(dst []byte, v *Vec, row int32, _ *Env) []byte {
		n := Unsigned(valueAt[int64](v, row))
		return append(dst, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	types[LSN] = ints64.with(func(o *Ops) {
		o.Version, o.Binary = 2, send
		o.Text = func(dst []byte, v *Vec, row int32, _ *Env) []byte {
			return AppendLSN(dst, Unsigned(valueAt[int64](v, row)))
		}
	})
	types[XID8] = ints64.with(func(o *Ops) {
		o.Binary = send
		o.Text = func(dst []byte, v *Vec, row int32, _ *Env) []byte {
			return strconv.AppendUint(dst, Unsigned(valueAt[int64](v, row)), 10)
		}
	})
	for _, t := range []OID{Snapshot, TxidSnapshot} {
		types[t] = bytes.with(func(o *Ops) {
			o.Words = nil
			o.Binary = func(dst []byte, v *Vec, row int32, _ *Env) []byte { return xid.Of(v.Bytes(row)).AppendBinary(dst) }
		})
	}
}
