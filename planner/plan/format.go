package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// Format prints a plan as EXPLAIN shows it: one node a line with its edge properties, the
// details of the node below it, its inputs indented.
func Format(root Node) string {
	p := printer{}
	p.node(root, "", "")
	return p.b.String()
}

type printer struct{ b strings.Builder }

func (p *printer) node(n Node, first, rest string) {
	fmt.Fprintf(&p.b, "%s%s%s\n", first, title(n), edge(n.Props()))
	detail := rest + "  "
	if len(n.Inputs()) == 0 {
		detail = rest + "  "
	}
	for _, line := range details(n) {
		fmt.Fprintf(&p.b, "%s%s\n", detail, line)
	}
	for _, in := range n.Inputs() {
		p.node(in, rest+"  ->  ", rest+"        ")
	}
}

func title(n Node) string {
	switch n := n.(type) {
	case *Scan:
		return scanTitle(n)
	case *Values:
		if len(n.Rows) == 1 && len(n.Rows[0]) == 0 {
			return "Result"
		}
		return fmt.Sprintf("Values (%d rows)", len(n.Rows))
	case *Filter:
		return "Filter"
	case *Project:
		return "Project"
	case *Hop:
		return "Hop"
	case *Join:
		return joinTitle(n)
	case *GroupBy:
		if len(n.Keys) == 0 {
			return "Aggregate"
		}
		return "GroupAggregate"
	case *Distinct:
		return "Distinct"
	case *Sort:
		return "Sort"
	case *TopN:
		if len(n.Keys) == 0 {
			return "Limit"
		}
		return "TopN"
	case *UnionAll:
		return "UnionAll"
	case *Exchange:
		return "Exchange"
	}
	return fmt.Sprintf("%T", n)
}

func scanTitle(n *Scan) string {
	kind := map[RelKind]string{RelStream: "Stream", RelTable: "Table", RelView: "View", RelErrors: "Errors", RelSystem: "System"}[n.Kind]
	if len(n.Lookup) > 0 {
		return kind + " Lookup on " + n.Name
	}
	return kind + " Scan on " + n.Name
}

func joinTitle(n *Join) string {
	kind := [...]string{"", "Left ", "Right ", "Full "}[n.Kind]
	if len(n.LeftKeys) == 0 {
		return kind + "Cross Join"
	}
	return kind + "Hash Join"
}

// edge prints the properties of an output edge that are not the usual.
func edge(p *Props) string {
	var parts []string
	if p.AppendOnly {
		parts = append(parts, "append-only")
	}
	for i, k := range p.UniqueKey {
		if i == 2 {
			parts = append(parts, "…")
			break
		}
		if len(k) == 0 {
			parts = append(parts, "one row")
			continue
		}
		parts = append(parts, "key "+columnNames(p, k))
	}
	if p.Watermark >= 0 {
		parts = append(parts, "watermark "+columnName(p, p.Watermark))
	}
	if p.MayFail {
		parts = append(parts, "may fail")
	}
	if p.Stateless {
		parts = append(parts, "stateless")
	}
	if len(parts) == 0 {
		return ""
	}
	return "  (" + strings.Join(parts, "; ") + ")"
}

func columnNames(p *Props, cols []int) string {
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = columnName(p, c)
	}
	return strings.Join(names, ", ")
}

func columnName(p *Props, c int) string {
	if c < len(p.Fields) && p.Fields[c].Name != "" {
		return p.Fields[c].Name
	}
	return "#" + strconv.Itoa(c)
}

func details(n Node) []string {
	switch n := n.(type) {
	case *Scan:
		return scanDetails(n)
	case *Values:
		return valuesDetails(n)
	case *Filter:
		return []string{"Filter: " + FormatExpr(n.Cond)}
	case *Project:
		return []string{"Output: " + outputs(n)}
	case *Hop:
		return []string{fmt.Sprintf("Window: hop(%s, %s, %s)", FormatExpr(n.Time), n.Slide, n.Size)}
	case *Join:
		return joinDetails(n)
	case *GroupBy:
		return groupDetails(n)
	case *Sort:
		return []string{"Sort Key: " + sortKeys(n.Keys)}
	case *TopN:
		return topDetails(n)
	case *Exchange:
		return []string{"Key: " + columnNames(n.Input.Props(), n.Keys)}
	}
	return nil
}

func scanDetails(n *Scan) []string {
	names := make([]string, len(n.P.Fields))
	for i := range names {
		names[i] = columnName(&n.P, i)
	}
	out := []string{"Columns: " + strings.Join(names, ", ")}
	for i, e := range n.Lookup {
		out = append(out, "Lookup: "+n.LookupNames[i]+" = "+FormatExpr(e))
	}
	return out
}

func valuesDetails(n *Values) []string {
	if len(n.Rows) == 0 || len(n.Rows[0]) == 0 {
		return nil
	}
	var out []string
	for i, row := range n.Rows {
		if i == 3 {
			return append(out, "…")
		}
		out = append(out, "("+exprList(row)+")")
	}
	return out
}

func outputs(n *Project) string {
	parts := make([]string, len(n.Exprs))
	for i, e := range n.Exprs {
		parts[i] = FormatExpr(e)
		if name := columnName(&n.P, i); i < len(n.P.Fields) && name != parts[i] && name[0] != '#' {
			parts[i] += " AS " + name
		}
	}
	return strings.Join(parts, ", ")
}

func joinDetails(n *Join) []string {
	var out []string
	if len(n.LeftKeys) > 0 {
		conds := make([]string, len(n.LeftKeys))
		for i := range n.LeftKeys {
			conds[i] = columnName(n.Left.Props(), n.LeftKeys[i]) + " = " + columnName(n.Right.Props(), n.RightKeys[i])
		}
		out = append(out, "Join Key: "+strings.Join(conds, ", "))
	}
	if n.Residual != nil {
		out = append(out, "Join Filter: "+FormatExpr(n.Residual))
	}
	return out
}

func groupDetails(n *GroupBy) []string {
	var out []string
	if len(n.Keys) > 0 {
		out = append(out, "Group Key: "+columnNames(n.Input.Props(), n.Keys))
	}
	aggs := make([]string, len(n.Aggs))
	for i := range n.Aggs {
		aggs[i] = FormatAggregate(&n.Aggs[i])
	}
	if len(aggs) > 0 {
		out = append(out, "Aggregates: "+strings.Join(aggs, ", "))
	}
	if n.OnClose != nil {
		out = append(out, fmt.Sprintf("Emit: on close of %s + %s", columnName(n.Input.Props(), n.Keys[n.OnClose.Key]), n.OnClose.Size+n.OnClose.Lateness))
	}
	return out
}

func topDetails(n *TopN) []string {
	var out []string
	if len(n.Keys) > 0 {
		out = append(out, "Sort Key: "+sortKeys(n.Keys))
	}
	if n.Count != nil {
		out = append(out, "Limit: "+FormatExpr(n.Count))
	}
	if n.Offset != nil {
		out = append(out, "Offset: "+FormatExpr(n.Offset))
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
