package datetime

import (
	"strconv"
	"strings"
	"time"
)

// FindZone finds what AT TIME ZONE may name: an abbreviation, an IANA name, or a POSIX form
// such as UTC+3, whose sign counts west of Greenwich.
func FindZone(name string) (*time.Location, bool) {
	if loc, ok := abbreviationZone(strings.ToLower(name)); ok {
		return loc, true
	}
	if loc, ok := LoadZone(name); ok {
		return loc, true
	}
	letters := 0
	for letters < len(name) && (name[letters]|0x20 >= 'a' && name[letters]|0x20 <= 'z') {
		letters++
	}
	west, ok := posixOffset(name[letters:])
	if !ok {
		return nil, false
	}
	return FixedZone(-west), true
}

// posixOffset reads [+-]hh[:mm[:ss]] as seconds.
func posixOffset(s string) (int, bool) {
	if s == "" {
		return 0, false
	}
	sign := 1
	switch s[0] {
	case '-':
		sign = -1
		fallthrough
	case '+':
		s = s[1:]
	}
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return 0, false
	}
	total, unit := 0, 3600
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || i == 0 && n > 167 || i > 0 && n > 59 {
			return 0, false
		}
		total += int(n) * unit
		unit /= 60
	}
	return sign * total, true
}
