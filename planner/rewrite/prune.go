package rewrite

import "github.com/tributary-db/tributary/planner/plan"

// prune makes scans and projections give only the columns that something above reads. The
// root's columns stay.
func prune(root plan.Node) plan.Node {
	out, at := plan.Prune(root, plan.AllColumns(root))
	fields := root.Props().Fields
	if plan.Identity(at, len(out.Props().Fields)) {
		return out
	}
	exprs := make([]plan.Expr, len(fields))
	for i := range fields {
		exprs[i] = &plan.Column{Index: at[i], T: fields[i].Type, Name: fields[i].Name}
	}
	return plan.NewProject(out, exprs, fields)
}
