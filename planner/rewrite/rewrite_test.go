package rewrite_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/plantest"
	"github.com/tributary-db/tributary/planner/rewrite"
)

const ddl = `
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c numeric, d float8, f bool, k varchar(10));
CREATE INDEX t_a ON t (a);
CREATE UNIQUE INDEX t_bk ON t (b, k);
CREATE TABLE u (id int, x bigint, b text);
CREATE TABLE w (x bigint, y int, PRIMARY KEY (x, y));
CREATE STREAM orders (order_id VARCHAR, customer_id VARCHAR, amount DECIMAL, order_time TIMESTAMP);
CREATE STREAM clicks (uid bigint, url text, ts timestamptz, WATERMARK FOR ts AS ts - INTERVAL '5 s');
CREATE MATERIALIZED VIEW v AS SELECT b, count(*) AS n FROM t GROUP BY b;
`

func TestRewrite(t *testing.T) {
	cat := plantest.New(ddl)
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			o := rewrite.Options{Folder: expr.Folder{}, Continuous: d.Cmd == "view", ViewLookups: d.HasArg("view-lookups"), NoNestLoop: d.HasArg("no-nestloop")}
			if d.HasArg("statistics") {
				o.Statistics = sizes{cat}
			}
			out, err := rewritten(cat, d.Input, o)
			if err != nil {
				return "ERROR: " + err.Error() + "\n"
			}
			return out
		})
	})
}

// sizes are statistics of which relation has how many rows: t and w are large, others have ten.
type sizes struct{ cat *plantest.Catalog }

func (s sizes) Rows(id plan.RelationID) (float64, bool) {
	rel, _ := s.cat.ByOID(catalog.OID(id))
	if rel.Name == "t" || rel.Name == "w" {
		return 100_000, true
	}
	return 10, true
}

func (s sizes) Column(plan.RelationID, int) *plan.ColumnStats { return nil }

func rewritten(cat *plantest.Catalog, sql string, o rewrite.Options) (string, error) {
	q, err := bound(cat, sql, o.Continuous)
	if err != nil {
		return "", err
	}
	before := plan.Format(q.Root)
	out, err := rewrite.Query(q, cat, o)
	if err != nil {
		return "", err
	}
	if after := plan.Format(q.Root); after != before {
		return "", fmt.Errorf("the bound plan was changed:\n%s\n%s", before, after)
	}
	if err := check(q.Root, out.Root); err != nil {
		return "", err
	}
	return plan.Format(out.Root), nil
}

func bound(cat *plantest.Catalog, sql string, continuous bool) (*plan.Query, error) {
	stmts, err := parse.Parse(sql)
	if err != nil {
		return nil, err
	}
	o := bind.Options{Continuous: continuous}
	switch s := stmts[0].Body.(type) {
	case *parse.Select:
		return bind.Query(s.Query, cat, o)
	case *parse.Subscribe:
		return bind.Query(s.Query, cat, o)
	case *parse.Update:
		p, err := bind.Update(s, cat, o)
		if err != nil {
			return nil, err
		}
		return p.Source, nil
	case *parse.Delete:
		p, err := bind.Delete(s, cat, o)
		if err != nil {
			return nil, err
		}
		return p.Source, nil
	}
	return nil, fmt.Errorf("no query: %T", stmts[0].Body)
}

// check holds a rewritten plan to its invariants: the same output types, and no expression that
// refers to a column which is not there or has another type.
func check(before, after plan.Node) error {
	b, a := before.Props().Fields, after.Props().Fields
	if len(a) != len(b) {
		return fmt.Errorf("%d columns became %d", len(b), len(a))
	}
	for i := range a {
		if a[i].Type.OID != b[i].Type.OID {
			return fmt.Errorf("column %d: %s became %s", i, b[i].Type, a[i].Type)
		}
	}
	return checkNode(after)
}

func checkNode(n plan.Node) error {
	var fields []plan.Field
	for _, in := range n.Inputs() {
		if err := checkNode(in); err != nil {
			return err
		}
		fields = append(fields, in.Props().Fields...)
	}
	var problems []string
	if j, ok := n.(*plan.Join); ok && j.Lookup != nil {
		if err := checkNode(j.Left); err != nil {
			return err
		}
		if s, _, _ := j.Looked(); s == nil || len(j.Lookup.Keys) == 0 {
			problems = append(problems, "nothing is looked up")
		}
		for _, e := range j.Lookup.Keys {
			plan.Walk(e, func(e plan.Expr) bool {
				if c, ok := e.(*plan.Column); ok && fields[c.Index].Type.OID != c.T.OID {
					problems = append(problems, fmt.Sprintf("key column %d", c.Index))
				}
				return true
			})
		}
		c := *j
		c.Lookup = &plan.Lookup{} // its keys are over the right side alone
		fields, n = append(append([]plan.Field(nil), j.Left.Props().Fields...), fields...), &c
	}
	plan.MapNodeExprs(n, func(e plan.Expr) plan.Expr {
		plan.Walk(e, func(e plan.Expr) bool {
			c, ok := e.(*plan.Column)
			if ok && (c.Index < 0 || c.Index >= len(fields) || fields[c.Index].Type.OID != c.T.OID) {
				problems = append(problems, fmt.Sprintf("%T: column %d (%s) of %d", n, c.Index, c.Name, len(fields)))
			}
			return true
		})
		return e
	})
	for _, k := range n.Props().UniqueKey {
		for _, c := range k {
			if c < 0 || c >= len(n.Props().Fields) {
				problems = append(problems, fmt.Sprintf("%T: key column %d of %d", n, c, len(n.Props().Fields)))
			}
		}
	}
	if j, ok := n.(*plan.Join); ok {
		for i := range j.LeftKeys {
			l, r := j.Left.Props().Fields[j.LeftKeys[i]].Type.OID, j.Right.Props().Fields[j.RightKeys[i]].Type.OID
			if l != r {
				problems = append(problems, fmt.Sprintf("join key %s = %s", l, r))
			}
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s", strings.Join(problems, "; "))
	}
	return nil
}
