// Package decoded gives the records of a stream as rows, decoded once for all who read it at the
// same time.
//
//	                      ┌── alone, or from 0 on ──► log.Changes ─► Records ─► filler ─► Rows
//	Feed ─ Begin, Next ───┤
//	                      └── beside others ──► Cache: has it the next commit? ──► its rows
//	                                              ▲           no: read the log, ─┘
//	                                              └─ publish ─ decode for all
//
// Words. A run is one record batch of the log. Rows are what a Feed gives out at once: columns, where
// each row came from, and which commits end where. An entry is one commit's rows of one stream; its
// parts are of some thousand rows each.
//
// What is shared is what is the same for every reader: decoded columns, metadata of records, where
// commits end. Watermarks and lateness are each reader's own pass over them, since they depend on
// where the reader began. An entry is cut where the log has a commit, never where a tick ends, since
// ticks differ; it also says from where on nothing else touched the topic, so that a reader who comes
// from between two commits finds it. Entries hold the columns that anybody wanted when they were made;
// who wants more decodes again, for all from then on. Whether a record is a row does not depend on the
// columns that are wanted (package decode), so that all see the same rows.
//
// Who needs a commit that another is just decoding waits for that, without the token of its tick. The
// other decodes all of it before it goes on with a row, so that nobody waits for what is done with the
// rows; of a commit too large for the cache nobody waits for more than the first piece. The cache is
// bounded and charged; the oldest entries go first. It is a cache: without it the same rows come out.
//
// A range that one reader has for itself can be divided at some run (Feed.Divide): what is left of it is given out as Parts, copies
// of some runs, and whoever has a PartDecoder decodes one. All of a part is decoded at once, if it is not too much:
// event time is judged part after part, before anything is done with the rows.
//
// Entries are immutable and may outlive their place in the cache. A Feed belongs to one goroutine; a
// Cache to all. Its mutex is held for look-ups only and takes no other lock but the account's.
package decoded
