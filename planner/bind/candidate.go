package bind

import (
	"github.com/tributary-db/tributary/internal/sqltype"
)

// candidate is a function or an operator that a call may mean.
type candidate struct {
	args []sqltype.OID // declared types, one for each argument of the call
	ref  any           // *builtin.Func or *builtin.Operator
}

// matching keeps the candidates whose arguments the call's can become implicitly
// (func_match_argtypes).
func matching(in []sqltype.OID, cands []candidate) []candidate {
	var out []candidate
	for _, c := range cands {
		ok := true
		for i, t := range in {
			ok = ok && canCoerce(t, c.args[i], implicit)
		}
		if _, fits := standInsOf(in, c.args); ok && fits {
			out = append(out, c)
		}
	}
	return out
}

// selectCandidate picks the one that PostgreSQL picks (func_select_candidate), step by step as
// its documentation lists them; nil when several are as good.
func selectCandidate(in []sqltype.OID, cands []candidate) *candidate {
	unknowns := 0
	for _, t := range in {
		if t == sqltype.Unknown {
			unknowns++
		}
	}
	cands = best(cands, func(c candidate) int { return exactMatches(in, c.args) })
	if len(cands) == 1 {
		return &cands[0]
	}
	cands = best(cands, func(c candidate) int { return preferredMatches(in, c.args) })
	if len(cands) == 1 {
		return &cands[0]
	}
	if unknowns == 0 {
		return nil
	}
	if kept := byUnknownCategory(in, cands); len(kept) > 0 {
		cands = kept
		if len(cands) == 1 {
			return &cands[0]
		}
	}
	if unknowns < len(in) {
		return byOneKnownType(in, cands)
	}
	return nil
}

// best keeps the candidates of the highest score.
func best(cands []candidate, score func(candidate) int) []candidate {
	top := -1
	var kept []candidate
	for _, c := range cands {
		s := score(c)
		if s > top {
			top, kept = s, kept[:0:0]
		}
		if s == top {
			kept = append(kept, c)
		}
	}
	return kept
}

func exactMatches(in, args []sqltype.OID) int {
	n := 0
	for i, t := range in {
		if t != sqltype.Unknown && args[i] == t {
			n++
		}
	}
	return n
}

func preferredMatches(in, args []sqltype.OID) int {
	n := 0
	for i, t := range in {
		if t != sqltype.Unknown && (args[i] == t || (category(args[i]) == category(t) && preferred(args[i]))) {
			n++
		}
	}
	return n
}

// byUnknownCategory guesses the category of each unknown argument: string if any candidate
// takes one there, else the one that all agree on; then keeps candidates that fit the guesses,
// preferred types where there are any. Empty when the candidates disagree.
func byUnknownCategory(in []sqltype.OID, cands []candidate) []candidate {
	type slot struct {
		category byte
		prefer   bool
	}
	slots := make([]slot, len(in))
	for i, t := range in {
		if t != sqltype.Unknown {
			continue
		}
		s, conflict := slot{}, false
		for _, c := range cands {
			cat, pref := category(c.args[i]), preferred(c.args[i])
			switch {
			case s.category == 0:
				s = slot{cat, pref}
			case s.category == cat:
				s.prefer = s.prefer || pref
			case cat == 'S':
				s = slot{cat, pref}
			case s.category != 'S':
				conflict = true
			}
		}
		if conflict && s.category != 'S' {
			return nil
		}
		slots[i] = s
	}
	var kept []candidate
	for _, c := range cands {
		ok := true
		for i, t := range in {
			if t == sqltype.Unknown {
				ok = ok && category(c.args[i]) == slots[i].category && (!slots[i].prefer || preferred(c.args[i]))
			}
		}
		if ok {
			kept = append(kept, c)
		}
	}
	return kept
}

// byOneKnownType takes the unknown arguments for the one type that all known ones have.
func byOneKnownType(in []sqltype.OID, cands []candidate) *candidate {
	known := sqltype.Unknown
	for _, t := range in {
		switch {
		case t == sqltype.Unknown:
		case known == sqltype.Unknown:
			known = t
		case known != t:
			return nil
		}
	}
	all := make([]sqltype.OID, len(in))
	for i := range all {
		all[i] = known
	}
	if fit := matching(all, cands); len(fit) == 1 {
		return &fit[0]
	}
	return nil
}
