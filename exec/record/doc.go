// Package record turns rows into Kafka records: what INSERT writes into a stream, a sink into
// its topic and a table into its changelog.
//
//	rows ─► key, value (json, csv, raw) ─► partition by murmur2(key) ─► record batches
//
// The value is what PostgreSQL's row_to_json gives with TimeZone UTC; the key is row_to_json of
// the key columns, or the text of the one key column; a key column of type jsonb that is NULL is
// left out, since JSON's null is a value of its own there. So keys that differ in SQL differ in
// their bytes. The converse does not hold: 1.5 and 1.50 are equal and two keys of a topic. A delete is a tombstone: key and no
// value. A Writer fills record batches up to their limit and gives them by partition, each
// partition's records in the order in which they came.
package record
