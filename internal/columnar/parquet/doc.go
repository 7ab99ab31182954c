// Package parquet reads Parquet files that nobody vouches for.
//
//	footer (schema, row groups, places of column chunks) ── checked as a whole before any page
//	  └─ row group ── one column reader per column, in lockstep
//	       column reader:  page header ─► bytes ─► checksum ─► decompressed, bounded
//	                         ├─ levels  (which rows are NULL)      hybrid
//	                         └─ values  (plain, dictionary, delta …) decoder
//	                       ─► up to 8,192 rows as an arrow.Array ─► slices of equal length: a Record
//
// Vocabulary: row group, column chunk (a column of a row group), page, definition levels,
// dictionary are the specification's (parquet.apache.org/docs/file-format). A hybrid is its mix of
// run-length and bit-packed numbers.
//
// # What is read
//
// Flat schemas: required and optional columns. Page versions 1 and 2. Every encoding of the
// specification but the bit-packed levels that it deprecates. Codecs none, Snappy, gzip, Zstandard,
// raw LZ4. A page's checksum is compared when it has one. What else a file may have (nested columns,
// encryption, columns in other files, Brotli, LZO, Hadoop's LZ4) is 0A000.
//
// # Nothing is believed
//
// A number of the file sizes an allocation, or moves a position, only after it was compared with
// bytes that are there:
//
//   - the footer is at most 16 MiB; a list in it has no more elements than bytes follow;
//   - a chunk lies between the magic number and the footer, and on no other chunk;
//   - a page decompresses to at most 128 MiB, and to no more than its codec can make of its bytes;
//   - values are decoded 8,192 rows or 1 MiB at a time, whatever a page says it has: a page of ten
//     bytes may truly have two billion equal values;
//   - rows and values are counted again: group by group, chunk by chunk, page by page.
//
// Open's charge is asked before buffers grow. So no file makes a Reader panic or take more than it
// was granted; what is wrong is 22P04. A Reader starts no goroutine and is not safe for concurrent use.
//
// # Non-obvious
//
//   - A changed byte inside of values that have no checksum is another value, and nobody can tell.
//   - Files of other writers rely on leniency here: a bit-packed run may end before its last group
//     does, and a chunk may be followed by bytes that nobody uses.
//
// How to debug: the error's detail says which column and what; testdata/write.py writes files of every
// form beside the rows that are in them. It must not import anything above internal.
package parquet
