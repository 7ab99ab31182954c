package session

import (
	"strings"
	"testing"

	"github.com/tributary-db/tributary/test/pgoracle"
)

// TestInertSettings: those that nothing reads are taken, refused and shown as PostgreSQL does.
func TestInertSettings(t *testing.T) {
	db := pgoracle.Start(t)
	list := append([]inertSetting{workMem}, inertSettings...)
	for _, name := range planSwitches {
		list = append(list, inertSetting{name: name})
	}
	values := []string{"on", "off", "0", "1", "7", "64", "100", "2.5", "0.001", "-1", "'64kB'", "'3MB'", "'1GB'", "'5s'", "'90min'", "'x'", "'1 furlong'", "'NaN'", "auto", "lz4", "partition", "5000000000"}
	for _, s := range list {
		here := newSettings("15", "u")
		var kind, unit string
		if err := db.QueryRow(t.Context(), "SELECT vartype, coalesce(unit, '') FROM pg_settings WHERE name = $1", s.name).Scan(&kind, &unit); err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if d := settingList[settingIndex[s.name]]; d.unit != unit || settingType(&d) != kind {
			t.Errorf("%s is a %s in %q, in PostgreSQL a %s in %q", s.name, settingType(&d), d.unit, kind, unit)
		}
		for _, v := range values {
			_, err := here.set(s.name, strings.Trim(v, "'"))
			_, oracle := db.Exec(t.Context(), "SET "+s.name+" = "+v)
			if (err == nil) != (oracle == nil) {
				t.Errorf("SET %s = %s: %v, PostgreSQL says %v", s.name, v, err, oracle)
				continue
			}
			var want string
			if err := db.QueryRow(t.Context(), "SHOW "+s.name).Scan(&want); err != nil {
				t.Fatal(err)
			}
			if _, got, _ := here.show(s.name); err == nil && got != want {
				t.Errorf("SET %s = %s is shown as %s, in PostgreSQL as %s", s.name, v, got, want)
			}
		}
	}
}
