package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// Format prints a plan as EXPLAIN shows it: one node a line with its edge properties, the
// details of the node below it, its inputs indented.
func Format(root Node) string { return Explain(root, ExplainOptions{}).Text(true) }

// FormatRunning is Format for a plan that is kept running, with the nodes up to which shards take part in a large tick.
func FormatRunning(root Node) string { return Explain(root, ExplainOptions{Running: true}).Text(true) }

// Text is the plan as EXPLAIN (FORMAT TEXT) shows it, with the times of a run if timing says so.
func (x *Explained) Text(timing bool) string {
	var b strings.Builder
	x.text(&b, "", "", timing)
	return b.String()
}

func (x *Explained) text(b *strings.Builder, first, rest string, timing bool) {
	b.WriteString(first + x.Title)
	told := x.Edge
	if x.Rows > 0 {
		told = strings.TrimPrefix(fmt.Sprintf("%s; rows=%d", told, x.Rows), "; ")
	}
	if told != "" {
		b.WriteString("  (" + told + ")")
	}
	if a := x.Actual; a != nil {
		b.WriteString("  (actual ")
		if timing {
			fmt.Fprintf(b, "time=%s..%s ", milliseconds(a.First), milliseconds(x.Total))
		}
		fmt.Fprintf(b, "rows=%d loops=1)", a.Rows)
	}
	b.WriteByte('\n')
	for _, d := range append(x.Details, x.measured()...) {
		line := d.Value
		if d.Key != "" {
			line = d.Key + ": " + line
		}
		fmt.Fprintf(b, "%s  %s\n", rest, line)
	}
	for _, in := range x.Inputs {
		in.text(b, rest+"  ->  ", rest+"        ", timing)
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
	return strings.Join(parts, "; ")
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
