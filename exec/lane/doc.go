// Package lane runs the dataflows of a process over the commit log and answers strict reads.
//
//	commit log ──► schedule: wakes the members that a commit touches
//	     │              │
//	     │              ▼  one goroutine a member that has something to do, one token a running tick
//	     │         member: choose an end, wait for inputs at it, tick, publish (view) or commit (sink)
//	     └──► Pin: S is a need of what is read and of all below it; wait until they have S, then read
//
// Words. A member is a derived relation at work: view, sink or derived stream. Its frontier is
// the version up to which all input is processed and published. Progress is what the log stores
// of a sink and moves only with output. A need is a version of some relations that somebody reads or
// is about to read: a pin, a tick of a member that reads tables and views, a capture.
//
// Needs. Each member ticks at its own pace, to the newest commit. A need of a view is a need of all
// tables and views that it is made from, posted in one go: everybody ends a tick exactly there, so
// views that meet in a diamond meet at one version, and history is kept back to it. INVARIANT: a
// tick chooses its end under the runtime's mutex at a published commit, and a need is the newest
// commit when it is posted under the same mutex (or one of all of them already): nobody is past it
// without having stopped there. What nothing has touched since its frontier is at every later version.
//
// Life of a member:
//
//	             first tick                      rows that fail, on_error = 'fail'
//	backfilling ───────────► running ◄──────────────────────────► error (a sink holds its output back)
//	     ▲                      │ ▲ error of the log or store that passes: waiting, retried at the read
//	     │ built again          ▼ │
//	     └───── waiting ◄── a failed step (panic, memory, bad data): state may be half way
//	               │ for the sixth time                     ALTER … SET tries again
//	               └──────────────► failed ────────────────────────► waiting
//	DROP: the context ends, wait a second; dropping until the goroutine has ended and freed its state
//
// It is built again from what the newest checkpoint has of it, if what it reads still has the changes since
// (resume.go), else from the beginning. A view that is built again ends ticks at the frontiers of its readers: they go on as if nothing had
// been. A sink comes to its frontier with its output suppressed. Members never fail one another.
//
// First ticks. What a member over tables or views begins with may be large, so its first tick comes in
// parts that end at the same version, which is a need of its inputs until the last (backfill.go,
// flow.Backfill). A view can be captured between two of them and is not read before the last.
//
// Tokens. A running tick needs one of `workers` tokens. Past its slice it gives it up where it
// breathes (meter) and queues there; reads of the log are done without. Who is waited for goes first.
//
// Shards. A tick that reads much of a stream asks for shards that are free (crew): goroutines that take part in it up to
// the first operator that keeps something (flow, front). Each needs a token while it works, of those that nobody waits
// for; what a member is needed for, they are. They also sort parts of what large ticks of any kind keep (flow.Jobs).
//
// History. What a relation keeps for who has not taken it in is bounded (history.go): past history_bytes the
// changes between two versions that are read become one; who stands all the same is cut off in the end.
//
// Limits. A pin is a need too; tributary.pins shows who holds it and what is kept for it alone. Past
// pin_age or pin_bytes the snapshot of a transaction ends between two statements, and a subscription
// that is not read (limits.go).
//
// Checkpoints. Readers are captured between two ticks before what they read, tables last; each
// captured frontier is a need of its inputs until the checkpoint is durable, so they are saved with
// what the reader has not taken in (checkpoint.Manifest.Check). A sink that cannot be captured stands
// in it with the version up to which its output is in the log (standLocked): its recorded progress
// moves only with output and may lie far below what its inputs still have. A member over streams that
// cannot be captured is carried over from the checkpoint before, unless who reads it was captured further
// on (carry, suits). At the start members are
// restored in dependency order, a view or sink only if the views it reads are; who is not starts over.
// INVARIANT: a sink that starts over finds what it must come to, the greater of recorded and standing,
// at or above the horizons of what it reads, or nothing is restored (outOfReach). For that one that
// has put out nothing holds the version of its first tick (creating). Needs of sinks are posted before
// any member runs.
//
// Goroutines: schedule, one for checkpoints, one a member at work or at rest and those that help it in a tick, one that
// watches slices while somebody waits; all end with Close. Lock order: runtime mutex, then the log's, the tables', the
// tokens' and the arrangements' own; nothing blocks under the runtime mutex.
package lane
