// Package table is the writer of a database's tables: what INSERT, UPDATE, DELETE and COPY do.
//
//	statement ─► Tx: lock keys, check unique keys, put rows over the snapshot
//	                    │ COMMIT
//	                    ▼
//	             one log.Entry: changelog records of every table touched
//	                    │ durable; the log delivers it to each table, in commit order
//	                    ▼
//	             Table: arrangement by key, one more by each index ──► readers at any version
//
// A table's content is a fold of its changelog topic: a record's key is the JSON of the
// primary key (or {"_rowid":n}), its value the JSON of the row, a tombstone deletes. Restore
// begins from a checkpoint and replays what came after. Log compaction thins the topic out behind that (lane's Needs): a
// table made from all of it has its rows at versions behind what was lost, and refuses older ones.
//
// Columns keep their positions for ever: one that is dropped is NULL from then on, one that is added stands behind the others
// (form.go). A change of columns begins a new layout of records, which name theirs in a header (layout.go); a content is
// widened without a row being copied (state.Widen), by whoever comes first of the catalog's follower and the table's. A Tx that
// changed a table has one of its own in the new form, that shares the rows (reform.go).
//
// A table over a topic (CREATE TABLE … WITH (topic = …)) is the same fold of records that others write, which
// package keyed reads; nothing here writes it, and it is filled when it is created.
//
// An index on expressions, or of some rows, has rows of its own form: what it computes stands behind the columns of the table
// (computed.go). Whoever reads by it gets rows of the table; what writes it places them in it first.
//
// Words. A Tx is one SQL transaction; outside a transaction block it is one statement. Its
// overlay is the rows it wrote, by table key: a reader inside the Tx sees the snapshot with the
// overlay on top. Locks are on key images, held to the end of the Tx.
//
// Concurrency. A Tx is used by one goroutine. Locks are granted in order of arrival. Each
// table follows the log (storage/log.Follower) and is written only by its delivery, so its versions
// are commit sequences. The committing session sorts its rows into runs, one for the table and one
// for each index (state.Prepare), reserves their memory, and hands them along as a note; the
// delivery links them, which takes as long for a million rows as for one. Without a note (another
// broker wrote, or NoteBytes waits already) the records are read back from the log. Who reads at v waits until the table has v (Reached).
//
// Locks belong to the commit, not to the client: they are free when every table touched has the
// commit, whatever became of who sent it. So who is granted a lock finds the last change of its
// key in the table's newest version.
//
// A table whose rows cannot be read, or that could not take a commit, is made anew from its changelog by its own
// follower (rebuild.go), as ALTER TABLE … REBUILD asks for: its content is replaced as a whole, with the versions that
// somebody still reads, and the locks of commits that wait for it stay until then. What stays wrong makes it stand.
//
// What a Tx writes beyond StageBytes is staged: its records go to a log.Stage, its rows into runs that the
// Tx reads over every version it opens (state.With), and the overlay begins anew. So constraints see
// overlay, staged rows and the newest version, memory holds one piece, and COMMIT names the one and
// links the other. Runs lie on the local disk when memory is short.
//
// Tables come and go by a follower of the catalog; a DDL answers when it has seen the change.
//
// A Tx may change the catalog too (ddl.go): one entry has both. A table that it makes is its own, empty under the overlay;
// at the commit the set makes another one, of the changelog. An index that it makes has the rows of the newest version and
// is kept up to date and obeyed with those of the overlay; it is installed before the commit, when nobody else writes the
// table. What a savepoint takes back stays in the overlay, and counts no more: whether a relation is there is the catalog's
// to say. Relations and names are locked (relation_locks.go), for writers shared, for DDL exclusively; readers lock nothing.
//
// Temporary tables (temp.go) are those of one session: no log, no locks, no version but the newest. A Tx writes them as it writes others,
// and its commit makes runs of what it wrote before its entry, and links them behind it (temp_commit.go).
//
// Isolation. READ COMMITTED: every statement reads the newest version; a statement that waited
// for a row, or finds one changed since its snapshot, runs again on the newest version, keeping
// its locks. REPEATABLE READ: one snapshot, the first updater wins (40001). SERIALIZABLE: and who
// has written commits only if no table that it read was changed meanwhile (serial.go).
package table
