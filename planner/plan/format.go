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
	p.node(root, "", "", false)
	return p.b.String()
}

// FormatRunning is Format for a plan that is kept running, with the nodes up to which shards take part in a large tick.
func FormatRunning(root Node) string {
	p := printer{}
	p.node(root, "", "", true)
	return p.b.String()
}

type printer struct{ b strings.Builder }

// node prints n and what is below it; fronts: n is not of one that has begun above, and they are shown.
func (p *printer) node(n Node, first, rest string, fronts bool) {
	fmt.Fprintf(&p.b, "%s%s%s\n", first, n.title(), edge(n.Props()))
	detail := rest + "  "
	if len(n.Inputs()) == 0 {
		detail = rest + "  "
	}
	for _, line := range n.details() {
		fmt.Fprintf(&p.b, "%s%s\n", detail, line)
	}
	if fronts && Front(n) {
		fmt.Fprintf(&p.b, "%sShards: by parts of the log\n", detail)
		fronts = false
	}
	for _, in := range n.Inputs() {
		p.node(in, rest+"  ->  ", rest+"        ", fronts)
	}
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
