// Package sqllogictest runs SQL files with their expected results over the PostgreSQL wire.
//
//	file ─► Parse ─► []Record ─┬ select       statement by statement, as written
//	                           ├ view-after   each query also as a materialized view made at its place
//	                           └ view-before  each query as a view made before the data it sees (plan.go)
//	            Runner (pgconn, simple protocol, text results) ─► render, sort, compare ─► Report
//
// # Dialect
//
// SQLite's sqllogictest:
//
//	statement ok                      query ITR nosort|rowsort|valuesort [label]
//	INSERT INTO t VALUES (1)          SELECT a, b, c FROM t
//	                                  ----
//	statement error                   1            one value a line, or
//	SELECT nonsense                   3 values hashing to 0123…
//
//	skipif ENGINE, onlyif ENGINE      the next record (this server is "postgresql" and "tributary")
//	hash-threshold N                  read and ignored: both forms are always understood
//	halt                              the file ends here for the engines it applies to
//
// and on top of it:
//
//	statement error 22012             with this SQLSTATE
//	statement ok INSERT 0 1           with this command tag
//	retry N                           the next record is tried again up to N times
//	mode rows                         from here on results are one row a line, values joined by " | "
//
// Values are rendered by the type letters: I as an integer (truncated), R with three
// decimals, T as the server's text; NULL, (empty), and @ for control characters.
//
// # Outcome
//
// A record passes, fails, is waived (the waiver list names it: PostgreSQL itself differs), or
// is skipped with a reason: the server said 0A000, or the record speaks of a relation that a
// skipped statement should have made or changed. Skips are counted by reason, and a floor on
// the passed ones keeps a run from passing by skipping.
//
// # Modes
//
// A query's view is CREATE MATERIALIZED VIEW v (c1, …, cn) AS query. A view has no order, so
// nosort compares as rowsort there; what is no SELECT (INSERT … RETURNING) runs as it is; where the file has only a hash of ordered values, the
// query is run too, compared with the hash, and the view with its rows. In mode view-before the
// file is read twice: first to find, for each query, the last CREATE of a relation that it
// names; then to run it, with the view made right after that statement, before any row. The
// views of a file are made in rounds of at most MaxViews, each from an empty database.
//
// # Tests
//
// TestSuites runs our own suites in all modes on a server of its own, TestSuitesTicks with other
// cuts of commits into ticks, TestSuitesSpilled with every row on the disk, TestSuitesShards with queries
// divided among shards, TestSuitesRestart with a kill between two records of each file
// (some files; all with TRIBUTARY_TEST_LONG=1), TestSmoke the corpus's files (with
// TRIBUTARY_TEST_SLT=1).
//
// # Writing suites
//
// suites/**.slt are our own. Write the queries as a bare "query" and the statements as
// "statement ok" or "statement error", then fill in what PostgreSQL answers:
//
//	go test ./sqllogictest -run TestSuitesOnPostgreSQL -rewrite
//
// and read the difference.
package sqllogictest
