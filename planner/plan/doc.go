// Package plan is what the planner hands to the engine: pure data, no behaviour beyond
// describing itself.
//
//	parse ─► bind ─► plan.Node (logical) ─► rewrite ─► plan.Node (physical, Props filled)
//	                                                     │
//	                              exec/op builds one operator a node
//
// A plan is immutable once built and is shared by every run of a statement. Expressions refer
// to the columns of their node's input by position. EXPLAIN prints a plan with Format.
package plan
