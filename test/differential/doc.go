// Package differential compares the server with PostgreSQL on statements that a seed generates.
//
//	seed ─► expr.go ─► query.go ┬► PostgreSQL                       ─┐
//	          statement.go ─────┤► SELECT here                       ├─► equal
//	                            ├► a view made before any row        │
//	                            └► a view made after all of them    ─┘
//
// A round makes three small tables, a view for each of its queries, then rows; after each batch
// of INSERT, UPDATE and DELETE the four answers are compared. TRIBUTARY_TEST_SEED repeats a run,
// TRIBUTARY_TEST_LONG=1 makes it ten times as long. The server has 1, 2 or 5 shards for statements and steps of views, by the
// seed or as TRIBUTARY_TEST_SHARDS says.
//
// What PostgreSQL itself leaves open is not generated: order without ORDER BY, which of two equal
// numerics of different scale stands for a group, float sums. Where PostgreSQL raises an error
// nothing is compared, for where evaluation meets it is left open too.
package differential
