package session

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// copyForce are FORCE_QUOTE, FORCE_NOT_NULL and FORCE_NULL of a COPY in csv: the columns that are said, and, once the columns of the COPY are known, for each of
// them whether it is one.
type copyForce struct {
	quote, notNull, null []string
	quoteAll             bool
	// By column of the COPY.
	quoted, noNull, emptyNull []bool
}

func (f *copyForce) take(o parse.Option) error {
	switch {
	case o.Kind == parse.OptStar && o.Name == "force_quote":
		f.quoteAll = true
		return nil
	case o.Kind != parse.OptList:
		return sqlerr.New(sqlerr.InvalidParameterValue, "argument to option \"%s\" must be a list of column names", o.Name).At(o.Pos)
	}
	switch o.Name {
	case "force_quote":
		f.quote = o.List
	case "force_not_null":
		f.notNull = o.List
	default:
		f.null = o.List
	}
	return nil
}

// check is PostgreSQL's, in its order.
func (f *copyForce) check(csv, from bool) error {
	for _, c := range []struct {
		is   bool
		name string
		in   bool
		only string
	}{
		{f.quoteAll || f.quote != nil, "force quote", false, "TO"}, {f.notNull != nil, "force not null", true, "FROM"}, {f.null != nil, "force null", true, "FROM"},
	} {
		switch {
		case c.is && !csv:
			return sqlerr.New(sqlerr.FeatureNotSupported, "COPY %s available only in CSV mode", c.name)
		case c.is && c.in != from:
			return sqlerr.New(sqlerr.FeatureNotSupported, "COPY %s only available using COPY %s", c.name, c.only)
		}
	}
	return nil
}

// resolve finds the columns among those of the COPY; of is the relation, nil of a query.
func (f *copyForce) resolve(columns []string, of *catalog.Relation) error {
	var err error
	find := func(option string, names []string) []bool {
		if names == nil {
			return nil
		}
		out := make([]bool, len(columns))
		for _, name := range names {
			at := slices.Index(columns, name)
			switch {
			case err != nil:
			case at >= 0:
				out[at] = true
			case of != nil && of.ColumnIndex(name) >= 0:
				err = sqlerr.New(sqlerr.InvalidColumnReference, "%s column \"%s\" not referenced by COPY", option, name)
			case of != nil:
				err = sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, of.Name)
			default:
				err = sqlerr.New(sqlerr.UndefinedColumn, "column \"%s\" does not exist", name)
			}
		}
		return out
	}
	f.quoted, f.noNull, f.emptyNull = find("FORCE_QUOTE", f.quote), find("FORCE_NOT_NULL", f.notNull), find("FORCE_NULL", f.null)
	if f.quoteAll {
		f.quoted = slices.Repeat([]bool{true}, len(columns))
	}
	return err
}

// namesAt are the names of columns of a relation.
func namesAt(rel *catalog.Relation, at []int) []string {
	out := make([]string, len(at))
	for i, n := range at {
		out[i] = rel.Columns[n].Name
	}
	return out
}

// forced: a list says so of a column.
func forced(list []bool, column int) bool { return column < len(list) && list[column] }
