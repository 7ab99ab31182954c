package bind

import (
	"strings"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/ident"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/plan"
)

// ruleText writes bound expressions over a row of a table as PostgreSQL's ruleutils.c does: with what was left to be understood, so that the
// text means the same wherever it is read. pretty leaves out the parentheses that precedence makes needless.
type ruleText struct {
	table   *catalog.Relation
	written map[string]bool // functions that were called by name, where a cast is one too
	pretty  bool
	quoted  func(plan.Expr) bool // a constant is a string in quotes in the text; nil = unknown
}

//lint:dispatch
func (r *ruleText) expr(e plan.Expr) string {
	switch e := e.(type) {
	case *plan.Column:
		if r.table.Kind == catalog.KindType {
			return "VALUE"
		}
		return ident.Quote(r.table.Columns[e.Index].Name)
	case *plan.Const:
		return r.constant(e)
	case *plan.Call:
		return r.call(e)
	case *plan.Relabel:
		return r.cast(e.Arg, e.T)
	case *plan.CoerceIO:
		return r.cast(e.Arg, e.T)
	case *plan.ArrayCoerce:
		return r.cast(e.Arg, e.T)
	case *plan.CoerceDomain:
		return r.cast(e.Arg, e.T)
	case *plan.And:
		return r.paren(r.joined(e.Args, " AND ", e))
	case *plan.Or:
		return r.paren(r.joined(e.Args, " OR ", e))
	case *plan.Not:
		return r.paren("NOT " + r.in(e.Arg, e))
	case *plan.IsNull:
		return r.paren(r.in(e.Arg, e) + " IS " + notText(e.Not) + "NULL")
	case *plan.IsBool:
		want := map[byte]string{'t': "TRUE", 'f': "FALSE", 'u': "UNKNOWN"}[e.Want]
		return r.paren(r.in(e.Arg, e) + " IS " + notText(e.Not) + want)
	case *plan.DistinctFrom:
		text := r.paren(r.in(e.Left, e) + " IS DISTINCT FROM " + r.in(e.Right, e))
		if !e.Not {
			return text
		}
		if r.pretty {
			text = "(" + text + ")"
		}
		return r.paren("NOT " + text)
	case *plan.AnyAll:
		word := " ANY ("
		if e.All {
			word = " ALL ("
		}
		array := r.in(e.Array, e)
		if list, ok := e.Array.(*plan.Call); ok && uint32(list.Func) == builtin.ArrayOfElements && fromVarchar(e.Left) {
			array = r.varcharArray(list.Args)
		}
		return r.paren(r.in(e.Left, e) + " " + e.Op + word + array + ")")
	case *plan.InList:
		return r.inList(e)
	case *plan.Case:
		return r.caseText(e)
	case *plan.Coalesce:
		return "COALESCE(" + r.list(e.Args) + ")"
	case *plan.NullIf:
		return "NULLIF(" + r.expr(e.Left) + ", " + r.expr(e.Right) + ")"
	case *plan.MinMax:
		if e.Greatest {
			return "GREATEST(" + r.list(e.Args) + ")"
		}
		return "LEAST(" + r.list(e.Args) + ")"
	}
	return plan.FormatExpr(e)
}

func notText(not bool) string {
	if not {
		return "NOT "
	}
	return ""
}

func (r *ruleText) paren(s string) string {
	if r.pretty {
		return s
	}
	return "(" + s + ")"
}

func (r *ruleText) list(exprs []plan.Expr) string {
	out := make([]string, len(exprs))
	for i, e := range exprs {
		out[i] = r.expr(e)
	}
	return strings.Join(out, ", ")
}

func (r *ruleText) joined(args []plan.Expr, word string, parent plan.Expr) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = r.in(a, parent)
	}
	return strings.Join(out, word)
}

// in is a part of an expression, in parentheses where a pretty text needs them.
func (r *ruleText) in(e, parent plan.Expr) string {
	if r.pretty && !r.simple(e, parent) {
		return "(" + r.expr(e) + ")"
	}
	return r.expr(e)
}

