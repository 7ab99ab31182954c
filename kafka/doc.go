// Package kafka is the Kafka face: a listener that speaks the broker's side of the Kafka
// protocol over storage/log.
//
//	            one connection
//	socket ─► login: SaslHandshake, SaslAuthenticate (internal/auth), until it is known who asks
//	  │
//	  └─────► reader ─► frame ─┬─ Produce: own decoder ─► log.Append ─┐ in frame order
//	          (caps, Admit)    └─ anything else: raw body             │
//	                                        │                         │
//	                               queue of exchanges, bounded, in request order
//	                                        │
//	socket ◄─ frames ◄──── writer: preflight ─► kmsg decode ─► handler; waits for Pendings
//	                                                 │
//	                   log.Log (records)   group.Coordinator (groups, offsets)   Topics (catalog)
//	                   quota.Quotas (bytes a second): the reader rests while its client is over one
//	                   offsetsLog (the log, and in it __consumer_offsets, computed from the groups)
//	                   fetchsession.Cache (what consumers fetch, between one Fetch and the next)
//
// Vocabulary: an *exchange* is one request and its answer. A *shape* is the layout of a request
// body; preflight walks it before kmsg decodes. The rest are Kafka's words.
//
// Goroutines and locks: Serve runs the accept loop and the group coordinator; each connection
// has a reader (its owner) and a writer, which Serve waits for. The reader appends Produce
// requests as they come, so that five in flight keep their order; everything else runs in the
// writer, one after the other, as a Kafka broker does per connection. A long poll therefore
// delays only the requests behind it on the same connection, whose answers it would delay
// anyhow. Server.mu guards the set of connections and nothing blocks under it.
//
// Formats: the Kafka protocol (https://kafka.apache.org/protocol), record batches v2
// (internal/recordbatch). Which keys and versions are served stands in apiTable (api.go), one
// file per key or pair of keys.
//
// Limits come before memory: a frame is capped by its key before its body is read, room for it
// is taken once its first 64 KiB have come (internal/admission: a share for each address, and a
// pace for who holds room), the body's shape is walked before kmsg makes structs of it (which
// would be up to 150 times its size), and what the structs will take is acquired from one budget
// of the server. Produce bodies are admitted by the log and never become structs.
//
// Who asks: under auth = trust everybody is the superuser and may authenticate all the same;
// else a login comes first, in the reader, one request at a time and of three keys only. The
// principal stands in every request. A re-authentication (KIP-368) runs in the writer, in order.
//
// Non-obvious:
//   - Produce advertises version 0 though 3 is the first one whose records are taken: librdkafka takes a
//     higher minimum as "no compression but none" (KAFKA-18659). Kafka 4 closes the connection of who sends an older one;
//     here it is answered, so that the client can say why.
//   - An unsupported version of ApiVersions is answered in version 0 with the list of keys;
//     of anything else the connection is closed, as Kafka does.
//   - Fetch never answers REQUEST_TIMED_OUT: the Java client treats it as a bug.
//   - Offsets of a group that nobody knows are -1 without an error.
//   - kmsg loops over a count of tagged fields without looking at the bytes left: a frame of
//     20 bytes would hold a core for minutes. Preflight refuses such a count.
package kafka
