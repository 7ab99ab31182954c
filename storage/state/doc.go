// Package state is the two structures that keep what a dataflow knows: flat state and
// arrangements.
//
//	operators, writer                                   readers (sessions, other dataflows)
//	    │ Append            Publish(v)                        │ At(v): pin
//	    ▼                      │                              ▼
//	  head ──── seal ───► sorted, consolidated ───► version = list of runs ◄── view
//	 (open rows)               run                     │ newest last; merged so that each is
//	    ▲                                              ▼ at least twice as long as the next
//	    └── Head(): the owner also sees               run: rows by (key, order, image, version),
//	        what is not published                     weights, hash index from key to rows
//
//	  FlatSet:   key columns ──hash──► slab (one, or 256 by the hash's first byte) ──► slot
//	             slot ──► key values, cells (int64, float64, fixed bytes, variable bytes)
//
// Vocabulary: key (columns compared by SQL equality, NULL equal to NULL), order (ORDER BY
// columns within a key), image (the exact row; weights belong to images), version (a
// CommitSeq), floor (versions below it are merged away), slot, cell, bucket.
//
// A row has changes (version, weight); its weight at v is the sum of those at or below v, and
// is never below zero in a published version. A merge folds the changes at or below the floor
// into one. The floor never passes a pin, nor what Keep allows when Options.History is set.
//
// Goroutines and locks: the package starts none. One goroutine writes a RunSet and calls Head;
// RunSet.mu guards the current version, the pins and the floor, and is held for a few
// assignments only. Runs are immutable and shared; a run's memory is given back to the account
// when the current version and the last view of it let go, so the account must be safe for
// concurrent use. A FlatSet belongs to one goroutine.
//
// Formats: Save and Load write checkpoint sections, docs/formats/state.md.
//
// Non-obvious: Probe of flat state finds by SQL equality and keeps the image that came first;
// who needs the least image present keeps an arrangement. Edge(last) reads a group from its
// end, so min and max cost the same. A view of Head may show negative weights while a tick is
// under way. Merging happens inside Publish and costs O(log n) a row, spread unevenly.
package state