// simple: a part of an expression needs no parentheses in it.
func (r *ruleText) simple(e, parent plan.Expr) bool {
	_, and := parent.(*plan.And)
	_, or := parent.(*plan.Or)
	_, not := parent.(*plan.Not)
	switch e := e.(type) {
	case *plan.Relabel:
		return r.simple(e.Arg, parent)
	case *plan.CoerceIO:
		return r.simple(e.Arg, parent)
	case *plan.Call:
		if e.Op == "" {
			return true
		}
		if above, ok := parent.(*plan.Call); ok && above.Op != "" && len(e.Args) == 2 && len(above.Args) == 2 {
			low, high := strings.Contains("+-", operatorOf(above)), strings.Contains("*/%", operatorOf(above))
			if strings.Contains("*/%", operatorOf(e)) {
				return low || high && e == above.Args[0]
			}
			return strings.Contains("+-", operatorOf(e)) && low && e == above.Args[0]
		}
		return and || or || not
	case *plan.And:
		return and || or
	case *plan.Or:
		return or
	case *plan.IsNull, *plan.IsBool, *plan.DistinctFrom:
		return and || or || not
	case *plan.AnyAll:
		return false
	case *plan.InList:
		return len(e.List) == 1 && (and || or || not)
	case *plan.Not:
		return and || or
	}
	return true
}

// operatorOf is the one that an operator has in pg_operator.
func operatorOf(c *plan.Call) string {
	found := ""
	for _, o := range builtin.Operators() {
		if o.Func == uint32(c.Func) && (found == "" || o.Name == c.Op) {
			found = o.Name
		}
	}
	if found == "" {
		return c.Op
	}
	return found
}

func (r *ruleText) call(c *plan.Call) string {
	switch {
	case c.Op != "" && len(c.Args) == 2:
		return r.paren(r.in(c.Args[0], c) + " " + operatorOf(c) + " " + r.in(c.Args[1], c))
	case c.Op != "" && len(c.Args) == 1:
		return r.paren(operatorOf(c) + " " + r.in(c.Args[0], c))
	}
	f := builtin.FuncByOID(uint32(c.Func))
	switch {
	case f == nil:
		return plan.FormatExpr(c)
	case (f.Name == "current_user" || f.Name == "session_user") && len(c.Args) == 0:
		return strings.ToUpper(f.Name)
	case uint32(c.Func) == builtin.ArrayOfElements || uint32(c.Func) == builtin.ArrayOfArrays:
		return "ARRAY[" + r.list(c.Args) + "]"
	case uint32(c.Func) == builtin.ArrayElement:
		out := r.in(c.Args[0], c)
		for _, at := range c.Args[1:] {
			out += "[" + r.expr(at) + "]"
		}
		return out
	case r.isCast(c):
		return r.cast(c.Args[0], c.T)
	case f.Name == "extract" && len(c.Args) == 2:
		if k, ok := c.Args[0].(*plan.Const); ok && !k.Value.Null(0) {
			return "EXTRACT(" + string(k.Value.Bytes(0)) + " FROM " + r.expr(c.Args[1]) + ")"
		}
	}
	if last := len(c.Args) - 1; c.Spread {
		args := "VARIADIC " + r.expr(c.Args[last])
		if last > 0 {
			args = r.list(c.Args[:last]) + ", " + args
		}
		return ident.Quote(f.Name) + "(" + args + ")"
	}
	return ident.Quote(f.Name) + "(" + r.list(c.Args) + ")"
}

// isCast: a call stands for a cast, as nobody wrote the function's name.
func (r *ruleText) isCast(c *plan.Call) bool {
	if len(c.Args) == 0 || c.Op != "" {
		return false
	}
	f := builtin.FuncByOID(uint32(c.Func))
	if f == nil || r.written[f.Name] {
		return false
	}
	cast := builtin.CastFor(c.Args[0].Type().OID, c.T.OID)
	return cast != nil && cast.Func == uint32(c.Func)
}

