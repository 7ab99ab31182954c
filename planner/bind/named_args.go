package bind

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

func hasNamedArgs(n *pg.FuncCall) bool {
	return slices.ContainsFunc(n.Args, func(a *pg.Node) bool { return a.GetNamedArgExpr() != nil })
}

// namedCall binds f(a, name => b): the arguments are put into their places and what is left out
// has its default.
func (b *binder) namedCall(name string, n *pg.FuncCall) (plan.Expr, error) {
	var names []string // of the trailing arguments
	args := make([]plan.Expr, len(n.Args))
	for i, a := range n.Args {
		value := a
		if named := a.GetNamedArgExpr(); named != nil {
			value = named.Arg
			if slices.Contains(names, named.Name) {
				return nil, sqlerr.New(sqlerr.SyntaxError, "argument name \"%s\" used more than once", named.Name).At(named.Location)
			}
			names = append(names, named.Name)
		}
		e, err := b.expr(value)
		if err != nil {
			return nil, err
		}
		if a.GetNamedArgExpr() == nil && len(names) > 0 {
			return nil, sqlerr.New(sqlerr.SyntaxError, "positional argument cannot follow named argument").At(b.where(e))
		}
		args[i] = e
	}
	in := basesOf(args)
	var cands []candidate
	places := map[*builtin.Func][]int{}
	for _, f := range b.functionsNamed(name) {
		if at, ok := placesOf(f, len(args)-len(names), names); ok {
			c := candidate{ref: f}
			for _, p := range at {
				c.args = append(c.args, f.Args[p])
			}
			cands = append(cands, c)
			places[f] = at
		}
	}
	cands = matching(in, cands)
	if len(cands) > 1 {
		if c := selectCandidate(in, cands); c != nil {
			cands = []candidate{*c}
		}
	}
	if len(cands) != 1 {
		return nil, noNamedFunction(name, in, names, n.Location)
	}
	f := cands[0].ref.(*builtin.Func)
	if err := b.allowedHere(f, len(args), n.Location); err != nil {
		return nil, err
	}
	return b.placedCall(f, args, places[f], n.Location)
}

// placesOf gives for each argument of a call its place in f's list; what is left out must have
// a default.
func placesOf(f *builtin.Func, positional int, names []string) ([]int, bool) {
	if f.Kind != builtin.KindFunction || f.Variadic || len(f.ArgNames) < len(f.Args) || positional+len(names) > len(f.Args) {
		return nil, false
	}
	given := make([]bool, len(f.Args))
	var at []int
	for i := range positional {
		at = append(at, i)
		given[i] = true
	}
	for _, name := range names {
		p := slices.Index(f.ArgNames[:len(f.Args)], name)
		if p < 0 || given[p] {
			return nil, false
		}
		at = append(at, p)
		given[p] = true
	}
	for i, g := range given {
		if !g && (i < len(f.Args)-f.Defaults || !hasDefaults(f)) {
			return nil, false
		}
	}
	return at, true
}

// placedCall builds the call with its arguments in place.
func (b *binder) placedCall(f *builtin.Func, args []plan.Expr, at []int, pos int32) (plan.Expr, error) {
	full := make([]plan.Expr, len(f.Args))
	for i, p := range at {
		e, err := b.coerce(args[i], sqltype.Of(f.Args[p]), implicit, -1)
		if err != nil {
			return nil, err
		}
		full[p] = e
	}
	for i := range full {
		if full[i] != nil {
			continue
		}
		withDefault, err := b.defaultArgs(f, full[:i:i], pos)
		if err != nil {
			return nil, err
		}
		full[i] = withDefault[i]
	}
	if rel := b.userFunction(f); rel != nil {
		return b.userCall(rel, full, f.Ret, pos)
	}
	return b.at(&plan.Call{Func: plan.FuncID(f.OID), Args: full, T: sqltype.Of(f.Ret), Pos: pos}, pos), nil
}

func noNamedFunction(name string, in []sqltype.OID, names []string, pos int32) error {
	parts := make([]string, len(in))
	for i, t := range in {
		parts[i] = displayType(t)
		if k := i - (len(in) - len(names)); k >= 0 {
			parts[i] = names[k] + " => " + parts[i]
		}
	}
	return noFunction(name, shownFunction(name)+"("+strings.Join(parts, ", ")+")", pos)
}
