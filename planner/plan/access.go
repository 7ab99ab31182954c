package plan

import "strings"

// Bound is where a range of keys begins or ends: values of the key columns behind those that Scan.Lookup fixes.
type Bound struct {
	Values []Expr
	// Open leaves out what equals them.
	Open bool
	// Row: the values are of a comparison of rows, where a NULL among them decides for the columns before it. Of others a NULL has no rows.
	Row bool
}

// Keyed: the scan reads some rows by their keys, not all.
func (n *Scan) Keyed() bool {
	return len(n.Lookup) > 0 || len(n.Any) > 0 || n.Ranged() || n.Joined
}

// Ranged: the scan reads a range of keys.
func (n *Scan) Ranged() bool { return n.Lower != nil || n.Upper != nil || n.NotNull }

func mapBound(b *Bound, f func(Expr) Expr) *Bound {
	if b == nil {
		return nil
	}
	c := *b
	c.Values = mapList(b.Values, f)
	return &c
}

// accessTitle is how a scan reads a table or a view, as PostgreSQL says it.
func (n *Scan) accessTitle() string {
	kind := "Index Scan"
	if n.Backward {
		kind += " Backward"
	}
	return kind + " using " + n.IndexName + " on " + n.Name
}

// conditions is a list of conditions as PostgreSQL shows them: each in parentheses, and all of them if there are several.
func conditions(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return "(" + strings.Join(list, " AND ") + ")"
}
