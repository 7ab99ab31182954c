// Package decimal is PostgreSQL's numeric: an int128 coefficient with a display scale, NaN
// and infinities; coefficients past 128 bits fall back to big digits.
//
//	text, wire ──► Dec ──► Add, Sub, Mul, Div, Mod, Round, Sqrt, Exp, Ln, Power ──► Dec ──► text, wire
//	                │ Store / Load                                     Sum, FloatSum (exact, order-free)
//	          Num in a column + its arena
//
// Vocabulary: coefficient, display scale (digits after the point that are shown; 1.0 and 1.00
// differ in it and are equal), image (coefficient and scale), arena (a column's Var).
//
// Every function is pure; nothing is shared, there are no goroutines and no locks. A Dec that
// was loaded from a column borrows its Big from there; results own theirs.
//
// Non-obvious: scales of results follow PostgreSQL 15's numeric.c, whose digits are base
// 10000, so the scale of a quotient depends on where groups of four digits fall. Division,
// sqrt and the transcendental functions round half away from zero at that scale. Comparison
// is by value: NaN = NaN and above everything, +Infinity below NaN.
package decimal
