package bind

import (
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// resolved is what a function call means: a function with the declared types of the call's
// arguments, or a cast written as a call.
type resolved struct {
	fn   *builtin.Func
	args []sqltype.OID
	cast sqltype.OID // Invalid unless the call is a cast
	// whole: the array of a VARIADIC function is an argument of the call, written so.
	whole bool
}

// resolveFunction is PostgreSQL's func_get_detail.
func (b *binder) resolveFunction(name string, args []plan.Expr, pos int32) (resolved, error) {
	in := basesOf(args)
	cands := b.functionCandidates(name, len(in))
	for _, c := range cands {
		if exact(in, c.args) {
			return resolved{fn: c.ref.(*builtin.Func), args: c.args}, nil
		}
	}
	if t, ok := castByName(name, args); ok {
		return resolved{cast: t}, nil
	}
	cands = matching(in, cands)
	if len(cands) > 1 {
		c := selectCandidate(in, cands)
		if c == nil {
			return resolved{}, sqlerr.New(sqlerr.AmbiguousFunction, "function %s is not unique", signature(name, typesOf(args))).At(pos).
				WithHint("Could not choose a best candidate function. You might need to add explicit type casts.")
		}
		cands = []candidate{*c}
	}
	if len(cands) == 1 {
		return resolved{fn: cands[0].ref.(*builtin.Func), args: cands[0].args}, nil
	}
	return resolved{}, noFunction(name, signature(name, typesOf(args)), pos)
}

// functionCandidates are the functions of a name that take n arguments; variadic ones are
// spread out, and those with defaults count for fewer.
func (b *binder) functionCandidates(name string, n int) []candidate {
	var out, spread []candidate
	for _, f := range b.functionsNamed(name) {
		switch {
		case len(f.Args) == n && !f.Variadic:
			out = append(out, candidate{args: f.Args, ref: f})
		case f.Variadic && n >= len(f.Args):
			last := f.Args[len(f.Args)-1]
			if e := last.Elem(); e != sqltype.Invalid {
				last = e
			}
			args := append([]sqltype.OID(nil), f.Args[:len(f.Args)-1]...)
			for len(args) < n {
				args = append(args, last)
			}
			spread = append(spread, candidate{args: args, ref: f})
		case n < len(f.Args) && n+f.Defaults >= len(f.Args) && hasDefaults(f):
			out = append(out, candidate{args: f.Args[:n], ref: f})
		}
	}
	for _, s := range spread { // one that is the same without being spread comes first
		if !slices.ContainsFunc(out, func(c candidate) bool { return exact(s.args, c.args) }) {
			out = append(out, s)
		}
	}
	return out
}

func exact(in, args []sqltype.OID) bool {
	for i := range in {
		if in[i] != args[i] {
			return false
		}
	}
	return true
}

// castByName: int4(x) and date('…') are casts where no function has exactly these types.
func castByName(name string, args []plan.Expr) (sqltype.OID, bool) {
	if len(args) != 1 {
		return 0, false
	}
	t := builtin.TypeByName(name)
	if t == nil || t.Kind == 'p' {
		return 0, false
	}
	source := args[0].Type().OID
	if _, literal := args[0].(*plan.Const); literal && source == sqltype.Unknown {
		return t.OID, true
	}
	m := findPathway(source, t.OID, explicit).method
	return t.OID, m == 'b' || m == 'i'
}

func signature(name string, in []sqltype.OID) string {
	parts := make([]string, len(in))
	for i, t := range in {
		parts[i] = displayType(t)
	}
	return shownFunction(name) + "(" + strings.Join(parts, ", ") + ")"
}
