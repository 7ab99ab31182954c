// Package sqlclients runs clients of PostgreSQL of many makes against the built server and against a PostgreSQL of this
// machine, and writes what works into docs/sql-clients.md: `make clients`.
//
//	clients/fixture.sql ──► both servers
//	clients/PROGRAM STEP ─► both servers ─► the same output, or it fails
//
// A client is a program of clients/ that does a step and prints what it saw; what it prints has to be what it prints on
// PostgreSQL. It finds the server by PGHOST, PGPORT, PGUSER and PGDATABASE. Steps build on each other, in this order:
//
//	version       print its version
//	connect       connect, also by the client's pool, and send values of some types back and forth
//	introspect    look around as it does: its reflection of the fixture
//	migrate       make and change tables with its own means
//	crud          insert, select, update, delete, in its ways: batches, COPY, upserts, arrays, relations
//	transactions  commit, roll back, savepoints, errors, isolation levels, cursors, notifications
//
// Exit code 3 says that the client has no such thing. .ci/with-sql-clients installs them; a client that is not there is
// shown as not run. `go test` alone runs those that PostgreSQL's own packages bring.
//
// PostgreSQL is reached through a relay: it listens on a socket file, and not every client knows those.
package sqlclients
