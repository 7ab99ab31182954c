package typetest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// address is an inet or a cidr, of few networks and many hosts.
func address(r *rand.Rand, cidr bool) string {
	ip := netip.AddrFrom4([4]byte{10, byte(r.IntN(2)), byte(r.Uint32()), byte(r.IntN(4))})
	if r.IntN(2) == 0 {
		var b [16]byte
		for i := range b {
			b[i] = byte(r.Uint32()) * byte(r.IntN(2)) // zeros, for their short forms
		}
		ip = netip.AddrFrom16(b)
	}
	p := netip.PrefixFrom(ip.Unmap(), r.IntN(ip.Unmap().BitLen()+1))
	if cidr {
		return p.Masked().String()
	}
	return pick(r, p.String(), p.Addr().String())
}

func mac(r *rand.Rand, octets int) string {
	parts := make([]string, octets)
	for i := range parts {
		parts[i] = fmt.Sprintf("%02x", byte(r.Uint32()))
	}
	return strings.Join(parts, pick(r, ":", "-"))
}
