package parse

import "slices"

// windowNames are the window functions that other systems write as TABLE(f(TABLE t, DESCRIPTOR(c), …)).
var windowNames = []string{"tumble", "hop", "cumulate", "session"}

// units are units of intervals that others write in the plural.
var units = map[string]string{
	"seconds": "SECOND", "minutes": "MINUTE", "hours": "HOUR", "days": "DAY", "months": "MONTH", "years": "YEAR",
}

// windows takes TABLE(…), TABLE and DESCRIPTOR(…) out of the window functions of SQL's polymorphic table
// functions, and writes PARTITION BY as arguments:
//
//	TABLE(SESSION(TABLE t PARTITION BY (a, b), DESCRIPTOR(at), INTERVAL '5' MINUTES))
//	      SESSION(      t            ,  a, b ,            at , INTERVAL '5' MINUTE )
//
// It reports whether there were any.
func (r *rewriter) windows(s *segment) bool {
	found := false
	for i := 0; i < len(s.toks); i++ {
		if !opensWindow(s, i) {
			continue
		}
		found = true
		last := s.closing(i + 1)
		r.blank(s, i, i+1)
		r.blank(s, last, last)
		end := s.closing(i + 3)
		for at := i + 4; at < end; at++ {
			r.windowToken(s, at, end)
		}
		i = end
	}
	return found
}

// opensWindow: TABLE(f( begins at token i.
func opensWindow(s *segment, i int) bool {
	return s.is(i, "table", "(") && s.is(i+3, "(") &&
		slices.ContainsFunc(windowNames, func(name string) bool { return s.is(i+2, name) })
}

// windowToken rewrites what begins at a token of the arguments, which end at token end.
func (r *rewriter) windowToken(s *segment, at, end int) {
	switch {
	case s.is(at, "table") && (s.kind(at+1) == tokWord || s.kind(at+1) == tokQuoted):
		r.blank(s, at, at)
	case s.is(at, "descriptor", "("):
		r.blank(s, at, at+1)
		if last := s.closing(at + 1); last < end {
			r.blank(s, last, last)
		}
	case s.is(at, "partition", "by"):
		r.put(s, at, at+1, ",")
		if s.is(at+2, "(") {
			if last := s.closing(at + 2); last < end {
				r.blank(s, at+2, at+2)
				r.blank(s, last, last)
			}
		}
	case s.kind(at) == tokString && s.kind(at+1) == tokWord:
		for many, one := range units {
			if s.is(at+1, many) {
				r.put(s, at+1, at+1, one)
			}
		}
	}
}
