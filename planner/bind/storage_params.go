package bind

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/catalog/bootstrap"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/parse"
)

// storageParam is one of PostgreSQL's storage parameters (https://www.postgresql.org/docs/15/sql-createtable.html#SQL-CREATETABLE-STORAGE-PARAMETERS).
// They say how PostgreSQL lays out pages, cleans them and reads them, of which there is nothing here: they are checked, kept and shown.
type storageParam struct {
	name     string
	kind     string // bool, integer, real or enum
	min, max float64
	values   []string // of an enum
	toast    string   // "both": also of toast.*; "": of the table alone
}

var storageParams = []storageParam{
	{name: "fillfactor", kind: "integer", min: 10, max: 100},
	{name: "parallel_workers", kind: "integer", max: 1024},
	{name: "toast_tuple_target", kind: "integer", min: 128, max: 8160},
	{name: "user_catalog_table", kind: "bool"},
	{name: "vacuum_truncate", kind: "bool", toast: "both"},
	{name: "vacuum_index_cleanup", kind: "enum", values: []string{"auto", "on", "off", "true", "false", "yes", "no", "1", "0"}, toast: "both"},
	{name: "autovacuum_enabled", kind: "bool", toast: "both"},
	{name: "autovacuum_vacuum_threshold", kind: "integer", max: math.MaxInt32, toast: "both"},
	{name: "autovacuum_vacuum_insert_threshold", kind: "integer", min: -1, max: math.MaxInt32, toast: "both"},
	{name: "autovacuum_analyze_threshold", kind: "integer", max: math.MaxInt32},
	{name: "autovacuum_vacuum_scale_factor", kind: "real", max: 100, toast: "both"},
	{name: "autovacuum_vacuum_insert_scale_factor", kind: "real", max: 100, toast: "both"},
	{name: "autovacuum_analyze_scale_factor", kind: "real", max: 100},
	{name: "autovacuum_vacuum_cost_delay", kind: "real", max: 100, toast: "both"},
	{name: "autovacuum_vacuum_cost_limit", kind: "integer", min: 1, max: 10000, toast: "both"},
	{name: "autovacuum_freeze_min_age", kind: "integer", max: 1e9, toast: "both"},
	{name: "autovacuum_freeze_max_age", kind: "integer", min: 100000, max: 2e9, toast: "both"},
	{name: "autovacuum_freeze_table_age", kind: "integer", max: 2e9, toast: "both"},
	{name: "autovacuum_multixact_freeze_min_age", kind: "integer", max: 1e9, toast: "both"},
	{name: "autovacuum_multixact_freeze_max_age", kind: "integer", min: 10000, max: 2e9, toast: "both"},
	{name: "autovacuum_multixact_freeze_table_age", kind: "integer", max: 2e9, toast: "both"},
	{name: "log_autovacuum_min_duration", kind: "integer", min: -1, max: math.MaxInt32, toast: "both"},
}

// StorageOptions are PostgreSQL's storage parameters of tables, as the documentation lists them.
func StorageOptions() []WithOption {
	var out []WithOption
	for _, p := range storageParams {
		values := fmt.Sprintf("%v to %v", int64(p.min), int64(p.max))
		switch p.kind {
		case "bool":
			values = "`true`, `false`"
		case "enum":
			values = "`" + strings.Join(p.values, "`, `") + "`"
		}
		doc := "Nothing depends on it: checked and shown (`pg_class.reloptions`), as it tells PostgreSQL how to lay out, clean and read pages."
		if p.toast != "" {
			doc += " Also as `toast." + p.name + "`."
		}
		out = append(out, WithOption{p.name, values, "none", doc})
	}
	return out
}

// isStorage: an option is a storage parameter of tables, or looks like one.
func isStorage(name string) bool {
	return strings.Contains(name, ".") || slices.ContainsFunc(storageParams, func(p storageParam) bool { return p.name == name })
}

// tableOptions are a table's options, and its storage parameters.
func tableOptions(list []parse.Option) (*optionSet, []string, error) {
	var own, ours []parse.Option
	for _, o := range list {
		if isStorage(o.Name) {
			own = append(own, o)
		} else {
			ours = append(ours, o)
		}
	}
	given, err := readOptions("table", ours, TableOptions)
	if err != nil {
		return nil, nil, err
	}
	storage, err := tableStorage(nil, own, false)
	return given, storage, err
}

