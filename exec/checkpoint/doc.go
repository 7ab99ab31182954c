// Package checkpoint stores the state of dataflows and tables as of one boundary, so that a
// start replays the log's tail alone.
//
//	lane, tables ──sections──► Writer ──► one object: sections, manifest, trailer
//	                                          │ durable
//	                                          ▼
//	                           pointer in the metadata (checked): newest, the one before
//	                                          │ start
//	                                          ▼
//	lane, tables ◄──sections── Loaded ◄── the newest that can be read
//
// Words. The boundary B is the version that the tables have in a checkpoint. A view or sink in it has
// a frontier of its own, at or below B. The horizon of a table or view is the oldest version that it
// can still be read at: at or below the frontier of everybody who reads it (Manifest.Check). A sink
// may stand in it without its state. A section is one piece of state, in the form of
// docs/formats/state.md; the manifest says which piece lies where and of what definition
// (fingerprint).
//
// A checkpoint is a cache of a fold of the log: nothing is lost with it. What cannot be read,
// or is of another definition, is built from the log again.
//
// Goroutines and locks: none of its own; a Store is used by one caller at a time, a Loaded by
// any number. Formats: docs/formats/checkpoint.md. How to debug: Loaded.Manifest is plain data.
//
// Non-obvious: two objects are kept, so that a damaged one costs a longer replay and not a
// rebuild; objects that neither pointer names are removed at the start.
package checkpoint
