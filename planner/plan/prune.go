package plan

import "slices"

// Prune gives a node with at least the needed columns of n; at maps n's columns to its own, -1
// for those that are gone. Columns keep their order.
func Prune(n Node, need []bool) (out Node, at []int) {
	if p, ok := n.(pruner); ok {
		return p.prune(need)
	}
	// What is said nowhere needs all columns, as DISTINCT does, which compares them.
	ins := make([]Node, len(n.Inputs()))
	for i, in := range n.Inputs() {
		ins[i] = exactly(in, AllColumns(in))
	}
	return WithInputs(n, ins), placesOf(AllColumns(n))
}

// AllColumns needs every column of n.
func AllColumns(n Node) []bool {
	need := make([]bool, len(n.Props().Fields))
	for i := range need {
		need[i] = true
	}
	return need
}

// exactly is n with just the needed columns.
func exactly(n Node, need []bool) Node {
	fields := n.Props().Fields
	out, at := Prune(n, need)
	var exprs []Expr
	var kept []Field
	var from []int
	for i, keep := range need {
		if keep {
			from = append(from, at[i])
			exprs = append(exprs, &Column{Index: at[i], T: fields[i].Type, Name: fields[i].Name})
			kept = append(kept, fields[i])
		}
	}
	if Identity(from, len(out.Props().Fields)) {
		return out
	}
	return NewProject(out, exprs, kept)
}

// Identity reports whether at keeps width columns where they are.
func Identity(at []int, width int) bool {
	if len(at) != width {
		return false
	}
	for i, a := range at {
		if a != i {
			return false
		}
	}
	return true
}

// pruneSame is for nodes whose output is their input's.
func pruneSame(n Node, need []bool) (Node, []int) {
	in, at := Prune(n.Inputs()[0], need)
	out := WithInputs(n.mapExprs(func(e Expr) Expr { return moved(e, at) }), []Node{in})
	out.Props().Fields = in.Props().Fields
	return out, at
}

// also is need and the columns of some expressions.
func also(need []bool, exprs ...Expr) []bool {
	out := slices.Clone(need)
	set := map[int]bool{}
	for _, e := range exprs {
		ColumnsOf(e, set)
	}
	for i := range set {
		out[i] = true
	}
	return out
}

// placesOf are the new places of the columns that stay, -1 for the others.
func placesOf(need []bool) []int {
	at, n := make([]int, len(need)), 0
	for i, keep := range need {
		at[i] = -1
		if keep {
			at[i] = n
			n++
		}
	}
	return at
}

// atLeastOne keeps a column where nothing is needed: rows are counted by something.
func atLeastOne(need []bool) []bool {
	if len(need) == 0 || slices.Contains(need, true) {
		return need
	}
	out := slices.Clone(need)
	out[0] = true
	return out
}

func moveAll(cols, at []int) ([]int, bool) {
	out := make([]int, len(cols))
	for i, c := range cols {
		if at[c] < 0 {
			return nil, false
		}
		out[i] = at[c]
	}
	return out, true
}

func moved(e Expr, at []int) Expr {
	return MapColumns(e, func(i int) int { return at[i] })
}
