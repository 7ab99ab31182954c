package docs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// family is a group of functions on the page, by the types they are about.
type family struct {
	title string
	has   func(t sqltype.OID) bool
}

func oneOf(types ...sqltype.OID) func(sqltype.OID) bool {
	return func(t sqltype.OID) bool { return slices.Contains(types, t) }
}

// families in the order of the page; a function belongs to the first that has one of its
// argument types or, if they may be anything, its result.
var families = []family{
	{"JSON", oneOf(sqltype.JSON, sqltype.JSONB)},
	{"Dates and times", oneOf(sqltype.Date, sqltype.Time, sqltype.Timetz, sqltype.Timestamp, sqltype.Timestamptz, sqltype.Interval)},
	{"Ranges", func(t sqltype.OID) bool {
		return t == sqltype.AnyRange || t == sqltype.AnyMultirange || sqltype.RangeOf(t) != nil || sqltype.RangeOf(t.Elem()) != nil
	}},
	{"Network addresses", oneOf(sqltype.Inet, sqltype.CIDR, sqltype.MACAddr, sqltype.MACAddr8)},
	{"Bit strings", oneOf(sqltype.Bit, sqltype.Varbit)},
	{"Strings and bytes", oneOf(sqltype.Text, sqltype.Varchar, sqltype.BPChar, sqltype.Name, sqltype.Bytea, sqltype.Char)},
	{"Mathematics", oneOf(sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8, sqltype.Numeric, sqltype.Money)},
	{"Others", func(sqltype.OID) bool { return true }},
}

func familyOf(f *builtin.Func) string {
	types := append(slices.Clone(f.Args), f.Ret)
	if known := func(t sqltype.OID) bool { return t != sqltype.Any && t != sqltype.AnyElement }; slices.ContainsFunc(f.Args, known) {
		types = f.Args
	}
	for _, fam := range families {
		if slices.ContainsFunc(types, fam.has) {
			return fam.title
		}
	}
	return families[len(families)-1].title
}

// plumbing tells the functions behind operators, casts, order and min and max, which nobody calls
// by name.
func plumbing() map[uint32]bool {
	hidden := map[uint32]bool{}
	for _, o := range builtin.Operators() {
		hidden[o.Func] = true
	}
	for _, f := range builtin.Funcs() {
		for _, t := range f.Args {
			for _, c := range builtin.CastsFrom(t) {
				hidden[c.Func] = true
			}
			if compare, ok := builtin.CompareOf(t); ok {
				hidden[compare] = true
			}
		}
		for _, suffix := range []string{"larger", "smaller", "_cmp"} {
			hidden[f.OID] = hidden[f.OID] || strings.HasSuffix(f.Name, suffix)
		}
	}
	return hidden
}

// typed is a list of types as SQL shows them.
func typed(f *builtin.Func) string {
	names := make([]string, len(f.Args))
	for i, t := range f.Args {
		names[i] = t.String()
		if i == len(f.Args)-1 && f.Variadic {
			names[i] = "VARIADIC " + names[i]
		}
		if i < len(f.ArgNames) && f.ArgNames[i] != "" {
			names[i] = f.ArgNames[i] + " " + names[i]
		}
	}
	return strings.Join(names, ", ")
}

// Functions is docs/sql/functions.md; aggregate tells whether the server runs an aggregate.
func Functions(aggregate func(f *builtin.Func) bool) string {
	var b strings.Builder
	b.WriteString(head("Functions and aggregates",
		"Every function and aggregate that can be called today, by its argument types, as PostgreSQL declares them\n"+
			"and with PostgreSQL's results. What PostgreSQL has besides is refused with `0A000`, \"not supported yet\".\n"+
			"`CASE`, `COALESCE`, `NULLIF`, `GREATEST`, `LEAST`, `CAST`, `EXTRACT`, `LIKE`, `IN` and the like are syntax and work\n"+
			"on every type. `TUMBLE`, `HOP`, `CUMULATE` and `SESSION` are windows, for FROM and GROUP BY ([SELECT](select.md))."))
	hidden := plumbing()
	groups := map[string][]string{}
	for _, f := range builtin.Funcs() {
		if !expr.Supported(&f) || hidden[f.OID] || slices.ContainsFunc(f.Args, internal) || internal(f.Ret) {
			continue
		}
		groups[familyOf(&f)] = append(groups[familyOf(&f)], row(&f))
	}
	for _, fam := range families {
		section(&b, fam.title, groups[fam.title])
	}
	var aggregates []string
	for _, f := range builtin.Funcs() {
		if f.Kind == builtin.KindAggregate && aggregate(&f) {
			aggregates = append(aggregates, row(&f))
		}
	}
	section(&b, "Aggregates", aggregates)
	b.WriteString("\n`DISTINCT`, `ORDER BY` and `FILTER (WHERE …)` work inside an aggregate's call; every one can be called with `OVER`.\n")
	var windows []string
	for _, f := range builtin.Funcs() {
		if f.Kind == builtin.KindWindow {
			windows = append(windows, row(&f))
		}
	}
	section(&b, "Window functions", windows)
	return b.String()
}

func internal(t sqltype.OID) bool { return t == sqltype.Invalid }

func row(f *builtin.Func) string {
	return fmt.Sprintf("| `%s(%s)` | `%s` |", f.Name, typed(f), f.Ret)
}

func section(b *strings.Builder, title string, rows []string) {
	slices.Sort(rows)
	rows = slices.Compact(rows)
	fmt.Fprintf(b, "\n## %s\n\n| call | result |\n|---|---|\n%s\n", title, strings.Join(rows, "\n"))
}

// Operators is docs/sql/operators.md.
func Operators() string {
	var b strings.Builder
	b.WriteString(head("Operators", "Every operator that works today, by its operand types. `AND`, `OR`, `NOT`, `IS NULL`, `IS DISTINCT FROM`, `BETWEEN` and\n"+
		"the like are syntax. A type takes the operators of what it is binary coercible to: `varchar` those of `text`."))
	b.WriteString("\n| operator | left | right | result |\n|---|---|---|---|\n")
	ops := slices.Clone(builtin.Operators())
	slices.SortFunc(ops, func(a, c builtin.Operator) int {
		return cmp.Or(cmp.Compare(a.Name, c.Name), cmp.Compare(a.Left.String(), c.Left.String()), cmp.Compare(a.Right.String(), c.Right.String()))
	})
	for _, o := range ops {
		f := builtin.FuncByOID(o.Func)
		if f == nil || !expr.Supported(f) {
			continue
		}
		left := ""
		if o.Left != 0 {
			left = o.Left.String()
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", strings.ReplaceAll(o.Name, "|", "\\|"), left, o.Right, o.Result)
	}
	return b.String()
}

// head is a title and what a reader must know of a generated page.
func head(title, text string) string {
	return "# " + title + "\n\n<!-- Written by `make docs`; do not edit. -->\n\n" + text + "\n"
}
