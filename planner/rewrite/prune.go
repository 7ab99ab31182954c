package rewrite

import (
	"slices"

	"github.com/tributary-db/tributary/planner/plan"
)

// prune makes scans and projections give only the columns that something above reads. The
// root's columns stay.
func prune(root plan.Node) plan.Node {
	out, at := pruneNode(root, allOf(root))
	fields := root.Props().Fields
	if identity(at, len(out.Props().Fields)) {
		return out
	}
	exprs := make([]plan.Expr, len(fields))
	for i := range fields {
		exprs[i] = &plan.Column{Index: at[i], T: fields[i].Type, Name: fields[i].Name}
	}
	return plan.NewProject(out, exprs, fields)
}

func allOf(n plan.Node) []bool {
	need := make([]bool, len(n.Props().Fields))
	for i := range need {
		need[i] = true
	}
	return need
}

func identity(at []int, width int) bool {
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

// pruneNode gives a node with at least the needed columns of n; at maps n's columns to its own,
// -1 for those that are gone. Columns keep their order.
func pruneNode(n plan.Node, need []bool) (out plan.Node, at []int) {
	switch n := n.(type) {
	case *plan.Scan:
		return pruneScan(n, need)
	case *plan.Values:
		return pruneValues(n, need)
	case *plan.Project:
		return pruneProject(n, need)
	case *plan.Filter:
		return pruneSame(n, also(need, n.Cond))
	case *plan.Sort:
		return pruneSame(n, also(need, sortExprs(n.Keys)...))
	case *plan.TopN:
		return pruneSame(n, also(need, sortExprs(n.Keys)...))
	case *plan.Hop:
		return pruneHop(n, need)
	case *plan.Join:
		return pruneJoin(n, need)
	case *plan.GroupBy:
		return pruneGroup(n, need)
	case *plan.UnionAll:
		return pruneUnion(n, need)
	}
	// Distinct compares all columns.
	ins := make([]plan.Node, len(n.Inputs()))
	for i, in := range n.Inputs() {
		ins[i] = exactly(in, allOf(in))
	}
	return plan.WithInputs(n, ins), positions(allOf(n))
}

// also is need and the columns of some expressions.
func also(need []bool, exprs ...plan.Expr) []bool {
	out := slices.Clone(need)
	set := map[int]bool{}
	for _, e := range exprs {
		plan.ColumnsOf(e, set)
	}
	for i := range set {
		out[i] = true
	}
	return out
}

func sortExprs(keys []plan.SortKey) []plan.Expr {
	out := make([]plan.Expr, len(keys))
	for i, k := range keys {
		out[i] = k.Expr
	}
	return out
}

// positions are the new places of the columns that stay, -1 for the others.
func positions(need []bool) []int {
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

// exactly is n with just the needed columns.
func exactly(n plan.Node, need []bool) plan.Node {
	fields := n.Props().Fields
	out, at := pruneNode(n, need)
	var exprs []plan.Expr
	var kept []plan.Field
	var from []int
	for i, keep := range need {
		if keep {
			from = append(from, at[i])
			exprs = append(exprs, &plan.Column{Index: at[i], T: fields[i].Type, Name: fields[i].Name})
			kept = append(kept, fields[i])
		}
	}
	if identity(from, len(out.Props().Fields)) {
		return out
	}
	return plan.NewProject(out, exprs, kept)
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

func pruneScan(n *plan.Scan, need []bool) (plan.Node, []int) {
	need = atLeastOne(need)
	at := positions(need)
	out := *n
	out.Columns, out.P.Fields, out.P.UniqueKey = nil, nil, nil
	for i, keep := range need {
		if keep {
			out.Columns = append(out.Columns, n.Columns[i])
			out.P.Fields = append(out.P.Fields, n.P.Fields[i])
		}
	}
	for _, k := range n.P.UniqueKey {
		if moved, ok := moveAll(k, at); ok {
			out.P.UniqueKey = append(out.P.UniqueKey, moved)
		}
	}
	if n.P.Watermark >= 0 {
		out.P.Watermark = at[n.P.Watermark]
	}
	return &out, at
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

func pruneValues(n *plan.Values, need []bool) (plan.Node, []int) {
	need = atLeastOne(need)
	out := *n
	out.P.Fields, out.Rows = nil, make([][]plan.Expr, len(n.Rows))
	for i, keep := range need {
		if !keep {
			continue
		}
		out.P.Fields = append(out.P.Fields, n.P.Fields[i])
		for r := range n.Rows {
			out.Rows[r] = append(out.Rows[r], n.Rows[r][i])
		}
	}
	plan.Derive(&out)
	return &out, positions(need)
}

func pruneProject(n *plan.Project, need []bool) (plan.Node, []int) {
	need = atLeastOne(need)
	var exprs []plan.Expr
	var fields []plan.Field
	for i, keep := range need {
		if keep {
			exprs = append(exprs, n.Exprs[i])
			fields = append(fields, n.P.Fields[i])
		}
	}
	in, at := pruneNode(n.Input, also(make([]bool, len(n.Input.Props().Fields)), exprs...))
	for i, e := range exprs {
		exprs[i] = moved(e, at)
	}
	return plan.NewProject(in, exprs, fields), positions(need)
}

func moved(e plan.Expr, at []int) plan.Expr {
	return plan.MapColumns(e, func(i int) int { return at[i] })
}

// pruneSame is for nodes whose output is their input's.
func pruneSame(n plan.Node, need []bool) (plan.Node, []int) {
	in, at := pruneNode(n.Inputs()[0], need)
	out := plan.WithInputs(plan.MapNodeExprs(n, func(e plan.Expr) plan.Expr { return moved(e, at) }), []plan.Node{in})
	out.Props().Fields = in.Props().Fields
	return out, at
}

func pruneHop(n *plan.Hop, need []bool) (plan.Node, []int) {
	width := len(need) - 1
	in, at := pruneNode(n.Input, also(need[:width], n.Time))
	out := &plan.Hop{Input: in, Time: moved(n.Time, at), Slide: n.Slide, Size: n.Size}
	fields := in.Props().Fields
	out.P.Fields = append(slices.Clone(fields), n.P.Fields[width])
	plan.Derive(out)
	return out, append(slices.Clone(at), len(fields))
}

func pruneJoin(n *plan.Join, need []bool) (plan.Node, []int) {
	if n.Residual != nil {
		need = also(need, n.Residual)
	}
	width := len(n.Left.Props().Fields)
	leftNeed, rightNeed := slices.Clone(need[:width]), slices.Clone(need[width:])
	for i := range n.LeftKeys {
		leftNeed[n.LeftKeys[i]], rightNeed[n.RightKeys[i]] = true, true
	}
	l, lat := pruneNode(n.Left, atLeastOne(leftNeed))
	r, rat := pruneNode(n.Right, atLeastOne(rightNeed))
	newWidth := len(l.Props().Fields)
	at := slices.Clone(lat)
	for _, a := range rat {
		if a >= 0 {
			a += newWidth
		}
		at = append(at, a)
	}
	out := *n
	out.Left, out.Right = l, r
	out.LeftKeys, _ = moveAll(n.LeftKeys, lat)
	out.RightKeys, _ = moveAll(n.RightKeys, rat)
	if n.Residual != nil {
		out.Residual = moved(n.Residual, at)
	}
	out.P.Fields = append(slices.Clone(l.Props().Fields), r.Props().Fields...)
	plan.Derive(&out)
	return &out, at
}

func pruneGroup(n *plan.GroupBy, need []bool) (plan.Node, []int) {
	keys := len(n.Keys)
	out := *n
	out.Aggs, out.P.Fields = nil, slices.Clone(n.P.Fields[:keys])
	kept := slices.Clone(need)
	used := make([]bool, len(n.Input.Props().Fields))
	for i, k := range n.Keys {
		used[k], kept[i] = true, true
	}
	for i, a := range n.Aggs {
		// Without keys and aggregates there would be nothing to make the one row of.
		if need[keys+i] || (keys == 0 && i == 0 && !slices.Contains(need, true)) {
			kept[keys+i] = true
			out.Aggs = append(out.Aggs, a)
			out.P.Fields = append(out.P.Fields, n.P.Fields[keys+i])
			used = also(used, a.Args...)
			used = also(used, a.Filter)
		}
	}
	if n.OnClose != nil {
		used[n.OnClose.Time], used[n.OnClose.Before] = true, true
	}
	in, at := pruneNode(n.Input, used)
	out.Keys, _ = moveAll(n.Keys, at)
	if n.OnClose != nil {
		c := *n.OnClose
		c.Time, c.Before = at[c.Time], at[c.Before]
		out.OnClose = &c
	}
	rebuilt := plan.MapNodeExprs(&out, func(e plan.Expr) plan.Expr { return moved(e, at) }).(*plan.GroupBy)
	rebuilt.Input = in
	plan.Derive(rebuilt)
	return rebuilt, positions(kept)
}

func pruneUnion(n *plan.UnionAll, need []bool) (plan.Node, []int) {
	need = atLeastOne(need)
	out := &plan.UnionAll{}
	for _, in := range n.Ins {
		out.Ins = append(out.Ins, exactly(in, need))
	}
	for i, keep := range need {
		if keep {
			out.P.Fields = append(out.P.Fields, n.P.Fields[i])
		}
	}
	plan.Derive(out)
	return out, positions(need)
}
