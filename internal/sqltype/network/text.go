package network

import (
	"bytes"
	"strconv"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Parse reads an inet or a cidr.
func Parse(src []byte, cidr bool) ([]byte, error) {
	name := "inet"
	if cidr {
		name = "cidr"
	}
	v, ok := parse(src, cidr)
	if !ok {
		return nil, sqlerr.New(sqlerr.InvalidTextRepresentation, `invalid input syntax for type %s: "%s"`, name, src)
	}
	if cidr && !hostBitsClear(v) {
		return nil, sqlerr.New(sqlerr.InvalidTextRepresentation, `invalid cidr value: "%s"`, src).
			WithDetail("Value has bits set to right of mask.")
	}
	return v, nil
}

func parse(src []byte, cidr bool) (v []byte, ok bool) {
	if bytes.IndexByte(src, ':') >= 0 {
		return parse6(src)
	}
	if cidr && len(src) > 2 && src[0] == '0' && src[1]|0x20 == 'x' && hexDigit(src[2]) >= 0 {
		return parseHex(src[2:])
	}
	octets, rest, ok := octetsOf(src, !cidr)
	switch {
	case !ok:
		return nil, false
	case len(rest) == 0 && cidr:
		return pad4(octets, classBits(octets)), true
	case len(rest) == 0:
		return pad4(octets, 32), len(octets) == 4
	}
	bits, ok := number(rest[1:], 32, false)
	if !ok || !cidr && bits/8 > len(octets) {
		return nil, false
	}
	return pad4(octets, bits), true
}

func pad4(octets []byte, bits int) []byte {
	v := make([]byte, head+4)
	v[0], v[1] = 4, byte(bits)
	copy(v[head:], octets)
	return v
}

// octetsOf reads up to four numbers with dots between them, of an inet with one behind the last too; rest is what follows, from a
// slash on.
func octetsOf(src []byte, lastDot bool) (octets, rest []byte, ok bool) {
	for {
		n := 0
		for n < len(src) && src[n]-'0' <= 9 {
			n++
		}
		v, ok := number(src[:n], 255, false)
		if !ok || len(octets) == 4 {
			return nil, nil, false
		}
		octets, src = append(octets, byte(v)), src[n:]
		if len(src) == 0 || src[0] == '/' {
			return octets, src, true
		}
		if src[0] != '.' {
			return nil, nil, false
		}
		if src = src[1:]; lastDot && (len(src) == 0 || src[0] == '/') {
			return octets, src, true
		}
	}
}

// number reads digits up to a limit; strict ones have no leading zeros.
func number(src []byte, limit int, strict bool) (v int, ok bool) {
	for i, c := range src {
		if c -= '0'; c > 9 || strict && i > 0 && v == 0 {
			return 0, false
		}
		if v = 10*v + int(c); v > limit {
			return 0, false
		}
	}
	return v, len(src) > 0
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// parseHex reads a cidr as digits of its octets.
func parseHex(src []byte) (v []byte, ok bool) {
	var octets []byte
	n := 0
	for ; n < len(src) && hexDigit(src[n]) >= 0; n++ {
		if n == 8 {
			return nil, false
		}
		if n%2 == 0 {
			octets = append(octets, byte(hexDigit(src[n]))<<4)
		} else {
			octets[n/2] |= byte(hexDigit(src[n]))
		}
	}
	if n == len(src) {
		return pad4(octets, classBits(octets)), true
	}
	if src[n] != '/' {
		return nil, false
	}
	bits, ok := number(src[n+1:], 32, false)
	return pad4(octets, bits), ok
}

// classBits is the network of a cidr that names none: its class's, or the octets that are there.
func classBits(octets []byte) int {
	bits := 8
	switch first := octets[0]; {
	case first >= 240:
		bits = 32
	case first == 224 && len(octets) == 1:
		return 4
	case first >= 224:
	case first >= 192:
		bits = 24
	case first >= 128:
		bits = 16
	}
	return max(bits, 8*len(octets))
}

// parse6 reads an address of version 6.
func parse6(src []byte) (v []byte, ok bool) {
	address, length, slash := bytes.Cut(src, []byte("/"))
	bits := 128
	if slash {
		if bits, ok = number(length, 128, true); !ok {
			return nil, false
		}
	}
	before, after, short := bytes.Cut(address, []byte("::"))
	left, ok := groups(before, !short, slash)
	if !ok {
		return nil, false
	}
	v = append(make([]byte, 0, head+16), 6, byte(bits))
	v = append(v, left...)
	if !short {
		return v, len(left) == 16
	}
	right, ok := groups(after, true, slash)
	if !ok || len(left)+len(right) >= 16 {
		return nil, false
	}
	return append(append(v, make([]byte, 16-len(left)-len(right))...), right...), true
}

// groups reads groups of four hex digits with colons between them; the last may be an address of version 4. slash says what
// stands behind them.
func groups(src []byte, last, slash bool) (out []byte, ok bool) {
	if len(src) == 0 {
		return nil, true
	}
	for part := range bytes.SplitSeq(src, []byte(":")) {
		if len(out) > 14 {
			return nil, false
		}
		if bytes.IndexByte(part, '.') >= 0 {
			return embedded(out, part, last && len(part) > 0 && &part[len(part)-1] == &src[len(src)-1], slash)
		}
		if len(part) == 0 || len(part) > 4 {
			return nil, false
		}
		n := 0
		for _, c := range part {
			if hexDigit(c) < 0 {
				return nil, false
			}
			n = n<<4 | hexDigit(c)
		}
		out = append(out, byte(n>>8), byte(n))
	}
	return out, true
}

// embedded reads up to four octets, those that lack being zero.
func embedded(out, part []byte, last, slash bool) ([]byte, bool) {
	octets := bytes.Split(part, []byte("."))
	if !last || len(out) > 12 || len(octets) > 4 {
		return nil, false
	}
	var ip [4]byte
	for i, octet := range octets {
		v, ok := number(octet, 255, true)
		if !ok && (len(octet) > 0 || i == len(octets)-1 && !slash) {
			return nil, false
		}
		ip[i] = byte(v)
	}
	return append(out, ip[:]...), true
}

// AppendText appends v as inet or cidr show it: the length of the network where it says something.
func AppendText(dst, v []byte, cidr bool) []byte {
	if len(v) < head {
		return dst
	}
	dst = AppendHost(dst, v)
	if cidr || Bits(v) != MaxBits(v) {
		dst = appendBits(dst, v)
	}
	return dst
}

func appendBits(dst, v []byte) []byte {
	return strconv.AppendInt(append(dst, '/'), int64(Bits(v)), 10)
}

// AppendShow appends v with the length of its network.
func AppendShow(dst, v []byte) []byte { return appendBits(AppendHost(dst, v), v) }

// AppendHost appends the address alone.
func AppendHost(dst, v []byte) []byte {
	if v[0] == 4 {
		return appendOctets(dst, v[head:])
	}
	words := wordsOf(v[head:])
	from, n := longestZeros(words)
	if n < 2 {
		from, n = -1, 0
	}
	for i := 0; i < 8; i++ {
		if i == from {
			dst = append(dst, ':')
			i += n - 1
			continue
		}
		if i != 0 {
			dst = append(dst, ':')
		}
		if i == 6 && from == 0 && (n == 6 || n == 7 && words[7] != 1 || n == 5 && words[5] == 0xffff) {
			return appendOctets(dst, v[head+12:])
		}
		dst = strconv.AppendUint(dst, uint64(words[i]), 16)
	}
	if from >= 0 && from+n == 8 {
		dst = append(dst, ':')
	}
	return dst
}

func appendOctets(dst, octets []byte) []byte {
	for i, o := range octets {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = strconv.AppendUint(dst, uint64(o), 10)
	}
	return dst
}

func wordsOf(ip []byte) (words [8]uint16) {
	for i := range words {
		words[i] = uint16(ip[2*i])<<8 | uint16(ip[2*i+1])
	}
	return words
}

// longestZeros finds the first of the longest runs of zeros.
func longestZeros(words [8]uint16) (from, n int) {
	for i := 0; i < 8; i++ {
		k := i
		for k < 8 && words[k] == 0 {
			k++
		}
		if k-i > n {
			from, n = i, k-i
		}
		i = max(i, k-1)
	}
	return from, n
}
