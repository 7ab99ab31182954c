// Package statistics knows about how many rows relations have, and what values their columns.
//
//	planner ─ Rows, Column ─► Sampler ─ not known, or of other rows ─► some blocks of the arrangement ─► ColumnStats
//	pg_class, pg_stats ─►        └─ else what was made before
//
// The number of rows is the arrangement's own, and right. What is known of a column is made of a sample when it is first
// asked for, and made again when the relation has become half as large again or a third smaller: nothing is kept up while
// rows are written, and nothing is stored. Distinct values are told from the sample as PostgreSQL's ANALYZE does
// (Haas and Stokes).
//
// Not obvious: rows of a place lie next to each other, so that of a column whose equal values do too (the key of an order among
// its lines) more repeat in the sample than would in a random one, and fewer distinct values are told than there are, by
// about as many times as rows have one value.
//
// why: sketches that are kept with each write cost every writer, and cannot forget what is deleted; a sample of
// ten thousand rows takes a millisecond, once.
//
// A Sampler is safe for concurrent use; its mutex is held over Exists at most, never while rows are read. What it keeps is bounded by
// the columns of the catalog's relations; those of relations that are gone go with the next that is made.
package statistics
