// Package source is the leaves of a dataflow: what a Scan reads.
//
//	stream   decoded.Feed ─► rows ─► + watermark before each row
//	errors   log.Changes ─► records that the decoder refuses; or the error rows of a view
//	table,   arrangement at the tick's end: a scan when the tick begins at 0, else the
//	view     changes since; of a scan by keys (keys.go) the rows that they ask for
//	system   rows made by a provider
//	values   literal rows, once
//
// A stream can be read in parts by several goroutines (exec.Divisible); its watermark passes over the parts in order.
//
// A source is pulled (exec.Source); its batches are borrowed until the next pull. Sources open
// relations through Inputs, so that a SELECT in a transaction can put its own writes over them.
package source
