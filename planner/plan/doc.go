// Package plan is what the planner hands to the engine: pure data, no behaviour beyond
// describing itself.
//
//	parse ─► bind ─► plan.Node (logical) ─► rewrite ─► plan.Node (physical, Props filled)
//	                                                     │
//	                              exec/op builds one operator a node
//
// A plan is immutable once built and is shared by every run of a statement. Expressions refer
// to the columns of their node's input by position. EXPLAIN prints a plan with Format.
//
// One file a kind of node: what it is, what its output edge is like (derive), how it is rebuilt
// (withInputs, mapExprs) and printed, and what rewrite rules may do with it (prune, below,
// rowByRow). A rule asks the node and has no list of kinds, so that a new kind is this file,
// its operator in exec/op and a line of op.Build; a rule that a node says nothing to leaves it
// as it is.
package plan
