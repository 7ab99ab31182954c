package network

import "github.com/tributary-db/tributary/internal/sqlerr"

// Families on the wire, those of PostgreSQL on every machine.
const (
	wire4 = 2
	wire6 = 3
)

// AppendBinary appends v as inet's and cidr's send functions do.
func AppendBinary(dst, v []byte, cidr bool) []byte {
	if len(v) < head {
		return dst
	}
	family, flag := byte(wire4), byte(0)
	if v[0] == 6 {
		family = wire6
	}
	if cidr {
		flag = 1
	}
	return append(append(dst, family, v[1], flag, byte(len(v)-head)), v[head:]...)
}

// DecodeBinary reads what AppendBinary writes; the flag of a cidr does not matter, as in PostgreSQL.
func DecodeBinary(src []byte, cidr bool) ([]byte, error) {
	name := "inet"
	if cidr {
		name = "cidr"
	}
	invalid := func(what string) error {
		return sqlerr.New(sqlerr.InvalidBinaryRepresentation, `invalid %s in external "%s" value`, what, name)
	}
	if len(src) < 1 {
		return nil, errShort()
	}
	family, size := byte(4), 4
	switch src[0] {
	case wire4:
	case wire6:
		family, size = 6, 16
	default:
		return nil, invalid("address family")
	}
	if len(src) < 4 {
		return nil, errShort()
	}
	if int(src[1]) > 8*size {
		return nil, invalid("bits")
	}
	if int(src[3]) != size {
		return nil, invalid("length")
	}
	switch ip := src[4:]; {
	case len(ip) < size:
		return nil, errShort()
	case len(ip) > size:
		return nil, sqlerr.New(sqlerr.InvalidBinaryRepresentation, "incorrect binary data format")
	}
	v := append([]byte{family, src[1]}, src[4:]...)
	if cidr && !hostBitsClear(v) {
		return nil, sqlerr.New(sqlerr.InvalidBinaryRepresentation, `invalid external "cidr" value`).WithDetail("Value has bits set to right of mask.")
	}
	return v, nil
}

func errShort() error {
	return sqlerr.New(sqlerr.ProtocolViolation, "insufficient data left in message")
}
