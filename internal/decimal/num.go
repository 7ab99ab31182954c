// Package decimal is PostgreSQL's numeric: an int128 coefficient with a display scale, NaN
// and infinities; coefficients past 128 bits fall back to big digits.
package decimal

// Flag says what a Num is.
type Flag uint8

const (
	Finite    Flag = 0 // Hi:Lo, two's complement, is the coefficient
	FiniteBig Flag = 1 // Lo is offset<<32|length of the digits in the column's arena (see Dec.Big)
	NaN       Flag = 2
	PosInf    Flag = 3
	NegInf    Flag = 4
)

// Num is a numeric as stored in a column: 24 bytes, pointer-free. The value is
// coefficient * 10^-Scale; Scale is the display scale, 0 to 16383.
type Num struct {
	Hi    int64
	Lo    uint64
	Scale uint16
	Flag  Flag
	_     [5]byte
}

// Dec is a numeric in hand: a Num whose big coefficient, if it has one, is in Big.
type Dec struct {
	Num
	// Big, with FiniteBig: a sign byte (0 or 1 = negative), then the magnitude, big-endian.
	Big []byte
}

// Load resolves n against its column's arena; Big is borrowed from it.
func (n Num) Load(arena []byte) Dec {
	if n.Flag != FiniteBig {
		return Dec{Num: n}
	}
	off, size := n.Lo>>32, n.Lo&0xffffffff
	return Dec{Num: n, Big: arena[off : off+size : off+size]}
}
