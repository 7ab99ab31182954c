package datetime

import (
	"strings"
	"testing"
	"time"
)

// TestZoneSpelling: names of time zones are found whatever their letters' case is.
func TestZoneSpelling(t *testing.T) {
	for _, name := range append([]string{"America/New_York", "EST5EDT", "Etc/GMT+5", "Asia/Ho_Chi_Minh", "NZ-CHAT"}, oddZones...) {
		if _, err := time.LoadLocation(name); err != nil {
			t.Logf("%s is not in the tables of this machine: skipped", name)
			continue
		}
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if _, ok := LoadZone(spelled); !ok {
				t.Errorf("%s is not found", spelled)
			}
		}
	}
}
