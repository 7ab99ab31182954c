package datetime_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tributary-db/tributary/internal/sqlerr"
	. "github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/test/pgoracle"
)

var newYork = func() *time.Location { l, _ := LoadZone("America/New_York"); return l }()

var stamps = []string{
	"2024-02-29 23:59:59.999999", "2000-01-01 00:00:00", "1999-12-31 12:34:56.789012", "1970-01-01 00:00:00", "0001-01-01 00:00:00",
	"0044-03-15 12:00:00 BC", "2024-03-10 07:30:00", "2024-11-03 05:30:00", "2021-01-03 01:02:03", "294276-12-31 23:59:59.999999", "4714-11-24 00:00:00 BC",
	"infinity", "-infinity", "2001-01-01 00:00:00", "1900-06-15 06:07:08", "2023-01-31 10:00:00", "2023-01-31 10:00:00.25", "2023-01-31 10:00:30", "2023-01-31 10:40:00", "2023-01-31 13:00:00",
}

var intervals = []string{"1 day", "1 mon", "-1 mon", "1 year 2 mons 3 days 04:05:06.789", "-00:00:00.000001", "100:00:00", "35 days 25:00:00", "-1 mon 1 day -1 hour", "0", "1 mon -31 days", "13 mons", "178000000 years", "-5 days 03:00:00", "2 hours"}

