// Package op is the operators of a dataflow: one for every plan node that has inputs.
//
//	          Push(port, batch)*  EndInput(port)  …  EndTick until no More
//	                 │
//	linear        Filter, Project, Hop, Expand, ProjectSet,     emit inside Push, weights pass
//	              SetOp, UnionAll, Exchange
//	              (the near side of an exchange may begin the groups of an aggregation: preGroup)
//	bilinear      Join          dL x R_old  +  L_new x dR       emits inside Push; of kinds that keep rows
//	                            which meet none, these at the ends of ports and ticks (joinkept.go)
//	nonlinear     GroupBy, Distinct, TopN, Over, Session, Sort  gather in Push, emit in EndTick:
//	                                                            -old +new where they differ
//	recursive     Recursive                                     gathers in Push, runs a flow of its own in EndTick
//
// Vocabulary: delta (rows with weights), tick, one-shot run (exec.Env.Once: one tick over
// consolidated input, so no weight is negative and nothing was emitted before), append-only
// edge, image and key (see internal/delta), slot (place of a group in flat state), touched
// (a group that this tick changed), accumulator (an aggregate's cells and what it does to them).
//
// A row that is an error (delta.Batch.Errs) passes every operator with its own weight: it is
// data that consolidates at the sink. A row whose expression fails in an operator becomes such
// an error and takes no other part in it. An aggregate whose result fails (sum out of range) is
// an error in place of its group's row, and heals with the group.
//
// Operators own no state that outlives a tick except what they open by name from exec.Env, so a
// checkpoint taken between ticks is complete. What they keep within a tick (touched groups, rows
// before the tick) is rebuilt from nothing.
//
// In a one-shot run Sort, TopN, Over, Join, GroupBy and Distinct hold about Env.WorkMemory and put the rest into
// temporary runs (storage/temprun): sortedRuns for rows in an order, partitions for rows by a hash of
// their keys. Rows that are errors are passed on at once and never in a run.
//
//	Sort, TopN, Over    held rows ─ full ─► sorted run … ─► merged in EndTick
//	distinct aggregate  values of groups ─ full ─► sorted run … ─► merged when the groups settle
//	kept aggregate      rows of groups ─ full ─► sorted run … ─► merged when the groups are put out, in their order
//	GroupBy, Distinct   groups stay; rows of others ─► 16 partitions ─► each in the groups' place, in EndTick
//	Join                left side ─ full ─► 16 partitions, right side too ─► pair by pair, in EndTick; a kind
//	                    that keeps rows loads the left one of a pair whole
//
// A Join with a Lookup (join_lookup.go) keeps nothing: its left side is a version of a table, which it probes by an index.
//
// The groups of a GroupBy that ticks go on past memory by themselves (state.Groups). Once they are there rows are
// gathered, so that groups are fetched for many at once.
//
// An aggregate whose result is made of its rows (keptAcc: array_agg, WITHIN GROUP) keeps them in an arrangement, in the order
// of the call; a collector makes a value of them, one row after the other. What a group was before a tick is read from the
// version before it, when the group is put out.
//
// Whoever works long calls Meter.Breathe: every loop over rows that may be many, every few
// milliseconds (TestCancelAnywhere).
//
// A recursion's own flow (package flow) has scratch state, and its ticks are rounds; only the recursion's inputs are kept.
//
// Goroutines and locks: none; a dataflow calls its operators from one goroutine.
//
// Lateness (ON WINDOW CLOSE): the source gives each row the watermark made by the commits before
// its own, as column plan.WindowClose.Before. A row is left out of a window that this watermark has
// closed (end + allowed lateness at or below it); a record is late when it is left out of all its
// windows. So a group is closed by the watermark at a tick's end, however ticks are cut: a row of a
// closed window that was taken came no later than the commit that closed it.
//
// Non-obvious: an operator never trusts that -old comes before +new in its input, only that the
// sums are right when its port has ended. Publish of an operator's arrangement happens at its
// EndTick, after the last read of the old version.
package op
