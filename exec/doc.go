// Package exec is the engine: a SELECT is a dataflow run once, a materialized view is the same
// dataflow run for ever.
package exec
