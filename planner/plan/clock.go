package plan

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
)

// Functions of pg_proc whose value is the time of the transaction; of what runs for ever, the time of the version.
const (
	funcNow                  = 1299
	funcTransactionTimestamp = 2647
)

// IsClock reports whether e is now().
func IsClock(e Expr) bool {
	c, ok := e.(*Call)
	return ok && (c.Func == funcNow || c.Func == funcTransactionTimestamp)
}

// ReadsClock reports whether e depends on now().
func ReadsClock(e Expr) bool {
	found := false
	Walk(e, func(e Expr) bool {
		found = found || IsClock(e)
		return !found
	})
	return found
}

// OverClock is e with another expression in place of now().
func OverClock(e, clock Expr) Expr {
	return Map(e, func(e Expr) (Expr, bool) { return clock, IsClock(e) })
}

// Motion is what becomes of an expression as time passes and its row stays the same. NULL, and an error, stay what they are.
type Motion int8

const (
	// Still: nothing.
	Still Motion = iota
	// Rising: it never becomes less; a condition that is true stays true.
	Rising
	// Falling: it never becomes greater; a condition that is not true never becomes so.
	Falling
)

func (m Motion) reversed() Motion {
	switch m {
	case Rising:
		return Falling
	case Falling:
		return Rising
	}
	return Still
}

// and is the motion of a sum.
func (m Motion) and(o Motion) (Motion, bool) {
	switch {
	case m == Still:
		return o, true
	case o == Still || m == o:
		return m, true
	}
	return Still, false
}

// Clock tells motions. Where the zone changes its offset, local time goes back once a year.
type Clock struct{ Zone *Settings }

// Reasons for which a condition on now() has no motion.
const (
	ReasonComparison = "A condition on now() is a comparison by <, <=, >, >= or =, of which one side moves with time."
	ReasonBothSides  = "Both sides of a comparison move with time."
	ReasonMonths     = "Months and years have no fixed length."
	ReasonZone       = "Local time goes back when daylight saving time ends."
	ReasonInterval   = "What is added to a time that moves, or taken from it, is a constant."
	ReasonFunction   = "Of the functions of now() it is not known that they only rise."
)

// Condition is the motion of a condition, or the reason why it has none.
func (c Clock) Condition(e Expr) (m Motion, reason string) {
	if !ReadsClock(e) {
		return Still, ""
	}
	switch e := e.(type) {
	case *And:
		return c.all(e.Args)
	case *Or:
		return c.all(e.Args)
	case *Not:
		m, reason = c.Condition(e.Arg)
		return m.reversed(), reason
	case *Call:
		return c.comparison(e)
	}
	return Still, ReasonComparison
}

func (c Clock) all(args []Expr) (Motion, string) {
	all := Still
	for _, a := range args {
		m, reason := c.Condition(a)
		if reason != "" {
			return Still, reason
		}
		var ok bool
		if all, ok = all.and(m); !ok {
			return Still, ReasonBothSides
		}
	}
	return all, ""
}

func (c Clock) comparison(e *Call) (Motion, string) {
	if len(e.Args) != 2 || !slices.Contains([]string{"<", "<=", ">", ">="}, e.Op) {
		return Still, ReasonComparison
	}
	for _, a := range e.Args {
		if !moves(a.Type().OID) {
			return Still, ReasonComparison
		}
	}
	left, reason := c.value(e.Args[0])
	if reason != "" {
		return Still, reason
	}
	right, reason := c.value(e.Args[1])
	if reason != "" {
		return Still, reason
	}
	if e.Op[0] == '>' {
		left, right = right, left
	}
	m, ok := right.and(left.reversed())
	if !ok {
		return Still, ReasonBothSides
	}
	return m, ""
}

// moves: values of the type have an order in which time moves.
func moves(t sqltype.OID) bool { return isTime(t) || t == sqltype.Interval || isNumber(t) }

func isTime(t sqltype.OID) bool {
	return t == sqltype.Timestamptz || t == sqltype.Timestamp || t == sqltype.Date
}

func isNumber(t sqltype.OID) bool {
	switch t {
	case sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Numeric, sqltype.Float8:
		return true
	}
	return false
}

// value is the motion of a value.
func (c Clock) value(e Expr) (Motion, string) {
	switch {
	case !ReadsClock(e):
		return Still, ""
	case IsClock(e):
		return Rising, ""
	}
	switch e := e.(type) {
	case *Relabel:
		return c.value(e.Arg)
	case *Call:
		switch e.Op {
		case "+", "-":
			if len(e.Args) == 2 {
				return c.sum(e)
			}
		case "*", "/":
			return c.product(e)
		case "":
			return c.function(e)
		}
	}
	return Still, ReasonFunction
}

func (c Clock) sum(e *Call) (Motion, string) {
	for i, a := range e.Args {
		other := e.Args[1-i]
		switch t := other.Type().OID; {
		case t == sqltype.Interval && isTime(a.Type().OID):
			if !ReadsClock(a) { // time + (now() - other time)
				return Still, ReasonInterval
			}
			if reason := c.length(a.Type().OID, other); reason != "" {
				return Still, reason
			}
		case !moves(t):
			return Still, ReasonFunction
		}
	}
	left, reason := c.value(e.Args[0])
	if reason != "" {
		return Still, reason
	}
	right, reason := c.value(e.Args[1])
	if reason != "" {
		return Still, reason
	}
	if e.Op == "-" {
		right = right.reversed()
	}
	m, ok := left.and(right)
	if !ok {
		return Still, ReasonBothSides
	}
	return m, ""
}

