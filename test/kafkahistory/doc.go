// Package kafkahistory is a workload of sends, polls and transactions over several keys against the built server, which is killed and paused
// meanwhile, and a search for what must not be in the history of it: `make test-history`.
//
//	producers ──────────┐                                     ┌─ Check: classes of anomalies
//	transactions ───────┤   kill -9, start;                   │
//	consumers, by hand ─┼──────────────────► history ─────────┼─ porcupine: one log for each partition, linearizable
//	consumers, group ───┤   SIGSTOP, SIGCONT                  │
//	exactly once copies ┘                                     └─ committed offsets never go back, each record copied once
//
// # Vocabulary
//
// A *key* is a partition, a *value* is sent once and never again. An outcome is known (committed, aborted) or not; what is not known may have
// happened. The classes are those of Jepsen's workload for Kafka: *lost write*, *duplicate*, *aborted read* (G1a), *read before
// commit*, *inconsistent offsets*, *torn transaction*, *nonmonotonic send*, *nonmonotonic poll*, *poll skip*.
//
// # What is no anomaly
//
// Cycles of dependencies among transactions (G0, G1c): Kafka gives an offset when a record is sent, not when its transaction ends, so two
// transactions may be in one order in one partition and in the other in another. A consumer that is put together anew goes on where it was told to.
package kafkahistory
