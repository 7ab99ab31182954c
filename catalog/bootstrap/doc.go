// Package bootstrap is what PostgreSQL's catalogs hold of themselves before anybody has made anything: which
// relations pg_catalog and information_schema have, with their columns, and the rows of system objects.
//
//	a server of PostgreSQL 15 ── gen.go ─► columns.txt ─► Relations()
//	                                    └► rows/*.tsv  ─► Rows("pg_type"), Proc(oid), TypeNamed(…)
//
// Only catalog/system reads it: which of the relations have rows here, and what user objects add to them,
// is its business. Vocabulary: a field is a value in the text form of COPY; it is read when it is asked for.
//
// Read-only after the first use; safe for concurrent use. The rows are PostgreSQL's own data (NOTICE).
//
// Non-obvious:
//   - Columns of a domain (information_schema) have its base type: clients are told that one.
//   - pg_node_tree and aclitem[] values are left out, reg types are kept as numbers.
//   - OIDs of information_schema's objects above 12000 depend on the build of PostgreSQL; they are those of
//     the one that gen.go asked.
//
// Regenerate with `go generate ./catalog/bootstrap` beside a server of PostgreSQL 15.
package bootstrap

//go:generate go run gen.go
