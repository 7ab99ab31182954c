// Package faults ends a database at every effect that it has on the world, in every way that the world knows, and looks
// whether it keeps its promises: `make test-faults`.
//
//	history (seed): produce, transactions with offsets, offsets alone, log compaction, retention, DeleteRecords, drops,
//	                rolls, levels, snapshots, garbage, backups
//	      │
//	      ▼            effect number k: before │ after │ torn │ answer lost │ refused
//	log.DB ─► chain.Store ─► PebbleStore ─► disk (vfs in memory that forgets what was not synced)
//	   └──────────┴───────► object store, place of backups
//	      │
//	      ▼
//	start again (after a kill, a power cut, or with nothing but the object store) ─► check ─► go on ─► check
//
// # Vocabulary
//
// An *effect* is one operation that changes something outside the process: a write, sync, creation, renaming or removal of a file, a PUT,
// a removal, a piece or the end of an upload. A *point* is one way to end at one effect of one history: *before* it, *after* it, and *torn*,
// with half of it, end the process; with *lost* it takes place and its answer is an error, with *refused* it does not, and the process goes on.
//
// # What is checked
//
// What was acknowledged is there, once, at its offset; offsets have no gaps; an entry is in both of its partitions or in none; what was
// aborted is not read by read_committed, a transaction is there whole or not; committed offsets are the last acknowledged, or a
// later one; a compacted topic has the last acknowledged value of each key, or a later one; a log start does not go back; every
// object that the log names is there, and no other one once garbage has been collected; each point of the backup is whole.
package faults
