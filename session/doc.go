// Package session is what a statement does: parse, bind, plan, run; transactions, settings,
// prepared statements and portals.
//
//	pgwire (or another face)
//	   │ text, Bind          rows, tags ▲
//	   ▼                                │
//	Session ─ parse ─ bind ─ rewrite ─► plan.Query ─► exec/lane: Pin, Query ─► face.Writer
//	   │                └─► DML ─► exec/table.Tx ─► COMMIT = one log.Entry
//	   └─ DDL ─► catalog.Txn ─► one log.Entry ─► exec/lane, exec/table
//
// Database is what sessions share; a Session is one client's. Transactions: outside a block a
// statement is one; the statements of one simple query share an implicit one. DDL commits by
// itself: it ends an implicit transaction, and is refused in a block (25001).
//
// Who a session is, and whose privileges count, is in identity.go; privilege.go checks what a plan needs (plan.Need) where a statement's
// snapshot is taken, so that no query runs past it, and what definitions need where they lock what they change (lockFound) and take names (free).
//
// Temporary relations are the session's (temporary.go); what it sees is everybody's catalog and rows with them over.
//
// Plans are cached by text, catalog version and settings. Errors leave as *sqlerr.Error:
// errors.go maps the sentinels of the layers below to SQLSTATEs.
//
// Concurrency: a Session is used by one goroutine; a portal with a row limit runs its query in
// a goroutine that stands still between Executes.
package session
