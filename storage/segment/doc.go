// Package segment writes and reads objects in format STRM: record batches of many partitions, or
// of one, with an index at the end.
//
//	runs ─► Build ─► parts ─► objstore.Put          objstore ─► Open (tail read: footer, index)
//	         │  header │ runs │ commit section │ index │ footer        │
//	         └► RunInfo per run: byte range, CRC, chunks  ◄────────────┴► Find ─► ReadChunks (ranged, CRC)
//
// Byte level: docs/formats/segment.md. `tributary debug segment FILE` is Dump.
//
// Vocabulary. A run is the record batches of one partition in one segment, back to back. A chunk
// is a piece of a run of about 32 KiB that begins and ends between record batches; it is what
// the sparse index points at and what a partial read verifies. A placed segment knows first
// offsets, visible-at and commit times; an unplaced one (mixed, written before its commit) does
// not: there they are 0, the commit record gives them.
//
// Goroutines and locks: none. Build is pure; a Reader is immutable after Open and safe for
// concurrent use.
//
// Non-obvious:
//   - Build copies no record bytes: Built.Parts are slices of the caller's, to be handed to Put.
//   - Runs lie in the file sorted by topic id and partition; Built.Runs keeps the caller's order.
//   - The index block repeats the header, so that a tail read alone can check both.
//   - In an unplaced segment base offsets in the bytes are whatever the producer sent (0). In a
//     placed one they are final, and a reader checks them against the index: the CRC32C inside a
//     record batch does not cover them.
//   - Unknown bytes after the known fields of a length-prefixed entry are ignored; unknown flag
//     bits and versions are refused.
package segment
