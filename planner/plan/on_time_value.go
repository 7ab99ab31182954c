package plan

import (
	"math"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Shift is a time of a row plus what is between Least and Most, in microseconds.
type Shift struct {
	Column      int
	Least, Most int64
}

// daySlack is how far a day of local time may differ from 24 hours.
const daySlack = 2 * 3_600_000_000

// ShiftOf reads an expression as a column, with constant intervals added or taken away, or as the start of its window.
func ShiftOf(e Expr) (s Shift, ok bool) {
	switch e := e.(type) {
	case *Column:
		return Shift{Column: e.Index}, isTime(e.T.OID) && e.T.OID != sqltype.Date
	case *Relabel:
		return ShiftOf(e.Arg)
	case *Call:
		if len(e.Args) != 2 {
			return s, false
		}
		if s, ok = ShiftOf(e.Args[0]); !ok {
			return s, false
		}
		least, most, ok := ConstantLength(e.Args[1], e.Args[0].Type().OID)
		if !ok {
			return s, false
		}
		f := builtin.FuncByOID(uint32(e.Func))
		switch {
		case f == nil:
			return s, false
		case f.OID == builtin.TumbleTimestamp || f.OID == builtin.TumbleTimestamptz:
			least, most = 1-most, 0
		case f.Symbol == "timestamp_mi_interval" || f.Symbol == "timestamptz_mi_interval":
			least, most = -most, -least
		case f.Symbol != "timestamp_pl_interval" && f.Symbol != "timestamptz_pl_interval":
			return s, false
		}
		s.Least, s.Most = s.Least+least, s.Most+most
		return s, true
	}
	return s, false
}

// ConstantLength is a constant interval without months, as it is added to times of type t.
func ConstantLength(e Expr, t sqltype.OID) (least, most int64, ok bool) {
	k, ok := e.(*Const)
	if !ok || k.T.OID != sqltype.Interval || k.Value.Null(0) {
		return 0, 0, false
	}
	const limit = 100 * 366
	iv := delta.Values[delta.Interval](&k.Value)[0]
	if iv.Months != 0 || max(iv.Days, -iv.Days) > limit || max(iv.Micros, -iv.Micros) > limit*86_400_000_000 {
		return 0, 0, false
	}
	by, slack := int64(iv.Days)*86_400_000_000+iv.Micros, int64(0)
	if iv.Days != 0 && t == sqltype.Timestamptz {
		slack = daySlack
	}
	return by - slack, by + slack, true
}

// laterThan reports whether e is column at, moved; and by how much at least.
func laterThan(e Expr, at int) (by int64, ok bool) {
	s, ok := ShiftOf(e)
	return s.Least, ok && s.Column == at
}

// Apart narrows what is known of the distance of two columns, b - a, by a condition on them.
type Apart struct {
	A, B         int
	Lower, Upper int64
}

// NewApart knows nothing.
func NewApart(a, b int) *Apart { return &Apart{A: a, B: b, Lower: math.MinInt64, Upper: math.MaxInt64} }

// Bounded: both sides are known.
func (d *Apart) Bounded() bool { return d.Lower != math.MinInt64 && d.Upper != math.MaxInt64 }

// Take reads a condition.
func (d *Apart) Take(c Expr) {
	call, ok := c.(*Call)
	if !ok || len(call.Args) != 2 {
		return
	}
	x, y := call.Args[0], call.Args[1]
	switch call.Op {
	case "<", "<=":
		d.notAbove(x, y)
	case ">", ">=":
		d.notAbove(y, x)
	case "=":
		d.notAbove(x, y)
		d.notAbove(y, x)
	}
}

// notAbove takes in that x <= y.
func (d *Apart) notAbove(x, y Expr) {
	if l, ok := difference(x); ok { // p - q <= length
		if _, most, ok := ConstantLength(y, sqltype.Timestamptz); ok {
			d.between(l[0], l[1], most)
		}
		return
	}
	if l, ok := difference(y); ok { // length <= p - q
		if least, _, ok := ConstantLength(x, sqltype.Timestamptz); ok {
			d.between(l[1], l[0], -least)
		}
		return
	}
	p, ok := ShiftOf(x)
	q, also := ShiftOf(y)
	if ok && also && x.Type().OID == y.Type().OID { // p + kp <= q + kq
		d.between(p.Column, q.Column, q.Most-p.Least)
	}
}

// between takes in that p - q <= most.
func (d *Apart) between(p, q int, most int64) {
	switch {
	case p == d.B && q == d.A:
		d.Upper = min(d.Upper, most)
	case p == d.A && q == d.B:
		d.Lower = max(d.Lower, -most)
	}
}

// difference reads p - q of two columns.
func difference(e Expr) (of [2]int, ok bool) {
	c, is := e.(*Call)
	if !is || len(c.Args) != 2 || c.Op != "-" || c.T.OID != sqltype.Interval {
		return of, false
	}
	for i, a := range c.Args {
		col, is := a.(*Column)
		if !is || !isTime(col.T.OID) {
			return of, false
		}
		of[i] = col.Index
	}
	return of, true
}
