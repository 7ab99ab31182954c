// Package state is the two structures that keep what a dataflow knows: flat state and
// arrangements.
//
//	operators, writer                                   readers (sessions, other dataflows)
//	    │ Append            Publish(v)                        │ At(v): pin
//	    ▼                      │                              ▼
//	  head ──── seal ───► run ─┬─► content: runs of (row, weight), no versions ◄── view
//	 (open rows)               │   merged so that each is at least twice as
//	    ▲                      │   long as the next
//	    └── Head(): the owner  └─► deltas: what was published, by version ◄── Changes
//	        also sees what is      (h, newest]; Keep moves h
//	        not published
//
//	  run = chunks (64 Ki rows, 16 MiB) = blocks (1,024 rows, 256 KiB; all columns)
//
//	  chunk, hot:  blocks and an index from key to rows in memory
//	         cold: the key at each block's edge, its zones and a filter of keys in memory ──► pack on disk
//	                                                   cache of blocks ◄── read, CRC-32C ──┘   or piece of a checkpoint
//
//	  FlatSet:   key columns ──hash──► slab (one, or 256 by the hash's first byte) ──► slot
//	             slot ──► key values, cells (int64, float64, fixed bytes, variable bytes)
//
//	  Groups:    FlatSet ◄── Fetch: groups that rows came for ── arrangement, past the share of memory
//	                     ── Settle: as it was, as it is ───────►
//
// Vocabulary: key (columns compared by SQL equality, NULL equal to NULL), order (ORDER BY
// columns within a key), image (the exact row; weights belong to images), version (a
// CommitSeq), horizon (the oldest version that can be read), slot, cell, bucket.
//
// The rows at version v are the content less the deltas after v, for every v from the horizon on,
// whenever it is opened. Publish puts one run into both; a merge adds the weights of content runs
// that stand next to each other and drops zeros, and knows nothing of versions or pins. A content
// run may be negative over older ones; the sum over all never is. A pin holds the lists that were
// current when it was opened: it costs what was replaced since, and slows nobody.
//
// A scan gives out blocks as they lie where rows of one run stand together, and copies only rows that stand
// among those of other runs (scan.go). It passes by blocks whose least and greatest values say that they have nothing
// of what is wanted (zone.go), and decodes of blocks on disk the columns that are (blockcodec.go).
//
// Nothing that holds a relation is one slice: whoever builds, merges, saves, loads or reads goes
// block by block, so no column comes near the 2 GiB that its offsets address.
//
// When memory runs short a Tier makes chunks cold, those first that nobody read lately; readers, who
// may be in the middle of one, go on. A probe of a cold chunk asks the filter, finds the block by its
// edges and reads that; a scan and a merge read block by block past the cache. What is on disk is the
// only copy of nothing that outlives the process: nothing is synced, the files go at the next start,
// every read is checked, and one that fails is an error of who reads (ErrCorrupt, ErrUnreadable).
//
// A checkpoint names pieces: a chunk is one, and knows it (saved), so it is put once. A chunk of a checkpoint is opened
// cold, with its object for a pack, and brought nearer when the pool has nothing else to do (warm.go);
// one that a near checkpoint has is made cold without being written. Flat state knows which slots changed since
// it was last durable; Freeze copies nothing, who writes first puts away what is still to be saved (Frozen).
//
// Groups are flat state that goes on past memory: rows of an arrangement, of which a FlatSet has those that ticks
// touched lately. GroupBudget says who moves, and when; moving takes several ticks, in which the FlatSet is still complete.
//
// Merges run in a Pool beside the writer, which then pays for its delta alone: Publish merges at once
// only what is small (inlineRows), and helps when readers would have too many runs to look into
// (maxRuns). A merge is installed by putting its run in the place of those it read; what was published
// meanwhile stands behind. It shares chunks that it had not to touch, and a checkpoint that has the runs it was
// made of names those in its place (instead.go). Without a pool Publish merges.
// Publish looks up what a delta takes back, and a merge that reaches the oldest run proves it again: a
// row below zero stops the relation.
//
// Rows are sorted by words of their values (sort.go), runs merged by comparing.
//
// Goroutines and locks: Pool.Run has those it is told, which end with its context. One goroutine
// writes a RunSet and calls Head; what it has appended others may sort meanwhile (Beside), under head.mu for assignments
// only. RunSet.mu guards the current version, the pins and what only they hold, and is held for
// assignments only; Pool.mu guards its line; neither is held over the other, and no file is read or
// written under any. One goroutine at a time has Tier.turn and makes chunks cold; it may take RunSet.mu.
// Chunks are immutable and shared; their memory is given back to the account
// when the current version and the last pin that has them let go, so the account must be safe for
// concurrent use. A FlatSet belongs to one goroutine.
//
// Frozen.mu guards the pages that its set and who saves it share; no file is written under it.
//
// Formats: lists and pieces of checkpoints, blocks on disk; docs/formats/state.md. The files
// below are storage/state/pack's. How to debug: Pool.Stats, Tier.Stats, metrics tributary_state_*.
//
// Non-obvious: Probe of flat state finds by SQL equality and keeps the image that came first;
// who needs the least image present keeps an arrangement. Edge(last) reads a group from its
// end, so min and max cost the same. A view of Head may show negative weights while a tick is
// under way. An old version that many deltas lead back to is paid by who reads it: they are merged
// once for that view. A piece of a pack is released by the collector, when nobody has the chunk any more. Flat state of a checkpoint is loaded when it is first asked for.
// A panic inside Append, Publish, Save and Load is an error (ErrBroken).
package state
