// Package chain is a metadata store whose writes are in the object store before they are acknowledged, so that the
// object store alone is enough to have the database again.
//
//	Commit, AppendLog ─► queue ─► group: all that waits, up to what depends on it
//	                                │ PUT meta/chain/<number>, if absent: one link
//	                                ▼
//	                       object store (durable) ─► the local store takes the batch ─► answers
//	                                │
//	                                ├─ now and then: base (meta/base/<number>), all that the local store has
//	                                └─ behind it: mark (meta/mark), which link there was at least
//
//	start:    local store at its position ─► links behind it
//	recovery: newest whole base           ─► links behind it
//
// # Vocabulary
//
// A *link* is one object of the chain: the batch of writes that were made at once, and the checksum of the link before. A *base* is all
// of a store as of a link, so that older links may go. The *position* of a store is the newest link that it
// has taken; it is written with the link's batch, so that the local store is always a prefix of the chain. The *mark* names
// a link that was put, so that it is missed when it goes and nothing lies behind it.
//
// # One writer
//
// Numbers are dense, and a link is put if its name is absent. So two writers meet at a name, and the one that finds the other's link
// there has lost the chain: it has acknowledged nothing behind that name, and stops. There is no lease and no clock, and an
// idle store costs no request. A take-over puts the next link.
//
// # Goroutines and locks
//
// One goroutine writes: it takes requests, has AppendLog decide, puts the link, has the local store take it. One link is under way at a
// time; what comes meanwhile is the next. A second goroutine writes a base, a third the mark. mu guards the queue; nothing is
// done under it.
//
// # Formats
//
// docs/formats/chain.md.
//
// # Non-obvious
//
//   - A link is tried until its outcome is known. While the object store is away writes wait; who gives up is told
//     that the outcome is unknown, and the link may still come.
//   - A request that checks a key which the group writes waits for the next group: checks are made on what the local store has.
//   - The local store is synced too. It need not be for durability; but so a start reads few links.
package chain
