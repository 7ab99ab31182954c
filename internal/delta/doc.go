// Package delta is rows with weights in columns: what flows between operators.
//
//	decoder, operator ──► Builder ──► Column ─┐
//	constants ──────────────────────► Column ─┼──► Batch ──► operators, state, pgwire
//	kernels: NewColumn(n), fill ────► Column ─┘      │
//	                                                  ├─ HashKeys, EqualKeys, CompareKey   by SQL value
//	                                                  ├─ EqualImage, CompareImage          by exact image
//	                                                  └─ AppendRow, DecodeRow              bytes of a row
//
// Vocabulary: physical row (index into columns), live row (listed in Sel), weight, key
// (compared by SQL equality: 1.0 = 1.00, -0 = 0, NaN = NaN), image (the exact value: 1.0 and
// 1.00 differ), constant column (one stored value for all rows), builder (a column being
// appended to, its memory reused).
//
// Ownership: a Batch is borrowed until the call it was passed to returns. A Column made by
// Builder.Column borrows the builder's memory until its Reset or Release. Slice and constant
// columns share memory with their source. Tests call Poison on a batch after the call.
//
// No goroutines and no locks; a Builder belongs to one goroutine. Pools are safe for all.
//
// Formats: the image of a row (AppendRow) is stored in checkpoints and runs, its layout is in
// image.go; Hash is stored too (buckets), so neither may change between releases.
//
// Non-obvious: bits of a bitmap at or past the column's length are unspecified. The value
// under a NULL is unspecified, except that a PhysBytes offset is always valid. A float -0 keeps
// its sign in images and loses it in hashes. A varlen column holds at most 2 GiB in Var: who
// builds batches cuts them long before (Builder.VarLen).
package delta
