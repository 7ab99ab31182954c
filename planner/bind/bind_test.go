package bind

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
)

func TestBind(t *testing.T) {
	cat := testCatalog()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var b strings.Builder
			for _, sql := range strings.Split(d.Input, "\n\n") {
				out, err := bindText(cat, sql, d.Cmd == "view")
				if err != nil {
					out = errorText(sql, err)
				}
				b.WriteString(out)
			}
			return b.String()
		})
	})
}

func errorText(sql string, err error) string {
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		return "not a sqlerr: " + err.Error() + "\n"
	}
	out := fmt.Sprintf("ERROR %s: %s", e.Code, e.Message)
	if e.Location > 0 {
		out += fmt.Sprintf(" (at %d)", parse.Position(sql, e.Location-1))
	}
	for _, more := range []string{e.Detail, e.Hint} {
		if more != "" {
			out += "\n  " + more
		}
	}
	return out + "\n"
}

// bindText binds one statement and prints its plan.
func bindText(cat *fakeCatalog, sql string, continuous bool) (string, error) {
	stmts, err := parse.Parse(sql)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range stmts {
		out, err := bindBody(cat, s.Body, Options{Continuous: continuous})
		if err != nil {
			return "", err
		}
		b.WriteString(out)
	}
	return b.String(), nil
}

func bindBody(cat *fakeCatalog, body parse.Body, o Options) (string, error) {
	switch s := body.(type) {
	case *parse.Select:
		return queryText(Query(s.Query, cat, o))
	case *parse.Subscribe:
		return queryText(Query(s.Query, cat, o))
	case *parse.Insert:
		p, err := Insert(s, cat, o)
		if err != nil {
			return "", err
		}
		out, err := queryText(p.Source, nil)
		return fmt.Sprintf("insert into %s key=%d timestamp=%d\n", p.Relation.Name, p.Key, p.Timestamp) + out, err
	case *parse.Update:
		p, err := Update(s, cat, o)
		if err != nil {
			return "", err
		}
		out, err := queryText(p.Source, nil)
		return fmt.Sprintf("update %s rowid=%d new=%d changed=%v\n", p.Relation.Name, p.RowID, p.New, p.Changed) + out, err
	case *parse.Delete:
		p, err := Delete(s, cat, o)
		if err != nil {
			return "", err
		}
		out, err := queryText(p.Source, nil)
		return fmt.Sprintf("delete from %s rowid=%d\n", p.Relation.Name, p.RowID) + out, err
	}
	return bindDefinition(cat, body, o)
}

func bindDefinition(cat *fakeCatalog, body parse.Body, o Options) (string, error) {
	switch s := body.(type) {
	case *parse.CreateMaterializedView:
		d, err := CreateView(s, cat, o)
		if err != nil {
			return "", err
		}
		return definitionText(d.Relation, d.Query), nil
	case *parse.CreateSink:
		d, err := CreateSink(s, cat, o)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("partitions %d\n", d.Partitions) + definitionText(d.Relation, d.Query), nil
	case *parse.CreateStream:
		d, err := CreateStream(s, cat, o, func(connector, table string) ([]catalog.Column, bool) {
			return columnsOf("id int8, extra text"), table == "bid"
		})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("partitions %d connector %q %v\n", d.Partitions, d.Connector, d.Nexmark) + definitionText(d.Relation, d.Query), nil
	case *parse.CreateTable:
		d, err := CreateTable(s, cat, o)
		if err != nil {
			return "", err
		}
		out := definitionText(d.Relation, nil)
		for _, x := range d.Indexes {
			out += definitionText(x, nil)
		}
		return out, nil
	case *parse.CreateIndex:
		x, err := CreateIndex(s, cat, o)
		if err != nil {
			return "", err
		}
		return definitionText(x, nil), nil
	}
	return "", fmt.Errorf("no test for %T", body)
}

func definitionText(r *catalog.Relation, q *plan.Query) string {
	text, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	out := string(text) + "\n"
	if q != nil {
		out += plan.Format(q.Root)
	}
	return out
}

func queryText(q *plan.Query, err error) (string, error) {
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, f := range q.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s", f.Name, f.Type)
	}
	for i, p := range q.Params {
		fmt.Fprintf(&b, "  $%d %s", i+1, p)
	}
	b.WriteString("\n" + plan.Format(q.Root))
	return b.String(), nil
}
