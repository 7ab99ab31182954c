package parse

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// OptionKind is how an option's value was written.
type OptionKind uint8

const (
	OptNone   OptionKind = iota // the name alone
	OptString                   // 'text'
	OptNumber                   // 12, 1.5, -3
	OptWord                     // an identifier or keyword: true, csv
	OptList                     // a parenthesised list of names, in List
	OptStar                     // *
)

// Option is one name = value of a WITH list, or of the options of COPY, EXPLAIN and the like.
type Option struct {
	Name  string
	Value string
	Kind  OptionKind
	List  []string
	Pos   int32 // byte offset in the statement text, -1 unknown
}

// Bool reads the option as a boolean, as PostgreSQL's defGetBoolean does: no value is true.
func (o Option) Bool() (value, ok bool) {
	switch strings.ToLower(o.Value) {
	case "true", "on", "1":
		return true, true
	case "false", "off", "0":
		return false, true
	}
	return true, o.Kind == OptNone
}

// Int reads the option as an integer.
func (o Option) Int() (int64, bool) {
	n, err := strconv.ParseInt(o.Value, 10, 64)
	return n, err == nil
}

// Options reads a list of name = value.
func Options(list []*pg.Node) []Option {
	var out []Option
	for _, n := range list {
		if d := n.GetDefElem(); d != nil {
			out = append(out, optionOf(d))
		}
	}
	return out
}

func optionOf(d *pg.DefElem) Option {
	o := Option{Name: d.Defname, Pos: d.Location}
	if d.Defnamespace != "" {
		o.Name = d.Defnamespace + "." + d.Defname
	}
	switch a := d.Arg; {
	case a == nil:
	case a.GetString_() != nil:
		o.Kind, o.Value = OptString, a.GetString_().Sval
	case a.GetTypeName() != nil:
		o.Kind, o.Value = OptWord, lastName(a.GetTypeName().Names)
	case a.GetList() != nil:
		o.Kind, o.List = OptList, stringsOf(a.GetList().Items)
	case a.GetAStar() != nil:
		o.Kind = OptStar
	default:
		o.Kind, o.Value = OptWord, scalarText(a)
		if isNumber(a) {
			o.Kind = OptNumber
		}
	}
	return o
}

func isNumber(n *pg.Node) bool {
	return n.GetInteger() != nil || n.GetFloat() != nil || n.GetAConst().GetIval() != nil || n.GetAConst().GetFval() != nil
}

// scalarText is a literal's text as SET and WITH take it.
func scalarText(n *pg.Node) string {
	switch {
	case n.GetAConst() != nil:
		return constText(n.GetAConst())
	case n.GetInteger() != nil:
		return strconv.FormatInt(int64(n.GetInteger().Ival), 10)
	case n.GetFloat() != nil:
		return n.GetFloat().Fval
	case n.GetBoolean() != nil:
		return strconv.FormatBool(n.GetBoolean().Boolval)
	case n.GetString_() != nil:
		return n.GetString_().Sval
	case n.GetTypeCast() != nil:
		return scalarText(n.GetTypeCast().Arg)
	}
	return ""
}

func constText(c *pg.A_Const) string {
	switch {
	case c.Isnull:
		return ""
	case c.GetSval() != nil:
		return c.GetSval().Sval
	case c.GetIval() != nil:
		return strconv.FormatInt(int64(c.GetIval().Ival), 10)
	case c.GetFval() != nil:
		return c.GetFval().Fval
	case c.GetBoolval() != nil:
		return strconv.FormatBool(c.GetBoolval().Boolval)
	case c.GetBsval() != nil:
		return c.GetBsval().Bsval
	}
	return ""
}

func lastName(names []*pg.Node) string {
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1].GetString_().GetSval()
}

func stringsOf(nodes []*pg.Node) []string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.GetString_().GetSval())
	}
	return out
}
