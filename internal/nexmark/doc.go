// Package nexmark generates the events of the Nexmark benchmark: an auction site with people,
// auctions and bids.
//
//	Config ─► New ─► Generator ─ At(position) ─► Event ─► AppendFlat: a record of one table
//	                                                  └─► AppendWide: a record of all three
//
// An event is a pure function of (Config, position): every event has a random stream of its own,
// seeded with seed and event number. So any split of [0, N) over goroutines, processes and
// restarts gives the same events, and a source needs no state but the next position.
//
// Position is the place in the output; event number is what ids and times are computed from. The
// two are equal unless OutOfOrderGroup is over 1: then each group of that many positions holds
// its event numbers permuted, and event time runs back and forth inside a group.
//
// Of 50 events one is a person, three are auctions, 46 are bids, in that order. Ids, hot ids,
// shares, prices and lead follow the benchmark's published generator, with three differences:
// random streams are seeded (there they are not, and no two runs agree); a bid's bidder is in the
// same id range as people (there it is shifted by 1,000 against it); names and cities are lists
// of our own, of the same length. Prices are computed in integers, so that every machine
// gives the same bytes.
//
// A Generator belongs to one goroutine and allocates nothing per event: the text of an Event
// lies in the Generator's buffer until the next call of At. No goroutines, no clock.
package nexmark
