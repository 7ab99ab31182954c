// Package rpc serves api/v1 on the HTTP port: gRPC, gRPC-Web, and Connect's plain HTTP with JSON.
//
//	httpd: host, TLS, who asks
//	   │
//	Handler ─► a place among rpc_max_calls ─► body: room before bytes ─► codec: counted, then decoded
//	   │                                                                        │
//	   │                     StreamService                        QueryService  ▼
//	   │            Produce │ Consume │ topics, offsets       queries, rows, changes
//	   │                    ▼         ▼           ▼                    ▼
//	   │            Broker.Append  Log.Fetch   Broker          oneshot: one statement
//	   ▼
//	errors.go: SQLSTATE or Kafka's error ─► code, ErrorInfo
//
// Vocabulary: a *call* is one RPC with its answer, which may be a stream. The *caller* is who asks,
// and from where. A *spread* is where the records of a request go.
//
// What this package needs of the broker and the log stands in Broker and Log; server hands them in.
// It imports no other face, no session and no engine (internal/lint).
//
// Goroutines and locks: a call runs in its connection's goroutine of net/http; ProduceStream has one
// more, which answers. Server.mu guards counts and nothing blocks under it.
//
// Limits: calls at once, all together and of one address; bytes of messages that are read, and of
// answers that wait for their client (rpc_memory), with a share for each address; a message's size
// and the number of messages in it. A message of more than 64 KiB has room before it is read on. An
// answer that its client leaves unread for a minute ends the call.
//
// Non-obvious:
//   - A Produce is one entry of the log: all of its records are there, or none.
//   - Whether a client is over its quota is asked before its records are appended: a deadline that
//     passes while it waits leaves nothing behind.
//   - A stream that is not read cannot be told why it ends, since what it is told stands behind what
//     it does not read. HTTP/2 resets it.
//   - Consume copies records into its answer, so that what a slow client holds is counted, and not the
//     log's.
package rpc
