package plan

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// Explanation is a plan with the times around it.
type Explanation struct {
	Plan *Explained
	// Planning and Execution times; shown if Summary.
	Planning, Execution time.Duration
	Summary             bool
	Timing              bool // of nodes
}

// Text is the plan, and the times below it.
func (e *Explanation) Text() string {
	text := e.Plan.Text(e.Timing)
	for _, p := range e.times() {
		text += p.name + ": " + p.text + " ms\n"
	}
	return text
}

// property is one of a node in JSON, YAML and XML: text, a number as it is written, or what is below it.
type property struct {
	name  string
	text  string
	bare  bool         // a number
	lines []string     // rows of Values
	below [][]property // Plans
}

func (e *Explanation) times() (out []property) {
	if !e.Summary {
		return nil
	}
	out = append(out, property{name: "Planning Time", text: milliseconds(e.Planning), bare: true})
	if e.Plan.Actual != nil {
		out = append(out, property{name: "Execution Time", text: milliseconds(e.Execution), bare: true})
	}
	return out
}

// properties of a node, under PostgreSQL's names where it has one.
func (x *Explained) properties(timing bool) []property {
	out := []property{{name: "Node Type", text: x.Title}}
	if x.Edge != "" {
		out = append(out, property{name: "Output Properties", text: x.Edge})
	}
	if x.Rows > 0 {
		out = append(out, property{name: "Plan Rows", text: fmt.Sprint(x.Rows), bare: true})
	}
	var rows []string
	at := map[string]int{}
	for _, d := range x.Details {
		if d.Key == "" {
			rows = append(rows, d.Value)
			continue
		}
		if k, ok := at[d.Key]; ok { // a key that comes again
			out[k].text += ", " + d.Value
			continue
		}
		at[d.Key] = len(out)
		out = append(out, property{name: d.Key, text: d.Value})
	}
	if rows != nil {
		out = append(out, property{name: "Rows", lines: rows})
	}
	if a := x.Actual; a != nil {
		out = append(out, a.properties(x.Total, timing)...)
	}
	var below [][]property
	for _, in := range x.Inputs {
		below = append(below, in.properties(timing))
	}
	if below != nil {
		out = append(out, property{name: "Plans", below: below})
	}
	return out
}

func (a *Actual) properties(total time.Duration, timing bool) (out []property) {
	number := func(name, text string) { out = append(out, property{name: name, text: text, bare: true}) }
	if timing {
		number("Actual Startup Time", milliseconds(a.First))
		number("Actual Total Time", milliseconds(total))
	}
	number("Actual Rows", fmt.Sprint(a.Rows))
	number("Actual Loops", "1")
	number("Shards", fmt.Sprint(a.Shards))
	number("Memory Bytes", fmt.Sprint(a.Memory))
	number("Temp Written Bytes", fmt.Sprint(a.Temp))
	if a.BlocksRead+a.BlocksSkipped > 0 {
		number("Blocks Read", fmt.Sprint(a.BlocksRead))
		number("Blocks Skipped", fmt.Sprint(a.BlocksSkipped))
	}
	return out
}

// JSON is the plan as EXPLAIN (FORMAT JSON) shows it.
func (e *Explanation) JSON() string {
	var b strings.Builder
	b.WriteString("[\n  {\n    \"Plan\": ")
	jsonObject(&b, e.Plan.properties(e.Timing), "    ")
	for _, p := range e.times() {
		fmt.Fprintf(&b, ",\n    %s: %s", jsonText(p.name), p.text)
	}
	b.WriteString("\n  }\n]")
	return b.String()
}

func jsonText(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always has a form
	return strings.TrimSuffix(b.String(), "\n")
}

func jsonObject(b *strings.Builder, list []property, indent string) {
	b.WriteString("{\n")
	for i, p := range list {
		fmt.Fprintf(b, "%s  %s: ", indent, jsonText(p.name))
		switch {
		case p.below != nil:
			b.WriteString("[\n" + indent + "    ")
			for k, below := range p.below {
				if k > 0 {
					b.WriteString(",\n" + indent + "    ")
				}
				jsonObject(b, below, indent+"    ")
			}
			b.WriteString("\n" + indent + "  ]")
		case p.lines != nil:
			texts := make([]string, len(p.lines))
			for k, line := range p.lines {
				texts[k] = jsonText(line)
			}
			b.WriteString("[" + strings.Join(texts, ", ") + "]")
		case p.bare:
			b.WriteString(p.text)
		default:
			b.WriteString(jsonText(p.text))
		}
		if i < len(list)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(indent + "}")
}

// YAML is the plan as EXPLAIN (FORMAT YAML) shows it. A text in it is quoted as JSON is, which is YAML too.
func (e *Explanation) YAML() string {
	var b strings.Builder
	b.WriteString("- Plan: \n")
	yamlMapping(&b, e.Plan.properties(e.Timing), "    ", "    ")
	for _, p := range e.times() {
		fmt.Fprintf(&b, "  %s: %s\n", p.name, p.text)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func yamlMapping(b *strings.Builder, list []property, first, rest string) {
	for i, p := range list {
		indent := rest
		if i == 0 {
			indent = first
		}
		fmt.Fprintf(b, "%s%s: ", indent, p.name)
		switch {
		case p.below != nil:
			b.WriteByte('\n')
			for _, below := range p.below {
				yamlMapping(b, below, rest+"  - ", rest+"    ")
			}
			continue
		case p.lines != nil:
			for _, line := range p.lines {
				fmt.Fprintf(b, "\n%s  - %s", rest, jsonText(line))
			}
		case p.bare:
			b.WriteString(p.text)
		default:
			b.WriteString(jsonText(p.text))
		}
		b.WriteByte('\n')
	}
}

// XML is the plan as EXPLAIN (FORMAT XML) shows it.
func (e *Explanation) XML() string {
	var b strings.Builder
	b.WriteString("<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n")
	xmlPlan(&b, e.Plan.properties(e.Timing), "    ")
	for _, p := range e.times() {
		xmlElement(&b, p.name, p.text, "    ")
	}
	b.WriteString("  </Query>\n</explain>")
	return b.String()
}

func xmlElement(b *strings.Builder, name, text, indent string) {
	name = strings.ReplaceAll(name, " ", "-")
	fmt.Fprintf(b, "%s<%s>", indent, name)
	_ = xml.EscapeText(b, []byte(text)) // a Builder takes everything
	fmt.Fprintf(b, "</%s>\n", name)
}

func xmlPlan(b *strings.Builder, list []property, indent string) {
	b.WriteString(indent + "<Plan>\n")
	for _, p := range list {
		switch {
		case p.below != nil:
			b.WriteString(indent + "  <Plans>\n")
			for _, below := range p.below {
				xmlPlan(b, below, indent+"    ")
			}
			b.WriteString(indent + "  </Plans>\n")
		case p.lines != nil:
			b.WriteString(indent + "  <Rows>\n")
			for _, line := range p.lines {
				xmlElement(b, "Item", line, indent+"    ")
			}
			b.WriteString(indent + "  </Rows>\n")
		default:
			xmlElement(b, p.name, p.text, indent+"  ")
		}
	}
	b.WriteString(indent + "</Plan>\n")
}
