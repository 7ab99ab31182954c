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

// MaxScale is the largest display scale a value may have; MaxDigits the most digits before
// the point (both PostgreSQL's).
const (
	MaxScale  = 16383
	MaxDigits = 131072
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
//
// INVARIANT: a coefficient that fits 128 bits is Finite, never FiniteBig, and Big has no
// leading zero byte; so equal images have equal fields (checked by fromBig).
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

// Store gives the column form of d: big digits are appended to the arena.
func (d Dec) Store(arena []byte) (Num, []byte) {
	n := d.Num
	if n.Flag != FiniteBig {
		return n, arena
	}
	n.Hi = 0
	n.Lo = uint64(len(arena))<<32 | uint64(len(d.Big))
	return n, append(arena, d.Big...)
}

// Clone returns d with Big copied.
func (d Dec) Clone() Dec {
	if d.Big != nil {
		d.Big = append([]byte(nil), d.Big...)
	}
	return d
}

// IsNaN reports whether d is NaN.
func (d Dec) IsNaN() bool { return d.Flag == NaN }

// IsInf reports whether d is an infinity.
func (d Dec) IsInf() bool { return d.Flag == PosInf || d.Flag == NegInf }

// IsFinite reports whether d is a number.
func (d Dec) IsFinite() bool { return d.Flag <= FiniteBig }

// IsZero reports whether d is 0.
func (d Dec) IsZero() bool { return d.Flag == Finite && d.Hi == 0 && d.Lo == 0 }

// Sign is -1, 0 or +1; NaN counts as positive.
func (d Dec) Sign() int {
	switch d.Flag {
	case Finite:
		switch {
		case d.Hi < 0:
			return -1
		case d.Hi == 0 && d.Lo == 0:
			return 0
		}
		return 1
	case FiniteBig:
		if d.Big[0] != 0 {
			return -1
		}
		return 1
	case NegInf:
		return -1
	}
	return 1
}

// Special values.
var (
	NotANumber = Dec{Num: Num{Flag: NaN}}
	Infinity   = Dec{Num: Num{Flag: PosInf}}
	MinusInf   = Dec{Num: Num{Flag: NegInf}}
	Zero       = Dec{}
)

// FromInt64 is v with scale 0.
func FromInt64(v int64) Dec { return Dec{Num: Num{Hi: v >> 63, Lo: uint64(v)}} }

// New is coef * 10^-scale.
func New(coef int64, scale int) Dec {
	d := FromInt64(coef)
	d.Scale = uint16(scale)
	return d
}
