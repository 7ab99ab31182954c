package op_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/exec/exectest"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// aggregatesOf lists, for each argument type, the aggregates with their result types, and lists
// of values to apply them to.
var aggregatesOf = []struct {
	arg    sqltype.OID
	aggs   map[string]sqltype.OID
	values []string
}{
	{i2, map[string]sqltype.OID{"bit_and": i2, "bit_or": i2, "bit_xor": i2, "variance": num, "stddev_pop": num, "sum": i8, "avg": num, "min": i2, "max": i2, "count": i8},
		[]string{"1 2 4", "-7", "NULL NULL", "32767 32767 NULL -1", ""}},
	{i4, map[string]sqltype.OID{"bit_and": i4, "bit_or": i4, "bit_xor": i4, "var_samp": num, "var_pop": num, "stddev": num, "sum": i8, "avg": num, "min": i4, "max": i4, "count": i8},
		[]string{"1 2 4", "2147483647 2147483647 3", "10 20 NULL", "-1 -2"}},
	{i8, map[string]sqltype.OID{"bit_and": i8, "bit_or": i8, "bit_xor": i8, "var_pop": num, "stddev_samp": num, "sum": num, "avg": num, "min": i8, "max": i8},
		[]string{"1 2 4", "9223372036854775807 9223372036854775807 5", "-9223372036854775808 -9223372036854775808 NULL"}},
	{num, map[string]sqltype.OID{"variance": num, "var_pop": num, "stddev": num, "stddev_pop": num, "stddev_samp": num, "sum": num, "avg": num, "min": num, "max": num},
		[]string{
			"1 2.5 3.25", "0.1 0.20 0.300", "NaN 1", "Infinity -Infinity 1", "Infinity 5", "-Infinity 5.5", "NULL",
			"123456789012345678901234567890123456789012345 0.0000000000000000000001", "1e30 -1e30 0.5",
			"170141183460469231731687303715884105727 170141183460469231731687303715884105727 1", "1.50 2.50", "-3.333 -3.333 -3.334",
			"100000000000000000000 3", "99999999999999999999999999999999999999 1.1 1.22 1.333",
		}},
	{f8, map[string]sqltype.OID{"variance": f8, "var_pop": f8, "stddev": f8, "stddev_pop": f8, "sum": f8, "avg": f8, "min": f8, "max": f8},
		[]string{"1 2 4.5", "0.1 0.2 0.3", "1e308 1e308", "NaN 1", "Infinity 1", "Infinity -Infinity", "1e-310 1e-310", "4.9e-324 1", "-0 0"}},
	{f4, map[string]sqltype.OID{"var_samp": f8, "stddev_samp": f8, "sum": f4, "avg": f8, "min": f4, "max": f4},
		[]string{"1 2 4.5", "0.1 0.2 0.3", "3e38 3e38", "-Infinity 1", "1e-40 1e-40"}},
	{interval, map[string]sqltype.OID{"sum": interval, "avg": interval, "min": interval, "max": interval},
		[]string{"'1 day' '2 hours'", "'1 mon' '1 mon' '15 days 12:00:01.5'", "'-1 year' '3 days'", "'1 mon 1 day 1 us' '0' '0'", "NULL"}},
	{boolean, map[string]sqltype.OID{"bool_and": boolean, "bool_or": boolean, "every": boolean},
		[]string{"true true", "true false NULL", "NULL", "false", "false NULL"}},
	{txt, map[string]sqltype.OID{"min": txt, "max": txt, "count": i8}, []string{"'b' 'a' 'ab'", "'' NULL", "'é' 'e' 'z'"}},
	{ts, map[string]sqltype.OID{"min": ts, "max": ts}, []string{"'2024-01-01' '2023-12-31'", "'infinity' '2024-01-01'", "'-infinity' NULL '2024-01-01'"}},
	{sqltype.Date, map[string]sqltype.OID{"min": sqltype.Date, "max": sqltype.Date}, []string{"'2024-01-01' '2023-12-31'", "'infinity' '1999-01-01'"}},
}

