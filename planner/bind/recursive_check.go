package bind

import (
	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Where in a recursive query it is not read; the text is PostgreSQL's.
const (
	inNonRecursive = "its non-recursive term"
	inSublink      = "a subquery"
	inOuterJoin    = "an outer join"
	inIntersect    = "INTERSECT"
	inExcept       = "EXCEPT"
)

// references walks a statement for the WITH queries that it reads; names that a WITH within it has are its own.
type references struct {
	read   func(n *pg.RangeVar, where string) error
	where  string // "" = anywhere
	hidden map[string]int
	err    error
}

func (r *references) in(where string, m protoreflect.Message) {
	old := r.where
	if r.where == "" {
		r.where = where
	}
	r.walk(m)
	r.where = old
}

func (r *references) walk(m protoreflect.Message) {
	if r.err != nil || !m.IsValid() {
		return
	}
	switch n := m.Interface().(type) {
	case *pg.RangeVar:
		if n.Schemaname == "" && r.hidden[n.Relname] == 0 {
			r.err = r.read(n, r.where)
		}
		return
	case *pg.SelectStmt:
		r.selectStmt(n)
		return
	case *pg.JoinExpr:
		r.join(n)
		return
	case *pg.SubLink:
		r.walk(n.Testexpr.ProtoReflect())
		r.in(inSublink, n.Subselect.ProtoReflect())
		return
	}
	r.fields(m)
}

// fields walks everything below m.
func (r *references) fields(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i := range v.List().Len() {
				r.walk(v.List().Get(i).Message())
			}
		default:
			r.walk(v.Message())
		}
		return r.err == nil
	})
}

func (r *references) selectStmt(n *pg.SelectStmt) {
	var names []string
	if w := n.WithClause; w != nil {
		for _, c := range w.Ctes {
			names = append(names, c.GetCommonTableExpr().GetCtename())
		}
		for i, c := range w.Ctes {
			if w.Recursive {
				i = len(names)
			}
			r.without(names[:i], func() { r.walk(c.GetCommonTableExpr().GetCtequery().ProtoReflect()) })
		}
	}
	r.without(names, func() {
		switch n.Op {
		case pg.SetOperation_SETOP_INTERSECT, pg.SetOperation_SETOP_EXCEPT:
			left, right := "", inExcept
			if n.Op == pg.SetOperation_SETOP_INTERSECT {
				right = ""
			}
			switch {
			case n.All && right == "":
				left, right = inIntersect, inIntersect
			case n.All:
				left = inExcept
			}
			r.in(left, n.Larg.ProtoReflect())
			r.in(right, n.Rarg.ProtoReflect())
			return
		}
		n.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case f.Kind() != protoreflect.MessageKind || f.Name() == "with_clause":
			case f.IsList():
				for i := range v.List().Len() {
					r.walk(v.List().Get(i).Message())
				}
			default:
				r.walk(v.Message())
			}
			return r.err == nil
		})
	})
}

// without runs a part of the walk in which these names are others'.
func (r *references) without(names []string, part func()) {
	for _, n := range names {
		r.hidden[n]++
	}
	part()
	for _, n := range names {
		r.hidden[n]--
	}
}

func (r *references) join(n *pg.JoinExpr) {
	left, right := "", ""
	switch n.Jointype {
	case pg.JoinType_JOIN_LEFT:
		right = inOuterJoin
	case pg.JoinType_JOIN_RIGHT:
		left = inOuterJoin
	case pg.JoinType_JOIN_FULL:
		left, right = inOuterJoin, inOuterJoin
	}
	r.in(left, n.Larg.ProtoReflect())
	r.in(right, n.Rarg.ProtoReflect())
	r.walk(n.Quals.ProtoReflect())
}

func walkReferences(n proto.Message, where string, read func(n *pg.RangeVar, where string) error) error {
	r := &references{read: read, hidden: map[string]int{}, where: where}
	r.walk(n.ProtoReflect())
	return r.err
}

// ordered gives the items of WITH RECURSIVE each behind those that it reads, and says which read themselves.
func ordered(items []*pg.CommonTableExpr) (out []*pg.CommonTableExpr, recursive map[string]bool, err error) {
	recursive = map[string]bool{}
	reads := map[string]map[string]bool{}
	for _, c := range items {
		reads[c.Ctename] = map[string]bool{}
		err := walkReferences(c.Ctequery, "", func(n *pg.RangeVar, _ string) error {
			reads[c.Ctename][n.Relname] = true
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	left := append([]*pg.CommonTableExpr(nil), items...)
	for len(left) > 0 {
		next := -1
		for i, c := range left {
			waits := false
			for _, other := range left {
				waits = waits || other != c && reads[c.Ctename][other.Ctename]
			}
			if !waits {
				next = i
				break
			}
		}
		if next < 0 {
			return nil, nil, sqlerr.New(sqlerr.FeatureNotSupported, "mutual recursion between WITH items is not implemented").At(left[0].Location)
		}
		c := left[next]
		recursive[c.Ctename] = reads[c.Ctename][c.Ctename]
		out, left = append(out, c), append(left[:next:next], left[next+1:]...)
	}
	return out, recursive, nil
}

// checkRecursive holds a query that reads itself to the form that has a meaning.
func checkRecursive(c *pg.CommonTableExpr) error {
	q := c.Ctequery.GetSelectStmt()
	if q == nil {
		return sqlerr.New(sqlerr.InvalidRecursion, "recursive query \"%s\" must not contain data-modifying statements", c.Ctename).At(c.Location)
	}
	if q.Op != pg.SetOperation_SETOP_UNION {
		return sqlerr.New(sqlerr.InvalidRecursion, "recursive query \"%s\" does not have the form non-recursive-term UNION [ALL] recursive-term", c.Ctename).At(c.Location)
	}
	times := 0
	read := func(n *pg.RangeVar, where string) error {
		if n.Relname != c.Ctename {
			return nil
		}
		if where != "" {
			return sqlerr.New(sqlerr.InvalidRecursion, "recursive reference to query \"%s\" must not appear within %s", c.Ctename, where).At(n.Location)
		}
		if times++; times > 1 {
			return sqlerr.New(sqlerr.InvalidRecursion, "recursive reference to query \"%s\" must not appear more than once", c.Ctename).At(n.Location)
		}
		return nil
	}
	if err := walkReferences(q.Larg, inNonRecursive, read); err != nil {
		return err
	}
	if err := walkReferences(q.Rarg, "", read); err != nil {
		return err
	}
	switch {
	case times == 0:
		return unsupported("a recursive query that a WITH within it reads").At(c.Location)
	case len(q.SortClause) > 0:
		return unimplemented("ORDER BY", c)
	case q.LimitOffset != nil:
		return unimplemented("OFFSET", c)
	case q.LimitCount != nil:
		return unimplemented("LIMIT", c)
	case len(q.LockingClause) > 0:
		return unimplemented("FOR UPDATE/SHARE", c)
	}
	return nil
}

func unimplemented(what string, c *pg.CommonTableExpr) error {
	return sqlerr.New(sqlerr.FeatureNotSupported, "%s in a recursive query is not implemented", what).At(c.Location)
}