// length refuses what is added to a time of type t that moves, unless it is as long at any time.
func (c Clock) length(t sqltype.OID, by Expr) string {
	k, ok := by.(*Const)
	if !ok {
		return ReasonInterval
	}
	if k.Value.Null(0) {
		return ""
	}
	switch iv := delta.Values[delta.Interval](&k.Value)[0]; {
	case iv.Months != 0:
		return ReasonMonths
	case iv.Days != 0 && t == sqltype.Timestamptz && !c.fixed():
		return ReasonZone
	}
	return ""
}

func (c Clock) fixed() bool { return datetime.SteadyZone(c.Zone.Location) }

// product is the motion of a number times or by a constant above zero.
func (c Clock) product(e *Call) (Motion, string) {
	at := 0
	if e.Op == "*" && !ReadsClock(e.Args[0]) {
		at = 1
	}
	k, ok := e.Args[1-at].(*Const)
	if !ok || !isNumber(e.Args[at].Type().OID) || !isNumber(k.T.OID) || !above(k) {
		return Still, ReasonFunction
	}
	return c.value(e.Args[at])
}

// above: a number is greater than zero.
func above(k *Const) bool {
	if k.Value.Null(0) {
		return false
	}
	switch k.T.OID {
	case sqltype.Int2:
		return delta.Values[int16](&k.Value)[0] > 0
	case sqltype.Int4:
		return delta.Values[int32](&k.Value)[0] > 0
	case sqltype.Int8:
		return delta.Values[int64](&k.Value)[0] > 0
	case sqltype.Float8:
		return delta.Values[float64](&k.Value)[0] > 0
	}
	text := FormatExpr(k)
	return !strings.ContainsAny(text, "-N") && strings.ContainsAny(text, "123456789")
}

// function is the motion of a call.
func (c Clock) function(e *Call) (Motion, string) {
	f := builtin.FuncByOID(uint32(e.Func))
	if f == nil || len(e.Args) == 0 {
		return Still, ReasonFunction
	}
	of := e.Args[0]
	from, to := of.Type().OID, e.T.OID
	switch {
	case isTime(from) && isTime(to) && (f.Name == "timestamptz" || f.Name == "timestamp" || f.Name == "date"):
		if (from == sqltype.Timestamptz) != (to == sqltype.Timestamptz) && !c.fixed() {
			return Still, ReasonZone
		}
	case isNumber(from) && isNumber(to) && slices.Contains([]string{"int2", "int4", "int8", "numeric", "float8", "floor", "ceil", "ceiling", "trunc", "round"}, f.Name):
	case (f.Name == "date_trunc" || f.Name == "date_bin" || f.Name == "date_part" || f.Name == "extract") && len(e.Args) >= 2:
		return c.part(f.Name, e)
	case f.Name == "timezone" && len(e.Args) == 2:
		if !fixedOffset(e.Args[0]) {
			return Still, ReasonZone
		}
		of = e.Args[1]
	default:
		return Still, ReasonFunction
	}
	return c.value(of)
}

// part is of functions whose first argument says what of the second is wanted.
func (c Clock) part(name string, e *Call) (Motion, string) {
	what, of := e.Args[0], e.Args[1]
	k, ok := what.(*Const)
	if !ok || !isTime(of.Type().OID) || slices.ContainsFunc(e.Args[2:], ReadsClock) {
		return Still, ReasonFunction
	}
	switch name {
	case "date_bin":
	case "date_trunc":
		if of.Type().OID == sqltype.Timestamptz && (len(e.Args) == 2 && !c.fixed() || len(e.Args) == 3 && !fixedOffset(e.Args[2])) {
			return Still, ReasonZone
		}
	default:
		if k.Value.Null(0) || !strings.EqualFold(string(k.Value.Bytes(0)), "epoch") {
			return Still, ReasonFunction
		}
	}
	return c.value(of)
}

// fixedOffset: a constant names a zone that never changes.
func fixedOffset(zone Expr) bool {
	k, ok := zone.(*Const)
	if !ok || !isText(k.T.OID) || k.Value.Null(0) {
		return false
	}
	loc, ok := datetime.LoadZone(string(k.Value.Bytes(0)))
	return ok && datetime.SteadyZone(loc)
}

// Between takes an equality with a time that moves apart into >= and <=; false where there are none such.
func Between(e Expr) (from, to Expr, ok bool) {
	c, is := e.(*Call)
	if !is || c.Op != "=" || !ReadsClock(c) {
		return nil, nil, false
	}
	f := builtin.FuncByOID(uint32(c.Func))
	if f == nil {
		return nil, nil, false
	}
	sibling := func(name, op string) Expr {
		for _, s := range builtin.FuncsByName(strings.Replace(f.Name, "eq", name, 1)) {
			if slices.Equal(s.Args, f.Args) && s.OID != f.OID {
				return &Call{Func: FuncID(s.OID), Args: c.Args, T: c.T, Op: op, Pos: c.Pos}
			}
		}
		return nil
	}
	from, to = sibling("ge", ">="), sibling("le", "<=")
	return from, to, from != nil && to != nil
}
