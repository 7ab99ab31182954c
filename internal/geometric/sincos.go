package geometric

import "math"

// C's sine and cosine of an angle are the nearest float8 in all but the rarest cases; Go's are not. These calculate with about 106 bits.

// wide is a sum of two float8s, the second below the last bit of the first.
type wide struct{ hi, lo float64 }

func sum(a, b float64) wide {
	s := a + b
	t := s - a
	return wide{s, (a - (s - t)) + (b - t)}
}

func (x wide) add(y wide) wide {
	s := sum(x.hi, y.hi)
	return sum(s.hi, s.lo+(x.lo+y.lo))
}

func (x wide) mul(y wide) wide {
	p := x.hi * y.hi
	return sum(p, math.FMA(x.hi, y.hi, -p)+(x.hi*y.lo+x.lo*y.hi))
}

func (x wide) div(by float64) wide {
	q := x.hi / by
	rest := math.FMA(-q, by, x.hi) + x.lo
	return sum(q, rest/by)
}

// A quarter turn, to about 160 bits.
const (
	quarter  = 1.5707963267948966
	quarter2 = 6.123233995736766e-17
	quarter3 = -1.4973849048591833e-33
)

// sincos is of angles of a few turns.
func sincos(angle float64) (sin, cos float64) {
	k := math.Round(angle / quarter)
	p := k * quarter
	x := sum(angle-p, -math.FMA(k, quarter, -p))
	p = k * quarter2
	x = x.add(wide{-p, -math.FMA(k, quarter2, -p)}).add(wide{-k * quarter3, 0})
	s, c := series(x, 1), series(x, 0)
	switch int64(k) & 3 {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	}
	return s, c
}

// series is x - x³/3! + x⁵/5! - …, or 1 - x²/2! + x⁴/4! - …, by the power of its first term.
func series(x wide, power int) float64 {
	term := wide{1, 0}
	if power == 1 {
		term = x
	}
	total, square := term, x.mul(x)
	square.hi, square.lo = -square.hi, -square.lo
	for n := power; math.Abs(term.hi) > 1e-35; n += 2 {
		term = term.mul(square).div(float64((n + 1) * (n + 2)))
		total = total.add(term)
	}
	return total.hi + total.lo
}