func (r *ruleText) cast(arg plan.Expr, t sqltype.Type) string {
	if call, ok := arg.(*plan.Call); ok && r.isCast(call) && call.T.OID == t.OID { // to the type, then to its length
		arg = call.Args[0]
	}
	if !r.pretty {
		return "(" + r.expr(arg) + ")::" + typeText(t)
	}
	switch a := arg.(type) {
	case *plan.Column, *plan.Case, *plan.Coalesce, *plan.MinMax, *plan.NullIf, *plan.Const:
		return r.expr(arg) + "::" + typeText(t)
	case *plan.Call:
		if a.Op == "" {
			return r.expr(arg) + "::" + typeText(t)
		}
	case *plan.Relabel:
		return r.expr(arg) + "::" + typeText(t)
	}
	return "(" + r.expr(arg) + ")::" + typeText(t)
}

func typeText(t sqltype.Type) string {
	if s := sqltype.TypeName(t); s != "???" {
		return s
	}
	return displayType(t.OID)
}

func (r *ruleText) constant(c *plan.Const) string {
	if c.Value.Null(0) {
		if c.T.OID == sqltype.Unknown {
			return "NULL"
		}
		return "NULL::" + typeText(c.T)
	}
	text := string(codec.FormatText(nil, &c.Value, 0, codec.UTC))
	switch c.T.OID {
	case sqltype.Bool:
		if delta.Values[uint8](&c.Value)[0] != 0 {
			return "true"
		}
		return "false"
	case sqltype.Int4:
		if text[0] != '-' {
			return text
		}
	case sqltype.Numeric:
		if strings.ContainsAny(text[:1], "0123456789") && strings.ContainsAny(text, ".") && c.T.Mod < 0 {
			return text
		}
	case sqltype.Unknown:
		return ident.Text(text)
	}
	switch c.T.OID {
	case sqltype.Int2, sqltype.Int8, sqltype.Numeric, sqltype.Float4, sqltype.Float8:
		if out, ok := r.number(c, text); ok {
			return out
		}
	}
	return ident.Text(text) + "::" + typeText(c.T)
}

// inList is what PostgreSQL makes of IN: = ANY of an array of constants.
func (r *ruleText) inList(e *plan.InList) string {
	op, word, and := "=", " ANY (", " OR "
	if e.Not {
		op, word, and = "<>", " ALL (", " AND "
	}
	arg := r.expr(e.Arg)
	if r.pretty {
		arg = r.in(e.Arg, &plan.Call{Op: "="})
	}
	constants := true
	for _, x := range e.List {
		constants = constants && !plan.HasColumns(x)
	}
	if len(e.List) > 1 && constants {
		array := "ARRAY[" + r.list(e.List) + "]"
		if fromVarchar(e.Arg) {
			array = r.varcharArray(e.List)
		}
		return r.paren(arg + " " + op + word + array + ")")
	}
	var parts []string
	for _, x := range e.List {
		parts = append(parts, r.paren(arg+" "+op+" "+r.expr(x)))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return r.paren(strings.Join(parts, and))
}

// fromVarchar: a value is a varchar taken as text.
func fromVarchar(e plan.Expr) bool {
	from, ok := e.(*plan.Relabel)
	return ok && from.Arg.Type().OID == sqltype.Varchar && e.Type().OID == sqltype.Text
}

// varcharArray is the array that a varchar is compared with, whose elements are literals of its type.
func (r *ruleText) varcharArray(list []plan.Expr) string {
	out := make([]string, len(list))
	for i, x := range list {
		if as, ok := x.(*plan.Relabel); ok {
			x = as.Arg
		}
		out[i] = r.expr(x)
		if k, ok := x.(*plan.Const); ok {
			as := *k
			as.T = sqltype.Of(sqltype.Varchar)
			out[i] = r.constant(&as)
		}
	}
	array := "ARRAY[" + strings.Join(out, ", ") + "]"
	if r.pretty {
		return array + "::text[]"
	}
	return "(" + array + ")::text[]"
}

func (r *ruleText) caseText(e *plan.Case) string {
	var b strings.Builder
	b.WriteString("\nCASE")
	for _, w := range e.Whens {
		b.WriteString("\n    WHEN " + r.expr(w.Cond) + " THEN " + r.expr(w.Then))
	}
	if e.Else != nil {
		b.WriteString("\n    ELSE " + r.expr(e.Else))
	} else {
		b.WriteString("\n    ELSE NULL::" + typeText(e.T))
	}
	b.WriteString("\nEND")
	return b.String()
}
