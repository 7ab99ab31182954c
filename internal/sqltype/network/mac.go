package network

import (
	"math"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

func errMAC(name string, src []byte) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, `invalid input syntax for type %s: "%s"`, name, src)
}

// forms of a macaddr: how many digits an octet has at most, 0 = any, and what stands behind each.
var forms = []struct {
	width      int
	separators string
}{
	{0, ":::::"}, {0, "-----"}, {2, "  :  "}, {2, "  -  "}, {2, " . . "}, {2, " - - "}, {2, "     "},
}

// ParseMAC reads a macaddr: a number of 48 bits.
func ParseMAC(src []byte) (int64, error) {
	for _, f := range forms {
		octets, ok := scanOctets(src, f.width, f.separators)
		if !ok {
			continue
		}
		v := int64(0)
		for _, o := range octets {
			if o < 0 || o > 255 {
				return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, `invalid octet value in "macaddr" value: "%s"`, src)
			}
			v = v<<8 | int64(o)
		}
		return v, nil
	}
	return 0, errMAC("macaddr", src)
}

// scanOctets reads six numbers as sscanf does with %x or %2x, and nothing but space behind them.
func scanOctets(src []byte, width int, separators string) (octets [6]int32, ok bool) {
	for i := range octets {
		if octets[i], src, ok = scanHex(src, width); !ok {
			return octets, false
		}
		if i < len(separators) && separators[i] != ' ' {
			if len(src) == 0 || src[0] != separators[i] {
				return octets, false
			}
			src = src[1:]
		}
	}
	return octets, len(skipSpace(src)) == 0
}

func skipSpace(src []byte) []byte {
	for len(src) > 0 && isSpace(src[0]) {
		src = src[1:]
	}
	return src
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// scanHex is one %x: a sign and 0x count as digits of the width do.
func scanHex(src []byte, width int) (v int32, rest []byte, ok bool) {
	src = skipSpace(src)
	if width == 0 {
		width = len(src)
	}
	end := min(width, len(src))
	i, negative := 0, false
	if i < end && (src[i] == '-' || src[i] == '+') {
		negative = src[i] == '-'
		i++
	}
	n, digits := uint64(0), 0
	if i+1 < end && src[i] == '0' && src[i+1]|0x20 == 'x' {
		i, digits = i+2, 1
	}
	for ; i < end && hexDigit(src[i]) >= 0; i++ {
		digits++
		if n > math.MaxUint64>>4 {
			n = math.MaxUint64
			continue
		}
		n = n<<4 | uint64(hexDigit(src[i]))
	}
	if negative && n != math.MaxUint64 {
		n = -n
	}
	return int32(uint32(n)), src[i:], digits > 0
}

// ParseMAC8 reads a macaddr8 of eight octets, or of six, between which FF and FE come.
func ParseMAC8(src []byte) (uint64, error) {
	s := skipSpace(src)
	v, count, spacer := uint64(0), 0, byte(0)
	for len(s) > 1 {
		hi, lo := hexDigit(s[0]), hexDigit(s[1])
		if count++; count > 8 || hi < 0 || lo < 0 {
			return 0, errMAC("macaddr8", src)
		}
		v, s = v<<8|uint64(hi<<4|lo), s[2:]
		if len(s) > 0 && (s[0] == ':' || s[0] == '-' || s[0] == '.') {
			if spacer != 0 && spacer != s[0] {
				return 0, errMAC("macaddr8", src)
			}
			spacer, s = s[0], s[1:]
		}
		if (count == 6 || count == 8) && len(s) > 0 && isSpace(s[0]) {
			if s = skipSpace(s); len(s) > 0 {
				return 0, errMAC("macaddr8", src)
			}
		}
	}
	switch count {
	case 6:
		return Widen(int64(v)), nil
	case 8:
		return v, nil
	}
	return 0, errMAC("macaddr8", src)
}

// Widen is a macaddr as a macaddr8.
func Widen(mac int64) uint64 {
	return uint64(mac)>>24<<40 | 0xfffe<<24 | uint64(mac)&0xffffff
}

// Narrow is the macaddr that a macaddr8 is Widen of.
func Narrow(mac8 uint64) (int64, error) {
	if mac8>>24&0xffff != 0xfffe {
		return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "macaddr8 data out of range to convert to macaddr").
			WithHint("Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.")
	}
	return int64(mac8>>40<<24 | mac8&0xffffff), nil
}

// AppendMAC appends the lower size octets of a MAC address.
func AppendMAC(dst []byte, v uint64, size int) []byte {
	const digits = "0123456789abcdef"
	for i := size - 1; i >= 0; i-- {
		o := byte(v >> (8 * i))
		dst = append(dst, digits[o>>4], digits[o&15])
		if i > 0 {
			dst = append(dst, ':')
		}
	}
	return dst
}
