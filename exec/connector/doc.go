// Package connector runs the sources inside the server that fill a stream's topic: today the
// Nexmark generator, asked for by CREATE STREAM … WITH (connector = 'nexmark', …).
//
//	catalog: stream, options ─► Runtime.Start ─► one goroutine for each stream
//	                                               │ by the clock: rate events a second are due
//	                                               ▼
//	            nexmark.Generator ─► records ─► one log.Entry: record batches
//	                                                         + progress of the source
//	                                                         + condition: progress as it was
//
// The position travels with the records. An entry carries the records of a range of events and
// moves the source's progress behind that range, on the condition that nobody moved it since:
// after a crash, a restart or an unknown outcome the source reads the progress and goes on exactly
// there, with no event missing and none twice. Progress is named nexmark/<OID>; its sequence counts
// entries, its number is the next event.
//
// Events are numbered over all tables, and every table takes its share of one numbering: three
// streams with the same seed, rate and base time are the three tables of one auction site. A rate
// is events of all tables. What was not made while the server was down is not made up for.
//
// why in exec: a connector needs the catalog and the log and belongs beside the other things that
// run for a relation as long as it exists (views, sinks); the session starts and drops it with
// them. It makes bytes of records, not rows, so it shares nothing else with the engine.
//
// Goroutines: one for each stream, owned by the Runtime, ended by Drop, Close, the end of the
// events or the relation's disappearance. Runtime.mu guards the map alone.
package connector
