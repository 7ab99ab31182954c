// Package keyed turns the records of a topic into what they do to the rows of a table over it
// (CREATE TABLE … WITH (topic = …)).
//
//	record ─► json, csv, raw:  key ─► columns of the primary key ┐
//	                           value ─► the other columns        ├─► a row comes, a key goes, or both
//	       ─► debezium_json:   before, after, op                 │       └─► exec/table puts it in
//	       ─► changelog:       op, data                          ┘
//	                 └──────── Fault ─► error relation (exec/source)
//
// The newest record of a key says what the key has. So a record whose key can be read and whose value
// cannot takes the row of its key away, and stands in the error relation until another one comes: what
// the key had before may have been compacted already, and a table must not depend on that. A record
// whose key cannot be read changes nothing. A tombstone is no error: it takes the row away.
//
// Key columns are read from the record's key alone, as it is what the topic is compacted by. Of json
// the value need not have them, of csv it has all columns and those of the key are not used, of raw it
// is the one other column. In debezium_json and changelog they are in the row; the record's key is
// read where there is no row: of a tombstone, and of a value that cannot be read.
//
// Non-obvious: two keys whose bytes differ may be one key in SQL ({"k":1} and {"k": 1}). The last
// record wins all the same, but log compaction tells them apart and keeps the last of either.
//
// A Decoder belongs to one goroutine and starts none. What it appends owns its bytes.
package keyed
