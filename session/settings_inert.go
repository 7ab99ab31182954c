package session

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tributary-db/tributary/internal/sqlerr"
)

// inertSetting is a parameter of how PostgreSQL plans, vacuums or stores: no answer depends on it, and nothing here reads it. Clients and
// scripts set them, so they are taken, checked and shown as PostgreSQL does
// (https://www.postgresql.org/docs/15/runtime-config-query.html).
type inertSetting struct {
	name, value string
	kind        string // bool, integer, real or enum
	unit        string // of a bare number: ms, s, kB, 8kB; empty = none
	min, max    float64
	values      []string // of an enum
}

const (
	planning = "Nothing depends on it: it tells PostgreSQL's planner which plans to take."
	storing  = "Nothing depends on it: it tells PostgreSQL's storage how to work."
)

var inertSettings = []inertSetting{
	{name: "cpu_index_tuple_cost", value: "0.005", kind: "real", max: math.MaxFloat64}, {name: "cpu_operator_cost", value: "0.0025", kind: "real", max: math.MaxFloat64},
	{name: "cpu_tuple_cost", value: "0.01", kind: "real", max: math.MaxFloat64}, {name: "random_page_cost", value: "4", kind: "real", max: math.MaxFloat64},
	{name: "seq_page_cost", value: "1", kind: "real", max: math.MaxFloat64}, {name: "parallel_setup_cost", value: "1000", kind: "real", max: math.MaxFloat64},
	{name: "parallel_tuple_cost", value: "0.1", kind: "real", max: math.MaxFloat64}, {name: "jit_above_cost", value: "100000", kind: "real", min: -1, max: math.MaxFloat64},
	{name: "jit_inline_above_cost", value: "500000", kind: "real", min: -1, max: math.MaxFloat64},
	{name: "jit_optimize_above_cost", value: "500000", kind: "real", min: -1, max: math.MaxFloat64},
	{name: "cursor_tuple_fraction", value: "0.1", kind: "real", max: 1}, {name: "recursive_worktable_factor", value: "10", kind: "real", min: 0.001, max: 1e6},
	{name: "hash_mem_multiplier", value: "2", kind: "real", min: 1, max: 1000},
	{name: "default_statistics_target", value: "100", kind: "integer", min: 1, max: 10000}, {name: "effective_cache_size", value: "524288", kind: "integer", unit: "8kB", min: 1, max: math.MaxInt32},
	{name: "effective_io_concurrency", value: "1", kind: "integer", max: 1000}, {name: "maintenance_io_concurrency", value: "10", kind: "integer", max: 1000},
	{name: "from_collapse_limit", value: "8", kind: "integer", min: 1, max: math.MaxInt32}, {name: "join_collapse_limit", value: "8", kind: "integer", min: 1, max: math.MaxInt32},
	{name: "geqo", value: "on", kind: "bool"}, {name: "geqo_effort", value: "5", kind: "integer", min: 1, max: 10}, {name: "geqo_generations", value: "0", kind: "integer", max: math.MaxInt32},
	{name: "geqo_pool_size", value: "0", kind: "integer", max: math.MaxInt32}, {name: "geqo_seed", value: "0", kind: "real", max: 1},
	{name: "geqo_selection_bias", value: "2", kind: "real", min: 1.5, max: 2}, {name: "geqo_threshold", value: "12", kind: "integer", min: 2, max: math.MaxInt32},
	{name: "max_parallel_maintenance_workers", value: "2", kind: "integer", max: 1024}, {name: "max_parallel_workers", value: "8", kind: "integer", max: 1024},
	{name: "max_parallel_workers_per_gather", value: "2", kind: "integer", max: 1024}, {name: "parallel_leader_participation", value: "on", kind: "bool"},
	{name: "min_parallel_index_scan_size", value: "64", kind: "integer", unit: "8kB", max: 715827882}, {name: "min_parallel_table_scan_size", value: "1024", kind: "integer", unit: "8kB", max: 715827882},
	{name: "constraint_exclusion", value: "partition", kind: "enum", values: []string{"partition", "on", "off"}},
	{name: "force_parallel_mode", value: "off", kind: "enum", values: []string{"off", "on", "regress"}},
	{name: "plan_cache_mode", value: "auto", kind: "enum", values: []string{"auto", "force_generic_plan", "force_custom_plan"}},
	{name: "maintenance_work_mem", value: "65536", kind: "integer", unit: "kB", min: 1024, max: math.MaxInt32}, {name: "temp_buffers", value: "1024", kind: "integer", unit: "8kB", min: 100, max: 1073741823},
	{name: "gin_fuzzy_search_limit", value: "0", kind: "integer", max: math.MaxInt32}, {name: "gin_pending_list_limit", value: "4096", kind: "integer", unit: "kB", min: 64, max: math.MaxInt32},
	{name: "vacuum_cost_delay", value: "0", kind: "real", unit: "ms", max: 100}, {name: "vacuum_cost_limit", value: "200", kind: "integer", min: 1, max: 10000},
	{name: "vacuum_cost_page_dirty", value: "20", kind: "integer", max: 10000}, {name: "vacuum_cost_page_hit", value: "1", kind: "integer", max: 10000},
	{name: "vacuum_cost_page_miss", value: "2", kind: "integer", max: 10000}, {name: "vacuum_freeze_min_age", value: "50000000", kind: "integer", max: 1e9},
	{name: "vacuum_freeze_table_age", value: "150000000", kind: "integer", max: 2e9}, {name: "commit_delay", value: "0", kind: "integer", max: 100000},
	{name: "commit_siblings", value: "5", kind: "integer", max: 1000}, {name: "wal_compression", value: "off", kind: "enum", values: []string{"pglz", "lz4", "zstd", "on", "off"}},
	{name: "default_toast_compression", value: "pglz", kind: "enum", values: []string{"pglz", "lz4"}},
	{name: "stats_fetch_consistency", value: "cache", kind: "enum", values: []string{"none", "cache", "snapshot"}},
}

