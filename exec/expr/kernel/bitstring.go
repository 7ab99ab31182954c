package kernel

import (
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/bitstring"
)

// Functions of bit and bit varying.
func init() {
	compareBy("bit", shortNames, bitstring.Compare)
	kernels(map[string]Kernel{
		"bitcmp":  threeWay(bitstring.Compare),
		"bit_and": ok2(bitstring.Combine("AND", func(a, b byte) byte { return a & b })),
		"bit_or":  ok2(bitstring.Combine("OR", func(a, b byte) byte { return a | b })),
		"bitxor":  ok2(bitstring.Combine("XOR", func(a, b byte) byte { return a ^ b })),
		"bitnot":  fn1(bitstring.Not),

		"bitshiftleft":  fn2(bitstring.Shift),
		"bitshiftright": fn2(func(s []byte, n int32) []byte { return bitstring.Shift(s, max(n, -bitstring.MaxLen)*-1) }),

		"bit":    app3(fitBits(false)),
		"varbit": app3(fitBits(true)),
		"bitcat": app2(func(c *Call, dst, a, b []byte) ([]byte, Err) {
			n, err := bitstring.ConcatLen(a, b)
			if err != nil {
				return dst, asErr(err)
			}
			dst, e := c.Out.Grow(dst, 1+bitstring.Size(n))
			if e != nil {
				return dst, e
			}
			return bitstring.Concat(dst, a, b), nil
		}),
		"bitsubstr":        ok3(func(s []byte, from, n int32) ([]byte, error) { return bitstring.Substring(s, from, n, false) }),
		"bitsubstr_no_len": ok2(func(s []byte, from int32) ([]byte, error) { return bitstring.Substring(s, from, 0, true) }),
		"bitoverlay": fn4e(func(s, b []byte, from, n int32) ([]byte, Err) {
			v, err := bitstring.Overlay(s, b, from, n)
			return v, asErr(err)
		}),
		"bitoverlay_no_len": ok3(func(s, b []byte, from int32) ([]byte, error) {
			return bitstring.Overlay(s, b, from, bitstring.Len(b))
		}),
		"bitposition":    fn2c(bitPosition),
		"bitlength":      fn1(bitstring.Len),
		"bitoctetlength": fn1(func(s []byte) int32 { return int32(bitstring.Size(bitstring.Len(s))) }),
		"bit_bit_count":  fn1(bitstring.Count),
		"bitgetbit":      ok2(bitstring.Bit),
		"bitsetbit":      ok3(bitstring.SetBit),

		"bitfromint4": app2(func(c *Call, dst []byte, v, mod int32) ([]byte, Err) { return bitsOfInt(c, dst, int64(v), mod) }),
		"bitfromint8": app2(bitsOfInt),
		"bittoint4": fn1e(func(s []byte) (int32, Err) {
			v, ok := bitstring.Int(s, 32)
			if !ok {
				return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "integer out of range")
			}
			return int32(uint32(v)), nil
		}),
		"bittoint8": fn1e(func(s []byte) (int64, Err) {
			v, ok := bitstring.Int(s, 64)
			if !ok {
				return 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "bigint out of range")
			}
			return int64(v), nil
		}),
	})
	kernelsOf(map[uint32]Kernel{1812: fn1(bitstring.Len)}) // bit_length
}

// fitBits applies a length.
func fitBits(varying bool) func(c *Call, dst, s []byte, mod int32, explicit bool) ([]byte, Err) {
	return func(c *Call, dst, s []byte, mod int32, explicit bool) ([]byte, Err) {
		n, err := bitstring.FitLen(bitstring.Len(s), mod, explicit, varying)
		if err != nil {
			return dst, asErr(err)
		}
		dst, e := c.Out.Grow(dst, 1+bitstring.Size(n))
		if e != nil {
			return dst, e
		}
		return bitstring.Append(dst, bitstring.Data(s), n), nil
	}
}

func bitsOfInt(c *Call, dst []byte, v int64, mod int32) ([]byte, Err) {
	if mod <= 0 || mod > bitstring.MaxLen {
		mod = 1
	}
	dst, e := c.Out.Grow(dst, 1+bitstring.Size(mod))
	if e != nil {
		return dst, e
	}
	return bitstring.AppendInt(dst, v, mod), nil
}

// bitPosition breathes at each place: both may be long.
func bitPosition(c *Call, s, sub []byte) (at int32, err Err) {
	at = bitstring.Position(s, sub, func() bool { err = c.breathe(); return err == nil })
	return at, err
}
