// Package columnar carries batches of rows across the edge in Arrow's formats.
//
//	delta.Batch ──► Wrapper ──► arrow.Record ──► Writer: Arrow IPC stream, or Parquet
//	delta.Column ◄── Record.Append ◄── Reader: Arrow IPC stream, bounded, or Parquet (package parquet)
//
// Arrow is the format at the edge, not the compute: inside, rows are delta.Columns, which have
// Arrow's layout where it suits kernels. So most columns are wrapped without a copy.
//
// # Types
//
//	SQL                                  Arrow                            copied on the way out
//	bool                                 Boolean                          yes: a byte becomes a bit
//	int2 int4 int8 float4 float8 oid     Int16 … Float64, Uint32          no
//	text varchar bpchar name             Utf8                             no
//	json jsonb                           Utf8                             no
//	bytea                                Binary                           no
//	uuid                                 FixedSizeBinary(16)              no
//	time                                 Time64(us)                       no
//	date                                 Date32                           yes: days since 1970
//	timestamp, timestamptz               Timestamp(us), …(us, UTC)        yes: since 1970
//	interval                             MonthDayNano; Parquet: Utf8      yes
//	numeric(p, s), p <= 38               Decimal128(p, s)                 yes
//	numeric, "char"                      Utf8                             yes: as SQL shows them
//
// A field's metadata has "sql_type", the type as SQL writes it. Infinite dates and timestamps
// are the least and the greatest number, as inside. What Arrow's type cannot hold (NaN in a
// Decimal128, an interval of more than 292 years of time) is 22003, never another value.
//
// # Borrowing
//
// A record borrows the batch it wraps: it is valid as long as the batch is, and until the next
// call of Wrapper.Record.
//
// # Non-obvious
//
//   - The Arrow library trusts lengths and panics on bad bytes. A Reader bounds message heads
//     and every allocation, and turns a panic into 22P04: this is an edge, the bytes are a
//     client's.
//   - The library writes Parquet and does not read it: it believes the counts in a Parquet file
//     before it has seen what they count (a flipped bit asked for 32 GiB), and has no hook to stop
//     it (docs/decisions/0038).
package columnar
