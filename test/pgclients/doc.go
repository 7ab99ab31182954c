// Package pgclients replays what clients of PostgreSQL ask at connect and when they look around: recorded from
// psql, pg_dump, JDBC, ODBC, drivers and ORMs, with the columns, type OIDs and numbers of rows that PostgreSQL 15
// answered on a fixture.
//
//	testdata/fixture.sql    what the recordings were made on
//	testdata/recorded.jsonl a query a line, with its answer
//	testdata/differs.txt    those that are answered otherwise here, and how: it only gets shorter
//
// A query that is listed and passes fails the test until its line is gone; so does one that is not listed and
// differs. -update rewrites the list, which is read in review.
package pgclients
