// Package pgoracle gives tests a real PostgreSQL to compare with.
//
//	test binary ── stdin pipe ──► sh (watcher) ──► postgres -D <dir>/data
//	     │                            │ the pipe ends with the test binary, however it ends:
//	     │                            └ stop postgres, remove <dir>
//	     └── pgx ── unix socket <dir>/.s.PGSQL.5432
//
// The server is started once per test binary, on first use: collation C.UTF-8, encoding UTF8,
// TimeZone UTC, fsync off, no TCP. Each call of [DSN] or [Start] creates a database of its own
// in it, dropped when the test ends, so tests may run in parallel and need no clean-up.
//
// TRIBUTARY_TEST_POSTGRES, if set, is the DSN of a PostgreSQL to use instead (its user must be
// allowed to create databases). Without it and without the postgres and initdb programs the
// test is skipped, and says so.
//
// Non-obvious:
//   - initdb refuses to run as root, so as root everything runs as the user postgres.
//   - A unix socket's path must be under 108 bytes: the directory is made in /tmp, not in
//     the test's own temporary directory.
//   - postgres writes to a file, never to the test's stdout: an inherited stdout would keep
//     `go test` waiting.
package pgoracle
