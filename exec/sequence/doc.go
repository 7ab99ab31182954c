// Package sequence gives the values of sequences, each of them once.
//
//	nextval ─► Set.Next ─► values from a range in memory
//	                          │ none left
//	                          ▼
//	           log.Entry: the progress "sequence:<oid>" is the last value of the next range
//	                          │ durable
//	                          ▼
//	                       values of that range
//
// A value is given only after the log says that no later start gives it: a crash loses what is left of
// a range, and leaves a gap. A clean stop writes back how far the sequence came. As in PostgreSQL no
// transaction takes a value back.
//
// Format. A sequence's definition is in the catalog. Its place is a progress of the log's fold, absent
// before the first value: the number is the last value of the range that was taken; the counter is
// twice the number of times it was written, plus one if that value counts as given. Each write is on the
// condition of the counter before, so two writers never take one range.
//
// Concurrency. A sequence's lock is held while its next range is made durable: whoever wants a value then
// waits for the same.
package sequence