// planSwitches are the switches of PostgreSQL's planner; the last two are off at first.
var planSwitches = strings.Fields(`enable_async_append enable_bitmapscan enable_gathermerge enable_hashagg enable_hashjoin enable_incremental_sort
	enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin enable_nestloop enable_parallel_append enable_parallel_hash
	enable_partition_pruning enable_seqscan enable_sort enable_tidscan jit_expressions jit_tuple_deforming
	enable_partitionwise_aggregate enable_partitionwise_join`)

// switchEffects are what those do that do something.
var switchEffects = map[string]string{
	"enable_indexscan": "off: no primary key and no index is read by a query, tables are read whole.",
	"enable_nestloop":  "off: rows of a join are not looked up by a key.",
	"enable_hashjoin":  "off: rows of a join are looked up by a key wherever there is one.",
	"enable_seqscan":   "off: tables are read whole only where no key of theirs helps.",
}

// withInert is the list of settings with those that nothing reads behind them.
func withInert(list []setting) []setting {
	for i, name := range planSwitches {
		value := "on"
		if i >= len(planSwitches)-2 {
			value = "off"
		}
		doc := planning
		if effect, ok := switchEffects[name]; ok {
			doc = effect
		}
		list = append(list, setting{name: name, value: value, parse: parseBool, kind: "bool", doc: doc})
	}
	list = append(list, setting{
		name: "escape_string_warning", value: "on", parse: parseBool, kind: "bool", doc: "Nothing depends on it: with standard_conforming_strings on there is nothing to warn of.",
	})
	for _, s := range inertSettings {
		doc := planning
		if strings.HasPrefix(s.name, "vacuum") || slices.Contains([]string{"ms", "kB"}, s.unit) || strings.HasPrefix(s.name, "commit") || s.name == "wal_compression" {
			doc = storing
		}
		list = append(list, setting{name: s.name, value: s.value, parse: s.parse, unit: s.unit, kind: s.kind, enum: s.values, doc: doc})
	}
	return list
}

// parse checks a value and gives it in the setting's unit.
func (s inertSetting) parse(v string) (string, error) {
	switch s.kind {
	case "bool":
		return parseBool(v)
	case "enum":
		if b, err := parseBool(v); err == nil && slices.Contains(s.values, b) {
			v = b
		}
		if s.name == "wal_compression" && v == "on" {
			v = "pglz"
		}
		return parseEnum(s.name, s.values...)(v)
	}
	v = strings.TrimSpace(v)
	digits := strings.TrimRight(v, "abcdefghijklmnopqrstuvwxyzBGMT ")
	n, err := strconv.ParseFloat(digits, 64)
	factor, known := unitFactor(s.unit, strings.TrimSpace(v[len(digits):]))
	if err != nil || !known || math.IsNaN(n) {
		return "", badValue(s.name, v)
	}
	n *= factor
	if s.kind == "integer" {
		n = math.RoundToEven(n)
	}
	show := number
	if s.kind == "real" {
		show = func(n float64) string { return fmt.Sprintf("%g", n) }
	}
	if n < s.min || n > s.max {
		unit := ""
		if s.unit != "" {
			unit = " " + s.unit
		}
		return "", sqlerr.New(sqlerr.InvalidParameterValue, "%s%s is outside the valid range for parameter %q (%s .. %s)", show(n), unit, s.name, show(s.min), show(s.max))
	}
	return show(n), nil
}

// number is a number as PostgreSQL shows a setting.
func number(n float64) string {
	if n == math.Trunc(n) && math.Abs(n) < 1e15 {
		return strconv.FormatInt(int64(n), 10)
	}
	return fmt.Sprintf("%g", n)
}

// units are those of time in milliseconds and those of memory in kB, the largest first.
var units = map[string][]struct {
	name string
	size float64
}{
	"ms": {{"d", 86_400_000}, {"h", 3_600_000}, {"min", 60_000}, {"s", 1000}, {"ms", 1}, {"us", 0.001}},
	"kB": {{"TB", 1 << 30}, {"GB", 1 << 20}, {"MB", 1 << 10}, {"kB", 1}, {"B", 1.0 / 1024}},
}

// unitFactor is what a number in a unit is taken times to be in the base unit of a setting; without one it is in it.
func unitFactor(base, unit string) (float64, bool) {
	if unit == "" {
		return 1, true
	}
	of, per := base, 1.0
	if base == "8kB" {
		of, per = "kB", 8
	}
	for _, u := range units[of] {
		if u.name == unit {
			return u.size / per, true
		}
	}
	return 0, false
}

// inUnit shows a number of a base unit in the largest one that it is a whole number of.
func inUnit(value, base string) string {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || n <= 0 {
		return value
	}
	if base == "8kB" {
		n, base = n*8, "kB"
	}
	for _, u := range units[base] {
		if whole := n / u.size; whole == math.Trunc(whole) {
			return number(whole) + u.name
		}
	}
	return value + base
}
