package expr_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/delta/deltatest"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// answer is what PostgreSQL or we say to one call.
type answer struct {
	null        bool
	text        string
	code, text2 string // SQLSTATE and message of an error
}

func (a answer) String() string {
	switch {
	case a.code != "":
		return fmt.Sprintf("ERROR %s: %s", a.code, a.text2)
	case a.null:
		return "NULL"
	}
	return strconv.Quote(a.text)
}

// tryFunction runs queries and gives values or errors.
const tryFunction = `CREATE FUNCTION try(q text[]) RETURNS TABLE(v text, code text, msg text) LANGUAGE plpgsql AS $$
DECLARE s text;
BEGIN
  FOREACH s IN ARRAY q LOOP
    BEGIN
      EXECUTE s INTO v; code := ''; msg := '';
    EXCEPTION WHEN OTHERS THEN v := NULL; code := SQLSTATE; msg := SQLERRM;
    END;
    RETURN NEXT;
  END LOOP;
END $$`

func ask(t *testing.T, conn *pgx.Conn, queries []string) []answer {
	t.Helper()
	rows, err := conn.Query(context.Background(), "SELECT v, code, msg FROM try($1)", queries)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (answer, error) {
		var a answer
		var v *string
		err := row.Scan(&v, &a.code, &a.text2)
		if a.null = v == nil; !a.null {
			a.text = *v
		}
		return a, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// differential is one function on some rows of arguments; a nil argument is NULL.
type differential struct {
	f    *builtin.Func
	args []sqltype.OID
	ret  sqltype.OID
	rows [][]*string
}

func literal(v *string, typ sqltype.OID) string {
	name := builtin.TypeByOID(typ).Name
	if typ == sqltype.Char || typ == sqltype.Bit {
		name = `"` + name + `"` // the words char and bit mean others
	}
	if v == nil {
		return "NULL::" + name
	}
	return "'" + strings.ReplaceAll(*v, "'", "''") + "'::" + name
}

func (d *differential) sql(row []*string) string {
	args := make([]string, len(row))
	for i, v := range row {
		args[i] = literal(v, d.args[i])
	}
	if last := len(args) - 1; d.f.Variadic && last < len(d.f.Args) && d.f.Args[last].Elem() != sqltype.Invalid {
		args[last] = "VARIADIC " + args[last]
	}
	return fmt.Sprintf(`SELECT CASE WHEN r IS NULL THEN NULL ELSE format('%%s', r) END FROM (SELECT pg_catalog."%s"(%s) AS r) x`,
		d.f.Name, strings.Join(args, ", "))
}

// columns builds the rows' arguments; rows that the oracle cannot even read are the caller's.
func (d *differential) columns(t *testing.T, rows [][]*string, env *codec.Env) []delta.Column {
	t.Helper()
	cols := make([]delta.Column, len(d.args))
	for i, typ := range d.args {
		b := delta.NewBuilder(typ)
		for _, row := range rows {
			if row[i] == nil {
				b.AppendNull()
			} else if err := codec.AppendText(b, sqltype.Of(typ), []byte(*row[i]), env); err != nil {
				t.Fatalf("edge value %q of type %d: %v", *row[i], typ, err)
			}
		}
		cols[i] = b.Take()
	}
	return cols
}

func (d *differential) call(args []plan.Expr) *plan.Call {
	return &plan.Call{Func: plan.FuncID(d.f.OID), Args: args, T: sqltype.Of(d.ret), Pos: -1}
}

// eval computes all rows at once, and again with every other row live and between calls with
// other values; the answers must not depend on it.
func (d *differential) eval(t *testing.T, env *expr.Env) []answer {
	t.Helper()
	args := make([]plan.Expr, len(d.args))
	for i, typ := range d.args {
		args[i] = &plan.Column{Index: i, T: sqltype.Of(typ)}
	}
	p, err := expr.Compile(d.call(args), env)
	if err != nil {
		t.Fatalf("%s: %v", d.f.Name, err)
	}
	first := d.run(t, p, nil, env)
	var sel []int32
	for i := 1; i < len(d.rows); i += 2 {
		sel = append(sel, int32(i))
	}
	if len(sel) > 0 {
		sparse := d.run(t, p, sel, env)
		for _, i := range sel {
			if sparse[i] != first[i] {
				t.Errorf("%s row %d: %v among all rows, %v in a selection", d.f.Name, i, first[i], sparse[i])
			}
		}
	}
	for i := 0; i < len(d.rows); i += 1 + len(d.rows)/8 {
		if one := d.constant(t, i, env); one != first[i] {
			t.Errorf("%s row %d: %v as a column, %v as constants", d.f.Name, i, first[i], one)
		}
	}
	return first
}

func (d *differential) run(t *testing.T, p *expr.Program, sel []int32, env *expr.Env) []answer {
	t.Helper()
	in := delta.Batch{Len: len(d.rows), Cols: d.columns(t, d.rows, env.Codec()), Sel: slices.Clone(sel)}
	var out delta.Column
	var errs delta.RowErrors
	if err := p.Eval(&in, &out, &errs); err != nil {
		t.Fatalf("%s: %v", d.f.Name, err)
	}
	answers := make([]answer, len(d.rows))
	failed := map[int32]bool{}
	for _, e := range errs {
		answers[e.Row] = answer{null: true, code: string(e.Err.Code), text2: e.Err.Message}
		failed[e.Row] = true
	}
	live := sel
	if live == nil {
		for i := range d.rows {
			live = append(live, int32(i))
		}
	}
	for _, i := range live {
		if failed[i] {
			continue
		}
		if out.Null(i) {
			answers[i].null = true
			continue
		}
		answers[i].text = string(codec.FormatText(nil, &out, i, env.Codec()))
	}
	deltatest.Poison(&in)
	return answers
}

func (d *differential) constant(t *testing.T, row int, env *expr.Env) answer {
	t.Helper()
	args := make([]plan.Expr, len(d.args))
	for i, c := range d.columns(t, d.rows[row:row+1], env.Codec()) {
		c.Const = true
		args[i] = &plan.Const{T: sqltype.Of(d.args[i]), Value: c}
	}
	p, err := expr.Compile(d.call(args), env)
	if err != nil {
		t.Fatal(err)
	}
	return (&differential{f: d.f, rows: make([][]*string, 1)}).run(t, p, nil, env)[0]
}

// same compares answers; floats to 1e-13, comparison functions by sign.
func same(f *builtin.Func, ret sqltype.OID, want, have answer) bool {
	if want.code != "" || have.code != "" {
		if want.code == string(sqlerr.InternalError) && have.code != "" {
			have.code = want.code // what is an internal error there is a user's here
		}
		return want.code == have.code && (want.text2 == have.text2 || strings.HasPrefix(string(have.code), "2201B"))
	}
	if want == have {
		return true
	}
	if want.null || have.null {
		return false
	}
	switch ret {
	case sqltype.Float4, sqltype.Float8:
		a, err1 := strconv.ParseFloat(want.text, 64)
		b, err2 := strconv.ParseFloat(have.text, 64)
		return err1 == nil && err2 == nil && math.Abs(a-b) <= 1e-13*math.Max(math.Abs(a), math.Abs(b))
	case sqltype.Int4:
		if strings.HasSuffix(f.Symbol, "cmp") {
			a, _ := strconv.Atoi(want.text)
			b, _ := strconv.Atoi(have.text)
			return (a < 0) == (b < 0) && (a > 0) == (b > 0)
		}
	}
	return false
}

// maxRowsPerFunction bounds the calls of a function; more of them find more, and take longer.
var maxRowsPerFunction = flag.Int("rows", 40, "calls of each function")

// onlyFunctions, if set, are the symbols or names to test.
var onlyFunctions = flag.String("only", "", "regexp of function names and symbols")

// mayRefuse are the symbols that answer 0A000 to some arguments that PostgreSQL takes.
var mayRefuse = regexp.MustCompile("regex")

// TestKernelsAgainstPostgres calls every function that has a kernel on edge values.
func TestKernelsAgainstPostgres(t *testing.T) {
	conn := pgoracle.Start(t)
	if _, err := conn.Exec(context.Background(), tryFunction); err != nil {
		t.Fatal(err)
	}
	zone := "Europe/Berlin"
	if _, err := conn.Exec(context.Background(), "SET timezone = '"+zone+"'"); err != nil {
		t.Fatal(err)
	}
	env := &expr.Env{Settings: plan.Settings{TimeZone: zone, DateStyle: "ISO, MDY", ExtraFloatDigits: 1, Session: &plan.Session{Database: "nobody's", Catalog: newEmptyCatalog()}}}
	env.Prepare()
	rng := rand.New(rand.NewSource(1))
	only := regexp.MustCompile(*onlyFunctions)
	var all []*differential
	var queries []string
	funcs := builtin.Funcs()
	for i := range funcs {
		f := &funcs[i]
		if !expr.Supported(f) || f.Volatile == 'v' || f.OID >= builtin.FirstOwnOID && f.OID <= builtin.LastOwnOID || skipped[f.Symbol] || skippedOIDs[f.OID] {
			continue
		}
		if slices.Contains(f.Args, sqltype.AnyEnum) {
			continue // there is no enum here; the suite types/enum.slt has them
		}
		if !only.MatchString(f.Name) && !only.MatchString(f.Symbol) {
			continue
		}
		for _, d := range cases(f, rng) {
			all = append(all, d)
			for _, row := range d.rows {
				queries = append(queries, d.sql(row))
			}
		}
	}
	answers := ask(t, conn, queries)
	calls, errors, refused := 0, 0, 0
	for _, d := range all {
		have := d.eval(t, env)
		bad := 0
		for i := range d.rows {
			want := answers[calls+i]
			if have[i].code == string(sqlerr.FeatureNotSupported) && want.code != have[i].code && mayRefuse.MatchString(d.f.Symbol) {
				refused++
			} else if !same(d.f, d.ret, want, have[i]) {
				if bad++; bad <= 3 {
					t.Errorf("%s\n  PostgreSQL %v\n  we         %v", queries[calls+i], want, have[i])
				}
			} else if want.code != "" {
				errors++
				if !d.f.MayFail {
					t.Errorf("%s is said never to fail: %v", queries[calls+i], want)
				}
			}
		}
		if bad > 3 {
			t.Errorf("%s(%v): %d of %d answers differ", d.f.Name, d.args, bad, len(d.rows))
		}
		calls += len(d.rows)
	}
	t.Logf("%d functions and argument types, %d calls, %d of them errors, %d not supported here", len(all), calls, errors, refused)
}
