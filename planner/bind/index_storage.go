package bind

import (
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// indexStorage are the parameters of an index as name=value. They say how PostgreSQL lays out pages, of which there are none here: they are
// checked, and shown.
func indexStorage(method uint32, options []*pg.Node) ([]string, error) {
	var out []string
	var names []string
	for _, n := range options {
		o := n.GetDefElem()
		if slices.Contains(names, o.Defname) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "parameter \"%s\" specified more than once", o.Defname)
		}
		names = append(names, o.Defname)
		value := "true"
		if o.Arg != nil {
			value = optionText(o.Arg)
		}
		if o.Defnamespace != "" {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter namespace \"%s\"", o.Defnamespace)
		}
		if err := indexParameter(method, o.Defname, value); err != nil {
			return nil, err
		}
		out = append(out, o.Defname+"="+value)
	}
	return out, nil
}

func indexParameter(method uint32, name, value string) error {
	switch {
	case name == "fillfactor":
		v, err := strconv.Atoi(value)
		if err != nil {
			return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for integer option \"%s\": %s", name, value)
		}
		if v < 10 || v > 100 {
			return sqlerr.New(sqlerr.InvalidParameterValue, "value %s out of bounds for option \"%s\"", value, name).
				WithDetail("Valid values are between \"10\" and \"100\".")
		}
		return nil
	case name == "deduplicate_items" && method == bootstrap.Btree:
		if !isBoolText(value) {
			return sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for boolean option \"%s\": %s", name, value)
		}
		return nil
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter \"%s\"", name)
}

// isBoolText: PostgreSQL's parse_bool takes it.
func isBoolText(v string) bool {
	v = strings.ToLower(v)
	switch {
	case v == "":
		return false
	case v == "1" || v == "0" || v == "on" || v == "of" || v == "off":
		return true
	}
	for _, word := range []string{"true", "false", "yes", "no"} {
		if strings.HasPrefix(word, v) {
			return true
		}
	}
	return false
}

// optionText is the value of an option as it was written.
func optionText(n *pg.Node) string {
	switch v := n.GetNode().(type) {
	case *pg.Node_Integer:
		return strconv.Itoa(int(v.Integer.Ival))
	case *pg.Node_Float:
		return v.Float.Fval
	case *pg.Node_Boolean:
		return strconv.FormatBool(v.Boolean.Boolval)
	case *pg.Node_String_:
		return v.String_.Sval
	case *pg.Node_TypeName:
		return nameOfList(v.TypeName.Names)
	}
	return ""
}
