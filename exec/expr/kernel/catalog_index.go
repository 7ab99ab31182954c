package kernel

import (
	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/planner/plan"
)

// nameSize is how many bytes a name is to PostgreSQL, with those behind its end.
const nameSize = 64

// What indexes can, and the bytes of a name.
func init() {
	kernels(map[string]Kernel{
		"pg_index_column_has_property": fn3c(func(c *Call, index, column int32, property string) (bool, Err) {
			return ofIndex(c, func(x plan.Catalog) pgcatalog.Answer { return x.IndexColumnProperty(uint32(index), column, property) })
		}),
		"pg_index_has_property": fn2c(func(c *Call, index int32, property string) (bool, Err) {
			return ofIndex(c, func(x plan.Catalog) pgcatalog.Answer { return x.IndexProperty(uint32(index), property) })
		}),
		"pg_indexam_has_property": fn2c(func(_ *Call, method int32, property string) (bool, Err) {
			return answered(pgcatalog.MethodProperty(uint32(method), property))
		}),
	})
	kernelsOf(map[uint32]Kernel{
		builtin.NameByte: fn2c(func(_ *Call, name string, at int32) (string, Err) {
			switch {
			case at < 0 || at >= nameSize:
				return "", errNull
			case int(at) >= len(name):
				return "", nil
			}
			return name[at : at+1], nil
		}),
	})
}

func ofIndex(c *Call, ask func(plan.Catalog) pgcatalog.Answer) (bool, Err) {
	x, err := catalogOf(c)
	if err != nil {
		return false, err
	}
	return answered(ask(x))
}

func answered(a pgcatalog.Answer) (bool, Err) {
	if a == pgcatalog.Unknown {
		return false, errNull
	}
	return a == pgcatalog.Yes, nil
}
