// Package epoch says which leader epoch a record has: the number of the timeline that it was written in.
//
//	accepted loss ─► new timeline ─► Begin: where each partition ends then (a row of the metadata)
//	                                    │
//	                 Load at a start ◄──┘─► Epochs ─► Metadata, Fetch, ListOffsets, OffsetForLeaderEpoch
//
// A consumer that has read records which an accepted loss took away stands behind the end of what is left, or
// among others with its old offsets. Kafka has leader epochs for this (KIP-101, KIP-320): the client knows the
// epoch of the last record that it read, asks where that epoch ended, and finds that it was ahead.
//
// Words. The first timeline is epoch 0, which is all there is as long as nothing was lost. A partition that is
// younger than a timeline begins with the newest epoch at which it was not there yet.
//
// Not obvious. A row that is missing is written at the next start, with the ends of then: until it is there
// clients are told epoch numbers of before, so what they have read belongs to them.
//
// Concurrency: Epochs does not change. Format: docs/formats/start.md.
package epoch
