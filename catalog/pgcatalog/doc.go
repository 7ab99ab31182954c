// Package pgcatalog has pg_catalog and information_schema: PostgreSQL's system relations, every one with all its
// columns, over what PostgreSQL has from the start (catalog/bootstrap) and what users made (catalog).
//
//	bootstrap.Relations ─┬─ text in views.go ──────────────────► a view: bind expands its SQL
//	                     ├─ rows of bootstrap ─┬─► rows ────────► exec/source, as any system relation
//	                     ├─ file pg_*.go ──────┘    ▲ Key: those of one OID or name
//	                     └─ neither: empty          │
//	catalog.Reader ─────────────────────────────────┴─► View ─► names of reg types, pg_get_…def: what functions ask
//
// # How objects map
//
// Tables and streams are relkind r, materialized views m, sequences S, indexes i, views, error and system relations
// v; sinks are no relations. A table's primary key has an index and a constraint, whose OIDs, as those of row types,
// defaults, checks and rules, are computed of its own (oids.go), so that they are the same after a restart.
//
// # A new relation
//
// It is declared already. Its rows: an entry of sources. Its text: an entry of views, over other relations,
// with the columns of the declaration in their order; TestViews binds every one of them.
//
// No goroutines, no state. It must not know of planner or session: what it asks of them are system.Facts.
package pgcatalog
