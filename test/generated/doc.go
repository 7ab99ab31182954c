// Package generated sends the server statements that nobody wrote: whatever they are, it answers each with rows or
// with an error of PostgreSQL's, in time and in bounds, and lives on.
//
//	sqlsmith ──────┐
//	               ├► statements ─► a server with tables, streams, views ─► driver: no XX000, no lost connection,
//	grammar*_test ─┘                                                        nothing over statement_timeout or memory
//
// sqlsmith writes queries over everything that the catalogs tell of; what this server answers 0A000 to is taken out of the
// catalogs it reads, or few of its queries would run. The grammar here writes what sqlsmith does not: DDL of every kind,
// types, functions, views over views, streams and changes under them. TRIBUTARY_TEST_SEED repeats a run (the usual one has one seed), and
// TRIBUTARY_TEST_STATEMENTS says how many statements (make test-generated: 50,000).
package generated