func TestAggregatesAgainstPostgres(t *testing.T) {
	conn := pgoracle.Start(t)
	compared := 0
	for _, g := range aggregatesOf {
		for _, list := range g.values {
			values := literals(list)
			for name, result := range g.aggs {
				for _, distinct := range []bool{false, true} {
					got := ours(t, g.arg, name, result, distinct, values)
					want := theirs(t, conn, g.arg, name, distinct, values)
					if !alike(got, want, result) {
						t.Errorf("%s(%v %v) of %s: got %s, PostgreSQL %s", name, distinct, g.arg, list, got, want)
					}
					compared++
				}
			}
		}
	}
	t.Logf("%d results compared", compared)
}

// literals splits a list of values, some of them quoted.
func literals(list string) (out []string) {
	for len(list) > 0 {
		if list[0] == '\'' {
			v, rest, _ := strings.Cut(list[1:], "'")
			out, list = append(out, v), strings.TrimPrefix(rest, " ")
			continue
		}
		v, rest, _ := strings.Cut(list, " ")
		out, list = append(out, v), rest
	}
	return out
}

func ours(t *testing.T, arg sqltype.OID, name string, result sqltype.OID, distinct bool, values []string) string {
	b := delta.NewBatchBuilder(types(arg))
	for _, v := range values {
		if v == "NULL" {
			b.Cols[0].AppendNull()
		} else if err := codec.AppendText(b.Cols[0], sqltype.Of(arg), []byte(v), &codec.Env{}); err != nil {
			t.Fatal(err)
		}
		b.End(1)
	}
	leaf := exectest.Leaf(0, arg)
	a := exectest.Agg(name, result, col(leaf, 0))
	a.Distinct = distinct
	d := exectest.Once(t, exectest.GroupBy(leaf, nil, []plan.Aggregate{a}...), b.Batch()).Batch()
	if len(d.Errs) > 0 {
		return string(d.Errs[0].Err.Code) + " " + d.Errs[0].Err.Message
	}
	if d.Cols[0].Null(0) {
		return "NULL"
	}
	return string(codec.FormatText(nil, &d.Cols[0], 0, &codec.Env{ExtraFloatDigits: 1}))
}

func theirs(t *testing.T, conn *pgx.Conn, arg sqltype.OID, name string, distinct bool, values []string) string {
	typ := sqltype.TypeName(sqltype.Of(arg))
	quoted := make([]string, len(values))
	for i, v := range values {
		if quoted[i] = "'" + v + "'"; v == "NULL" {
			quoted[i] = v
		}
	}
	word := ""
	if distinct {
		word = "DISTINCT "
	}
	var got *string
	err := conn.QueryRow(context.Background(), fmt.Sprintf("SELECT %s(%sx)::text FROM unnest(ARRAY[%s]::%s[]) x",
		name, word, strings.Join(quoted, ","), typ)).Scan(&got)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg):
		return pg.Code + " " + pg.Message
	case err != nil:
		t.Fatal(err)
	case got == nil:
		return "NULL"
	}
	return *got
}

// alike: equal, or floats that differ by rounding on the way, which PostgreSQL does.
func alike(got, want string, t sqltype.OID) bool {
	if got == want {
		return true
	}
	if t == boolean {
		return want == "true" && got == "t" || want == "false" && got == "f"
	}
	if t != f4 && t != f8 {
		return false
	}
	a, err1 := strconv.ParseFloat(got, 64)
	b, err2 := strconv.ParseFloat(want, 64)
	slack := 1e-9
	if t == f4 {
		slack = 1e-6
	}
	return err1 == nil && err2 == nil && math.Abs(a-b) <= slack*math.Abs(b)
}

// TestFloatSumsAreExact: where rounding on the way would lose or depend on order.
func TestFloatSumsAreExact(t *testing.T) {
	for list, want := range map[string]string{
		"1e16 1 -1e16":                "1",
		"-1e308 1e308 1e308 4.9e-324": "1e+308",
		"1e308 1e308 -1e308 -1e308 1": "1",
		"0.1 -0.1 5e-324":             "5e-324",
		"9007199254740992 1 1":        "9.007199254740994e+15",
		"9007199254740992 1":          "9.007199254740992e+15",
		"9007199254740992 1 5e-324":   "9.007199254740994e+15",
	} {
		for range 3 {
			values := literals(list)
			rand.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
			if got := ours(t, f8, "sum", f8, false, values); got != want {
				t.Errorf("sum of %v: %s, want %s", values, got, want)
			}
		}
	}
}
