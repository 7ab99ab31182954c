// Package oneshot runs one statement in a session of its own, for faces whose clients have no
// session: HTTP and Arrow Flight SQL.
//
//	SQL, parameters ─► Runner.Run ─► session: Parse, Bind, Execute, Sync, Close
//	                                     │ columns, batches
//	                                     ▼
//	                                  Result, of the face
//
// A statement is a transaction. What needs a session that lasts (BEGIN, cursors) runs and is
// rolled back at its end; what talks to the client while it runs (COPY … STDIN, COPY … STDOUT) is
// 0A000, but for COPY FROM STDIN of a Statement that brings its Data. Notices are dropped: these
// clients have nowhere to show them.
//
// Ownership is that of internal/face: batches are lent until the call returns.
package oneshot
