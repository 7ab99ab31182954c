package plan

import "strings"

// Sort orders a one-shot result. In a view it is dropped by the planner.
type Sort struct {
	P     Props
	Input Node
	Keys  []SortKey
}

// Props are the output edge's.
func (n *Sort) Props() *Props { return &n.P }

// Inputs is the one input.
func (n *Sort) Inputs() []Node { return []Node{n.Input} }

func (n *Sort) withInputs(ins []Node) Node {
	c := *n
	c.Input = ins[0]
	return &c
}

func (n *Sort) mapExprs(f func(Expr) Expr) Node {
	c := *n
	c.Keys = mapKeys(n.Keys, f)
	return &c
}

func (n *Sort) derive() Props {
	p := *n.Input.Props()
	p.Stateless = false
	return p
}

func (n *Sort) below(cond Expr) (Expr, bool) { return cond, true }

func (n *Sort) prune(need []bool) (Node, []int) { return pruneSame(n, also(need, keyExprs(n.Keys)...)) }

func (n *Sort) title() string { return "Sort" }

func (n *Sort) details() []string { return []string{"Sort Key: " + sortKeys(n.Keys)} }

// mapKeys are the keys with every expression replaced.
func mapKeys(in []SortKey, f func(Expr) Expr) []SortKey {
	out := make([]SortKey, len(in))
	for i, k := range in {
		out[i] = SortKey{Expr: f(k.Expr), Desc: k.Desc, NullsFirst: k.NullsFirst}
	}
	return out
}

func keyExprs(keys []SortKey) []Expr {
	out := make([]Expr, len(keys))
	for i, k := range keys {
		out[i] = k.Expr
	}
	return out
}

func sortKeys(keys []SortKey) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = FormatExpr(k.Expr)
		if k.Desc {
			parts[i] += " DESC"
		}
		if k.NullsFirst != k.Desc {
			parts[i] += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
	}
	return strings.Join(parts, ", ")
}
