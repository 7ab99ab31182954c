// Package meter bounds one piece of work, in memory and in time: a statement, a tick of a
// dataflow, the planning of a query.
//
//	session, lane ── New(owner) ── Begin(ctx) ──► Meter ◄── Charge, Breathe ── operators, kernels, planner
//
// Who works long calls Breathe where it can stop: in every loop over rows, and within a row
// wherever the work grows with the value. It costs one atomic load until somebody wants
// attention, so it stands in inner loops; between two calls lie at most some milliseconds. A
// cancelled context, a timeout, a client that left and a scheduler that wants the processor
// all come through it. No lock and no pooled buffer is held over it.
//
// A Meter is used by the goroutine that does the work; only Attend may be called by others. A
// nil Meter never stops anything and charges nothing.
package meter
