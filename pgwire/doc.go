// Package pgwire serves sessions over the PostgreSQL wire protocol, version 3.
//
//	socket ─► first 8 bytes: SSLRequest → TLS or 'N' (tls.go); CancelRequest; 3.x
//	   │          startup.go
//	   ├─► auth.go        trust (loopback only), a client certificate, or SCRAM-SHA-256, bound
//	   │                    to the TLS channel where there is one (internal/auth)
//	   ├─► reader.go      framing: type, length, limits by type ─► dispatch.go
//	   │                                              simple ┤├ extended.go
//	   │                                                Session (session.go)
//	   └◄─ outbuf.go ◄── writer.go: borrowed delta.Batch ─► DataRow bytes, appended
//
// A [Server] accepts and owns connections; a connection is one goroutine that reads a message,
// calls its [Session], and writes. Messages in are decoded by pgproto3's structs, messages out
// are appended to one buffer, which is written when 32 KiB have come together, at
// ReadyForQuery, and when the client or the session asks.
//
// # Goroutines and locks
//
// Serve runs in its caller and starts one goroutine for each connection; Shutdown waits for
// them. Of a message body a connection reads 64 KiB on its own account; for a larger one it asks
// for room (room.go, internal/admission). One more looks for clients that left while their statement runs (watch.go). From other
// goroutines come only: cancel (statement.mu), drain, kill and evict (statement.mu, then
// interrupt.mu, which guards the read deadline). registry.mu and statement.mu are leaves and never held
// together.
//
// # Non-obvious
//
//   - In plaintext the socket is read and written in system calls that the runtime is not told of
//     (socket_linux.go): a third of a short statement was the runtime's answer to writes that wake the client.
//   - conn.nc stays the socket under TLS: deadlines and the look for clients that left are its,
//     and other goroutines reach for it. Reads and writes go through reader and outbuf, which are
//     put over TLS by startTLS. A read deadline does not break TLS, one that cuts a write does.
//   - Bytes that came together with an SSLRequest or GSSENCRequest end the connection.
//   - pgproto3.Backend is not used: its ReceiveStartupMessage refuses minors it does not know,
//     it has no limit by message type, and it throws away its write buffer on every flush.
//   - A cancel that comes between two statements must not hit the next one: statement.cancel
//     looks at running under the lock that begin and done take.
//   - After an error in the extended protocol everything up to Sync is ignored, a Query too.
//   - The error of an extended exchange is sent at once, not with Sync: asyncpg, the cursors of
//     node-postgres and psycopg's pipelines send Flush and wait.
//   - CopyData, CopyDone and CopyFail outside a COPY are ignored: the client has not yet seen
//     that its COPY failed.
//   - An error that this package finds (bad message, bad UTF-8) is unknown to the session, so
//     Session.Fail tells it: the transaction has failed all the same.
//   - A deadline may cut a message in two (a cancelled COPY); then the connection is out of
//     step and ends with 08P01.
//
// It must not import the session, the planner or anything below that is not a leaf.
package pgwire
