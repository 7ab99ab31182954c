// Package alter holds ALTER to PostgreSQL's answers.
//
//	testdata/*.sql ─► a server of ours ──┐ same rows, same tag,
//	              └─► PostgreSQL 15 ─────┘ same error
//
// Each statement of a script runs on both. Materialized views are plain ones there, so that every read of one of ours is compared
// with a fresh SELECT of PostgreSQL's. Lines "-- restart", "-- kill" and "-- ours: SQL" are for our server alone.
package alter
