// Package catalog keeps what exists: streams, tables, views, sinks, and the topics they use.
//
//	DDL statement ─► Txn (on a Snapshot) ─► log.Entry ─► commit record
//	                                                        │ fold: Apply, in commit order
//	planner, kafka, exec ◄── Snapshot (immutable) ◄─────────┘
//
// The catalog is a part of the log's fold: it changes only by applying a durable commit
// record, is snapshotted with the rest of the fold, and its version is the CommitSeq of the
// last change. A Snapshot never changes; plans bind to one and are looked up again when the
// version moved.
//
// A Txn collects changes against one Snapshot and commits them as one entry on the condition
// that the catalog is still at that version, so two DDL statements cannot interleave: the
// loser gets ErrChanged and is run again.
//
// Format: a change is one JSON object with a version (see change.go); commit records carry
// the checksum. Must not import planner, exec, session or the faces.
package catalog
