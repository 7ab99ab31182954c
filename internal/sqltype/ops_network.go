package sqltype

import (
	"encoding/binary"

	"github.com/tributary-db/tributary/internal/sqltype/network"
)

// addNetworkTypes adds inet, cidr and the MAC addresses.
func addNetworkTypes(types map[OID]*Ops, ints64, bytes Ops) {
	addresses := bytes.with(func(o *Ops) {
		o.Compare = NullsLast(compareAddresses)
		o.Image, o.Equal, o.Words, o.Opaque = o.Compare, equalBy(o.Compare), nil, true
	})
	for oid, cidr := range map[OID]bool{Inet: false, CIDR: true} {
		types[oid] = addresses.with(func(o *Ops) {
			o.Text = func(dst []byte, v *Vec, row int32, _ *Env) []byte { return network.AppendText(dst, v.Bytes(row), cidr) }
			o.Binary = func(dst []byte, v *Vec, row int32, _ *Env) []byte {
				return network.AppendBinary(dst, v.Bytes(row), cidr)
			}
		})
	}
	types[MACAddr] = ints64.with(func(o *Ops) {
		o.Text = func(dst []byte, v *Vec, row int32, _ *Env) []byte {
			return network.AppendMAC(dst, uint64(valueAt[int64](v, row)), 6)
		}
		o.Binary = func(dst []byte, v *Vec, row int32, _ *Env) []byte {
			return append(dst, binary.BigEndian.AppendUint64(nil, uint64(valueAt[int64](v, row)))[2:]...)
		}
	})
	types[MACAddr8] = ints64.with(func(o *Ops) {
		o.Text = func(dst []byte, v *Vec, row int32, _ *Env) []byte {
			return network.AppendMAC(dst, Unsigned(valueAt[int64](v, row)), 8)
		}
		o.Binary = func(dst []byte, v *Vec, row int32, _ *Env) []byte {
			return binary.BigEndian.AppendUint64(dst, Unsigned(valueAt[int64](v, row)))
		}
	})
}

func compareAddresses(a *Vec, i int32, b *Vec, j int32) int {
	return network.Compare(a.Bytes(i), b.Bytes(j))
}
