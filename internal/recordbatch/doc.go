// Package recordbatch reads, checks, patches and builds Kafka record batches, format v2.
//
//	from a client ─► VerifyProduced ─► kept verbatim ─► Patch (offset, leader epoch) ─► to a client
//	                 header + CRC32C                  └► Reader ─► records (key, value, headers, time)
//	born inside   ─► Builder.Add … ─► Builder.AppendTo ─► one record batch, LZ4
//
// A record batch is a header of 61 bytes and records, which may be compressed as one piece:
//
//	 0 base offset i64      8 length i32 (of what follows)   12 partition leader epoch i32
//	16 magic i8 = 2        17 CRC32C u32 of bytes 21…        21 attributes i16
//	23 last offset delta   27 base timestamp i64             35 max timestamp i64
//	43 producer id i64     51 producer epoch i16             53 base sequence i32
//	57 record count i32    61 records
//
// All integers are big-endian. The CRC does not cover bytes 0-20: base offset and leader epoch
// are patched in place without touching it.
//
// Vocabulary: the words of the header are Kafka's. "Verified" means the header is plausible and
// the CRC32C holds; nothing of the records was decoded for it.
//
// Goroutines and locks: none. Functions are safe for concurrent use; a Reader and a Builder
// belong to one goroutine. Decompressors and their buffers come from pools.
//
// Non-obvious:
//   - Verification does not decompress. The record count of a compressed record batch is its
//     client's word until CheckRecords or a Reader has walked it.
//   - The header's max timestamp of a producer may be wrong; CheckRecords puts it right.
//   - With the LogAppendTime attribute every record has the header's max timestamp, whatever its
//     own delta says.
//   - Decompressed size is capped, and memory grows with what was really decoded, never with a
//     length that the input claims.
//   - A Kafka "snappy" payload is either one raw snappy block or xerial's framing around many.
//   - A null key or value is nil, an empty one is not nil.
package recordbatch