// tableStorage gives a list of name=value other values, or with reset takes some out.
func tableStorage(list []string, options []parse.Option, reset bool) ([]string, error) {
	return setStorage(list, options, reset, func(name, value string) error {
		of, toast := strings.CutPrefix(name, catalog.ToastPrefix)
		for i := range storageParams {
			if p := &storageParams[i]; p.name == of && (!toast || p.toast != "") {
				return p.check(value)
			}
		}
		return sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter \"%s\"", of)
	})
}

// setStorage does so, where check refuses what is not known and values that are none.
func setStorage(list []string, options []parse.Option, reset bool, check func(name, value string) error) ([]string, error) {
	var given []string
	for _, o := range options {
		space, of, ok := strings.Cut(o.Name, ".")
		if ok && space+"." != catalog.ToastPrefix {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "unrecognized parameter namespace \"%s\"", space)
		}
		if !ok {
			of = o.Name
		}
		if reset && o.Kind != parse.OptNone {
			return nil, sqlerr.New(sqlerr.SyntaxError, "RESET must not include values for parameters")
		}
		if !reset && slices.Contains(given, o.Name) {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "parameter \"%s\" specified more than once", of)
		}
		given = append(given, o.Name)
		if !reset {
			if err := check(o.Name, valueOf(o)); err != nil {
				return nil, err
			}
		}
	}
	out := slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		return slices.Contains(given, name)
	})
	for _, o := range options {
		if !reset {
			out = append(out, o.Name+"="+valueOf(o))
		}
	}
	return out, nil
}

// valueOf is the text of a value; the name alone is true.
func valueOf(o parse.Option) string {
	if o.Kind == parse.OptNone {
		return "true"
	}
	return o.Value
}

// check refuses what PostgreSQL does.
func (p *storageParam) check(value string) error {
	kind := p.kind
	ok := true
	var n float64
	switch p.kind {
	case "bool":
		kind, ok = "boolean", isBoolText(value)
	case "enum":
		ok = slices.Contains(p.values, strings.ToLower(value))
	default:
		var err error
		n, err = strconv.ParseFloat(strings.TrimSpace(value), 64)
		if ok = err == nil && !math.IsNaN(n); p.kind == "real" {
			kind = "floating point"
		} else {
			n = math.RoundToEven(n)
		}
	}
	if !ok {
		e := sqlerr.New(sqlerr.InvalidParameterValue, "invalid value for %s option \"%s\": %s", kind, p.name, value)
		if p.kind == "enum" {
			return e.WithDetail("Valid values are \"on\", \"off\", and \"auto\".")
		}
		return e
	}
	if n < p.min || n > p.max {
		form := "%.0f"
		if p.kind == "real" {
			form = "%f"
		}
		return sqlerr.New(sqlerr.InvalidParameterValue, "value %s out of bounds for option \"%s\"", value, p.name).
			WithDetail("Valid values are between \"%s\" and \"%s\".", fmt.Sprintf(form, p.min), fmt.Sprintf(form, p.max))
	}
	return nil
}

// setTableStorage is ALTER TABLE SET and RESET of storage parameters.
func (d *definition) setTableStorage(c *pg.AlterTableCmd) (*AlterTablePlan, error) {
	var err error
	reset := c.Subtype == pg.AlterTableType_AT_ResetRelOptions
	d.rel.Storage, err = tableStorage(d.rel.Storage, parse.Options(c.Def.GetList().GetItems()), reset)
	return &AlterTablePlan{Relation: d.rel}, err
}

// IndexStorage is an index with other parameters: ALTER INDEX SET and RESET.
func IndexStorage(ix *catalog.Relation, options []parse.Option, reset bool) (*catalog.Relation, error) {
	changed, of := *ix, catalog.Index{}
	method := uint32(bootstrap.Btree)
	if ix.Index != nil {
		of = *ix.Index
		if of.Method == "hash" {
			method = bootstrap.Hash
		}
	}
	var err error
	of.Storage, err = setStorage(of.Storage, options, reset, func(name, value string) error { return indexParameter(method, name, value) })
	changed.Index = &of
	return &changed, err
}
