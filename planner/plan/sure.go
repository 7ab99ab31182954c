package plan

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// sure: a function that can refuse a row does not with the constants that it has here. What cannot fail goes below joins.
func sure(e *Call, f *builtin.Func) bool {
	switch f.Symbol {
	case "textlike", "textnlike", "texticlike", "texticnlike", "namelike", "namenlike", "nameiclike", "nameicnlike":
		return len(e.Args) == 2 && wholePattern(e.Args[1])
	case "text_substr":
		return len(e.Args) == 3 && notBelow(e.Args[2], 0) && notBelow(e.Args[1], 0)
	}
	return nearClock(e, f)
}

// nearClock: e is now(), as a time of some type, perhaps less or plus what is at most a thousand years. Such a time is in range.
func nearClock(e Expr, f *builtin.Func) bool {
	c, ok := e.(*Call)
	if !ok {
		return false
	}
	if IsClock(c) {
		return true
	}
	if f == nil {
		f = builtin.FuncByOID(uint32(c.Func))
	}
	if f == nil {
		return false
	}
	switch f.Symbol {
	case "timestamptz_timestamp", "timestamptz_date", "timestamptz_scale", "timestamp_scale", "timestamp_date":
		return nearClock(c.Args[0], nil)
	case "timestamptz_pl_interval", "timestamptz_mi_interval", "timestamp_pl_interval", "timestamp_mi_interval":
		return withinMillennium(c.Args[1]) && nearClock(c.Args[0], nil)
	}
	return false
}

func withinMillennium(e Expr) bool {
	k, ok := e.(*Const)
	if !ok || k.T.OID != sqltype.Interval || k.Value.Null(0) {
		return false
	}
	const days = 250 * 365
	const micros = days * 86_400_000_000
	iv := delta.Values[delta.Interval](&k.Value)[0]
	return max(iv.Months, -iv.Months) <= 250*12 && max(iv.Days, -iv.Days) <= days && max(iv.Micros, -iv.Micros) <= micros
}

// wholePattern: a pattern of LIKE that does not end in the midst of an escape.
func wholePattern(e Expr) bool {
	k, ok := e.(*Const)
	if !ok || k.Value.Null(0) {
		return false
	}
	p := k.Value.Bytes(0)
	for i := 0; i < len(p); i++ {
		if p[i] == '\\' {
			if i++; i == len(p) {
				return false
			}
		}
	}
	return true
}

func notBelow(e Expr, least int32) bool {
	k, ok := e.(*Const)
	return ok && !k.Value.Null(0) && delta.Values[int32](&k.Value)[0] >= least
}
