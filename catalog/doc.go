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
// A Txn is a list of steps over the newest Snapshot, and has a Snapshot of its own with them: what others commit
// meanwhile goes under the steps, which a savepoint cuts. It commits as one entry, with the rows of its SQL
// transaction, on the condition that the catalog is still at the version under the steps; who commits waits
// for his turn, so that within a process this holds. That the steps still make sense then is for the locks of exec/table,
// which a transaction holds on the relations it changes and on the names it gives. OIDs are handed out for good when a step
// is made.
//
// A Temp is the temporary relations of one session (docs/decisions/0074): they lie over a Snapshot, in a schema of their own that says what they
// are, and the steps of a Txn that make them are no part of its entry.
//
// Roles, owners and grants are parts of it too: access.go says what a role may do with a relation, column, schema, type or topic, package
// acl how lists of grants change.
//
// Format: a change is one JSON object with a version (see change.go); commit records carry
// the checksum. Must not import planner, exec, session or the faces.
package catalog
