package kernel

import (
	"github.com/tributary-db/tributary/catalog/pgcatalog"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// Sizes of relations (https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-ADMIN-DBSIZE).
func init() {
	kernels(map[string]Kernel{
		"pg_table_size":          sizeOf(func(own, _ int64) int64 { return own }),
		"pg_indexes_size":        sizeOf(func(_, indexes int64) int64 { return indexes }),
		"pg_total_relation_size": sizeOf(func(own, indexes int64) int64 { return own + indexes }),
		"pg_relation_size": fn2c(func(c *Call, oid int32, fork string) (int64, Err) {
			own, _, err := bytesOf(c, oid)
			switch fork {
			case "main":
			case "fsm", "vm", "init": // there is nothing of the kind
				own = 0
			default:
				return 0, sqlerr.New(sqlerr.InvalidParameterValue, "invalid fork name").
					WithHint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".")
			}
			return own, err
		}),
		"pg_database_size_name": fn1c(func(c *Call, name string) (int64, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return 0, err
			}
			if name != c.Env.Settings.Session.Database {
				return 0, sqlerr.New(sqlerr.InvalidCatalogName, "database \"%s\" does not exist", name)
			}
			return x.DatabaseBytes(), nil
		}),
		"pg_database_size_oid": fn1c(func(c *Call, oid int32) (int64, Err) {
			x, err := catalogOf(c)
			if err != nil {
				return 0, err
			}
			if uint32(oid) != uint32(pgcatalog.DatabaseOID) {
				return 0, errNull
			}
			return x.DatabaseBytes(), nil
		}),
	})
	kernelsOf(map[uint32]Kernel{
		2325: sizeOf(func(own, _ int64) int64 { return own }), // pg_relation_size(regclass)
	})
}

// sizeOf is a function of what a relation and its indexes take: NULL where there is none.
func sizeOf(part func(own, indexes int64) int64) Kernel {
	return fn1c(func(c *Call, oid int32) (int64, Err) {
		own, indexes, err := bytesOf(c, oid)
		return part(own, indexes), err
	})
}

func bytesOf(c *Call, oid int32) (own, indexes int64, err Err) {
	x, err := catalogOf(c)
	if err != nil {
		return 0, 0, err
	}
	own, indexes, ok := x.Bytes(uint32(oid))
	if !ok {
		return 0, 0, errNull
	}
	return own, indexes, nil
}
