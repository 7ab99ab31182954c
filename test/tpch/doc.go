// Package tpch runs the 22 queries of TPC-H, as SELECT and as views, beside PostgreSQL.
//
//	seed ─► data_test.go: rows    ┬► PostgreSQL                    ─┐
//	        orders come and go    ├► SELECT here, on 1 and 5 shards ├► equal
//	                              └► 22 views made before any row  ─┘
//
// Beside them random joins of the same tables, as SELECT: whatever order they are planned in.
//
// The data has the shape that the specification gives it and is small; some constants of the queries
// are wider than the specification's, so that each has rows. TRIBUTARY_TEST_SEED repeats a run.
package tpch
