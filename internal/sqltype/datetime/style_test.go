package datetime_test

import (
	"bytes"
	"testing"

	. "github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/test/pgoracle"
)

// TestReadDateStyle: words over a style that holds.
func TestReadDateStyle(t *testing.T) {
	for _, c := range []struct{ now, text, want, wrong string }{
		{"ISO, MDY", "postgres", "Postgres, MDY", ""}, {"ISO, YMD", "SQL", "SQL, YMD", ""}, {"ISO, MDY", "german", "German, DMY", ""},
		{"ISO, MDY", "ymd, german", "German, YMD", ""}, {"SQL, DMY", "euro", "SQL, DMY", ""}, {"SQL, DMY", "US", "SQL, MDY", ""}, {"SQL, DMY", "default", "ISO, MDY", ""},
		{"ISO, MDY", "iso, sql", "", `Conflicting "datestyle" specifications.`}, {"ISO, MDY", "dmy, mdy", "", `Conflicting "datestyle" specifications.`},
		{"ISO, MDY", "Nope", "", `Unrecognized key word: "nope".`},
	} {
		now, _ := ReadDateStyle(c.now, DateStyle{})
		got, wrong := ReadDateStyle(c.text, now)
		if wrong != c.wrong || wrong == "" && got.String() != c.want {
			t.Errorf("%s over %s: %s %q, want %s %q", c.text, c.now, got, wrong, c.want, c.wrong)
		}
	}
}

// TestDateStyleOracle: each style shows dates as PostgreSQL does, and reads what it shows where its order is that of what it shows.
// PostgreSQL knows LMT of the session's zone alone, we know it of none.
func TestDateStyleOracle(t *testing.T) {
	conn := pgoracle.Start(t)
	exec := func(sql string) {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("SET timezone = 'America/New_York'")
	for _, name := range []string{"Postgres, MDY", "Postgres, DMY", "Postgres, YMD", "SQL, MDY", "SQL, DMY", "SQL, YMD", "German, DMY", "German, MDY", "ISO, DMY"} {
		exec("SET datestyle = '" + name + "'")
		style, wrong := ReadDateStyle(name, DateStyle{})
		if wrong != "" || style.String() != name {
			t.Fatalf("%s: %s %s", name, style, wrong)
		}
		reads := name != "Postgres, YMD" && name != "SQL, YMD" && name != "German, MDY"
		var checks []check
		for _, s := range stamps {
			v := stamp(t, s)
			plain, zoned := style.AppendTimestamp(nil, v), style.AppendTimestamptz(nil, v, newYork)
			checks = append(checks, check{"timestamp '" + s + "'", string(plain)}, check{"timestamptz '" + s + " UTC'", string(zoned)})
			if back, err := ParseTimestamp(plain, style.Order); reads && (err != nil || back != v) {
				t.Errorf("%s: %q is read as %d (%v), it was %d", name, plain, back, err, v)
			}
			if back, err := ParseTimestamptz(zoned, style.Order, newYork); reads && !bytes.Contains(zoned, []byte("LMT")) && (err != nil || back != v) {
				t.Errorf("%s: %q is read as %d (%v), it was %d", name, zoned, back, err, v)
			}
			if FiniteTimestamp(v) {
				checks = append(checks, check{"(timestamp '" + s + "')::date", string(style.AppendDate(nil, DateOfTimestamp(v)))})
			}
		}
		compare(t, conn, checks)
	}
}

// TestZoneOfSettingOracle: what TimeZone may be set to, how SHOW has it, and which time it is there.
func TestZoneOfSettingOracle(t *testing.T) {
	conn := pgoracle.Start(t)
	values := []string{"UTC", "gmt", "america/NEW_york", "EST", "EST5EDT", "-3", "+4", "5.5", "0", "-02:30", "+4:30", "FOO8BAR", "<+05>-5", "INTERVAL '5:30'", "interval '-8 hours'", "interval '1 day'",
		"EST5EDT4,M3.2.0,M11.1.0", "CET-1CEST,M3.5.0,M10.5.0/3", "nope", "", "200", "FOO", "America/Nowhere"}
	for _, value := range values {
		name, loc, ok := ZoneOfSetting(value)
		if _, err := conn.Exec(t.Context(), "SELECT set_config('timezone', $1, false)", value); (err == nil) != ok {
			t.Errorf("%q: read %t, PostgreSQL says %v", value, ok, err)
			continue
		}
		if !ok {
			continue
		}
		var shown string
		if err := conn.QueryRow(t.Context(), "SHOW timezone").Scan(&shown); err != nil || shown != name {
			t.Errorf("%q is shown as %s, in PostgreSQL as %s (%v)", value, name, shown, err)
		}
		var checks []check
		for _, s := range []string{"2024-01-15 12:00:00", "2024-07-15 12:00:00", "2024-03-10 07:30:00", "2031-11-02 05:59:59"} {
			checks = append(checks, check{"timestamptz '" + s + "+00'", string(DateStyle{}.AppendTimestamptz(nil, stamp(t, s), loc))})
		}
		compare(t, conn, checks)
	}
}
