// Package lane schedules dataflows over the commit log and answers strict reads.
//
//	commit log ──► shared lane: one goroutine, all live views tick to one boundary
//	     │              │  publish: contents at version = boundary
//	     │              ├──► sink goroutine each: tick, one entry (output + progress), wait
//	     │              └──► Pin: wait until the relations touched are at S, then read
//	     └──► backfill goroutine: a new view's first tick (0, S0], then it joins the lane
//
// Words. A member is a derived relation at work: view, sink or derived stream. Its frontier is
// the version up to which all input is processed and published; it always moves. Progress is
// what the log stores of a sink and moves only with output.
//
// Boundaries. The shared lane ticks from one boundary to the next. A pin at S is a mandatory
// boundary, so that every view in the lane has exactly version S, and it holds history of
// tables and views back to S while it lives. INVARIANT: when S is picked under the runtime's
// mutex, no tick has started past it (S is the newest published commit; ticks only go to
// published commits).
//
// A failed member (bug, memory, negative weight) stops alone: its status tells why, reads of it
// raise that, it can be dropped, others go on.
//
// Checkpoints. Each sink gives its state between two ticks of its own, then the lane is captured
// between two of its ticks: arrangements pinned, flat state copied, B its boundary. Writing goes on
// behind the ticks. A sink's frontier F is at most B and is pinned meanwhile, so tables and views
// are saved with their history from the oldest F on. At the start members are restored in
// dependency order, a view or sink only if the views it reads are; who is not starts over at 0.
// INVARIANT: a sink that starts over finds its recorded progress at or above the horizon of what is
// restored, or nothing is restored (outOfReach). Pins of sinks are taken before the lane ticks.
//
// Goroutines: the shared lane, one a sink, one a backfill, one for checkpoints; all end with Close. Lock order:
// runtime mutex, then the log's and the arrangements' own; nothing blocks under the runtime
// mutex.
package lane
