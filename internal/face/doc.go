// Package face is the seam between a session and what serves it to a client (the PostgreSQL
// wire now, gRPC later): what a face hands in, and what a session hands out.
//
//	pgwire ── Startup, SQL text, Bind ──► session
//	       ◄── Field, *delta.Batch, tags, notices through Writer ──
//
// It is a leaf so that the session, which ranks below every face, can name these types. The
// interface that a session implements is declared where it is needed: pgwire.Session.
//
// # Ownership
//
// What is passed into a session ([Bind] with its parameters, SQL text aside) is borrowed until
// the call returns. What is passed into a [Writer] is borrowed until that call returns: the
// writer has encoded it by then. [CopyIn.Next] lends its bytes until the next call of Next.
//
// # Concurrency
//
// A session, its writer and its client sink are used by one goroutine at a time: the
// connection's. Only cancelling comes from elsewhere, through the context: its cause is a
// *sqlerr.Error that says why (user request, shutdown).
package face
