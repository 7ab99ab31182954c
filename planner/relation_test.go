package planner_test

import (
	"strings"
	"testing"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/expr"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner"
	"github.com/tributary-db/tributary/planner/plan"
)

// TestRelation: the settings that a relation froze are in its plan, defaults where it froze none, and a
// time zone that is not there any more is an error instead of another one.
func TestRelation(t *testing.T) {
	cat := catalog.New().Now()
	at := func(settings map[string]string) (string, error) {
		rel := &catalog.Relation{Query: "SELECT timestamptz '2026-01-01 00:00:00+00' AS t, date '01/02/2026' AS d", Settings: settings}
		q, err := planner.Relation(rel, cat, expr.Folder{})
		if err != nil {
			return "", err
		}
		return plan.Format(q.Root), nil
	}
	for _, c := range []struct {
		settings map[string]string
		date     string
	}{
		{nil, "2026-01-02"},
		{map[string]string{"DateStyle": "ISO, DMY", "TimeZone": "Asia/Tokyo"}, "2026-02-01"},
	} {
		if text, err := at(c.settings); err != nil || !strings.Contains(text, c.date) {
			t.Errorf("%v: %v\n%s", c.settings, err, text)
		}
	}
	if _, err := at(map[string]string{"TimeZone": "Atlantis/Poseidonis"}); sqlerr.CodeOf(err) != sqlerr.InvalidParameterValue {
		t.Errorf("a zone that is gone: %v", err)
	}
}
