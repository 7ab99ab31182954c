package geometric

import (
	"math"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Calc is the arithmetic of one call.
type Calc struct {
	// Err is the first error; with one, results mean nothing.
	Err *sqlerr.Error
	// Null: the function has no result.
	Null bool
	// Pause is asked inside long loops, nil = never; its error ends them.
	Pause func() *sqlerr.Error
}

func (g *Calc) fail(err *sqlerr.Error) {
	if g.Err == nil {
		g.Err = err
	}
}

// null has no result.
func (g *Calc) null() { g.Null = true }

// stopped tells loops to end.
func (g *Calc) stopped() bool {
	if g.Err == nil && g.Pause != nil {
		g.Err = g.Pause()
	}
	return g.Err != nil
}

func inf(v float64) bool { return math.IsInf(v, 0) }

// checked is a result of a and b that is no infinity of theirs.
func (g *Calc) checked(r, a, b float64) float64 {
	if inf(r) && !inf(a) && !inf(b) {
		g.fail(sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow"))
	}
	return r
}

func (g *Calc) underflow() {
	g.fail(sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: underflow"))
}

func (g *Calc) add(a, b float64) float64 { return g.checked(a+b, a, b) }
func (g *Calc) sub(a, b float64) float64 { return g.checked(a-b, a, b) }

func (g *Calc) mul(a, b float64) float64 {
	r := g.checked(a*b, a, b)
	if r == 0 && a != 0 && b != 0 {
		g.underflow()
	}
	return r
}

func (g *Calc) div(a, b float64) float64 {
	if b == 0 && !math.IsNaN(a) {
		g.fail(sqlerr.New(sqlerr.DivisionByZero, "division by zero"))
		return 0
	}
	r := a / b
	switch {
	case inf(r) && !inf(a):
		g.checked(r, 0, 0)
	case r == 0 && a != 0 && !inf(b):
		g.underflow()
	}
	return r
}

// hypot is the length of a vector.
func (g *Calc) hypot(x, y float64) float64 {
	switch {
	case inf(x) || inf(y):
		return math.Inf(1)
	case math.IsNaN(x) || math.IsNaN(y):
		return math.NaN()
	}
	x, y = math.Abs(x), math.Abs(y)
	if x < y {
		x, y = y, x
	}
	if y == 0 {
		return x
	}
	yx := y / x
	r := x * math.Sqrt(1+float64(yx*yx))
	if r == 0 {
		g.underflow()
	}
	return g.checked(r, 0, 0)
}

// epsilon is how far apart equal numbers are.
const epsilon = 1.0e-06

func zero(a float64) bool  { return math.Abs(a) <= epsilon }
func eq(a, b float64) bool { return a == b || math.Abs(a-b) <= epsilon }
func ne(a, b float64) bool { return a != b && math.Abs(a-b) > epsilon } // of NaN neither this nor eq
func lt(a, b float64) bool { return a+epsilon < b }
func le(a, b float64) bool { return a <= b+epsilon }
func gt(a, b float64) bool { return a > b+epsilon }
func ge(a, b float64) bool { return a+epsilon >= b }

// below is the order of float8.
func below(a, b float64) bool { return a < b || math.IsNaN(b) && !math.IsNaN(a) }

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func lesser(a, b float64) float64 {
	if below(a, b) {
		return a
	}
	return b
}

func greater(a, b float64) float64 {
	if below(b, a) {
		return a
	}
	return b
}
