// Package checkpoint keeps the state of dataflows and tables as of one boundary, so that a
// start replays the log's tail alone.
//
//	lane, tables ──new pieces──► Writer ──► objects: pieces, lists of relations; root at the end
//	             ──Keep(place)──►  │            │ durable
//	                               │            ▼
//	                               │        pointer in the metadata (checked): newest, the one before
//	                               ▼            │ start
//	                 objects that a kept        ▼
//	                 checkpoint names  ◄── Loaded: root, Lists, Pieces ──► lane, tables
//
// Words. The boundary B is the version that the tables have in a checkpoint. A view or sink in it has
// a frontier of its own, at or below B. The horizon of a table or view is the oldest version that it
// can still be read at: at or below the frontier of everybody who reads it (Manifest.Check). A sink
// may stand in it without its state. A relation's state is parts, each a list of pieces in the form of
// docs/formats/state.md; the root says where the list of each relation lies and of what definition it is
// (fingerprint).
//
// A checkpoint is a cache of a fold of the log: nothing is lost with it. What cannot be read,
// or is of another definition, is built from the log again.
//
// INVARIANT: an object is deleted only when neither kept root names it and no piece of it is open
// (objects.adopt), or at a start when both roots could be read and do not name it (Sweep).
//
// Goroutines and locks: none of its own; a Store is used by one caller at a time, what reads pieces by
// any number: objects.mu guards which objects there are, and is held for assignments only. Formats:
// docs/formats/checkpoint.md. How to debug: `tributary debug checkpoint`
// (Dump) prints an object; Loaded.Manifest is plain data.
//
// Non-obvious: two checkpoints are kept, so that a damaged root costs a longer replay and not a
// rebuild; they share pieces. Whether an older object may be named again is decided at the beginning of a
// Write: of one that is mostly dead everything is put anew. A small read of a distant object brings what
// lies beside it (windows), since pieces are small and many.
package checkpoint
