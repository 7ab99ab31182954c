package server_test

import "github.com/tributary-db/tributary/planner/bind"

// Storage parameters are shown, and nothing else.
func init() {
	effects := map[string]optionEffect{}
	for _, o := range bind.StorageOptions() {
		given := "11"
		if o.Values == "`true`, `false`" || o.Name == "vacuum_index_cleanup" {
			given = "off"
		}
		switch o.Name {
		case "toast_tuple_target", "autovacuum_freeze_max_age", "autovacuum_multixact_freeze_max_age":
			given = "1000000"
			if o.Name == "toast_tuple_target" {
				given = "4080"
			}
		}
		effects[o.Name] = optionEffect{
			make: "CREATE TABLE $ (a int); ALTER TABLE $ SET (fillfactor = 90OPT)", given: o.Name + " = " + given,
			effect: effect{probe: "SELECT reloptions FROM pg_class WHERE relname = '$'", bad: "'bogus'"},
		}
		if o.Name == "fillfactor" {
			effects[o.Name] = optionEffect{
				make: "CREATE TABLE $ (a int) OPTW", given: "fillfactor = 70",
				effect: effect{probe: "SELECT reloptions FROM pg_class WHERE relname = '$'", bad: "5"},
			}
		}
	}
	optionEffects["CREATE TABLE, ALTER TABLE SET, as PostgreSQL's storage parameters"] = effects
}
