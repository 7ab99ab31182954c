package expr_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/delta/deltatest"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/plantest"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// sampleDDL and sampleRows are the table that the expressions of testdata/expressions.sql are
// about, one row of text per line, | between columns, \N for NULL.
const sampleDDL = `CREATE TABLE t (id int PRIMARY KEY, b bool, i2 smallint, i4 int, i8 bigint, f4 real, f8 float8, n numeric, n2 numeric(10,2),
	s text, v varchar(8), c char(4), y bytea, d date, ts timestamp, tz timestamptz, iv interval, u uuid, j jsonb)`

const sampleRows = `1|t|1|10|100|1.5|2.5|3.14|10.50|hello|abc|ab|\x6162|2024-02-29|2024-02-29 12:34:56.789|2024-02-29 12:34:56+00|1 day 02:03:04|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{"a": 1, "b": [1, 2, {"c": "x"}]}
2|f|-1|-10|-100|-1.5|-2.5|-3.14|-10.50|Hello World|ABC|xyz|\x00ff|1999-12-31|1999-12-31 23:59:59|1999-12-31 23:59:59+00|-1 month|00000000-0000-0000-0000-000000000000|[1, "two", null]
3|\N|\N|\N|\N|\N|\N|\N|\N|\N|\N|\N|\N|\N|\N|\N|\N|\N|\N
4|t|0|0|0|0|0|0|0.00||||\x|2000-01-01|2000-01-01 00:00:00|2000-01-01 00:00:00+00|0|ffffffff-ffff-ffff-ffff-ffffffffffff|"text"
5|f|32767|2147483647|9223372036854775807|3.4e38|1.7e308|99999999999999999999999999999999999999.5|99999999.99|ünïcödé 日本|ünï|ü|\xdeadbeef|2023-01-31|2023-01-31 00:00:00|2024-03-31 00:30:00+00|1 year 2 mons|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12|{"a": null, "s": "str"}
6|t|-32768|-2147483648|-9223372036854775808|NaN|NaN|NaN|-99999999.99|%_\\x|a%b|%|\x5c25|infinity|infinity|-infinity|3 days|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|true
7|\N|7|42|7|0.1|0.1|0.1|0.01|42|42|42|\x3432|2024-10-27|2024-10-27 02:30:00|2024-10-27 00:30:00+00|15 minutes|\N|42`

// sample is the table as a batch and as PostgreSQL's.
func sample(t *testing.T) (rows [][]string) {
	t.Helper()
	for _, line := range strings.Split(sampleRows, "\n") {
		rows = append(rows, strings.Split(line, "|"))
	}
	return rows
}

func sampleBatch(t *testing.T, rows [][]string, scan *plan.Scan) *delta.Batch {
	t.Helper()
	in := &delta.Batch{Len: len(rows)}
	for i, pos := range scan.Columns {
		f := scan.P.Fields[i]
		b := delta.NewBuilder(f.Type.OID)
		for _, row := range rows {
			if v := row[pos]; v == `\N` {
				b.AppendNull()
			} else if err := codec.AppendText(b, f.Type, []byte(v), codec.UTC); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
		in.Cols = append(in.Cols, b.Take())
	}
	return in
}

// expressions reads the file: one expression a line, -- comments.
func expressions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/expressions.sql")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			list = append(list, line)
		}
	}
	return list
}

// evalSQL binds an expression over the table and evaluates it on its rows; a binding error is
// every row's.
func evalSQL(t *testing.T, cat *plantest.Catalog, text string, rows [][]string, settings plan.Settings) []answer {
	t.Helper()
	answers := make([]answer, len(rows))
	all := func(err error) []answer {
		e := &sqlerr.Error{Code: sqlerr.InternalError, Message: err.Error()}
		errors.As(err, &e)
		for i := range answers {
			answers[i] = answer{null: true, code: string(e.Code), text2: e.Message}
		}
		return answers
	}
	stmts, err := parse.Parse("SELECT " + text + " FROM t")
	if err != nil {
		return all(err)
	}
	q, err := bind.Query(stmts[0].Body.(*parse.Select).Query, cat, bind.Options{Settings: settings})
	if err != nil {
		return all(err)
	}
	project, ok := q.Root.(*plan.Project)
	if !ok {
		t.Fatalf("%s: the plan is a %T", text, q.Root)
	}
	scan := project.Input.(*plan.Scan)
	env := &expr.Env{Settings: settings}
	p, err := expr.Compile(project.Exprs[0], env)
	if err != nil {
		return all(err)
	}
	var out delta.Column
	for range 2 { // Once more with the buffers of the first time.
		in := sampleBatch(t, rows, scan)
		var errs delta.RowErrors
		if err := p.Eval(in, &out, &errs); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for i := range answers {
			answers[i] = answer{null: out.Null(int32(i))}
		}
		for k, e := range errs {
			if k > 0 && errs[k-1].Row >= e.Row {
				t.Errorf("%s: row errors out of order", text)
			}
			answers[e.Row] = answer{null: true, code: string(e.Err.Code), text2: e.Err.Message}
		}
		for i := range answers {
			if !answers[i].null {
				answers[i].text = string(codec.FormatText(nil, &out, int32(i), env.Codec()))
			}
		}
		deltatest.Poison(in)
	}
	return answers
}

func TestExpressionsAgainstPostgres(t *testing.T) {
	ctx := context.Background()
	conn := pgoracle.Start(t)
	rows := sample(t)
	for _, sql := range []string{tryFunction, "SET timezone = 'Europe/Berlin'", sampleDDL} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range rows {
		values := make([]string, len(row))
		for i, v := range row {
			if values[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"; v == `\N` {
				values[i] = "NULL"
			}
		}
		if _, err := conn.Exec(ctx, "INSERT INTO t VALUES ("+strings.Join(values, ", ")+")"); err != nil {
			t.Fatal(err)
		}
	}
	berlin, ok := datetime.LoadZone("Europe/Berlin")
	if !ok {
		t.Skip("no time zone database")
	}
	settings := plan.Settings{TimeZone: "Europe/Berlin", Location: berlin, DateStyle: "ISO, MDY", ExtraFloatDigits: 1}
	cat := plantest.New(sampleDDL)
	list := expressions(t)
	var queries []string
	for _, e := range list {
		for _, row := range rows {
			queries = append(queries, fmt.Sprintf("SELECT CASE WHEN r IS NULL THEN NULL ELSE format('%%s', r) END FROM (SELECT (%s) AS r FROM t WHERE id = %s) x", e, row[0]))
		}
	}
	want := ask(t, conn, queries)
	failed := 0
	for i, e := range list {
		have := evalSQL(t, cat, e, rows, settings)
		for k := range rows {
			w := want[i*len(rows)+k]
			if w.code != "" {
				failed++
			}
			if !sameText(w, have[k]) {
				t.Errorf("%s\n  row %s\n  PostgreSQL %v\n  we         %v", e, rows[k][0], w, have[k])
			}
		}
	}
	t.Logf("%d expressions on %d rows, %d answers are errors", len(list), len(rows), failed)
}

func sameText(want, have answer) bool {
	if want.code != "" || have.code != "" {
		return want.code == have.code && want.text2 == have.text2
	}
	return want == have || same(nil, sqltype.Float8, want, have)
}
