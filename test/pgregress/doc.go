// Package pgregress runs PostgreSQL's own regression suite here and on a PostgreSQL, statement by statement, and counts how
// many have the same answer.
//
//	sql/*.sql ── script.go ──► statements, data of COPY, \set ──► side: PostgreSQL ──► outcome ┐
//	                                                         └─► side: this server ──► outcome ┴► compare.go ──► report.go
//
// The suite is not part of the project: TRIBUTARY_TEST_PGREGRESS names a folder src/test/regress of PostgreSQL's sources, best
// of version 15. Both sides run every statement of a file on one connection, the files one after another in the order of
// parallel_schedule, so that a table that is missing here makes each later statement on it differ too.
//
// What is compared: the columns' names and types, the rows as a multiset (equal sort keys come in any order on both), the command tag; of
// an error the SQLSTATE (a different text is counted apart). Notices, and what only psql does (\d), are not.
//
// Kept out are EXPLAIN, whose plans are a planner's own, and what needs PL/pgSQL or C, inheritance and partitions, large objects, rules,
// triggers, replication or writes to pg_class, as needs.go tells by the text, with every later statement of the file that names what they would have made. They run nevertheless; one that fails
// here only does not fail the transaction block for the statements behind it.
package pgregress
