// Package system has the system relations: what the server knows of itself, as rows.
//
//	SELECT … FROM tributary.dataflows
//	   │ bind finds it as any relation: Catalog() gives all to catalog.New
//	   ▼
//	Scan ─► exec/source ─► Relation.Emit(facts) ─► its file: columns, words, rows ─► the engine
//
// One file a relation: its columns with their meaning, and a function that makes its rows of
// [Facts]. docs/sql/system-relations.md is written from it (make docs).
//
// # A new one
//
// A file with a Relation, its name in the list of relation.go, and, if it tells of what no Facts
// tell yet, a method there that server implements. pg_catalog and information_schema are to be
// built the same way: columns.go is what both pg_attribute and information_schema.columns take
// their rows from, with other names and a few constants. Such a relation has the schema and the
// OID that PostgreSQL gives it; what it means to clients is its file's business alone.
//
// OIDs below catalog.FirstOID and never changed or given again: plans and clients keep them.
//
// No goroutines, no state. It knows the catalog; of what is above it tells by Facts only.
package system
