package plan

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// FormatExpr prints an expression as EXPLAIN shows it. Every operator has its parentheses.
func FormatExpr(e Expr) string {
	switch e := e.(type) {
	case nil:
		return ""
	case *Column:
		if e.Name == "" {
			return fmt.Sprintf("#%d", e.Index)
		}
		return e.Name
	case *Const:
		return formatConst(e)
	case *Param:
		return fmt.Sprintf("$%d", e.Index)
	case *Call:
		return formatCall(e)
	case *Relabel:
		return FormatExpr(e.Arg) + "::" + typeName(e.T)
	case *CoerceIO:
		return FormatExpr(e.Arg) + "::" + typeName(e.T)
	case *ArrayCoerce:
		return FormatExpr(e.Arg) + "::" + typeName(e.T)
	case *CoerceDomain:
		return FormatExpr(e.Arg) + "::" + typeName(e.T)
	case *AnyAll:
		quantifier := " ANY ("
		if e.All {
			quantifier = " ALL ("
		}
		return "(" + FormatExpr(e.Left) + " " + e.Op + quantifier + FormatExpr(e.Array) + "))"
	case *And:
		return "(" + joined(e.Args, " AND ") + ")"
	case *Or:
		return "(" + joined(e.Args, " OR ") + ")"
	case *Not:
		return "(NOT " + FormatExpr(e.Arg) + ")"
	case *IsNull:
		return "(" + FormatExpr(e.Arg) + " IS " + not(e.Not) + "NULL)"
	case *IsBool:
		want := map[byte]string{'t': "TRUE", 'f': "FALSE", 'u': "UNKNOWN"}[e.Want]
		return "(" + FormatExpr(e.Arg) + " IS " + not(e.Not) + want + ")"
	case *DistinctFrom:
		return "(" + FormatExpr(e.Left) + " IS " + not(e.Not) + "DISTINCT FROM " + FormatExpr(e.Right) + ")"
	case *Case:
		return formatCase(e)
	case *Coalesce:
		return "COALESCE(" + exprList(e.Args) + ")"
	case *NullIf:
		return "NULLIF(" + FormatExpr(e.Left) + ", " + FormatExpr(e.Right) + ")"
	case *InList:
		return "(" + FormatExpr(e.Arg) + " " + not(e.Not) + "IN (" + exprList(e.List) + "))"
	case *MinMax:
		name := "LEAST"
		if e.Greatest {
			name = "GREATEST"
		}
		return name + "(" + exprList(e.Args) + ")"
	case *Subquery:
		return formatSubquery(e)
	case *Outer:
		return e.Name
	}
	return fmt.Sprintf("%T", e)
}

// FormatAggregate prints an aggregate call.
func FormatAggregate(a *Aggregate) string {
	args := exprList(a.Args)
	if len(a.Args) == 0 {
		args = "*"
	}
	if f := builtin.FuncByOID(uint32(a.Func)); f != nil && f.AggKind != 'n' {
		return functionName(a.Func) + "(" + exprList(a.Direct) + ") WITHIN GROUP (ORDER BY " + sortKeys(a.Order) + ")" + formatFilter(a.Filter)
	}
	if a.Distinct {
		args = "DISTINCT " + args
	}
	if len(a.Order) > 0 {
		args += " ORDER BY " + sortKeys(a.Order)
	}
	return functionName(a.Func) + "(" + args + ")" + formatFilter(a.Filter)
}

func formatFilter(cond Expr) string {
	if cond == nil {
		return ""
	}
	return " FILTER (WHERE " + FormatExpr(cond) + ")"
}

func formatCall(c *Call) string {
	switch {
	case c.Op != "" && len(c.Args) == 2:
		return "(" + FormatExpr(c.Args[0]) + " " + c.Op + " " + FormatExpr(c.Args[1]) + ")"
	case c.Op != "" && len(c.Args) == 1:
		return "(" + c.Op + " " + FormatExpr(c.Args[0]) + ")"
	}
	switch uint32(c.Func) {
	case builtin.ArrayOfElements, builtin.ArrayOfArrays:
		return "ARRAY[" + exprList(c.Args) + "]"
	case builtin.RowOfFields:
		return "ROW(" + exprList(c.Args) + ")"
	case builtin.FieldOfRow:
		return "(" + FormatExpr(c.Args[0]) + ")." + fieldName(c)
	case builtin.RowIsNull:
		return "(" + FormatExpr(c.Args[0]) + " IS NULL)"
	case builtin.RowIsNotNull:
		return "(" + FormatExpr(c.Args[0]) + " IS NOT NULL)"
	case builtin.ArrayElement:
		return FormatExpr(c.Args[0]) + "[" + joined(c.Args[1:], "][") + "]"
	}
	name := functionName(c.Func)
	if last := len(c.Args) - 1; c.Spread {
		args := "VARIADIC " + FormatExpr(c.Args[last])
		if last > 0 {
			args = exprList(c.Args[:last]) + ", " + args
		}
		return name + "(" + args + ")"
	}
	return name + "(" + exprList(c.Args) + ")"
}

// fieldName is the name of the field that a call takes from a row.
func fieldName(c *Call) string {
	k, ok := c.Args[1].(*Const)
	if !ok {
		return "?"
	}
	at := int(delta.Values[int32](&k.Value)[0])
	if shape := sqltype.ShapeOf(c.Args[0].Type()); at < len(shape) {
		return shape[at].Name
	}
	return "f" + strconv.Itoa(at+1)
}

func formatCase(c *Case) string {
	var b strings.Builder
	b.WriteString("CASE")
	for _, w := range c.Whens {
		b.WriteString(" WHEN " + FormatExpr(w.Cond) + " THEN " + FormatExpr(w.Then))
	}
	if c.Else != nil {
		b.WriteString(" ELSE " + FormatExpr(c.Else))
	}
	return b.String() + " END"
}

func exprList(exprs []Expr) string { return joined(exprs, ", ") }

func joined(exprs []Expr, sep string) string {
	parts := make([]string, 0, len(exprs))
	for i, e := range exprs {
		if i == 20 {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, FormatExpr(e))
	}
	return strings.Join(parts, sep)
}

func not(n bool) string {
	if n {
		return "NOT "
	}
	return ""
}

func functionName(fn FuncID) string {
	if f := builtin.FuncByOID(uint32(fn)); f != nil {
		return f.Name
	}
	return fmt.Sprintf("func_%d", fn)
}
