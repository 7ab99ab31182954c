package planner

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/rewrite"
)

// Relation plans the stored query of a view, sink or derived stream over what cat has, under the
// settings frozen in it.
func Relation(rel *catalog.Relation, cat catalog.Reader, folder plan.Folder) (*plan.Query, error) {
	settings := plan.FrozenSettings(rel.Settings)
	if settings.Location == nil { // the zone was there once: another one would make other results
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for parameter \"TimeZone\": %q", settings.TimeZone)
	}
	o := bind.Options{Settings: settings, AllowedLateness: rel.AllowedLateness}
	bound, err := bind.Continuous(rel, cat, o)
	if err != nil {
		return nil, err
	}
	return rewrite.Query(bound, cat, rewrite.Options{Folder: folder, Continuous: true})
}
