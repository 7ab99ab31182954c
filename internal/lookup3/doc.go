// Package lookup3 is the hash that PostgreSQL's hash functions give: Bob Jenkins's lookup3, with and without a seed.
//
//	bytes, uint32, int64 ─► Bytes, Uint32, Int64           32 bits, as hashtext and hashint4
//	                     ─► BytesSeeded, Uint32Seeded, …   64 bits, as their …extended forms; with the seed 0 the lower half is the other's
//
// Words are little-endian, as on the machines that PostgreSQL's answers are known from. Pure. Nothing here is stored: state hashes by
// its own functions (sqltype.Ops).
package lookup3
