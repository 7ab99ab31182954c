package kernel

import (
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/network"
)

// Functions of inet and cidr, whose addresses are bytes of package network, and of the MAC addresses, which are numbers.
func init() {
	compareBy("network", longNames, network.Compare)
	compareNumbers[int64]("macaddr", longNames)
	compareNumbers[int64]("macaddr8", longNames)
	kernels(map[string]Kernel{
		"network_cmp":  threeWay(network.Compare),
		"macaddr_cmp":  threeWay(cmpOrdered[int64]),
		"macaddr8_cmp": threeWay(cmpOrdered[int64]),

		"network_larger":  fn2(func(a, b []byte) []byte { return pick(network.Compare(a, b) > 0, a, b) }),
		"network_smaller": fn2(func(a, b []byte) []byte { return pick(network.Compare(a, b) < 0, a, b) }),
		"network_sub":     fn2(func(a, b []byte) bool { return network.Contains(b, a, false) }),
		"network_subeq":   fn2(func(a, b []byte) bool { return network.Contains(b, a, true) }),
		"network_sup":     fn2(func(a, b []byte) bool { return network.Contains(a, b, false) }),
		"network_supeq":   fn2(func(a, b []byte) bool { return network.Contains(a, b, true) }),
		"network_overlap": fn2(network.Overlaps),

		"network_host":      appendAddress(network.AppendHost),
		"network_show":      appendAddress(network.AppendShow),
		"inet_abbrev":       appendAddress(func(dst, v []byte) []byte { return network.AppendText(dst, v, false) }),
		"cidr_abbrev":       appendAddress(network.AppendAbbrev),
		"network_family":    fn1(func(v []byte) int32 { return int32(network.Family(v)) }),
		"network_masklen":   fn1(func(v []byte) int32 { return int32(network.Bits(v)) }),
		"network_network":   fn1(network.Network),
		"inet_to_cidr":      fn1(network.Network),
		"network_netmask":   fn1(network.Netmask),
		"network_hostmask":  fn1(network.Hostmask),
		"network_broadcast": fn1(network.Broadcast),
		"inet_same_family":  fn2(func(a, b []byte) bool { return a[0] == b[0] }),
		"inet_merge":        ok2(network.Merge),
		"inet_set_masklen":  ok2(func(v []byte, bits int32) ([]byte, error) { return network.WithBits(v, int(bits)) }),
		"cidr_set_masklen": ok2(func(v []byte, bits int32) ([]byte, error) {
			out, err := network.WithBits(v, int(bits))
			if err != nil {
				return nil, err
			}
			return network.Network(out), nil
		}),

		"inetnot":     fn1(network.Not),
		"inetand":     ok2(network.And),
		"inetor":      ok2(network.Or),
		"inetpl":      ok2(network.Add),
		"inetmi_int8": ok2(network.Sub),
		"inetmi":      ok2(network.Distance),

		"macaddr_not":       fn1(func(v int64) int64 { return ^v & (1<<48 - 1) }),
		"macaddr_and":       fn2(func(a, b int64) int64 { return a & b }),
		"macaddr_or":        fn2(func(a, b int64) int64 { return a | b }),
		"macaddr_trunc":     fn1(func(v int64) int64 { return v &^ (1<<24 - 1) }),
		"macaddrtomacaddr8": fn1(func(v int64) int64 { return sqltype.FromUnsigned(network.Widen(v)) }),
		"macaddr8tomacaddr": ok1(func(v int64) (int64, error) { return network.Narrow(sqltype.Unsigned(v)) }),
		"macaddr8_not":      onMAC8(func(v uint64) uint64 { return ^v }),
		"macaddr8_trunc":    onMAC8(func(v uint64) uint64 { return v &^ (1<<40 - 1) }),
		"macaddr8_set7bit":  onMAC8(func(v uint64) uint64 { return v | 2<<56 }),
		"macaddr8_and":      fn2(func(a, b int64) int64 { return sqltype.FromUnsigned(sqltype.Unsigned(a) & sqltype.Unsigned(b)) }),
		"macaddr8_or":       fn2(func(a, b int64) int64 { return sqltype.FromUnsigned(sqltype.Unsigned(a) | sqltype.Unsigned(b)) }),
	})
	kernelsOf(map[uint32]Kernel{
		2631: ok2(swap(network.Add)), // bigint + inet
	})
}

func appendAddress(f func(dst, v []byte) []byte) Kernel {
	return app1(func(_ *Call, dst []byte, v []byte) ([]byte, Err) { return f(dst, v), nil })
}

func onMAC8(f func(uint64) uint64) Kernel {
	return fn1(func(v int64) int64 { return sqltype.FromUnsigned(f(sqltype.Unsigned(v))) })
}