func stamp(t *testing.T, s string) int64 {
	t.Helper()
	v, err := ParseTimestamp([]byte(s), OrderMDY)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func interval(t *testing.T, s string) Interval {
	t.Helper()
	v, err := ParseInterval([]byte(s), FullRange, IntervalPostgres)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type check struct{ expr, got string }

func compare(t *testing.T, conn *pgx.Conn, checks []check) {
	t.Helper()
	bad := 0
	for _, c := range checks {
		r := conn.PgConn().ExecParams(context.Background(), "SELECT "+c.expr, nil, nil, nil, nil).Read()
		var pe *pgconn.PgError
		want := "NULL"
		if errors.As(r.Err, &pe) {
			want = pe.Code + " " + pe.Message
		} else if r.Rows[0][0] != nil {
			want = string(r.Rows[0][0])
		}
		if want != c.got {
			if bad++; bad < 25 {
				t.Errorf("%s: %s, want %s", c.expr, c.got, want)
			}
		}
	}
	t.Logf("%d results compared, %d differ", len(checks), bad)
}

func result(text []byte, err error) string {
	var se *sqlerr.Error
	if errors.As(err, &se) {
		return string(se.Code) + " " + se.Message
	}
	return string(text)
}

func ts(v int64, err error) string    { return result(AppendTimestamp(nil, v, ' '), err) }
func tz(v int64, err error) string    { return result(AppendTimestamptz(nil, v, newYork, ' '), err) }
func iv(v Interval, err error) string { return result(AppendInterval(nil, v, IntervalPostgres), err) }
func day(v int32, err error) string   { return result(AppendDate(nil, v), err) }
func field(v Field, err error) string {
	if v.Null && err == nil {
		return "NULL"
	}
	return result(v.AppendText(nil), err)
}

func zoned(t *testing.T) *pgx.Conn {
	conn := pgoracle.Start(t)
	if _, err := conn.Exec(context.Background(), "SET TimeZone = 'America/New_York'"); err != nil {
		t.Fatal(err)
	}
	return conn
}

var unitNames = []string{"microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century", "millennium", "dow", "isodow", "doy", "isoyear", "epoch", "julian", "timezone", "timezone_hour", "timezone_minute", "nonsense"}

func TestTruncAndExtract(t *testing.T) {
	conn := zoned(t)
	var checks []check
	add := func(got, format string, args ...any) {
		checks = append(checks, check{fmt.Sprintf(format, args...), got})
	}
	for _, u := range unitNames {
		for _, s := range stamps {
			v := stamp(t, s)
			add(ts(Trunc(u, v)), "date_trunc('%s', timestamp '%s')", u, s)
			add(field(Extract(u, v)), "extract(%s from timestamp '%s')", u, s)
			if s == "294276-12-31 23:59:59.999999" || s == "4714-11-24 00:00:00 BC" {
				continue
			}
			add(tz(TruncTZ(u, v, newYork)), "date_trunc('%s', timestamptz '%s+00')", u, s)
			add(field(ExtractTZ(u, v, newYork)), "extract(%s from timestamptz '%s+00')", u, s)
			add(field(ExtractDate(u, DateOfTimestamp(v))), "extract(%s from (timestamp '%s')::date)", u, s)
			if us, ok := TimeOfTimestamp(v); ok {
				add(field(ExtractTime(u, us)), "extract(%s from (timestamp '%s')::time)", u, s)
			}
		}
		for _, s := range intervals {
			v := interval(t, s)
			add(iv(TruncInterval(u, v)), "date_trunc('%s', interval '%s')", u, s)
			add(field(ExtractInterval(u, v)), "extract(%s from interval '%s')", u, s)
		}
	}
	compare(t, conn, checks)
}

func TestArithmetic(t *testing.T) {
	conn := zoned(t)
	var checks []check
	add := func(got, format string, args ...any) {
		checks = append(checks, check{fmt.Sprintf(format, args...), got})
	}
	for _, a := range stamps {
		va := stamp(t, a)
		for _, i := range intervals {
			vi := interval(t, i)
			add(ts(AddInterval(va, vi)), "timestamp '%s' + interval '%s'", a, i)
			if a[0] != '4' && a[0:4] != "2942" {
				add(tz(AddIntervalTZ(va, vi, newYork)), "timestamptz '%s+00' + interval '%s'", a, i)
			}
			add(ts(DateBin(vi, va, stamp(t, "2001-02-16 20:05:00"))), "date_bin('%s', timestamp '%s', timestamp '2001-02-16 20:05:00')", i, a)
		}
		for _, b := range stamps {
			vb := stamp(t, b)
			// PostgreSQL 15 overflows silently here; later versions refuse, and so do we.
			if far := "294276-12-31 23:59:59.999999"; !FiniteTimestamp(va) || !FiniteTimestamp(vb) || (a == far) != (b == far) {
				continue
			}
			add(iv(SubTimestamps(va, vb)), "timestamp '%s' - timestamp '%s'", a, b)
			add(iv(Age(va, vb)), "age(timestamp '%s', timestamp '%s')", a, b)
			if a[0] != '4' && a[0:4] != "2942" && b[0] != '4' && b[0:4] != "2942" {
				add(iv(AgeTZ(va, vb, newYork)), "age(timestamptz '%s+00', timestamptz '%s+00')", a, b)
			}
			add(day(func() (int32, error) {
				n, err := SubDates(DateOfTimestamp(va), DateOfTimestamp(vb))
				if err != nil {
					return 0, err
				}
				return AddDays(0, int64(n))
			}()), "date '2000-01-01' + ((timestamp '%s')::date - (timestamp '%s')::date)", a, b)
		}
	}
	for _, a := range intervals {
		va := interval(t, a)
		add(iv(va.Neg()), "- interval '%s'", a)
		add(iv(va.JustifyDays()), "justify_days(interval '%s')", a)
		add(iv(va.JustifyHours()), "justify_hours(interval '%s')", a)
		add(iv(va.Justify()), "justify_interval(interval '%s')", a)
		for _, b := range intervals {
			vb := interval(t, b)
			add(iv(va.Add(vb)), "interval '%s' + interval '%s'", a, b)
			add(iv(va.Sub(vb)), "interval '%s' - interval '%s'", a, b)
			add(fmt.Sprint(CompareIntervals(va, vb)), "interval_cmp('%s', '%s')", a, b)
		}
		for _, f := range []float64{0, 1, 1.5, -0.1, 0.333, 1e6, 12} {
			add(iv(va.Mul(f)), "interval '%s' * %v", a, f)
			add(iv(va.Div(f)), "interval '%s' / %v", a, f)
		}
	}
	for _, f := range []float64{0, 1.5, -1e9, 1e12, 1e18, 1704164645.123456} {
		add(tz(FromEpoch(f)), "to_timestamp(%v)", f)
	}
	for _, d := range [][3]int32{{2024, 2, 29}, {2023, 2, 29}, {-44, 3, 15}, {0, 1, 1}, {5874897, 12, 31}, {5874898, 1, 1}, {2024, 13, 1}} {
		add(day(MakeDate(d[0], d[1], d[2])), "make_date(%d, %d, %d)", d[0], d[1], d[2])
		add(ts(MakeTimestamp(d[0], d[1], d[2], 1, 2, 3.5)), "make_timestamp(%d, %d, %d, 1, 2, 3.5)", d[0], d[1], d[2])
	}
	compare(t, conn, checks)
}

func TestToChar(t *testing.T) {
	conn := zoned(t)
	formats := []string{"YYYY-MM-DD HH24:MI:SS", "YYYY-MM-DD\"T\"HH24:MI:SS.MS", "Mon DD, YYYY HH12:MI AM", "Day, DDth Month YYYY", "FMDay, FMDDth FMMonth FMYYYY", "DY Dy dy MON mon MONTH month DAY day", "IYYY-IW-ID IDDD", "Y,YYY YYY YY Y", "Q WW W CC J D DDD", "HH:MI:SS.US p.m. FF1 FF2 FF3 FF4 FF5 FF6", "SSSS SSSSS", "BC a.d. A.D. bc", "RM rm FMRM", "TZ tz TZH:TZM OF", "yyyy-mm-dd hh24:mi:ss", "\"quoted \\\" YYYY\" \\\"x", "plain text", "FMHH24:FMMI:FMSS", "DDTH Ddth HH24TH", "YYYYMMDDHH24MISS", "", "I IY IYY", "YYYYth", "FMYY FMMM FMDD", "Month-YYYY", "é YYYY", "\"\"", "HH24", "MI", "HH12 AM", "AM"}
	kept := map[string]*CharFormat{} // one for all values, some of which look like those before them
	var checks []check
	for _, s := range stamps {
		v := stamp(t, s)
		for _, f := range formats {
			format := kept[f]
			if format == nil {
				format = NewCharFormat([]byte(f), func() bool { return false })
				kept[f] = format
			}
			got, ok := format.Timestamp(nil, v)
			if !ok {
				got = []byte("NULL")
			}
			checks = append(checks, check{fmt.Sprintf("to_char(timestamp '%s', '%s')", s, f), string(got)})
			if s[0:2] == "20" || s[0:2] == "19" {
				if got, ok = format.TimestampTZ(nil, v, newYork); !ok {
					got = []byte("NULL")
				}
				checks = append(checks, check{fmt.Sprintf("to_char(timestamptz '%s+00', '%s')", s, f), string(got)})
			}
		}
	}
	compare(t, conn, checks)
}
