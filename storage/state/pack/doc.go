// Package pack keeps pieces of bytes in few large files, for the life of a process.
//
//	Write(parts) ──► current pack ── full ──► sealed pack ── nothing alive ──► removed
//	     │                                        │
//	     ▼                                        └─ less than half alive: Compact moves what is
//	   Piece ── ReadAt ──► open files (bounded)
//	     └───── Release
//
// A piece is what was written at once; it lies in one pack and is named by its *Piece alone. The
// files are scratch: Open removes what an earlier process left. Nothing is synced, because nothing
// in them is the only copy; who reads must be able to tell damage (a checksum in the piece).
//
// Goroutines and locks: none of its own. Store.mu guards which packs there are and where pieces lie,
// fileTable.mu the open files; no file is read or written under either. Everything is safe for
// concurrent use. Imports only the standard library. How to debug: Store.Stats.
//
// Non-obvious: a read that has begun keeps its pack's file open, so a pack may be removed under it.
package pack
