package decimal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/test/pgoracle"
)

var values = []string{
	"0", "0.00", "1", "-1", "2", "3", "0.5", "-0.5", "1.5", "2.5", "-2.5", "10", "9999", "10000", "10001", "0.0001", "0.00001", "123.456",
	"-123.4560", "99999999.99999999", "1e20", "1e-20", "12345678901234567890.123456789", "1e38", "-1e38", "170141183460469231731687303715884105727",
	"-170141183460469231731687303715884105728", "340282366920938463463374607431768211456", "1e60", "1.1e-60", "-7.000000000000000000000000000000000000000000001",
	"NaN", "Infinity", "-Infinity", "1e300", "0.333333333333333333333333", "18446744073709551616", "9223372036854775807", "-9223372036854775808", "32767.5", "2147483647.4999",
}

func num(t *testing.T, s string) decimal.Dec {
	t.Helper()
	d, err := decimal.Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// query runs a statement of many expressions, or says the error of one.
func query(t *testing.T, conn *pgx.Conn, exprs []string) []string {
	t.Helper()
	out := make([]string, 0, len(exprs))
	for len(exprs) > 0 {
		n := min(len(exprs), 500)
		r := conn.PgConn().ExecParams(context.Background(), "SELECT "+strings.Join(exprs[:n], ", "), nil, nil, nil, nil).Read()
		if r.Err != nil {
			// One of them fails: ask one by one.
			for _, e := range exprs[:n] {
				one := conn.PgConn().ExecParams(context.Background(), "SELECT "+e, nil, nil, nil, nil).Read()
				var pe *pgconn.PgError
				if errors.As(one.Err, &pe) {
					out = append(out, pe.Code+" "+pe.Message)
					continue
				}
				out = append(out, string(one.Rows[0][0]))
			}
		} else {
			for _, v := range r.Rows[0] {
				out = append(out, string(v))
			}
		}
		exprs = exprs[n:]
	}
	return out
}

func show(v fmt.Stringer, err error) string {
	if err != nil {
		var se *sqlerr.Error
		if errors.As(err, &se) {
			return string(se.Code) + " " + se.Message
		}
		return err.Error()
	}
	return v.String()
}

// offByOne are results whose last digit PostgreSQL gets wrong (checked with more digits): ours
// are the nearest.
var offByOne = map[string]bool{
	"power('99999999.99999999'::numeric, '0.5')": true, "power('99999999.99999999'::numeric, '-0.5')": true,
	"power('1.000000000000000000000000000001'::numeric, '1.5')": true,
}

type check struct{ expr, got string }

func compare(t *testing.T, conn *pgx.Conn, checks []check) {
	t.Helper()
	exprs := make([]string, len(checks))
	for i, c := range checks {
		exprs[i] = c.expr
	}
	want := query(t, conn, exprs)
	bad := 0
	for i, c := range checks {
		if c.got != want[i] && !offByOne[c.expr] {
			if bad++; bad < 30 {
				t.Errorf("%s: %s, want %s", c.expr, c.got, want[i])
			}
		}
	}
	t.Logf("%d results compared, %d differ", len(checks), bad)
}

func TestArithmeticAgainstPostgres(t *testing.T) {
	conn := pgoracle.Start(t)
	ops := []struct {
		sql string
		do  func(a, b decimal.Dec) (decimal.Dec, error)
	}{
		{"'%s'::numeric + '%s'::numeric", decimal.Add}, {"'%s'::numeric - '%s'::numeric", decimal.Sub},
		{"'%s'::numeric * '%s'::numeric", decimal.Mul}, {"'%s'::numeric / '%s'::numeric", decimal.Div},
		{"'%s'::numeric %% '%s'::numeric", decimal.Mod}, {"div('%s'::numeric, '%s'::numeric)", decimal.DivTrunc},
		{"numeric_cmp('%s', '%s')", func(a, b decimal.Dec) (decimal.Dec, error) {
			return decimal.FromInt64(int64(max(-1, min(1, decimal.Cmp(a, b))))), nil
		}},
	}
	var checks []check
	for _, a := range values {
		for _, b := range values {
			for _, op := range ops {
				got, err := op.do(num(t, a), num(t, b))
				checks = append(checks, check{fmt.Sprintf(op.sql, a, b), show(got, err)})
			}
		}
	}
	compare(t, conn, checks)
}

func TestRoundingAgainstPostgres(t *testing.T) {
	conn := pgoracle.Start(t)
	var checks []check
	add := func(expr string, d decimal.Dec, err error) { checks = append(checks, check{expr, show(d, err)}) }
	for _, a := range values {
		d := num(t, a)
		for _, s := range []int{-40, -3, -1, 0, 1, 2, 5, 30} {
			add(fmt.Sprintf("round('%s'::numeric, %d)", a, s), decimal.Round(d, s), nil)
			add(fmt.Sprintf("trunc('%s'::numeric, %d)", a, s), decimal.Trunc(d, s), nil)
		}
		add(fmt.Sprintf("ceil('%s'::numeric)", a), decimal.Ceil(d), nil)
		add(fmt.Sprintf("floor('%s'::numeric)", a), decimal.Floor(d), nil)
		add(fmt.Sprintf("-'%s'::numeric", a), decimal.Neg(d), nil)
		add(fmt.Sprintf("abs('%s'::numeric)", a), decimal.Abs(d), nil)
		add(fmt.Sprintf("sign('%s'::numeric)", a), decimal.SignOf(d), nil)
		add(fmt.Sprintf("trim_scale('%s'::numeric)", a), decimal.TrimScale(d), nil)
		for bits, name := range map[int]string{16: "smallint", 32: "integer", 64: "bigint"} {
			v, err := d.ToInt64(bits, name)
			add(fmt.Sprintf("'%s'::numeric::%s", a, name), decimal.FromInt64(v), err)
		}
		f, err := d.Float64()
		if err == nil && d.IsFinite() {
			add(fmt.Sprintf("'%s'::numeric::float8::numeric", a), decimal.FromFloat64(f), nil)
		}
		f4, err := d.Float32()
		if err == nil {
			add(fmt.Sprintf("'%s'::numeric::float4::numeric", a), decimal.FromFloat32(f4), nil)
		}
	}
	compare(t, conn, checks)
}

func TestFunctionsAgainstPostgres(t *testing.T) {
	conn := pgoracle.Start(t)
	var checks []check
	args := []string{"0", "1", "2", "10", "100", "0.5", "0.0001", "1.0000001", "0.99999", "123.456", "99999999.99999999", "1e20", "1e-20", "1.50", "3", "12345678901234567890.123456789", "-1", "-2.5", "NaN", "Infinity", "-Infinity", "700", "-700", "5999", "7000", "-7000", "1e60", "0.333333333333333333333333", "4", "9999", "10000", "0.9", "1.1", "25.0000000000000000000000000", "1.000000000000000000000000000001"}
	for _, a := range args {
		d := num(t, a)
		for name, f := range map[string]func(decimal.Dec) (decimal.Dec, error){"sqrt": decimal.Sqrt, "exp": decimal.Exp, "ln": decimal.Ln, "log": decimal.Log10} {
			got, err := f(d)
			checks = append(checks, check{fmt.Sprintf("%s('%s'::numeric)", name, a), show(got, err)})
		}
		for _, b := range []string{"0", "1", "-1", "2", "3", "-3", "0.5", "-0.5", "10", "100", "1.5", "-2.0", "1000000", "NaN", "Infinity", "-Infinity", "0.1", "12.345", "2.00000000000000000000", "3000000000"} {
			got, err := decimal.Power(d, num(t, b))
			checks = append(checks, check{fmt.Sprintf("power('%s'::numeric, '%s')", a, b), show(got, err)})
			got, err = decimal.Log(num(t, b), d)
			checks = append(checks, check{fmt.Sprintf("log('%s'::numeric, '%s')", b, a), show(got, err)})
		}
	}
	compare(t, conn, checks)
}
