package expr_test

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/planner/plan"
)

// emptyCatalog is what functions of the catalogs ask where nobody has made anything, as in the oracle.
type emptyCatalog struct{ *pgcatalog.View }

var _ plan.Catalog = emptyCatalog{}

func newEmptyCatalog() emptyCatalog {
	return emptyCatalog{pgcatalog.NewView(catalog.New(pgcatalog.Catalog()...).Now(), []string{"public"})}
}

func (emptyCatalog) Updatable(uint32) (int32, []int16)                  { return 0, nil }
func (emptyCatalog) Bytes(uint32) (own, indexes int64, ok bool)         { return 0, 0, false }
func (emptyCatalog) DatabaseBytes() int64                               { return 0 }
func (emptyCatalog) Setting(string) (string, bool, error)               { return "", false, nil }
func (emptyCatalog) SetSetting(_, value string, _ bool) (string, error) { return value, nil }
