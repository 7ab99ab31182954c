// Package meta is the store below the log: ordered keys with versions, and the commit log.
//
//	Commit(checks, writes)            AppendLog(decide)        ScanLog, Read, LastSeq
//	         │                               │                          ▲
//	         ▼            commit lock        ▼                          │
//	  ┌─────────────────────────────────────────────┐       only what is durable
//	  │ check → one Pebble batch → memtable, buffer │                   │
//	  │         of its WAL, the same chunks here    │                   │
//	  └─────────────────────────────────────────────┘                   │
//	         │ lock released: who comes first writes the chunks and     │
//	         │ syncs, for all that were placed by then (wal_ahead.go)   │
//	         └──────────► durable ticket ──────────────────────────────►┘
//
// # Vocabulary
//
// A *version* of a key is a number that grows with every write of the store, so a key that is
// deleted and made again never gets an old version back. An *identity* makes a Txn with an
// unknown outcome resolvable: committing it again is a no-op once it happened. A *ticket* is the
// place of a write in the WAL: when one is durable all before it are.
//
// # Drivers
//
// OpenPebble is the embedded one: one process, held by a file lock. metatest.Run is the
// conformance suite that every driver passes.
//
//	Probe (read-only, every file checked) ─► OpenPebble ─► FILES names each new WAL and MANIFEST
//	   │ ErrCorrupt, or less than a Proof says
//	   ▼
//	Salvage: a new store of what can be read takes the place of the old one
//
// # Goroutines and locks
//
// mu orders writes (check, encode, place in the WAL); sync is waited for outside it. The mutex of
// durability guards the durable ticket and nests in mu. aheadFile.sync is held while a WAL is written and synced, and
// aheadFile.mu nests in it; Pebble takes both when it ends a WAL. diskFS.gate nests in all, also in Pebble's.
// A goroutine runs from the moment the disk is full until there is room, or Close.
//
// # A full disk
//
// An engine is Pebble over the directory, opened once. The operation that finds no room (and gets
// none from the ballast) ends it: nothing of it changes the disk any more, and who waited for it
// waits for the next one. That is what is on disk, synced, opened for reading: reads go on, and
// AppendLog tells by decide whether a commit with an unknown outcome is there. Writes are ErrFull
// until it can be opened for writing, which is tried once a second (reopen.go).
//
// # Keys inside Pebble
//
//	'k' key                 → version u64 BE, value     user keys
//	'l' seq u64 BE          → record                    commit log
//	'i' identity            → ticket version u64 BE     identities of the newest 4,096 Txns
//	'j' version u64 BE      → identity                  their order
//	'm' "format"            → u32 BE = 1
//	'm' "floor"             → u64 BE                    first CommitSeq that is still there
//	'm' "version"           → u64 BE                    last version given out
//
// # Non-obvious
//
//   - An I/O error of the WAL or the manifest poisons the store: every later call is ErrPoisoned,
//     nothing is synced again (what a failed fsync left on disk cannot be known). Only ENOSPC of a
//     write is none; of a sync it is.
//   - Pebble never writes again after ENOSPC, may let a write wait for a flush that has ended, and
//     may not close. So calls do not outlive their engine, and one that does not close is left.
//   - Pebble takes a bad chunk in its newest WAL for the torn end of it. Probe looks for commits
//     behind a bad chunk, which prove damage (ErrCorrupt). Within the last two commits damage and
//     a power cut cannot be told apart.
//   - Pebble takes a bad record of its MANIFEST for the end, and deletes the tables that it then
//     does not know; a WAL that is gone it does not miss. FILES is what both are held against
//     (docs/formats/start.md).
//   - The parent directory is synced at every open: a fresh directory whose name is not durable
//     loses all that was synced inside it.
//   - Pebble ends the process when it cannot go on (Logger.Fatalf). Here it ends the goroutine
//     that met the error and stops the engine; writes for which the memtable may have no room run in a
//     goroutine of their own for that. With room they meet nothing that could end them.
//   - A WAL is written by who commits, before Pebble does, with Pebble's own bytes. Whatever writes to
//     Pebble's database goes through placeLocked: bytes that were not emitted end the engine.
package meta
