// Package flight serves SQL over Arrow Flight SQL: results come as Arrow record batches, without
// a row being formatted. ADBC speaks it; the JDBC driver for Flight SQL was not tried.
//
//	gRPC ─► guard: recover, who is it ─► flightsql.NewFlightServer (the library: messages)
//	                                          │
//	                              service: statements, prepared, catalog
//	                                          │ oneshot.Statement        ▲ schema, chunks
//	                                          ▼                          │
//	                                   oneshot.Runner ─► session ─► rows (a goroutine a statement)
//
// A request has no session: a statement is a transaction, and BeginTransaction is refused. Who
// asks is known by a client certificate, by Basic (Handshake, which gives a bearer token, or any
// call), or by that token.
//
// What is kept between requests are prepared statements (statement text and the parameters put
// for it), bounded by Config.MaxPrepared; the one that rested longest gives way, and a client
// that uses it again is told so.
//
// Goroutines: gRPC's, one for each statement whose rows are being read, and one for each ingest;
// both end with their request. Locks: prepared.mu is a leaf.
//
// Non-obvious:
//   - A record borrows the session's batch, and the library says only by Release that it has
//     been sent, and not at all when sending failed. So rows wait for Release or for the end of
//     the request's handler, never for the client alone: nothing is reused under a reader.
//   - gRPC does not recover from panics and the Arrow library has some for bad bytes: guard turns
//     them into errors of one request.
package flight
