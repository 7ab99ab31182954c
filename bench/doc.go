// Command bench measures a built server, as its clients see it, and prints one table.
//
//	bench ─► starts the binary on an empty directory ─► franz-go, pgx on loopback ─► table
//	      └► PostgreSQL, if installed: the same point SELECTs, COPYs and one-row writes by the same client
//	      └► Apache Kafka, if TRIBUTARY_TEST_JAVA names its jars: the same producing and fetching, by turns
//	      └► the same producing and fetching over S3, if TRIBUTARY_TEST_S3 names a bucket
//
// -only restart, size and steady are runs of their own at size, which print what they find as they go: restarts,
// state larger than memory, and a timeline of produce to view beside checkpoints, merges and backfills.
//
// -only sql runs the 22 queries of TPC-H (internal/tpch) here, in PostgreSQL and in DuckDB, by turns.
//
// -only nexmark runs the queries of Nexmark (internal/nexmark) here, as views, and in Apache Flink, if TRIBUTARY_TEST_FLINK names
// its jars, over the same topic.
//
// Rates are wall time as seen by the client, which runs on the same machine and takes its share
// of it; so server CPU time per unit stands beside them, read from /proc. Nothing here is
// asserted: numbers are for people to compare between two commits on one machine.
package main
